//! The servers' account of their locks, followed as it changes.
//!
//! A protocol says who owns a lock by the states of its live servers
//! ([`Protocol::owners`]); this keeps the last answer for each lock and reports every change as
//! [`Event::Owners`]. If an owner disappears because a server let his lease run out, the servers
//! ended his lease, and [`Event::LeaseEnded`] says so first. If he disappears in any other way
//! without having released (a crash, a failover), the lock was simply lost.
//!
//! The host says whether a lease ran out: it has the [`LeaseEvent::Expired`] of the step at hand,
//! or one that is still to leave a server which has taken its step and waits for its disk.
//!
//! A server may let a lease run out while the live servers together cannot say who owns what: the
//! last of a majority is down by the time at which the leader hears that it agreed, or the next
//! leader is elected and does not yet know what is committed. The lease has ended all the same, and
//! that is said at once; the account follows as soon as there is one again. A grant may fall into
//! such a time as well: the account never lists its owner if his lease runs out before there is one
//! again, or in the very step that brings it back, and his lease has ended all the same.

#[cfg(test)]
mod tests;

use crate::contract::{Event, LeaseEvent, Protocol, Servers};
use crate::id::{LockId, Owner};
use std::collections::{BTreeMap, BTreeSet};

/// Who owned which lock when the account was last looked at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Account {
    owners: BTreeMap<LockId, Vec<Owner>>,
    /// Owners whose lease was said to have ended while there was no account.
    ended: BTreeSet<(LockId, Owner)>,
    /// Owners who were granted a lock while there was no account.
    unlisted: BTreeSet<(LockId, Owner)>,
}

impl Account {
    /// The owners of a lock when the account was last looked at.
    pub fn owners(&self, lock: LockId) -> &[Owner] {
        self.owners.get(&lock).map_or(&[], Vec::as_slice)
    }

    /// Whether looking at every lock from 1 to `locks` would report nothing. Most steps change no
    /// owner, and this is the quickest way to see it.
    pub fn is_up_to_date<P: Protocol>(
        &self,
        protocol: &P,
        servers: Servers<'_, P>,
        locks: u32,
    ) -> bool {
        self.ended.is_empty()
            && self.unlisted.is_empty()
            && protocol.has_account(servers)
            && (0..locks).all(|lock| {
                let lock = LockId(lock + 1);
                protocol.owners(servers, lock) == self.owners(lock)
            })
    }

    /// Looks again at the lock that a server told something about. `ran_out` says whether the lease
    /// of an owner ran out on a server.
    pub fn hear<P: Protocol>(
        &mut self,
        protocol: &P,
        servers: Servers<'_, P>,
        told: LeaseEvent,
        ran_out: impl Fn(LockId, Owner) -> bool,
        report: impl FnMut(Event),
    ) {
        if let LeaseEvent::Granted { lock, owner, .. } = told
            && !protocol.has_account(servers)
        {
            self.unlisted.insert((lock, owner));
        }
        self.look(protocol, servers, told.lock(), ran_out, report);
    }

    /// Looks at every lock from 1 to `locks` again: what a crash or a restart of a server needs.
    pub fn look_at_all<P: Protocol>(
        &mut self,
        protocol: &P,
        servers: Servers<'_, P>,
        locks: u32,
        ran_out: impl Fn(LockId, Owner) -> bool,
        mut report: impl FnMut(Event),
    ) {
        for lock in (1..=locks).map(LockId) {
            self.look(protocol, servers, lock, &ran_out, &mut report);
        }
    }

    fn look<P: Protocol>(
        &mut self,
        protocol: &P,
        servers: Servers<'_, P>,
        lock: LockId,
        ran_out: impl Fn(LockId, Owner) -> bool,
        mut report: impl FnMut(Event),
    ) {
        let before = self.owners.get(&lock).map_or(&[][..], Vec::as_slice);
        if !protocol.has_account(servers) {
            for owner in before.iter().copied().chain(unlisted(&self.unlisted, lock)) {
                if ran_out(lock, owner) && self.ended.insert((lock, owner)) {
                    report(Event::LeaseEnded { lock, owner });
                }
            }
            return;
        }
        let mut now = protocol.owners(servers, lock);
        if now.len() > 1 {
            now.sort_unstable();
            now.dedup();
        }
        let mut ended_before = |owner| !self.ended.is_empty() && self.ended.remove(&(lock, owner));
        for owner in before.iter().copied().chain(unlisted(&self.unlisted, lock)) {
            let told = ended_before(owner);
            if !now.contains(&owner) && !told && ran_out(lock, owner) {
                report(Event::LeaseEnded { lock, owner });
            }
        }
        if !self.unlisted.is_empty() {
            self.unlisted.retain(|(of, _)| *of != lock);
        }
        if before == now {
            return;
        }
        report(Event::Owners { lock, owners: now.clone() });
        if now.is_empty() {
            self.owners.remove(&lock);
        } else {
            self.owners.insert(lock, now);
        }
    }
}

/// Who was granted this lock while there was no account.
fn unlisted(
    unlisted: &BTreeSet<(LockId, Owner)>,
    lock: LockId,
) -> impl Iterator<Item = Owner> + '_ {
    unlisted.iter().filter(move |(of, _)| *of == lock).map(|(_, owner)| *owner)
}
