//! The keys of a Redis-like server, and what each command makes of them.

#[cfg(test)]
mod tests;

use super::message::{Answer, RedisCommand, Request, Value};
use crate::contract::{Disk, LeaseEvent, Reading};
use crate::id::{LockId, Token};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// One key: a lock that somebody owns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Key {
    /// Whose it is.
    pub value: Value,
    /// The token that was counted for it.
    pub token: Option<Token>,
    /// When it goes away by itself; `None` for never.
    pub end: Option<End>,
    /// The number of this lease at this server: a timer of an earlier one means nothing to it.
    pub number: u64,
}

/// When a lease ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum End {
    /// When the wall clock shows this, which also means something after a restart.
    At(Reading),
    /// So long after it began by the monotonic clock; after a restart, all over again.
    After(Duration),
}

/// A lock that nobody owns and nobody may take yet, for its last lease ran out (lock delay).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Block {
    /// When it goes away by itself.
    pub end: End,
    /// Its number, counted together with those of leases.
    pub number: u64,
}

/// All keys, and the counters. It is also what a server keeps on disk.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Keys {
    keys: BTreeMap<LockId, Key>,
    /// The locks that are kept blocked; none of them has a key.
    blocks: BTreeMap<LockId, Block>,
    /// The last token that was counted, for all locks together; it never goes back.
    tokens: Token,
    /// How many leases and blocks there were.
    leases: u64,
}

/// One change of the keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum KeysChange {
    /// A key is set or replaced. Its token and its number are counted in the same write.
    Set(LockId, Key),
    /// A key or a block is deleted.
    Delete(LockId),
    /// A key is deleted, and a block takes its place.
    Block(LockId, Block),
}

impl KeysChange {
    /// The lock whose key changes.
    pub fn lock(&self) -> LockId {
        match self {
            Self::Set(lock, _) | Self::Delete(lock) | Self::Block(lock, _) => *lock,
        }
    }
}

impl Disk for Keys {
    type Change = KeysChange;

    fn apply(&mut self, change: KeysChange) {
        match change {
            KeysChange::Set(lock, key) => {
                self.tokens = self.tokens.max(key.token.unwrap_or_default());
                self.leases = self.leases.max(key.number);
                self.keys.insert(lock, key);
            }
            KeysChange::Delete(lock) => {
                self.keys.remove(&lock);
                self.blocks.remove(&lock);
            }
            KeysChange::Block(lock, block) => {
                self.leases = self.leases.max(block.number);
                self.keys.remove(&lock);
                self.blocks.insert(lock, block);
            }
        }
    }
}

/// What a command comes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Decision {
    /// The answer.
    pub answer: Answer,
    /// What changes, and what an observer hears of it.
    pub change: Option<(KeysChange, LeaseEvent)>,
}

impl From<Answer> for Decision {
    fn from(answer: Answer) -> Self {
        Self { answer, change: None }
    }
}

impl Keys {
    /// The key of a lock.
    pub fn get(&self, lock: LockId) -> Option<&Key> {
        self.keys.get(&lock)
    }

    /// All keys.
    pub fn iter(&self) -> impl Iterator<Item = (LockId, &Key)> {
        self.keys.iter().map(|(lock, key)| (*lock, key))
    }

    /// The block on a lock.
    pub fn block(&self, lock: LockId) -> Option<&Block> {
        self.blocks.get(&lock)
    }

    /// All blocks.
    pub fn blocks(&self) -> impl Iterator<Item = (LockId, &Block)> {
        self.blocks.iter().map(|(lock, block)| (*lock, block))
    }

    /// Whether a request for this lock may set a key.
    fn is_free(&self, lock: LockId) -> bool {
        self.get(lock).is_none() && self.block(lock).is_none()
    }

    /// The end of a lease that ran out: the key is deleted. With a lock delay, a block takes its
    /// place, until so long after the end of the lease by the clock that the lease ran by.
    pub(super) fn end_lease(&self, lock: LockId, key: &Key, lock_delay: Duration) -> KeysChange {
        let end = match key.end {
            Some(End::At(reading)) => End::At(reading + lock_delay),
            Some(End::After(_)) | None => End::After(lock_delay),
        };
        if lock_delay.is_zero() {
            KeysChange::Delete(lock)
        } else {
            KeysChange::Block(lock, Block { end, number: self.leases + 1 })
        }
    }

    /// The lease that this request would begin now.
    pub fn lease(&self, request: &Request) -> Option<Duration> {
        let key = self.get(request.lock);
        match request.command {
            RedisCommand::SetNxPx { lease, .. } if self.is_free(request.lock) => Some(lease),
            RedisCommand::Expire { lease } if key.is_some() => Some(lease),
            RedisCommand::PexpireIfMine { lease, .. }
                if key.is_some_and(|key| key.value == request.value) =>
            {
                Some(lease)
            }
            _ => None,
        }
    }

    /// Decides on a request, given the end of the lease that it would begin.
    pub fn decide(&self, request: &Request, end: Option<End>) -> Decision {
        let key = self.get(request.lock);
        let mine = key.filter(|key| key.value == request.value);
        match request.command {
            RedisCommand::Setnx if self.is_free(request.lock) => {
                self.grant(request, None, None, None)
            }
            RedisCommand::SetNxPx { lease, fenced } if self.is_free(request.lock) => {
                let token = fenced.then(|| self.tokens.next());
                self.grant(request, token, Some(lease), end)
            }
            RedisCommand::Setnx => Answer::Held.into(),
            RedisCommand::SetNxPx { .. } => match mine {
                Some(key) => Answer::Taken { token: key.token }.into(),
                None => Answer::Held.into(),
            },
            RedisCommand::Expire { lease } => Decision {
                answer: Answer::Expiring(key.is_some()),
                change: key.map(|key| self.prolong(request.lock, key, lease, end)),
            },
            RedisCommand::PexpireIfMine { lease, renewal } => Decision {
                answer: Answer::Prolonged { renewal, mine: mine.is_some() },
                change: mine.map(|key| self.prolong(request.lock, key, lease, end)),
            },
            RedisCommand::Del => delete(request, key),
            RedisCommand::DelIfMine => delete(request, mine),
        }
    }

    fn grant(
        &self,
        request: &Request,
        token: Option<Token>,
        lease: Option<Duration>,
        end: Option<End>,
    ) -> Decision {
        let key = Key { value: request.value, token, end, number: self.leases + 1 };
        let event = LeaseEvent::Granted { lock: request.lock, owner: request.value.owner, lease };
        Decision {
            answer: Answer::Taken { token },
            change: Some((KeysChange::Set(request.lock, key), event)),
        }
    }

    fn prolong(
        &self,
        lock: LockId,
        key: &Key,
        lease: Duration,
        end: Option<End>,
    ) -> (KeysChange, LeaseEvent) {
        let number = self.leases + 1;
        let key = Key { end, number, ..*key };
        let event = LeaseEvent::Renewed { lock, owner: key.value.owner, lease: Some(lease) };
        (KeysChange::Set(lock, key), event)
    }
}

fn delete(request: &Request, key: Option<&Key>) -> Decision {
    let lock = request.lock;
    let change = key.map(|key| {
        let event = LeaseEvent::Released { lock, owner: key.value.owner, by: request.value.owner };
        (KeysChange::Delete(lock), event)
    });
    Decision { answer: Answer::Deleted(key.is_some()), change }
}

/// Shown as `L1 is c1#1, token 1, until 10s; L2 is blocked, until 25s`; `nothing` if there is
/// neither key nor block.
impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.keys.is_empty() && self.blocks.is_empty() {
            return f.write_str("nothing");
        }
        for (position, (lock, key)) in self.iter().enumerate() {
            let comma = if position > 0 { "; " } else { "" };
            write!(f, "{comma}{lock} is {}", key.value)?;
            if let Some(token) = key.token {
                write!(f, ", token {token}")?;
            }
            match key.end {
                Some(end) => write!(f, ", {end}")?,
                None => f.write_str(", without end")?,
            }
        }
        for (position, (lock, block)) in self.blocks().enumerate() {
            let comma = if position + self.keys.len() > 0 { "; " } else { "" };
            write!(f, "{comma}{lock} is blocked, {}", block.end)?;
        }
        Ok(())
    }
}

/// Shown as `until 10s` or `for 10s`.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(Reading(nanos)) => write!(f, "until {:?}", Duration::from_nanos(*nanos)),
            Self::After(span) => write!(f, "for {span:?}"),
        }
    }
}
