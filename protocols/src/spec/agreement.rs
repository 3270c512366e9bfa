//! `agreement`: the protocol's own invariants, looked at after every step of a server.
//!
//! What must be agreed on differs from protocol to protocol (the outcome of a transaction, the
//! leader of a term, the entry at an index), so a protocol says it itself, over the states of its
//! live servers: [`Protocol::agreement`]. What two servers said at different times, one of them
//! perhaps dead by now, must agree too; for that it is lent [`Facts`], which remember.

use super::monitor::{FirstBreak, Monitor};
use super::scene::Scene;
use super::verdict::Verdict;
use crate::contract::{Accord, Observation, Protocol, Servers};
use crate::id::ServerId;
use crate::time::Time;
use std::collections::BTreeMap;

/// What a fact is about: its kind (`"leader of term"`), and two numbers that say which.
pub type Subject = (&'static str, u64, u64);

/// Numbers by their subjects: first by kind, for kinds are few and strings slow to compare. A kind
/// about which there is nothing is not there.
type Numbers = BTreeMap<&'static str, BTreeMap<(u64, u64), u64>>;

/// Facts that were true once and must stay so.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Facts {
    facts: Numbers,
    marks: Numbers,
}

impl Facts {
    /// States a fact. If another value was stated for the same subject before, nothing changes
    /// and that value comes back: the two contradict each other.
    pub fn state(&mut self, (kind, first, second): Subject, value: u64) -> Option<u64> {
        let of_kind = self.facts.entry(kind).or_default();
        let known = *of_kind.entry((first, second)).or_insert(value);
        (known != value).then_some(known)
    }

    /// The value that was stated for a subject.
    pub fn get(&self, (kind, first, second): Subject) -> Option<u64> {
        self.facts.get(kind)?.get(&(first, second)).copied()
    }

    /// The facts of a kind about `first`, in the order of the second number.
    pub fn about(&self, kind: &'static str, first: u64) -> impl Iterator<Item = (u64, u64)> + '_ {
        let of_kind = self.facts.get(kind).into_iter();
        let range = of_kind.flat_map(move |facts| facts.range((first, 0)..=(first, u64::MAX)));
        range.map(|((_, second), value)| (*second, *value))
    }

    /// Forgets a fact: it is about something that is over.
    pub fn forget(&mut self, subject: Subject) {
        remove(&mut self.facts, subject);
    }

    /// Forgets the facts of a kind whose first number is below `first`: nobody can state them any
    /// more.
    pub fn forget_below(&mut self, kind: &'static str, first: u64) {
        if let Some(of_kind) = self.facts.get_mut(kind) {
            *of_kind = of_kind.split_off(&(first, 0));
            if of_kind.is_empty() {
                self.facts.remove(kind);
            }
        }
    }

    /// A number that may change, 0 at first: how far a check has come, so that each step looks
    /// only at what is new.
    pub fn mark(&mut self, (kind, first, second): Subject) -> &mut u64 {
        self.marks.entry(kind).or_default().entry((first, second)).or_default()
    }

    /// Forgets such a number.
    pub fn unmark(&mut self, subject: Subject) {
        remove(&mut self.marks, subject);
    }
}

fn remove(numbers: &mut Numbers, (kind, first, second): Subject) {
    if let Some(of_kind) = numbers.get_mut(kind) {
        of_kind.remove(&(first, second));
        if of_kind.is_empty() {
            numbers.remove(kind);
        }
    }
}

/// Watches `agreement`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Agreement {
    facts: Facts,
    kept: bool,
    first_break: FirstBreak,
}

impl Agreement {
    /// Looks at the servers after a step of one of them.
    pub(super) fn look<P: Protocol>(
        &mut self,
        at: Time,
        protocol: &P,
        servers: Servers<'_, P>,
        stepped: ServerId,
    ) {
        match protocol.agreement(servers, stepped, &mut self.facts) {
            Accord::NothingToAgree => {}
            Accord::Kept => self.kept = true,
            Accord::Broken(reason) => self.first_break.set(at, reason),
        }
    }
}

impl Monitor for Agreement {
    fn observe(&mut self, _: Time, _: &Observation, _: &Scene) {}

    fn is_broken(&self) -> bool {
        self.first_break.is_set()
    }

    fn verdict(&self, _: Time, _: &Scene) -> Verdict {
        let idle = "there was nothing that its servers had to agree on";
        self.first_break.verdict_unless((!self.kept).then_some(idle))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::says::Says;
    use crate::prelude::*;
    use crate::spec::{MonitorSettings, Monitors};

    #[test]
    fn a_fact_stays_as_it_was_stated_first() {
        let mut facts = Facts::default();
        assert_eq!(facts.state(("leader of term", 1, 0), 3), None);
        assert_eq!(facts.state(("leader of term", 1, 0), 3), None);
        assert_eq!(facts.state(("leader of term", 2, 0), 1), None);
        assert_eq!(facts.state(("leader of term", 1, 0), 2), Some(3), "a contradiction");
        assert_eq!(facts.get(("leader of term", 1, 0)), Some(3));
    }

    #[test]
    fn what_is_forgotten_can_be_stated_anew() {
        let mut facts = Facts::default();
        facts.state(("entry", 1, 0), 7);
        facts.state(("entry", 2, 0), 8);
        facts.forget_below("entry", 2);
        assert_eq!(facts.get(("entry", 1, 0)), None);
        assert_eq!(facts.get(("entry", 2, 0)), Some(8));
        facts.forget(("entry", 2, 0));
        *facts.mark(("come", 1, 0)) = 3;
        facts.unmark(("come", 1, 0));
        assert_eq!(facts, Facts::default(), "nothing is left of what is forgotten");
    }

    /// The verdict of all monitors together after one look at servers that say this.
    fn verdict_of(accord: Accord) -> Verdict {
        let settings =
            MonitorSettings { semantics: Semantics::default(), progress_bound: Duration::ZERO };
        let mut monitors = Monitors::new(settings);
        monitors.look(Time(5), &Says { owners: None, accord }, Servers::new(&[]), ServerId(1));
        let verdict = monitors.verdict(Guarantee::Agreement, Time(9));
        assert_eq!(monitors.is_broken(Guarantee::Agreement), verdict.is_broken());
        verdict
    }

    #[test]
    fn a_break_is_broken_and_silence_is_not_held() {
        assert!(matches!(verdict_of(Accord::NothingToAgree), Verdict::NotExercised { .. }));
        assert_eq!(verdict_of(Accord::Kept), Verdict::Held);
        let quarrel = "two leaders in term 1";
        let broken = Verdict::broken(Time(5), quarrel);
        assert_eq!(verdict_of(Accord::Broken(quarrel.to_owned())), broken);
    }
}
