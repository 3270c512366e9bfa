//! What clients, the coordinator and the participants say to each other.

#[cfg(test)]
mod tests;

use crate::id::{Incarnation, LockId, Owner, ServerId, Token};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// One wish of a client for a set of locks. Each new try is a new request; a copy keeps its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Request {
    /// Who asks.
    pub owner: Owner,
    /// Counted by the owner from 1.
    pub number: u32,
}

/// An attempt to commit one request (the transaction id of the papers). A coordinator gives it
/// out; no other attempt ever has it, for a life of a coordinator is never lived twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AttemptId {
    /// Who coordinates it, and so decides it.
    pub coordinator: ServerId,
    /// The life of the coordinator in which it began.
    pub life: Incarnation,
    /// Counted in that life from 1.
    pub number: u32,
}

/// When a client first asked for what it still wants: a Lamport timestamp, made unique by the
/// owner. A smaller one is older. Whoever dies or is wounded keeps his, and so grows old.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Age {
    /// The count.
    pub count: u64,
    /// Whose.
    pub owner: Owner,
}

/// A token for each of some locks.
pub type Tokens = BTreeMap<LockId, Token>;

/// What the coordinator asks a participant to promise.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Preparation {
    /// The attempt.
    pub attempt: AttemptId,
    /// Whose request it is for.
    pub request: Request,
    /// How old that wish is.
    pub age: Age,
    /// All locks of the attempt, those of other participants too: they say who else takes part.
    pub locks: Vec<LockId>,
    /// Every attempt of this coordinator before this one is over: committed and acknowledged
    /// everywhere, or aborted.
    pub floor: AttemptId,
}

/// A participant's vote.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Vote {
    /// It has prepared, and proposes a token for each of its locks.
    Yes(Tokens),
    /// It will not take part.
    No,
}

/// A decision about an attempt.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Decision {
    /// The locks are the owner's, with these tokens.
    Commit(Tokens),
    /// It never happened.
    Abort,
}

/// A message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Message {
    /// A client asks the coordinator for a set of locks.
    Acquire {
        /// Its request.
        request: Request,
        /// How old the wish is.
        age: Age,
        /// The locks.
        locks: Vec<LockId>,
        /// The how many-th copy of the request this is, counted from 1.
        copy: u32,
    },
    /// A client does not want the answer to this request any more.
    Cancel(Request),
    /// The coordinator tells the client that its request is committed.
    Granted {
        /// The request.
        request: Request,
        /// The tokens.
        tokens: Tokens,
        /// The newest copy of the request that the coordinator had when it decided: no lease
        /// began before that was sent. Of a commit that an earlier life decided, the first.
        copy: u32,
        /// The newest age that the coordinator has heard of.
        newest: u64,
    },
    /// The coordinator tells the client that its request is aborted.
    Refused {
        /// The request.
        request: Request,
        /// The newest age that the coordinator has heard of.
        newest: u64,
    },
    /// First phase: the coordinator asks for a vote.
    Prepare(Preparation),
    /// First phase: a participant votes.
    Vote(AttemptId, Vote),
    /// An older attempt waits for this one, which has prepared: let the coordinator abort it.
    Wound(AttemptId),
    /// Second phase, or the answer to an inquiry: how the attempt was decided.
    Decide(AttemptId, Decision),
    /// Second phase: a participant has committed.
    Acknowledge(AttemptId),
    /// A participant in doubt asks the coordinator, or another participant, for the decision.
    Inquire(AttemptId),
    /// The owner prolongs the lease on a lock.
    Renew {
        /// The request that the lock was granted to.
        request: Request,
        /// The lock.
        lock: LockId,
        /// The number of the renewal.
        renewal: u32,
    },
    /// Whether a renewal found the lock in the owner's hands.
    Renewed {
        /// The request.
        request: Request,
        /// The lock.
        lock: LockId,
        /// The number of the renewal.
        renewal: u32,
        /// Whether it did.
        kept: bool,
    },
    /// The owner gives a lock back.
    Release {
        /// The request that the lock was granted to, or may have been.
        request: Request,
        /// The lock.
        lock: LockId,
    },
    /// Whether a release freed the lock.
    Released {
        /// The request.
        request: Request,
        /// The lock.
        lock: LockId,
        /// Whether it did.
        freed: bool,
    },
}

/// Shown as `c1#3`, the third request of client 1.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.owner, self.number)
    }
}

/// Shown as `T4`, or as `T2.4` in the coordinator's second life; those of another coordinator than
/// the first say whose they are, as in `T4@s2`.
impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.life.0 {
            0 | 1 => write!(f, "T{}", self.number)?,
            life => write!(f, "T{life}.{}", self.number)?,
        }
        match self.coordinator {
            ServerId(1) => Ok(()),
            other => write!(f, "@{other}"),
        }
    }
}

/// As shown: traces are read by people.
impl fmt::Debug for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Locks with a word before each but the first.
fn listed<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    items: impl Iterator<Item = T>,
) -> fmt::Result {
    for (position, item) in items.enumerate() {
        let before = if position == 0 { " " } else { ", " };
        write!(f, "{before}{item}")?;
    }
    Ok(())
}

fn with_tokens(f: &mut fmt::Formatter<'_>, tokens: &Tokens) -> fmt::Result {
    listed(f, tokens.iter().map(|(lock, token)| format!("{lock} with token {token}")))
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Acquire { request, locks, copy, .. } => {
                write!(f, "Acquire {request}")?;
                if *copy > 1 {
                    write!(f, ", copy {copy}")?;
                }
                f.write_str(":")?;
                listed(f, locks.iter())
            }
            Self::Cancel(request) => write!(f, "Cancel {request}"),
            Self::Granted { request, tokens, copy, .. } => {
                write!(f, "Granted {request}")?;
                if *copy > 1 {
                    write!(f, ", copy {copy}")?;
                }
                f.write_str(":")?;
                with_tokens(f, tokens)
            }
            Self::Refused { request, .. } => write!(f, "Refused {request}"),
            Self::Prepare(Preparation { attempt, request, locks, .. }) => {
                write!(f, "Prepare {attempt} for {request}:")?;
                listed(f, locks.iter())
            }
            Self::Vote(attempt, Vote::Yes(tokens)) => {
                write!(f, "Vote yes on {attempt}:")?;
                with_tokens(f, tokens)
            }
            Self::Vote(attempt, Vote::No) => write!(f, "Vote no on {attempt}"),
            Self::Wound(attempt) => write!(f, "Wound {attempt}"),
            Self::Decide(attempt, Decision::Commit(tokens)) => {
                write!(f, "Commit {attempt}:")?;
                with_tokens(f, tokens)
            }
            Self::Decide(attempt, Decision::Abort) => write!(f, "Abort {attempt}"),
            Self::Acknowledge(attempt) => write!(f, "Acknowledge {attempt}"),
            Self::Inquire(attempt) => write!(f, "Inquire {attempt}"),
            Self::Renew { request, lock, renewal } => {
                write!(f, "Renew {lock} of {request}, renewal {renewal}")
            }
            Self::Renewed { request, lock, renewal, kept } => {
                let kept = if *kept { "done" } else { "not yours" };
                write!(f, "Renewal {renewal} of {lock} of {request}: {kept}")
            }
            Self::Release { request, lock } => write!(f, "Release {lock} of {request}"),
            Self::Released { request, lock, freed } => {
                let freed = if *freed { "done" } else { "not yours" };
                write!(f, "Release of {lock} of {request}: {freed}")
            }
        }
    }
}
