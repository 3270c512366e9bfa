//! `ttl-replicated`: a primary with an asynchronous replica, and failover.
//!
//! [`Ttl`](super::Ttl) on a Redis with a replica: the primary answers first and replicates after.
//! If the replica does not hear from its primary for a while, it promotes itself, with a new
//! *epoch*; a primary that hears of a higher epoch becomes a replica and drops what it had for the
//! new primary's state (Redis Sentinel, "High availability with Redis Sentinel"; here the replica
//! stands in for the Sentinels, which decide in the same way, only by vote).
//!
//! Ends of leases are replicated as times of day (`PXAT`), so a new primary judges them by its own
//! wall clock. The stream of changes is numbered; a replica that missed one asks for a whole copy.
//!
//! With [`TtlReplicated::wait_for_replica`], the primary answers a grant only when its replica has
//! acknowledged it (`WAIT 1`), and otherwise answers `NOREPLICAS`, upon which the client deletes
//! the key again: `WAIT` undoes nothing itself.
//!
//! # What it promises
//!
//! What [`Ttl`](super::Ttl) promises, as long as there is no failover. That is all: this is the
//! lock of which the Redis documentation says "there is an obvious race condition with this model"
//! ("Distributed locks with Redis", section "Why failover-based implementations are not enough").
//!
//! # Known flaws
//!
//! - A primary that dies before it replicated a grant takes the lock *and its token* along: the
//!   next owner gets the same token from the new primary, and no fence can tell them apart.
//! - A primary that is cut off goes on granting while the replica does so too, until they hear of
//!   each other; the losing side's locks vanish (Jepsen's analysis of Redis Sentinel, 2013).
//! - A primary without persistence that restarts at once is an empty primary, and its replica
//!   copies that (Redis, "Replication", on safety with persistence turned off).
//! - `WAIT` closes the first of these, and pays with every grant while the replica is away. The
//!   lease, however, is still judged by two clocks.

use super::claims::{Claims, ClientTimer};
use super::keys::{Keys, KeysChange};
use super::message::{Answer, Message, Reply, Request};
use super::settings::Settings;
use crate::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt;

mod client;
mod server;

pub use client::ReplicatedClient;
pub use server::{Replica, ReplicaTimer};

/// A primary with an asynchronous replica, and failover.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TtlReplicated {
    /// Its settings.
    pub settings: Settings,
    /// Whether a grant is answered only when the replica has it.
    pub wait_for_replica: bool,
    /// After how long without an acknowledgement a grant that waits for one is refused.
    pub wait_timeout: Duration,
    /// How often the primary says that it lives.
    pub ping_every: Duration,
    /// After how long without a word from its primary a replica promotes itself.
    pub failover_timeout: Duration,
}

impl Default for TtlReplicated {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            wait_for_replica: false,
            wait_timeout: Duration::from_millis(300),
            ping_every: Duration::from_millis(200),
            failover_timeout: Duration::from_secs(2),
        }
    }
}

/// What clients and servers, and the servers among themselves, say to each other.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ReplicatedMessage {
    /// A client's request, or the answer to it.
    Client(Message),
    /// From the primary: the change of this number; without one, that it lives and is so far.
    Change {
        /// Where it belongs.
        stream: Stream,
        /// The number of the change, or of the last one.
        offset: u64,
        /// The change.
        change: Option<KeysChange>,
    },
    /// From the primary: everything, as it is after the change of this number.
    Copy {
        /// Where it belongs.
        stream: Stream,
        /// The number of the last change in it.
        offset: u64,
        /// All keys and counters.
        keys: Keys,
    },
    /// From the replica: it has everything up to this number.
    Acknowledged {
        /// Where it belongs.
        stream: Stream,
        /// The number of the last change.
        offset: u64,
    },
    /// From the replica: it needs a copy.
    Missing {
        /// The epoch that it knows.
        epoch: u64,
    },
}

/// One stream of changes: of one primary in one of its lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Stream {
    /// The epoch of the primary; grows with each failover.
    pub epoch: u64,
    /// The primary's life.
    pub life: Incarnation,
}

impl From<Request> for ReplicatedMessage {
    fn from(request: Request) -> Self {
        Self::Client(Message::Request(request))
    }
}

impl fmt::Display for ReplicatedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(message) => message.fmt(f),
            Self::Change { stream, offset, change } => {
                write!(f, "epoch {}, change {offset}: ", stream.epoch)?;
                match change {
                    None => f.write_str("nothing new"),
                    Some(KeysChange::Set(lock, key)) => write!(f, "{lock} is {}", key.value),
                    Some(KeysChange::Delete(lock)) => write!(f, "no {lock}"),
                    Some(KeysChange::Block(lock, _)) => write!(f, "{lock} is blocked"),
                }
            }
            Self::Copy { stream, offset, keys } => {
                write!(f, "epoch {}, all up to change {offset}: {keys}", stream.epoch)
            }
            Self::Acknowledged { stream, offset } => {
                write!(f, "epoch {}, has change {offset}", stream.epoch)
            }
            Self::Missing { epoch } => write!(f, "epoch {epoch}, needs a copy"),
        }
    }
}

/// What a server keeps on disk.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct ReplicaDisk {
    keys: Keys,
    /// Its epoch and whether it is the primary, once that has changed.
    role: Option<(u64, bool)>,
}

/// One write of a server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ReplicaChange {
    /// One key changed.
    Keys(KeysChange),
    /// All keys are replaced.
    Copy(Keys),
    /// The server's epoch, and whether it is the primary: a line of its configuration file, which
    /// is written and synced whatever [`Settings::persist`] says of the keys.
    Role {
        /// The epoch.
        epoch: u64,
        /// Whether it is the primary.
        primary: bool,
    },
}

impl From<KeysChange> for ReplicaChange {
    fn from(change: KeysChange) -> Self {
        Self::Keys(change)
    }
}

impl Disk for ReplicaDisk {
    type Change = ReplicaChange;

    fn apply(&mut self, change: ReplicaChange) {
        match change {
            ReplicaChange::Keys(change) => self.keys.apply(change),
            ReplicaChange::Copy(keys) => self.keys = keys,
            ReplicaChange::Role { epoch, primary } => self.role = Some((epoch, primary)),
        }
    }
}

impl TtlReplicated {
    /// Weather in which the replica always hears from its primary in time.
    fn no_failover(&self) -> [Assumption; 6] {
        let short = self.failover_timeout / 10;
        [
            Assumption::ServersStayUp,
            Assumption::NoPartition,
            Assumption::NoLoss,
            Assumption::ServerPauseAtMost(short),
            Assumption::DelayAtMost(short),
            Assumption::ClockRateWithinPercent(10),
        ]
    }
}

impl Protocol for TtlReplicated {
    type Message = ReplicatedMessage;
    type Server = Replica;
    type Client = ReplicatedClient;

    fn name(&self) -> &'static str {
        "ttl-replicated"
    }

    fn servers(&self) -> usize {
        2
    }

    fn server(&self, id: ServerId, disk: &ReplicaDisk) -> Replica {
        Replica::new(self, id, disk)
    }

    fn client(&self, id: ClientId, (): &()) -> ReplicatedClient {
        ReplicatedClient::new(Claims::new(self.settings, id))
    }

    /// The union of what servers that believe to be the primary say.
    fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
        let primaries = servers.live().filter(|(_, server)| server.is_primary());
        let mut owners: Vec<Owner> = primaries
            .filter_map(|(_, server)| Some(server.keys().get(lock)?.value.owner))
            .collect();
        owners.dedup();
        owners
    }

    fn promises(&self) -> Vec<Promise> {
        let mut promises = self.settings.one_server();
        for promise in &mut promises {
            if promise.guarantee != Guarantee::Progress {
                promise.assumes.extend(self.no_failover());
            }
        }
        promises
    }

    fn semantics(&self) -> Semantics {
        Semantics { fenced: true, ..Semantics::default() }
    }

    fn in_role(&self, role: Role, servers: Servers<'_, Self>) -> Vec<ServerId> {
        let Role::Leader = role;
        let primaries = servers.live().filter(|(_, server)| server.is_primary());
        primaries.map(|(id, _)| id).collect()
    }
}
