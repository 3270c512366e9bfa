//! What the coordinator keeps on disk: commits that not everybody has acknowledged.
//!
//! Presumed abort (Mohan, Lindsay, Obermarck 1986): an attempt that is not in the log was aborted,
//! or it is over. So an abort costs no write, and a commit is forgotten when nobody can ask for it
//! any more.

use crate::contract::Disk;
use crate::id::LockId;
use crate::two_phase::message::{AttemptId, Request, Tokens};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A decision to commit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Commit {
    /// For whom.
    pub request: Request,
    /// The locks, each with the largest token that was voted for it.
    pub tokens: Tokens,
}

impl Commit {
    /// The locks.
    pub fn locks(&self) -> Vec<LockId> {
        self.tokens.keys().copied().collect()
    }
}

/// The coordinator's log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Log {
    commits: BTreeMap<AttemptId, Commit>,
}

/// A write to the log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum LogChange {
    /// The attempt is committed.
    Commit(AttemptId, Commit),
    /// Everybody has acknowledged it.
    Forget(AttemptId),
}

impl Log {
    /// The commit of an attempt, if it is not forgotten.
    pub fn get(&self, attempt: AttemptId) -> Option<&Commit> {
        self.commits.get(&attempt)
    }

    /// All commits that are not forgotten, oldest first.
    pub fn commits(&self) -> &BTreeMap<AttemptId, Commit> {
        &self.commits
    }
}

impl Disk for Log {
    type Change = LogChange;

    fn apply(&mut self, change: LogChange) {
        match change {
            LogChange::Commit(attempt, commit) => {
                self.commits.insert(attempt, commit);
            }
            LogChange::Forget(attempt) => {
                self.commits.remove(&attempt);
            }
        }
    }
}
