//! Who is in trouble, and who has been left alone for how long.

use super::super::table::Table;
use crate::contract::HostEvent;
use crate::id::{ClientId, NodeId};
use crate::time::Time;
use std::time::Duration;

/// Who is in trouble: paused, down, or touched by a fault.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Calm {
    clients: Table<Trouble>,
    servers: Table<Trouble>,
    storage: Trouble,
    /// How many nodes are in trouble, and when that ended last.
    all: Count,
    /// How many servers are down, and when that ended last.
    down: Count,
}

/// The trouble of one node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
struct Trouble {
    /// By how many faults it is touched.
    faults: u32,
    paused: bool,
    down: bool,
    /// When it last got into trouble.
    since: Option<Time>,
    /// When it was last out of trouble again.
    until: Option<Time>,
}

/// How many there are of something, and when there last ceased to be any.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
struct Count {
    many: u32,
    until: Option<Time>,
}

impl Trouble {
    fn any(self) -> bool {
        self.faults > 0 || self.paused || self.down
    }
}

impl Count {
    fn change(&mut self, at: Time, before: bool, now: bool) {
        if now && !before {
            self.many += 1;
        }
        if before && !now {
            self.many -= 1;
            self.until = Some(at);
        }
    }

    fn calm_for(self, at: Time) -> Duration {
        calm_for(self.many > 0, self.until, at)
    }
}

/// How long there has been no trouble: for ever, if there never was any.
fn calm_for(any: bool, until: Option<Time>, at: Time) -> Duration {
    match until {
        _ if any => Duration::ZERO,
        Some(until) => at.since(until),
        None => Duration::MAX,
    }
}

impl Calm {
    /// Takes in what happened to a node.
    pub(super) fn observe(&mut self, at: Time, node: NodeId, event: HostEvent) {
        let trouble = match node {
            NodeId::Client(client) => self.clients.at(client.index()),
            NodeId::Server(server) => self.servers.at(server.index()),
            NodeId::Storage => &mut self.storage,
        };
        let before = *trouble;
        match event {
            HostEvent::Started(_) => trouble.down = false,
            HostEvent::Crashed => {
                trouble.down = true;
                trouble.paused = false;
            }
            HostEvent::Paused => trouble.paused = true,
            HostEvent::Resumed => trouble.paused = false,
            HostEvent::Afflicted => trouble.faults += 1,
            HostEvent::Relieved => trouble.faults = trouble.faults.saturating_sub(1),
            HostEvent::Healed => {}
        }
        if trouble.any() && !before.any() {
            trouble.since = Some(at);
        }
        if before.any() && !trouble.any() {
            trouble.until = Some(at);
        }
        self.all.change(at, before.any(), trouble.any());
        if let NodeId::Server(_) = node {
            self.down.change(at, before.down, trouble.down);
        }
    }

    /// For how long a client has been left alone.
    pub(super) fn of(&self, client: ClientId, at: Time) -> Duration {
        let trouble = self.clients.get(client.index());
        let trouble = trouble.copied().unwrap_or_default();
        calm_for(trouble.any(), trouble.until, at)
    }

    /// For how long everybody has been left alone.
    pub(super) fn of_all(&self, at: Time) -> Duration {
        self.all.calm_for(at)
    }

    /// Whether some server is down.
    pub(super) fn a_server_is_down(&self) -> bool {
        self.down.many > 0
    }

    /// When the last server that was down came back; `None` if one is down, or none ever was.
    pub(super) fn servers_up_since(&self) -> Option<Time> {
        self.down.until.filter(|_| self.down.many == 0)
    }

    /// Since when a node has been in trouble, if it is.
    pub(super) fn in_trouble_since(&self, node: NodeId) -> Option<Time> {
        let trouble = match node {
            NodeId::Client(client) => self.clients.get(client.index())?,
            NodeId::Server(server) => self.servers.get(server.index())?,
            NodeId::Storage => &self.storage,
        };
        trouble.since.filter(|_| trouble.any())
    }
}
