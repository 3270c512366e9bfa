//! Goals: what must happen sometimes, so that a green run has looked at something.

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
    believes: BTreeMap<(ClientId, LockId), u32>,
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
                if others || self.holders_but(client, Some(*lock)) {
                    self.reached.insert(Goal::Contention);
                }
                if self.holds_any(client) {
                    self.reached.insert(Goal::HoldsAndWaits);
                }
            }
            (Event::Work(WorkEvent::Releases { lock }), NodeId::Client(client)) => {
                if let Some(depth) = self.believes.get_mut(&(client, *lock)) {
                    *depth -= 1;
                    if *depth == 0 {
                        self.believes.remove(&(client, *lock));
                    }
                }
            }
            (Event::LeaseEnded { lock, owner }, _) => {
                self.reached.insert(Goal::LeaseExpired);
                if self.believes.contains_key(&(owner.client, *lock)) {
                    self.reached.insert(Goal::LeaseExpiredUnderHolder);
                }
            }
            (Event::Storage(StorageEvent::Rejected { write, .. }), _) => {
                self.reached.insert(Goal::StaleRejected);
                if *write {
                    self.reached.insert(Goal::StaleWriteRejected);
                }
            }
            (Event::Host(HostEvent::Paused), NodeId::Client(client)) if self.holds_any(client) => {
                self.reached.insert(Goal::HolderPaused);
            }
            (Event::Host(HostEvent::Crashed), NodeId::Client(client)) => {
                if self.holds_any(client) {
                    self.reached.insert(Goal::HolderCrashed);
                }
                self.believes.retain(|(holder, _), _| *holder != client);
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
                *self.believes.entry((client, lock)).or_default() += 1;
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
                self.believes.remove(&(client, lock));
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

    fn holds_any(&self, client: ClientId) -> bool {
        self.believes.range((client, LockId(0))..=(client, LockId(u32::MAX))).next().is_some()
    }

    fn holders_but(&self, client: ClientId, lock: Option<LockId>) -> bool {
        self.believes.keys().any(|(holder, held)| *holder != client && Some(*held) == lock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Owner;

    fn client(number: u32, event: impl Into<Event>) -> Observation {
        Observation { node: NodeId::Client(ClientId(number)), event: event.into() }
    }

    fn watched(run: &[Observation]) -> Goals {
        let mut goals = Goals::default();
        run.iter().for_each(|seen| goals.observe(seen));
        goals
    }

    #[test]
    fn contention_needs_two_who_want_one_lock() {
        let lock = LockId(1);
        let alone = watched(&[client(1, WorkEvent::Acquires { lock })]);
        assert!(!alone.reached().contains(&Goal::Contention));
        let both = watched(&[
            client(1, WorkEvent::Acquires { lock }),
            client(1, LockEvent::Granted { lock, token: None }),
            client(2, WorkEvent::Acquires { lock }),
        ]);
        assert!(both.reached().contains(&Goal::Contention));
    }

    #[test]
    fn a_lease_expires_under_a_holder_only_while_he_believes() {
        let lock = LockId(1);
        let ended = client(1, Event::LeaseEnded { lock, owner: Owner::first(ClientId(1)) });
        let granted = client(1, LockEvent::Granted { lock, token: None });
        let under = watched(&[granted.clone(), ended.clone()]);
        assert!(under.reached().contains(&Goal::LeaseExpiredUnderHolder));
        let told = watched(&[granted, client(1, LockEvent::Lost { lock }), ended]);
        assert!(!told.reached().contains(&Goal::LeaseExpiredUnderHolder));
        assert!(told.reached().contains(&Goal::LossTold));
    }
}
