//! What clients and Redis-like servers say to each other.

use crate::id::{LockId, Owner, Token};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The value of a key: unique for every request that may take a lock, as the random string of
/// `SET key value NX PX` is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Value {
    /// Who asked.
    pub owner: Owner,
    /// The number of the request, counted by its owner from 1. A repeated request keeps it.
    pub serial: u32,
}

/// A command to a server. Each is one atomic step there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The key.
    pub lock: LockId,
    /// The value to set or to compare; where neither happens, it only says who asks.
    pub value: Value,
    /// What to do.
    pub command: RedisCommand,
}

/// What a server can do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum RedisCommand {
    /// `SETNX key value`: sets a missing key, without expiry.
    Setnx,
    /// `EXPIRE key lease`: whoever's key it is.
    Expire {
        /// How long it stays from now on.
        lease: Duration,
    },
    /// `DEL key`: whoever's key it is.
    Del,
    /// `SET key value NX PX lease`; a key that already has this very value counts as set by an
    /// earlier copy of the same request, and stays as it is.
    SetNxPx {
        /// How long it stays.
        lease: Duration,
        /// Whether to count a fencing token up in the same step (a script with `INCR`).
        fenced: bool,
    },
    /// The script that deletes the key if it has this value.
    DelIfMine,
    /// The script that sets the expiry if the key has this value.
    PexpireIfMine {
        /// How long it stays from now on.
        lease: Duration,
        /// The number of this renewal, for the answer.
        renewal: u32,
    },
}

/// A server's answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// The key of the request.
    pub lock: LockId,
    /// The value of the request.
    pub value: Value,
    /// The answer.
    pub answer: Answer,
}

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// The key is set, with the token that was counted for it.
    Taken {
        /// The token of the grant, if the request was fenced.
        token: Option<Token>,
    },
    /// The key is there already.
    Held,
    /// `EXPIRE`: whether there was a key.
    Expiring(bool),
    /// Whether a key was deleted.
    Deleted(bool),
    /// Whether the key had the value and stays longer.
    Prolonged {
        /// The number of the renewal.
        renewal: u32,
        /// Whether the key had the value.
        mine: bool,
    },
    /// `READONLY`: this server is a replica; nothing was done.
    ReadOnly,
    /// `NOREPLICAS`: the key is set, but no replica has it yet.
    NoReplicas,
}

/// A request or its answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Message {
    /// A client asks.
    Request(Request),
    /// A server answers.
    Reply(Reply),
}

impl From<Request> for Message {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

impl From<Reply> for Message {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

impl Request {
    /// The answer to this request.
    pub(super) fn reply(&self, answer: Answer) -> Reply {
        Reply { lock: self.lock, value: self.value, answer }
    }
}

/// Shown as the string that a client would send: `c1#3`, the third request of client 1.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.owner, self.serial)
    }
}

/// Shown in the words of Redis, scripts by what they do.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lock, value, .. } = self;
        match self.command {
            RedisCommand::Setnx => write!(f, "SETNX {lock} {value}"),
            RedisCommand::Expire { lease } => write!(f, "EXPIRE {lock} {lease:?} for {value}"),
            RedisCommand::Del => write!(f, "DEL {lock} for {value}"),
            RedisCommand::SetNxPx { lease, fenced } => {
                let count = if fenced { " and INCR" } else { "" };
                write!(f, "SET {lock} {value} NX PX {lease:?}{count}")
            }
            RedisCommand::DelIfMine => write!(f, "DEL {lock} if it is {value}"),
            RedisCommand::PexpireIfMine { lease, renewal } => {
                write!(f, "PEXPIRE {lock} {lease:?} if it is {value}, renewal {renewal}")
            }
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lock, value, .. } = self;
        match self.answer {
            Answer::Taken { token: None } => write!(f, "{lock} is {value}"),
            Answer::Taken { token: Some(token) } => write!(f, "{lock} is {value}, token {token}"),
            Answer::Held => write!(f, "{lock} is not {value}: taken"),
            Answer::Expiring(true) => write!(f, "{lock} expires, for {value}"),
            Answer::Expiring(false) => write!(f, "no {lock} to expire, for {value}"),
            Answer::Deleted(true) => write!(f, "{lock} deleted, for {value}"),
            Answer::Deleted(false) => write!(f, "no such {lock} to delete, for {value}"),
            Answer::Prolonged { renewal, mine } => {
                let done = if mine { "done" } else { "not yours" };
                write!(f, "renewal {renewal} of {lock} for {value}: {done}")
            }
            Answer::ReadOnly => write!(f, "READONLY, for {value}"),
            Answer::NoReplicas => write!(f, "NOREPLICAS, for {value}"),
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(request) => request.fmt(f),
            Self::Reply(reply) => reply.fmt(f),
        }
    }
}
