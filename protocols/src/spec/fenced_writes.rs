//! `fenced-writes`: the storage never applies an operation with a token smaller than one that it
//! has applied, nor one token from two owners.
//!
//! The data's view, as far as tokens go. It judges what the storage did with the tokens that it
//! got, over its restarts too; a storage that looks at no tokens is judged by those that came
//! with its writes.

use super::monitor::{FirstBreak, Monitor};
use super::scene::Scene;
use super::table::Table;
use super::verdict::Verdict;
use crate::contract::{Event, Observation, StorageEvent};
use crate::id::{LockId, Owner, Token};
use crate::time::Time;
use std::cmp::Ordering;

/// Watches `fenced-writes`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct FencedWrites {
    broken: FirstBreak,
    /// The largest token applied to each resource, whose it was, and when it came first.
    newest: Table<Option<(Token, Owner, Time)>>,
    /// Whether operations with tokens from two owners were applied to one resource.
    contended: bool,
    /// Whether an operation with a token was applied.
    tokens: bool,
    /// Whether a write without a token was applied.
    bare_writes: bool,
}

impl FencedWrites {
    fn applied(&mut self, at: Time, lock: LockId, owner: Owner, token: Token) {
        self.tokens = true;
        let newest = self.newest.at(lock.index());
        let Some((known, by, since)) = *newest else {
            *newest = Some((token, owner, at));
            return;
        };
        self.contended |= owner != by;
        match token.cmp(&known) {
            Ordering::Greater => *newest = Some((token, owner, at)),
            Ordering::Equal if owner == by => {}
            Ordering::Equal if !self.broken.is_set() => self.broken.set(
                at,
                format!(
                    "the storage applied an operation of {owner} on {lock} with token {token}, \
                     with which {by} had come at {since}"
                ),
            ),
            Ordering::Less if !self.broken.is_set() => self.broken.set(
                at,
                format!(
                    "the storage applied an operation of {owner} on {lock} with token {token} \
                     after one of {by} with token {known} (first at {since})"
                ),
            ),
            _ => {}
        }
    }
}

impl Monitor for FencedWrites {
    fn observe(&mut self, at: Time, seen: &Observation, _: &Scene) {
        let Event::Storage(event) = &seen.event else {
            return;
        };
        match *event {
            StorageEvent::Read { lock, owner, token: Some(token), .. }
            | StorageEvent::Written { lock, owner, token: Some(token), .. } => {
                self.applied(at, lock, owner, token)
            }
            StorageEvent::Written { token: None, .. } => self.bare_writes = true,
            StorageEvent::Read { token: None, .. } | StorageEvent::Rejected { .. } => {}
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.is_set()
    }

    fn verdict(&self, _: Time, _: &Scene) -> Verdict {
        let idle = match (self.contended, self.tokens, self.bare_writes) {
            (true, ..) => None,
            (_, true, _) => Some("no resource had operations with tokens of two owners applied"),
            (_, _, true) => Some("its grants carry no token"),
            _ => Some("the storage applied nothing with a token"),
        };
        self.broken.verdict_unless(idle)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{History, is_idle};
    use super::*;

    #[test]
    fn an_older_token_after_a_newer_one_breaks_it() {
        let history =
            History::new().at(11_000).writes(2, 1, 34, (0, 1)).at(16_000).writes(1, 1, 33, (0, 2));
        assert_eq!(
            history.break_of(FencedWrites::default()),
            "16.000 s: the storage applied an operation of c1 on L1 with token 33 after one of \
             c2 with token 34 (first at 11.000 s)"
        );
    }

    #[test]
    fn a_read_raises_the_fence_too() {
        let history = History::new().reads(2, 1, 34).writes(1, 1, 33, (0, 1));
        assert!(history.judge(FencedWrites::default()).is_broken());
        let history = History::new().writes(2, 1, 34, (0, 1)).reads(1, 1, 33);
        assert!(history.judge(FencedWrites::default()).is_broken());
    }

    #[test]
    fn one_token_from_two_owners_breaks_it() {
        let history = History::new().writes(1, 1, 34, (0, 1)).at(5).writes(2, 1, 34, (1, 2));
        assert_eq!(
            history.break_of(FencedWrites::default()),
            "0.005 s: the storage applied an operation of c2 on L1 with token 34, with which c1 \
             had come at 0.000 s"
        );
    }

    #[test]
    fn growing_tokens_and_repeated_ones_of_one_owner_are_fine() {
        let history = History::new()
            .reads(1, 1, 33)
            .writes(1, 1, 33, (0, 1))
            .reads(2, 1, 34)
            .writes(2, 1, 34, (1, 2))
            .writes(1, 2, 7, (0, 1));
        assert_eq!(history.judge(FencedWrites::default()), Verdict::Held);
    }

    #[test]
    fn without_tokens_or_without_two_owners_nothing_is_proved() {
        let reason = |history: History| match history.judge(FencedWrites::default()) {
            Verdict::NotExercised { reason } => reason,
            other => panic!("{other:?}"),
        };
        let bare =
            History::new().reads(1, 1, None).writes(1, 1, None, (0, 1)).writes(2, 1, None, (1, 2));
        assert_eq!(reason(bare), "its grants carry no token");
        let reads = History::new().reads(1, 1, None);
        assert_eq!(reason(reads), "the storage applied nothing with a token");
        let alone =
            History::new().writes(1, 1, 1, (0, 1)).writes(1, 1, 2, (1, 2)).writes(2, 2, 1, (0, 1));
        assert!(is_idle(&alone.judge(FencedWrites::default())));
    }
}
