//! The configuration value.

use super::agreement;
use super::client::Client;
use super::message::Message;
use super::server::{Server, ServerDisk};
use super::settings::{Conflict, Settings};
use crate::prelude::*;

/// A lock that is taken by two-phase commit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TwoPhase {
    /// Its settings.
    pub settings: Settings,
}

impl TwoPhase {
    /// With this policy for conflicts, and usual settings besides. The bare one has no lease.
    pub fn with(conflict: Conflict) -> Self {
        let usual = Settings::default();
        let lease = usual.lease.filter(|_| conflict.has_timeouts());
        Self { settings: Settings { conflict, lease, ..usual } }
    }
}

impl Protocol for TwoPhase {
    type Message = Message;
    type Server = Server;
    type Client = Client;

    fn name(&self) -> &'static str {
        match self.settings.conflict {
            Conflict::Refuse => "two-phase",
            Conflict::WaitDie => "two-phase-wait-die",
            Conflict::WoundWait => "two-phase-wound-wait",
            Conflict::Wait => "two-phase-wait",
            Conflict::Bare => "two-phase-bare",
        }
    }

    fn servers(&self) -> usize {
        self.settings.coordinators + self.settings.participants
    }

    fn server(&self, id: ServerId, disk: &ServerDisk) -> Server {
        Server::new(self.settings, id, disk)
    }

    fn client(&self, id: ClientId, (): &()) -> Client {
        Client::new(self.settings, id)
    }

    /// Whoever has a committed lock at any of its guards: as long as one keeps it for him, nobody
    /// else gets it, for everybody needs them all.
    fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
        let participants = servers.live().filter_map(|(_, server)| server.as_participant());
        let owners = participants.filter_map(|participant| participant.ledger().owner(lock));
        owners.collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn promises(&self) -> Vec<Promise> {
        self.settings.promises()
    }

    fn agreement(
        &self,
        servers: Servers<'_, Self>,
        stepped: ServerId,
        facts: &mut Facts,
    ) -> Accord {
        agreement::look(&self.settings, servers, stepped, facts)
    }

    fn semantics(&self) -> Semantics {
        Semantics { reentrant: false, fenced: true, renews: self.settings.lease.is_some() }
    }

    fn takes_sets(&self) -> bool {
        true
    }

    fn in_role(&self, role: Role, servers: Servers<'_, Self>) -> Vec<ServerId> {
        let Role::Leader = role;
        let live = servers.live().map(|(id, _)| id);
        live.filter(|id| self.settings.coordinates(*id)).collect()
    }
}
