//! The servers' account of their locks, followed as it changes.
//!
//! A protocol says who owns a lock by the states of its live servers
//! ([`Protocol::owners`]); this keeps the last answer for each lock and reports every change as
//! [`Event::Owners`]. If an owner disappears in a step in which a server said that his lease
//! expired, the servers ended his lease, and [`Event::LeaseEnded`] says so first. If he disappears
//! in any other way without having released (a crash, a failover), the lock was simply lost.

use crate::contract::{Event, LeaseEvent, Protocol, Servers};
use crate::id::{LockId, Owner};
use std::collections::BTreeMap;

/// Who owned which lock when the account was last looked at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Account {
    owners: BTreeMap<LockId, Vec<Owner>>,
}

impl Account {
    /// The owners of a lock when the account was last looked at.
    pub fn owners(&self, lock: LockId) -> &[Owner] {
        self.owners.get(&lock).map_or(&[], Vec::as_slice)
    }

    /// Looks at one lock again, after a step that reported `lease` for it (or after none).
    pub fn look<P: Protocol>(
        &mut self,
        protocol: &P,
        servers: Servers<'_, P>,
        lock: LockId,
        lease: Option<&LeaseEvent>,
        mut report: impl FnMut(Event),
    ) {
        let mut now = protocol.owners(servers, lock);
        now.sort_unstable();
        now.dedup();
        let before = self.owners(lock);
        if before == now {
            return;
        }
        if let Some(LeaseEvent::Expired { owner, .. }) = lease
            && before.contains(owner)
            && !now.contains(owner)
        {
            report(Event::LeaseEnded { lock, owner: *owner });
        }
        report(Event::Owners { lock, owners: now.clone() });
        if now.is_empty() {
            self.owners.remove(&lock);
        } else {
            self.owners.insert(lock, now);
        }
    }

    /// Looks at every lock from 1 to `locks` again: what a crash or a restart of a server needs.
    pub fn look_at_all<P: Protocol>(
        &mut self,
        protocol: &P,
        servers: Servers<'_, P>,
        locks: u32,
        mut report: impl FnMut(Event),
    ) {
        for lock in (1..=locks).map(LockId) {
            self.look(protocol, servers, lock, None, &mut report);
        }
    }
}
