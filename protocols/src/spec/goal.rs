//! Goals: what must happen sometimes, so that a green run has looked at something.

#[cfg(test)]
mod tests;

use crate::contract::{Event, HostEvent, LockEvent, Observation, StorageEvent, WorkEvent};
use crate::id::{ClientId, LockId, NodeId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Something that a run should reach.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Goal {
    /// A client is granted a lock.
    Granted,
    /// Two clients want one lock at once.
    Contention,
    /// The servers end a lease.
    LeaseExpired,
    /// The servers end a lease whose owner lives and still believes in it.
    LeaseExpiredUnderHolder,
    /// A client is told that it lost its lock.
    LossTold,
    /// A client is refused a lock.
    Refused,
    /// A client cannot tell whether its acquire or release took effect.
    UnknownOutcome,
    /// The storage refuses a read or a write with an old token.
    StaleRejected,
    /// The storage refuses a write with an old token.
    StaleWriteRejected,
    /// A client dies while it holds a lock.
    HolderCrashed,
    /// A client stands still while it holds a lock.
    HolderPaused,
    /// A client asks for a lock while it holds another.
    HoldsAndWaits,
}

impl Goal {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Granted,
        Self::Contention,
        Self::LeaseExpired,
        Self::LeaseExpiredUnderHolder,
        Self::LossTold,
        Self::Refused,
        Self::UnknownOutcome,
        Self::StaleRejected,
        Self::StaleWriteRejected,
        Self::HolderCrashed,
        Self::HolderPaused,
        Self::HoldsAndWaits,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Contention => "contention",
            Self::LeaseExpired => "lease-expired",
            Self::LeaseExpiredUnderHolder => "lease-expired-under-holder",
            Self::LossTold => "loss-told",
            Self::Refused => "refused",
            Self::UnknownOutcome => "unknown-outcome",
            Self::StaleRejected => "stale-rejected",
            Self::StaleWriteRejected => "stale-write-rejected",
            Self::HolderCrashed => "holder-crashed",
            Self::HolderPaused => "holder-paused",
            Self::HoldsAndWaits => "holds-and-waits",
        }
    }

    /// What it means, in one sentence.
    pub fn about(self) -> &'static str {
        match self {
            Self::Granted => "a client is granted a lock",
            Self::Contention => "two clients want one lock at once",
            Self::LeaseExpired => "the servers end a lease",
            Self::LeaseExpiredUnderHolder => "the servers end a lease that its owner believes in",
            Self::LossTold => "a client is told that it lost its lock",
            Self::Refused => "a client is refused a lock",
            Self::UnknownOutcome => "a client cannot tell whether its operation took effect",
            Self::StaleRejected => "the storage refuses an operation with an old token",
            Self::StaleWriteRejected => "the storage refuses a write with an old token",
            Self::HolderCrashed => "a client dies while it holds a lock",
            Self::HolderPaused => "a client stands still while it holds a lock",
            Self::HoldsAndWaits => "a client asks for a lock while it holds another",
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Watches a run for goals.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Goals {
    reached: BTreeSet<Goal>,
    /// Who believes to hold a lock, and how often he took it.
    believes: BTreeMap<(LockId, ClientId), u32>,
    /// The locks that each client believes to hold.
    holds: BTreeMap<ClientId, BTreeSet<LockId>>,
    wants: BTreeMap<LockId, BTreeSet<ClientId>>,
}

impl Goals {
    /// The goals that were reached so far.
    pub fn reached(&self) -> &BTreeSet<Goal> {
        &self.reached
    }

    /// Takes out what was reached since the last time: for a search, which does not want to tell
    /// states apart by what was reached long before them.
    pub fn take_reached(&mut self) -> BTreeSet<Goal> {
        std::mem::take(&mut self.reached)
    }

    /// Takes the next observation of the run.
    pub fn observe(&mut self, seen: &Observation) {
        match (&seen.event, seen.node) {
            (Event::Lock(event), NodeId::Client(client)) => self.hears(client, *event),
            (Event::Work(WorkEvent::Acquires { lock }), NodeId::Client(client)) => {
                let wants = self.wants.entry(*lock).or_default();
                wants.insert(client);
                let others = wants.len() > 1;
                if others || self.others_hold(client, *lock) {
                    self.reached.insert(Goal::Contention);
                }
                if self.locks_of(client).any(|held| held != *lock) {
                    self.reached.insert(Goal::HoldsAndWaits);
                }
            }
            (Event::Work(WorkEvent::Releases { lock }), NodeId::Client(client)) => {
                if let Some(depth) = self.believes.get_mut(&(*lock, client)) {
                    *depth -= 1;
                    if *depth == 0 {
                        self.holds_no_more(client, *lock);
                    }
                }
            }
            (Event::LeaseEnded { lock, owner }, _) => {
                self.reached.insert(Goal::LeaseExpired);
                if self.believes.contains_key(&(*lock, owner.client)) {
                    self.reached.insert(Goal::LeaseExpiredUnderHolder);
                }
            }
            (Event::Storage(StorageEvent::Rejected { write, .. }), _) => {
                self.reached.insert(Goal::StaleRejected);
                if *write {
                    self.reached.insert(Goal::StaleWriteRejected);
                }
            }
            (Event::Host(HostEvent::Paused), NodeId::Client(client))
                if self.holds.contains_key(&client) =>
            {
                self.reached.insert(Goal::HolderPaused);
            }
            (Event::Host(HostEvent::Crashed), NodeId::Client(client)) => {
                for lock in self.holds.remove(&client).unwrap_or_default() {
                    self.reached.insert(Goal::HolderCrashed);
                    self.believes.remove(&(lock, client));
                }
                self.wants.values_mut().for_each(|wants| {
                    wants.remove(&client);
                });
            }
            _ => {}
        }
    }

    fn hears(&mut self, client: ClientId, event: LockEvent) {
        match event {
            LockEvent::Granted { lock, .. } => {
                self.reached.insert(Goal::Granted);
                self.stops_wanting(client, lock);
                *self.believes.entry((lock, client)).or_default() += 1;
                self.holds.entry(client).or_default().insert(lock);
            }
            LockEvent::Refused { lock, definite } => {
                self.reached.insert(Goal::Refused);
                self.stops_wanting(client, lock);
                if !definite {
                    self.reached.insert(Goal::UnknownOutcome);
                }
            }
            LockEvent::Lost { lock } => {
                self.reached.insert(Goal::LossTold);
                self.holds_no_more(client, lock);
            }
            LockEvent::Released { outcome: crate::contract::Ending::Unknown, .. } => {
                self.reached.insert(Goal::UnknownOutcome);
            }
            LockEvent::Released { .. } => {}
        }
    }

    fn stops_wanting(&mut self, client: ClientId, lock: LockId) {
        if let Some(wants) = self.wants.get_mut(&lock) {
            wants.remove(&client);
        }
    }

    fn holds_no_more(&mut self, client: ClientId, lock: LockId) {
        self.believes.remove(&(lock, client));
        if let Some(locks) = self.holds.get_mut(&client) {
            locks.remove(&lock);
            if locks.is_empty() {
                self.holds.remove(&client);
            }
        }
    }

    fn locks_of(&self, client: ClientId) -> impl Iterator<Item = LockId> + '_ {
        self.holds.get(&client).into_iter().flatten().copied()
    }

    fn others_hold(&self, client: ClientId, lock: LockId) -> bool {
        let mut holders = self.believes.range((lock, ClientId(0))..=(lock, ClientId(u32::MAX)));
        holders.any(|((_, holder), _)| *holder != client)
    }
}
