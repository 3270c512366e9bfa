//! The servers' account of their locks, followed as it changes.
//!
//! A protocol says who owns a lock by the states of its live servers
//! ([`Protocol::owners`]); this keeps the last answer for each lock and reports every change as
//! [`Event::Owners`]. If an owner disappears in a step in which a server said that his lease
//! expired, the servers ended his lease, and [`Event::LeaseEnded`] says so first. A server that is
//! slow may say so later than its state shows it; then it comes with what the server said. If an
//! owner disappears in any other way without having released (a crash, a failover), the lock was
//! simply lost.

use crate::contract::{Event, LeaseEvent, Protocol, Servers};
use crate::id::{LockId, Owner};
use std::collections::{BTreeMap, BTreeSet};

/// Who owned which lock when the account was last looked at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Account {
    owners: BTreeMap<LockId, Vec<Owner>>,
    /// Who disappeared without a word.
    missed: BTreeSet<(LockId, Owner)>,
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
        if !protocol.has_account(servers) {
            return;
        }
        let mut now = protocol.owners(servers, lock);
        now.sort_unstable();
        now.dedup();
        let before = self.owners.get(&lock).map_or(&[][..], Vec::as_slice);
        let gone = before.iter().filter(|owner| !now.contains(owner));
        self.missed.extend(gone.map(|owner| (lock, *owner)));
        match lease {
            Some(LeaseEvent::Expired { owner, .. }) if self.missed.remove(&(lock, *owner)) => {
                report(Event::LeaseEnded { lock, owner: *owner });
            }
            Some(LeaseEvent::Released { owner, .. }) => {
                self.missed.remove(&(lock, *owner));
            }
            _ => {}
        }
        if before == now {
            return;
        }
        self.missed.retain(|(other, owner)| *other != lock || !now.contains(owner));
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
