//! What can be done with the lock table, and how it answers.

use crate::contract::LockSet;
use crate::id::{LockId, Owner, Token};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A session: the index of the entry that opened it. Shown as `#12`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct SessionId(pub u64);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// The number of a command in its session, counted from 1. Shown as `.3`.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Sequence(pub u64);

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ".{}", self.0)
    }
}

/// An operation of the lock table, as it stands in the log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Operation {
    /// Open a session. A repeated one opens another, which nobody uses and which runs out.
    OpenSession {
        /// For whom.
        owner: Owner,
        /// Which of its attempts this is.
        attempt: u64,
        /// The session that it had before and has given up: it ends here, if it has not ended.
        instead_of: Option<SessionId>,
    },
    /// Prolong a session.
    KeepAlive {
        /// Whose it is.
        owner: Owner,
        /// The session.
        session: SessionId,
        /// Which of its renewals this is.
        number: u64,
    },
    /// Do something in a session, once.
    Command {
        /// Whose it is.
        owner: Owner,
        /// The session.
        session: SessionId,
        /// The number of the command; a repeated one keeps it.
        sequence: Sequence,
        /// The client has heard the answers to all commands below this one.
        answered_below: Sequence,
        /// What to do.
        request: Request,
    },
    /// End a session that has not been prolonged since it had this version: by the leader's clock
    /// its time is over.
    ExpireSession {
        /// The session.
        session: SessionId,
        /// What the leader knew of it when its time was over.
        version: u64,
    },
    /// End a session that its client has given up.
    CloseSession {
        /// The session.
        session: SessionId,
    },
}

/// What a client may want in its session.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Request {
    /// All of these locks, or none.
    Acquire {
        /// The locks.
        locks: LockSet,
        /// Whether to wait if they cannot be had at once.
        wait: bool,
    },
    /// To give a lock back.
    Release {
        /// The lock.
        lock: LockId,
    },
    /// To wait no longer.
    Cancel {
        /// The request that waits.
        acquire: Sequence,
    },
}

/// How a command is answered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Answer {
    /// The locks are yours.
    Granted {
        /// The index of the entry that granted them.
        token: Token,
    },
    /// Wait; the grant will come by itself.
    Queued,
    /// They cannot be had at once.
    Refused,
    /// The lock is given back.
    Released,
    /// The lock is not yours to give back.
    NotHeld,
    /// The request waits no longer, and will never be granted.
    Cancelled,
}

/// What the servers tell a client.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Reply {
    /// The session is open.
    Opened {
        /// Whose it is. A client that crashed and came back counts its attempts anew, and must not
        /// take the session of its former life for its own.
        owner: Owner,
        /// The attempt that opened it.
        attempt: u64,
        /// The session.
        session: SessionId,
    },
    /// The session is prolonged.
    Alive {
        /// The session.
        session: SessionId,
        /// The renewal that did it.
        number: u64,
    },
    /// The answer to a command.
    Answer {
        /// The session.
        session: SessionId,
        /// The command.
        sequence: Sequence,
        /// The answer.
        answer: Answer,
    },
    /// There is no such session any more.
    Gone {
        /// The session.
        session: SessionId,
    },
}
