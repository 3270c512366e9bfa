//! What a server keeps on stable storage (figure 2, persistent state): its term, its vote, its
//! log, and its snapshot.
//!
//! A server holds the same value in memory and changes it by the same changes that it writes, so
//! that memory and disk cannot come apart but by a write that was lost.

use super::log::{Index, Log, Slot, Term};
use super::snapshot::Snapshot;
use crate::contract::Disk;
use crate::id::ServerId;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The persistent state of a server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct RaftDisk {
    /// The latest term that the server has seen.
    pub current_term: Term,
    /// The candidate that got its vote in that term.
    pub voted_for: Option<ServerId>,
    /// The log.
    pub log: Log,
    /// The latest snapshot.
    pub snapshot: Option<Arc<Snapshot>>,
}

/// One write.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum RaftChange {
    /// A new term, or a vote in it.
    Vote {
        /// The term.
        current_term: Term,
        /// The vote.
        voted_for: Option<ServerId>,
    },
    /// Entries take the place of whatever comes after an index.
    Append {
        /// The index.
        after: Index,
        /// The entries.
        slots: Vec<Slot>,
    },
    /// A snapshot of its own, after which the log need not go back so far.
    Compact {
        /// The snapshot.
        snapshot: Arc<Snapshot>,
        /// The last entry that is discarded.
        discard: Index,
    },
    /// A leader's snapshot takes the place of the log.
    Install(Arc<Snapshot>),
}

impl Disk for RaftDisk {
    type Change = RaftChange;

    fn apply(&mut self, change: RaftChange) {
        match change {
            RaftChange::Vote { current_term, voted_for } => {
                self.current_term = current_term;
                self.voted_for = voted_for;
            }
            RaftChange::Append { after, slots } => self.log.replace_after(after, &slots),
            RaftChange::Compact { snapshot, discard } => {
                self.snapshot = Some(snapshot);
                self.log.discard_up_to(discard);
            }
            RaftChange::Install(snapshot) => {
                self.log.begin_after(snapshot.last);
                self.snapshot = Some(snapshot);
            }
        }
    }
}
