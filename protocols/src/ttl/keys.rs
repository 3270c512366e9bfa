//! The keys of a Redis-like server, and what each command makes of them.

use super::message::{Answer, RedisCommand, Request, Value};
use crate::contract::{Disk, LeaseEvent, Reading};
use crate::id::{LockId, Token};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// One key: a lock that somebody owns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum End {
    /// When the wall clock shows this, which also means something after a restart.
    At(Reading),
    /// So long after it began by the monotonic clock; after a restart, all over again.
    After(Duration),
}

/// All keys, and the counters. It is also what a server keeps on disk.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Keys {
    keys: BTreeMap<LockId, Key>,
    /// The last token that was counted, for all locks together; it never goes back.
    tokens: Token,
    /// How many leases there were.
    leases: u64,
}

/// One change of the keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KeysChange {
    /// A key is set or replaced. Its token and its number are counted in the same write.
    Set(LockId, Key),
    /// A key is deleted.
    Delete(LockId),
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

    /// The lease that this request would begin now.
    pub fn lease(&self, request: &Request) -> Option<Duration> {
        let key = self.get(request.lock);
        match request.command {
            RedisCommand::SetNxPx { lease, .. } if key.is_none() => Some(lease),
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
            RedisCommand::Setnx => match key {
                Some(_) => Answer::Held.into(),
                None => self.grant(request, None, None, None),
            },
            RedisCommand::SetNxPx { lease, fenced } => match (mine, key) {
                (Some(key), _) => Answer::Taken { token: key.token }.into(),
                (None, Some(_)) => Answer::Held.into(),
                (None, None) => {
                    let token = fenced.then(|| self.tokens.next());
                    self.grant(request, token, Some(lease), end)
                }
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

/// Shown as `L1 is c1#1, token 1, until 10s`; `nothing` if there is no key.
impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.keys.is_empty() {
            return f.write_str("nothing");
        }
        for (position, (lock, key)) in self.iter().enumerate() {
            let comma = if position > 0 { "; " } else { "" };
            write!(f, "{comma}{lock} is {}", key.value)?;
            if let Some(token) = key.token {
                write!(f, ", token {token}")?;
            }
            match key.end {
                Some(End::At(Reading(nanos))) => {
                    write!(f, ", until {:?}", Duration::from_nanos(nanos))?;
                }
                Some(End::After(lease)) => write!(f, ", for {lease:?}")?,
                None => f.write_str(", without end")?,
            }
        }
        Ok(())
    }
}
