//! What an observer may know: the one stream that feeds monitors, traces, measures and stories.
//!
//! Nodes report events with [`Effects::notify`](super::Effects::notify); the host adds those that
//! no node can know (a pause, a crash, what the servers together make of a lock).

#[cfg(test)]
mod tests;

use crate::id::{Incarnation, LockId, NodeId, Owner, ServerId, Token};
use crate::storage::Version;
use std::time::Duration;

/// Something that an observer sees at one node at one moment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Event {
    /// A client tells its application.
    Lock(LockEvent),
    /// A server changes its account of a lock.
    Lease(LeaseEvent),
    /// A server comes to a point on the way to a decision.
    Milestone(Milestone),
    /// Who waits for whom at this server, after that changed: all of it.
    Queue(Vec<QueueEntry>),
    /// Which locks this server can neither give nor free, after that changed: all of them.
    Doubts(Vec<Doubt>),
    /// The storage applies or rejects an operation.
    Storage(StorageEvent),
    /// An application works.
    Work(WorkEvent),
    /// Something happens to a node that it cannot know itself.
    Host(HostEvent),
    /// Who owns a lock by the account of all live servers together, after it changed.
    Owners {
        /// The lock.
        lock: LockId,
        /// Its owners, sorted; more than one is a broken `grant-exclusion`.
        owners: Vec<Owner>,
    },
    /// The servers ended a lease: their account dropped an owner in a step that reported
    /// [`LeaseEvent::Expired`] for him.
    LeaseEnded {
        /// The lock.
        lock: LockId,
        /// Whose lease it was.
        owner: Owner,
    },
}

/// What a client tells its application about a lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LockEvent {
    /// The lock is yours.
    Granted {
        /// The lock.
        lock: LockId,
        /// Its fencing token, where the protocol has one.
        token: Option<Token>,
    },
    /// The lock is not yours.
    Refused {
        /// The lock.
        lock: LockId,
        /// Whether the attempt certainly took no effect; if not, it may still take effect later.
        definite: bool,
    },
    /// The lock is no longer yours, though you did not release it.
    Lost {
        /// The lock.
        lock: LockId,
    },
    /// The release that you asked for is over.
    Released {
        /// The lock.
        lock: LockId,
        /// How it ended.
        outcome: Ending,
    },
}

/// How an operation ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Ending {
    /// It took effect.
    Done,
    /// It certainly took no effect (a release of a lock that was another's by then).
    Failed,
    /// It may have taken effect, may do so later, or never.
    Unknown,
}

/// One server's own account of a lock. A server reports every change of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LeaseEvent {
    /// It gives the lock to an owner.
    Granted {
        /// The lock.
        lock: LockId,
        /// The new owner.
        owner: Owner,
        /// The length of the lease; `None` for a lock without end.
        lease: Option<Duration>,
    },
    /// It prolongs a lease: the full length counts from now.
    Renewed {
        /// The lock.
        lock: LockId,
        /// The owner.
        owner: Owner,
        /// The length of the lease; `None` for a lock without end.
        lease: Option<Duration>,
    },
    /// It frees the lock because somebody asked for it.
    Released {
        /// The lock.
        lock: LockId,
        /// Whose it was.
        owner: Owner,
        /// Who asked.
        by: Owner,
    },
    /// It frees the lock because the lease ran out by its clock.
    Expired {
        /// The lock.
        lock: LockId,
        /// Whose it was.
        owner: Owner,
    },
    /// Its account of the lock counts from now on, or counts no more, because its role changed: a
    /// copy was promoted, or gave way to another server's account.
    Replaced {
        /// The lock.
        lock: LockId,
    },
}

impl LeaseEvent {
    /// The lock that it is about.
    pub fn lock(&self) -> LockId {
        match self {
            Self::Granted { lock, .. }
            | Self::Renewed { lock, .. }
            | Self::Released { lock, .. }
            | Self::Expired { lock, .. }
            | Self::Replaced { lock } => *lock,
        }
    }
}

/// A point on the way to a decision, for protocols that decide together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Milestone {
    /// It begins to gather votes.
    Began,
    /// It has written down what it is about to vote for.
    Prepared,
    /// Its vote is on its way.
    Voted,
    /// The decision is made and durable, and nobody has been told.
    Decided,
    /// It does not know how something was decided, and asks.
    InDoubt,
}

/// Somebody who wants a lock of a server: one attempt of an owner.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Party {
    /// The owner.
    pub owner: Owner,
    /// Which of his attempts: a number that no other attempt of his has.
    pub attempt: u64,
}

/// One party waits at a server for a lock that another one has there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct QueueEntry {
    /// Who waits.
    pub waiter: Party,
    /// For which lock.
    pub lock: LockId,
    /// Who has it, and will not let go before he has all that he wants.
    pub holder: Party,
}

/// A server keeps a lock for an owner until somebody tells it what was decided.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Doubt {
    /// The lock.
    pub lock: LockId,
    /// For whom it is kept.
    pub owner: Owner,
    /// Who decides.
    pub decides: ServerId,
}

/// What happened to the guarded data.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum StorageEvent {
    /// A read was answered.
    Read {
        /// The resource's lock.
        lock: LockId,
        /// The reader.
        owner: Owner,
        /// The token that the storage looked at; `None` where it looks at none.
        token: Option<Token>,
        /// What was read.
        version: Version,
    },
    /// A write was applied and is durable.
    Written {
        /// The resource's lock.
        lock: LockId,
        /// The writer.
        owner: Owner,
        /// The token that came with it; `None` for a grant without a token.
        token: Option<Token>,
        /// The version that the writer had read.
        based_on: Version,
        /// The version that it made.
        version: Version,
    },
    /// An operation was refused: its token is older than one seen before.
    Rejected {
        /// The resource's lock.
        lock: LockId,
        /// Whose operation.
        owner: Owner,
        /// Its token.
        token: Token,
        /// The newest token that the storage has seen.
        newest: Token,
        /// Whether it was a write.
        write: bool,
    },
}

/// What an application does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum WorkEvent {
    /// It asks for a lock.
    Acquires {
        /// The lock.
        lock: LockId,
    },
    /// It gives a lock back; from now on it does not rely on it.
    Releases {
        /// The lock.
        lock: LockId,
    },
    /// It has just checked that it still holds the lock and is about to write.
    Checked {
        /// The lock.
        lock: LockId,
    },
    /// The storage told it that its write is done.
    Acknowledged {
        /// The resource's lock.
        lock: LockId,
        /// The version that the write made.
        version: Version,
    },
}

/// What happens to a node from outside.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum HostEvent {
    /// It starts or restarts.
    Started(Incarnation),
    /// It dies; what is in its memory is gone.
    Crashed,
    /// It stands still: time and its mailbox go on.
    Paused,
    /// It goes on after a pause.
    Resumed,
    /// A fault (of itself, its clock, its disk or one of its links) begins to touch it.
    Afflicted,
    /// As often as it was afflicted, such a fault ends.
    Relieved,
    /// All faults of the run are over from here on. Seen once, at the storage.
    Healed,
}

/// An event with where it was seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Observation {
    /// Where.
    pub node: NodeId,
    /// What.
    pub event: Event,
}

macro_rules! event_from {
    ($($variant:ident($inner:ty)),*) => {
        $(impl From<$inner> for Event {
            fn from(event: $inner) -> Self {
                Self::$variant(event)
            }
        })*
    };
}

event_from!(
    Lock(LockEvent),
    Lease(LeaseEvent),
    Milestone(Milestone),
    Storage(StorageEvent),
    Work(WorkEvent),
    Host(HostEvent)
);

impl Event {
    /// The name by which a fault plan waits for this event, for those that can be waited for.
    pub fn trigger(&self) -> Option<Trigger> {
        Some(match self {
            Self::Lock(LockEvent::Granted { .. }) => Trigger::Granted,
            Self::Lock(LockEvent::Refused { .. }) => Trigger::Refused,
            Self::Lock(LockEvent::Lost { .. }) => Trigger::Lost,
            Self::Lock(LockEvent::Released { .. }) => Trigger::Released,
            Self::Lease(LeaseEvent::Granted { .. }) => Trigger::LeaseGranted,
            Self::Lease(LeaseEvent::Renewed { .. }) => Trigger::Renewed,
            Self::Lease(LeaseEvent::Expired { .. }) => Trigger::Expired,
            Self::Milestone(Milestone::Began) => Trigger::Began,
            Self::Milestone(Milestone::Prepared) => Trigger::Prepared,
            Self::Milestone(Milestone::Voted) => Trigger::Voted,
            Self::Milestone(Milestone::Decided) => Trigger::Decided,
            Self::Milestone(Milestone::InDoubt) => Trigger::InDoubt,
            Self::Storage(StorageEvent::Read { .. }) => Trigger::Read,
            Self::Storage(StorageEvent::Written { .. }) => Trigger::Written,
            Self::Storage(StorageEvent::Rejected { .. }) => Trigger::Rejected,
            Self::Work(WorkEvent::Acquires { .. }) => Trigger::Acquires,
            Self::Work(WorkEvent::Checked { .. }) => Trigger::Checked,
            _ => return None,
        })
    }
}

/// Moments that a fault plan can wait for.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// An application asks for a lock.
    Acquires,
    /// A client tells its application that the lock is its own.
    Granted,
    /// A client tells its application that it did not get the lock.
    Refused,
    /// A client tells its application that the lock is gone.
    Lost,
    /// A client tells its application that a release is over.
    Released,
    /// A server gives a lock to an owner.
    LeaseGranted,
    /// A server prolongs a lease.
    Renewed,
    /// A server ends a lease that ran out.
    Expired,
    /// A server begins to gather votes.
    Began,
    /// A server has written down what it is about to vote for.
    Prepared,
    /// A server has voted.
    Voted,
    /// A server has made a decision durable and told nobody yet.
    Decided,
    /// A server does not know how something was decided, and asks.
    InDoubt,
    /// The storage answers a read.
    Read,
    /// An application checked that it holds its lock and is about to write.
    Checked,
    /// The storage applies a write.
    Written,
    /// The storage refuses an operation with an old token.
    Rejected,
}

impl Trigger {
    /// Every trigger.
    pub const ALL: [Self; 17] = [
        Self::Acquires,
        Self::Granted,
        Self::Refused,
        Self::Lost,
        Self::Released,
        Self::LeaseGranted,
        Self::Renewed,
        Self::Expired,
        Self::Began,
        Self::Prepared,
        Self::Voted,
        Self::Decided,
        Self::InDoubt,
        Self::Read,
        Self::Checked,
        Self::Written,
        Self::Rejected,
    ];

    /// Its name in scenario files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acquires => "acquires",
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Lost => "lost",
            Self::Released => "released",
            Self::LeaseGranted => "lease-granted",
            Self::Renewed => "renewed",
            Self::Expired => "expired",
            Self::Began => "began",
            Self::Prepared => "prepared",
            Self::Voted => "voted",
            Self::Decided => "decided",
            Self::InDoubt => "in-doubt",
            Self::Read => "read",
            Self::Checked => "checked",
            Self::Written => "written",
            Self::Rejected => "rejected",
        }
    }
}
