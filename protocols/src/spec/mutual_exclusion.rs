//! `mutual-exclusion`: no two live clients believe at once that they hold the same lock.
//!
//! The holders' view. What counts is what applications act on: a client that stands still holds
//! the lock in its own eyes, however long ago its lease ended, and will go on as if it had it.

use super::monitor::{FirstBreak, Monitor};
use super::scene::{Fate, Holder, Scene};
use super::table::Table;
use super::verdict::Verdict;
use crate::contract::{Event, LockEvent, Observation};
use crate::id::{ClientId, LockId, NodeId};
use crate::time::Time;

/// Watches `mutual-exclusion`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct MutualExclusion {
    broken: FirstBreak,
    /// Who was granted each lock first.
    first: Table<Option<ClientId>>,
    /// Whether some lock was granted to two clients, one after the other or at once.
    contended: bool,
}

impl MutualExclusion {
    fn granted(&mut self, at: Time, client: ClientId, lock: LockId, scene: &Scene) {
        if !self.contended {
            let first = self.first.at(lock.index()).get_or_insert(client);
            self.contended = *first != client;
        }
        let other = |holder: &&Holder| holder.client != client;
        if let Some(holder) = scene.holders(lock).iter().find(other)
            && !self.broken.is_set()
        {
            let Holder { client: holder, since, .. } = holder;
            let still = match scene.client(*holder).map(|scene| scene.fate) {
                Some(Fate::Paused(paused)) => format!(", standing still since {paused}"),
                _ => String::new(),
            };
            self.broken.set(
                at,
                format!(
                    "{client} was granted {lock} at {at} while {holder} still believed to hold it \
                     (granted at {since}{still})"
                ),
            );
        }
    }
}

impl Monitor for MutualExclusion {
    fn observe(&mut self, at: Time, seen: &Observation, scene: &Scene) {
        if let (Event::Lock(LockEvent::Granted { lock, .. }), NodeId::Client(client)) =
            (&seen.event, seen.node)
        {
            self.granted(at, client, *lock, scene);
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.is_set()
    }

    fn verdict(&self, _: Time, _: &Scene) -> Verdict {
        let idle = (!self.contended).then_some("no lock was granted to two clients");
        self.broken.verdict_unless(idle)
    }
}
