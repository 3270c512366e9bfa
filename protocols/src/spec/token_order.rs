//! `token-order`: every grant's token is unique, and larger than that of every grant that had
//! returned before its acquire began.
//!
//! Two acquires that overlap may get their tokens in either order; only what had *returned*
//! before one *began* binds it. So each acquire notes, when it begins, the largest token of its
//! lock that anybody has been told of: its floor. Restarts and failovers are no excuse.
//!
//! A token at or below the floor of every outstanding acquire cannot come back without breaking
//! the order, so uniqueness need only remember what lies above the lowest floor, and of that the
//! newest [`REMEMBERED`] tokens of a lock, however long somebody starves.
//!
//! A grant to a client that already holds the lock is one of a reentrant lock. Some bump the token
//! then (Redisson), some keep it (Hazelcast); what it must not do is shrink.

use super::monitor::{FirstBreak, Monitor};
use super::scene::Scene;
use super::table::Table;
use super::verdict::Verdict;
use crate::contract::{Event, HostEvent, LockEvent, Observation, WorkEvent};
use crate::id::{ClientId, LockId, NodeId, Token};
use crate::time::Time;
use std::collections::BTreeMap;

/// How many tokens of a lock are remembered at most.
const REMEMBERED: usize = 64;

/// Watches `token-order`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct TokenOrder {
    broken: FirstBreak,
    locks: Table<Tokens>,
    grants: Grants,
}

/// What was granted so far, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
enum Grants {
    #[default]
    None,
    Bare,
    /// With a token, but no two for one lock.
    Tokens,
    Ordered,
}

/// Whom a token was handed to, and when.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Handed {
    token: Token,
    to: ClientId,
    at: Time,
}

/// The tokens of one lock.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
struct Tokens {
    /// The largest that was handed out.
    newest: Option<Handed>,
    /// What was the largest when each outstanding acquire began.
    floors: BTreeMap<ClientId, Option<Handed>>,
    /// Those above the lowest floor.
    handed: BTreeMap<Token, (ClientId, Time)>,
}

impl Tokens {
    fn hand(&mut self, handed: Handed) {
        if self.newest.is_none_or(|newest| newest.token < handed.token) {
            self.newest = Some(handed);
        }
        self.handed.insert(handed.token, (handed.to, handed.at));
    }

    /// Ends an acquire and says what its floor was.
    fn end(&mut self, client: ClientId) -> Option<Handed> {
        self.floors.remove(&client)?
    }

    /// Forgets what can no longer matter.
    fn forget(&mut self) {
        let floors = self.floors.values();
        let lowest = floors.min().copied().unwrap_or(self.newest);
        if let Some(lowest) = lowest {
            while let Some(first) = self.handed.first_entry()
                && *first.key() <= lowest.token
            {
                first.remove();
            }
        }
        while self.handed.len() > REMEMBERED {
            self.handed.pop_first();
        }
    }
}

impl TokenOrder {
    fn granted(&mut self, handed: Handed, lock: LockId, held: Option<Option<Token>>) {
        let Handed { token, to, at } = handed;
        let tokens = self.locks.at(lock.index());
        let floor = tokens.end(to);
        if let Some(held) = held {
            if let Some(held) = held.filter(|held| *held > token) {
                self.broken.set(
                    at,
                    format!(
                        "{to}, which held {lock} with token {held}, was granted it once more with \
                         the smaller token {token}"
                    ),
                );
            }
        } else {
            self.grants = match tokens.newest {
                Some(_) => Grants::Ordered,
                None => self.grants.max(Grants::Tokens),
            };
            if let Some(floor) = floor.filter(|floor| floor.token >= token) {
                let (known, other, then) = (floor.token, floor.to, floor.at);
                self.broken.set(
                    at,
                    format!(
                        "{to} was granted {lock} with token {token}, though {other} had been \
                         granted it with token {known} at {then}, before {to} asked"
                    ),
                );
            } else if let Some((other, then)) = tokens.handed.get(&token) {
                self.broken.set(
                    at,
                    format!(
                        "{to} was granted {lock} with token {token}, with which {other} had been \
                         granted it at {then}"
                    ),
                );
            }
        }
        tokens.hand(handed);
        tokens.forget();
    }

    fn ends(&mut self, client: ClientId, lock: LockId) {
        let tokens = self.locks.at(lock.index());
        if tokens.floors.remove(&client).is_some() {
            tokens.forget();
        }
    }
}

impl Monitor for TokenOrder {
    fn observe(&mut self, at: Time, seen: &Observation, scene: &Scene) {
        let NodeId::Client(client) = seen.node else {
            return;
        };
        match seen.event {
            Event::Work(WorkEvent::Acquires { lock }) => {
                let tokens = self.locks.at(lock.index());
                tokens.floors.insert(client, tokens.newest);
            }
            Event::Lock(LockEvent::Granted { lock, token: Some(token) }) => {
                let to = client;
                let held = scene.holder(client, lock).map(|holder| holder.token);
                self.granted(Handed { token, to, at }, lock, held);
            }
            Event::Lock(LockEvent::Granted { lock, token: None }) => {
                self.grants = self.grants.max(Grants::Bare);
                self.ends(client, lock);
            }
            Event::Lock(LockEvent::Refused { lock, .. }) => self.ends(client, lock),
            Event::Host(HostEvent::Crashed) => {
                for tokens in self.locks.iter_mut() {
                    tokens.floors.remove(&client);
                    tokens.forget();
                }
            }
            _ => {}
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.is_set()
    }

    fn verdict(&self, _: Time, _: &Scene) -> Verdict {
        self.broken.verdict_unless(match self.grants {
            Grants::None => Some("no lock was granted"),
            Grants::Bare => Some("its grants carry no token"),
            Grants::Tokens => Some("no lock was granted twice"),
            Grants::Ordered => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{History, is_idle, millis};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_that_restarts_breaks_it() {
        let history = History::new().at(1).takes(1, 1, 34).at(31_000).takes(2, 1, 34);
        assert_eq!(
            history.break_of(TokenOrder::default()),
            "31.000 s: c2 was granted L1 with token 34, though c1 had been granted it with token \
             34 at 0.001 s, before c2 asked"
        );
        let smaller = History::new().takes(1, 1, 34).crashes(1).takes(2, 1, 1);
        assert!(smaller.judge(TokenOrder::default()).is_broken());
    }

    #[test]
    fn a_token_counts_from_its_first_grant() {
        let nested = History::new().at(1).takes(1, 1, 5).at(2).takes(1, 1, 5).at(3).takes(2, 1, 5);
        assert_eq!(
            nested.break_of(TokenOrder::default()),
            "0.003 s: c2 was granted L1 with token 5, though c1 had been granted it with token 5 at \
             0.001 s, before c2 asked"
        );
    }

    #[test]
    fn overlapping_acquires_may_get_any_order_but_no_token_twice() {
        let swapped = History::new()
            .acquires(1, 1)
            .acquires(2, 1)
            .acquires(3, 1)
            .granted(1, 1, 9)
            .releases(1, 1)
            .granted(2, 1, 7)
            .releases(2, 1);
        let fine = swapped.judge(TokenOrder::default());
        assert_eq!(fine, Verdict::Held);
        let twice = swapped.at(4).granted(3, 1, 7);
        assert_eq!(
            twice.break_of(TokenOrder::default()),
            "0.004 s: c3 was granted L1 with token 7, with which c2 had been granted it at 0.000 s"
        );
    }

    #[test]
    fn an_acquire_is_bound_by_what_had_returned_when_it_began() {
        let history = History::new()
            .acquires(1, 1)
            .acquires(2, 1)
            .granted(1, 1, 9)
            .releases(1, 1)
            .acquires(3, 1)
            .granted(2, 1, 8)
            .releases(2, 1)
            .granted(3, 1, 6);
        let reason = history.break_of(TokenOrder::default());
        assert!(reason.contains("token 6, though c1"), "{reason}");
    }

    #[test]
    fn a_token_above_the_lowest_floor_is_remembered() {
        let history = History::new()
            .acquires(1, 1)
            .takes(2, 1, 5)
            .releases(2, 1)
            .acquires(3, 1)
            .takes(2, 1, 6)
            .releases(2, 1)
            .granted(1, 1, 5);
        let reason = history.break_of(TokenOrder::default());
        assert!(reason.contains("with which c2"), "{reason}");
    }

    #[test]
    fn a_refused_acquire_is_over_and_the_next_one_begins_anew() {
        let history = History::new()
            .acquires(2, 1)
            .takes(1, 1, 9)
            .refused(2, 1)
            .releases(1, 1)
            .takes(2, 1, 8);
        assert!(history.judge(TokenOrder::default()).is_broken());
    }

    #[test]
    fn a_nested_grant_keeps_its_token_or_bumps_it() {
        let nested = |second| History::new().takes(1, 1, 5).takes(1, 1, second);
        let next = |second, third| nested(second).releases(1, 1).releases(1, 1).takes(2, 1, third);
        assert_eq!(next(5, 6).judge(TokenOrder::default()), Verdict::Held);
        assert_eq!(next(6, 7).judge(TokenOrder::default()), Verdict::Held);
        assert!(next(6, 6).judge(TokenOrder::default()).is_broken());
        let reason = nested(4).break_of(TokenOrder::default());
        assert!(reason.contains("the smaller token 4"), "{reason}");
    }

    #[test]
    fn each_lock_has_its_own_tokens() {
        let history = History::new().takes(1, 1, 5).takes(2, 2, 5).releases(2, 2).takes(3, 2, 6);
        assert_eq!(history.judge(TokenOrder::default()), Verdict::Held);
    }

    #[test]
    fn without_tokens_or_a_second_grant_nothing_is_proved() {
        let bare = History::new().takes(1, 1, None).takes(2, 1, None);
        assert_eq!(
            bare.judge(TokenOrder::default()),
            Verdict::not_exercised("its grants carry no token")
        );
        let alone = History::new().takes(1, 1, 5).takes(2, 2, 5);
        assert!(is_idle(&alone.judge(TokenOrder::default())));
        assert!(is_idle(&History::new().judge(TokenOrder::default())));
    }

    fn remembered(history: &History) -> usize {
        let (mut monitor, mut scene) = (TokenOrder::default(), Scene::default());
        let mut most = 0;
        for (at, seen) in history.seen() {
            monitor.observe(*at, seen, &scene);
            scene.observe(*at, seen);
            most = most.max(monitor.locks.at(0).handed.len());
        }
        assert_eq!(monitor.verdict(millis(0), &scene), Verdict::Held);
        most
    }

    #[test]
    fn ten_thousand_grants_need_little_memory_even_while_somebody_starves() {
        let grants = |history: History| {
            (1..=10_000).fold(history, |history, token| history.takes(1, 1, token).releases(1, 1))
        };
        assert!(remembered(&grants(History::new())) <= 1);
        let starving = remembered(&grants(History::new().acquires(3, 1)));
        assert_eq!(starving, REMEMBERED);
    }

    proptest! {
        /// Against the rule taken word for word, over everything that was ever granted.
        #[test]
        fn it_agrees_with_the_rule_word_for_word(
            moves in prop::collection::vec((1_u32..=3, 1_u64..=8), 0..20),
        ) {
            let mut history = History::new();
            let mut began: [Option<usize>; 4] = [None; 4];
            let mut granted: Vec<u64> = Vec::new();
            let mut broken = false;
            for (client, token) in moves {
                history = if let Some(known) = began[client as usize].take() {
                    broken |= granted.contains(&token)
                        || granted[..known].iter().any(|other| *other >= token);
                    granted.push(token);
                    history.granted(client, 1, token).releases(client, 1)
                } else {
                    began[client as usize] = Some(granted.len());
                    history.acquires(client, 1)
                };
            }
            prop_assert_eq!(history.judge(TokenOrder::default()).is_broken(), broken);
        }
    }
}
