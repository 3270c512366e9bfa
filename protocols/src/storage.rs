//! The guarded resource: what a lock is for.
//!
//! One storage node keeps one resource for each lock. Applications read a resource, think, and
//! write it back; if two of them overlap, an update is lost, and no lock was worth its name.
//!
//! A storage can defend itself with *fencing* (Kleppmann 2016; the rules are those of
//! [`Fencing`]): every operation carries the token of the grant that it relies on, and the storage
//! refuses a token smaller than one that it has seen. The check, the new maximum and the write
//! are one atomic step, and the maximum is durable before the answer leaves. Which operations
//! carry the token makes a difference: with writes alone, an old holder's write can land between
//! a new holder's read and his first write, and is overwritten unseen; where reads carry it too,
//! the read raises the fence before the new holder sees the data that he will build on.
//!
//! Requests are repeated when no answer comes, and networks double messages, so the storage
//! executes each at most once: an application numbers its requests and has one outstanding.

#[cfg(test)]
mod tests;

use crate::contract::{Disk, Effects, Input, InputOf, Never, Node, StorageEvent};
use crate::id::{LockId, Owner, Token};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

/// Which operations carry a token that the storage checks.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Fencing {
    /// None: the storage believes everybody.
    None,
    /// Writes carry it; reads are answered for everybody.
    Writes,
    /// Reads and writes carry it; a read registers its token.
    #[default]
    ReadsAndWrites,
}

impl Fencing {
    fn checks(self, operation: Operation) -> bool {
        match self {
            Self::None => false,
            Self::Writes => matches!(operation, Operation::Write { .. }),
            Self::ReadsAndWrites => true,
        }
    }
}

/// Counts the writes that a resource has seen; 0 before the first.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub u64);

/// What an application wants of a resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Operation {
    /// Its version (which stands for its value).
    Read,
    /// To replace its value by one computed from what was read.
    Write {
        /// The version that was read. The storage does not compare it: this is no
        /// compare-and-swap, and the write replaces whatever is there.
        based_on: Version,
    },
}

/// A request to the storage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Whose request.
    pub owner: Owner,
    /// The number of the request, counted by its owner from 1; a repeated request keeps it.
    pub number: u64,
    /// Which resource.
    pub lock: LockId,
    /// The token of the grant that it relies on, if the lock has tokens.
    pub token: Option<Token>,
    /// What is wanted.
    pub operation: Operation,
}

/// How the storage answers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The resource has this version.
    Value(Version),
    /// The write is durable and made this version.
    Written(Version),
    /// Refused: a token as large as this one has been seen.
    Stale(Token),
}

/// What the storage and applications say to each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum StorageMessage {
    /// An application asks.
    Request(Request),
    /// The storage answers.
    Reply {
        /// The number of the request.
        number: u64,
        /// The answer.
        reply: Reply,
    },
}

/// What is kept of one resource.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Resource {
    /// How many writes it has seen.
    pub version: Version,
    /// The largest token that it has seen.
    pub newest: Token,
}

/// What is remembered of one owner's requests, so that none takes effect twice.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Session {
    /// The number and the answer of the newest request that was executed.
    last: Option<(u64, Reply)>,
    /// Older numbers that have not been seen: given up by their owner, perhaps still on their way.
    unseen: BTreeSet<u64>,
}

/// Whether a request is new.
enum Freshness {
    New,
    Repeated(Reply),
    Old,
}

impl Session {
    fn freshness(&self, number: u64) -> Freshness {
        let Some((last, reply)) = self.last else { return Freshness::New };
        match number.cmp(&last) {
            Ordering::Less if !self.unseen.contains(&number) => Freshness::Old,
            Ordering::Equal => Freshness::Repeated(reply),
            Ordering::Less | Ordering::Greater => Freshness::New,
        }
    }

    fn executed(&mut self, number: u64, reply: Reply) {
        let last = self.last.map_or(0, |(last, _)| last);
        if number > last {
            self.unseen.extend(last + 1..number);
            self.last = Some((number, reply));
        } else {
            self.unseen.remove(&number);
        }
    }
}

/// What the storage keeps on disk: everything.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct StorageDisk {
    resources: BTreeMap<LockId, Resource>,
    sessions: BTreeMap<Owner, Session>,
}

/// One atomic write of the storage: a resource with its maximum, and the session of the request.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct StorageChange {
    lock: LockId,
    resource: Resource,
    owner: Owner,
    number: u64,
    reply: Reply,
}

impl Disk for StorageDisk {
    type Change = StorageChange;

    fn apply(&mut self, change: StorageChange) {
        self.resources.insert(change.lock, change.resource);
        self.sessions.entry(change.owner).or_default().executed(change.number, change.reply);
    }
}

/// The storage node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Storage {
    fencing: Fencing,
    kept: StorageDisk,
}

impl Storage {
    /// Builds the storage from what is left of its disk.
    pub fn new(fencing: Fencing, disk: &StorageDisk) -> Self {
        Self { fencing, kept: disk.clone() }
    }

    /// What it keeps of a resource.
    pub fn resource(&self, lock: LockId) -> Resource {
        self.kept.resources.get(&lock).copied().unwrap_or_default()
    }

    /// Check, new maximum and write, in one step. What changes the resource is durable before
    /// anybody hears of it; what does not need not be remembered over a crash.
    fn execute(&mut self, request: Request, fx: &mut Effects<Self>) {
        let Request { owner, number, lock, token, operation } = request;
        let before = self.resource(lock);
        let mut resource = before;
        let checked = token.filter(|_| self.fencing.checks(operation));
        let (reply, event) = if let Some(token) = checked.filter(|token| *token < before.newest) {
            let newest = before.newest;
            let write = matches!(operation, Operation::Write { .. });
            let event = StorageEvent::Rejected { lock, owner, token, newest, write };
            (Reply::Stale(newest), event)
        } else {
            resource.newest = checked.unwrap_or_default().max(before.newest);
            match operation {
                Operation::Read => {
                    let version = before.version;
                    let event = StorageEvent::Read { lock, owner, token: checked, version };
                    (Reply::Value(version), event)
                }
                Operation::Write { based_on } => {
                    resource.version = Version(before.version.0 + 1);
                    let version = resource.version;
                    let event = StorageEvent::Written { lock, owner, token, based_on, version };
                    (Reply::Written(version), event)
                }
            }
        };
        let change = StorageChange { lock, resource, owner, number, reply };
        self.kept.apply(change);
        if resource != before {
            fx.write(change);
            fx.sync();
        }
        fx.notify(event);
        fx.send(owner.client, StorageMessage::Reply { number, reply });
    }
}

impl Node for Storage {
    type Message = StorageMessage;
    type Timer = Never;
    type Disk = StorageDisk;

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        let Input::Message { body: StorageMessage::Request(request), .. } = input else {
            return;
        };
        let session = self.kept.sessions.get(&request.owner);
        match session.map_or(Freshness::New, |session| session.freshness(request.number)) {
            Freshness::New => self.execute(request, fx),
            Freshness::Repeated(reply) => {
                let number = request.number;
                fx.send(request.owner.client, StorageMessage::Reply { number, reply });
            }
            Freshness::Old => {}
        }
    }
}
