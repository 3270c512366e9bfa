//! A session: one client's standing with the lock table.

use super::command::{Answer, Sequence};
use crate::contract::LockSet;
use crate::id::{LockId, Owner};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A session of a client.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Session {
    /// Whose it is.
    pub owner: Owner,
    /// How often it was prolonged: what would end it names the version that it has seen.
    pub version: u64,
    /// What was answered to commands whose client may ask again.
    pub answers: BTreeMap<Sequence, Answer>,
    /// The client has heard the answers to all commands below this one.
    pub answered_below: Sequence,
    /// Its requests that wait.
    pub waits: BTreeMap<Sequence, LockSet>,
    /// The locks that it holds.
    pub holds: BTreeSet<LockId>,
}

impl Session {
    /// A new one.
    pub(super) fn of(owner: Owner) -> Self {
        Self {
            owner,
            version: 0,
            answers: BTreeMap::new(),
            answered_below: Sequence::default(),
            waits: BTreeMap::new(),
            holds: BTreeSet::new(),
        }
    }

    /// Forgets what the client has heard; says whether it may still ask for `sequence`.
    pub(super) fn forget_below(&mut self, answered: Sequence, sequence: Sequence) -> bool {
        if self.answered_below < answered {
            self.answered_below = answered;
            self.answers = self.answers.split_off(&answered);
        }
        sequence >= self.answered_below
    }
}
