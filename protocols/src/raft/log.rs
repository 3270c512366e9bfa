//! The replicated log (section 5.3): entries, each with the term in which a leader received it.
//!
//! A log may begin late: what a snapshot covers is discarded (section 7). Every entry is chained
//! to those before it by a digest that each server computes for itself, so that two logs can be
//! compared up to an index by one number.

#[cfg(test)]
mod tests;

use super::lock_table::Operation;
use crate::id::ServerId;
use crate::stable_hash::StableHasher;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// A term: time is divided into terms, and each begins with an election (section 5.1).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Term(pub u64);

impl Term {
    /// The next one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The place of an entry in the log; the first is 1.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Index(pub u64);

impl Index {
    /// The next one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The one before; 0 stays 0.
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The servers that vote.
pub type Configuration = BTreeSet<ServerId>;

/// What an entry is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Proposal {
    /// Nothing: a new leader's first entry, so that it learns what is committed (section 8).
    NoOp,
    /// A new configuration, in force as soon as it is in the log (dissertation, section 4.1).
    Configuration(Configuration),
    /// An operation of the lock table.
    Table(Operation),
}

/// An entry of the log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The term in which a leader received it.
    pub term: Term,
    /// What it is about.
    pub proposal: Proposal,
}

/// An entry in its place, with the digest of the log up to and with it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Slot {
    entry: Arc<Entry>,
    digest: u64,
}

/// Where a log ends, or where what it has discarded ended.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct Position {
    /// The index of the last entry.
    pub index: Index,
    /// Its term.
    pub term: Term,
    /// The digest of everything up to and with it.
    pub digest: u64,
}

/// The log of a server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Log {
    /// The last entry that was discarded.
    base: Position,
    slots: Vec<Slot>,
}

impl Log {
    /// The last entry that was discarded; all zero if none was.
    pub fn base(&self) -> Position {
        self.base
    }

    /// The last entry.
    pub fn last(&self) -> Position {
        match self.slots.last() {
            Some(slot) => Position {
                index: Index(self.base.index.0 + self.slots.len() as u64),
                term: slot.entry.term,
                digest: slot.digest,
            },
            None => self.base,
        }
    }

    /// How many entries it keeps.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether it keeps no entry.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The entry at an index, with its digest; `None` if it is not there, or not there any more.
    pub fn position(&self, index: Index) -> Option<Position> {
        if index == self.base.index {
            return Some(self.base);
        }
        let slot = self.slot(index)?;
        Some(Position { index, term: slot.entry.term, digest: slot.digest })
    }

    /// The term of the entry at an index.
    pub fn term(&self, index: Index) -> Option<Term> {
        self.position(index).map(|position| position.term)
    }

    /// The entry at an index.
    pub fn entry(&self, index: Index) -> Option<&Arc<Entry>> {
        self.slot(index).map(|slot| &slot.entry)
    }

    fn slot(&self, index: Index) -> Option<&Slot> {
        let offset = index.0.checked_sub(self.base.index.0 + 1)?;
        self.slots.get(usize::try_from(offset).ok()?)
    }

    /// The entries from an index on, so many at the most.
    pub fn from(&self, index: Index, most: usize) -> Vec<Arc<Entry>> {
        let skipped = index.0.saturating_sub(self.base.index.0 + 1) as usize;
        self.slots.iter().skip(skipped).take(most).map(|slot| slot.entry.clone()).collect()
    }

    /// The slots that these entries would fill after `index`.
    pub fn chained(&self, after: Index, entries: Vec<Arc<Entry>>) -> Vec<Slot> {
        let mut digest = self.position(after).unwrap_or_default().digest;
        let chain = |entry: Arc<Entry>| {
            digest = StableHasher::hash_of(&(digest, &*entry));
            Slot { entry, digest }
        };
        entries.into_iter().map(chain).collect()
    }

    /// Deletes everything after `index`, and appends these.
    pub(super) fn replace_after(&mut self, index: Index, slots: &[Slot]) {
        let kept = index.0.saturating_sub(self.base.index.0) as usize;
        self.slots.truncate(kept);
        self.slots.extend_from_slice(slots);
    }

    /// Discards everything up to and with `index` (section 7).
    pub(super) fn discard_up_to(&mut self, index: Index) {
        if let Some(base) = self.position(index) {
            self.slots.drain(..(index.0 - self.base.index.0) as usize);
            self.base = base;
        }
    }

    /// Begins anew after `last`, unless it goes on from there: then only what is before is
    /// discarded (figure 13, rules 6 and 7).
    pub(super) fn begin_after(&mut self, last: Position) {
        if self.term(last.index) == Some(last.term) {
            self.discard_up_to(last.index);
        } else {
            *self = Self { base: last, slots: Vec::new() };
        }
    }

    /// The latest configuration in it, up to an index, with its index.
    pub(super) fn configuration(&self, up_to: Index) -> Option<(Index, &Configuration)> {
        let index = |offset: usize| Index(self.base.index.0 + 1 + offset as u64);
        let known = self.slots.len().min(up_to.0.saturating_sub(self.base.index.0) as usize);
        let slots = self.slots[..known].iter().enumerate().rev();
        let mut found = slots.filter_map(|(offset, slot)| match &slot.entry.proposal {
            Proposal::Configuration(configuration) => Some((index(offset), configuration)),
            _ => None,
        });
        found.next()
    }

    /// The first index of the term that the entry at `index` has.
    pub(super) fn first_of_term_at(&self, index: Index) -> Index {
        let term = self.term(index);
        let mut first = index;
        while first.previous() > self.base.index && self.term(first.previous()) == term {
            first = first.previous();
        }
        first
    }

    /// The last index of a term, at or before `index`.
    pub(super) fn last_of_term(&self, term: Term, index: Index) -> Option<Index> {
        let mut last = index.min(self.last().index);
        while last > self.base.index {
            match self.term(last) {
                Some(known) if known == term => return Some(last),
                Some(known) if known < term => return None,
                _ => last = last.previous(),
            }
        }
        None
    }
}
