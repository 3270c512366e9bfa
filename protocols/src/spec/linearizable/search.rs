//! The decision by search, for histories in which an operation has a choice.
//!
//! It follows Wing and Gong (1993) with Lowe's (2017) two improvements: operations take effect
//! just in time, when some operation returns and not before, and configurations that were met are
//! not searched again. It goes forward, event by event, and keeps *every* configuration that the
//! events so far allow; when none is left, that event ends the shortest prefix that does not fit.
//! It looks no event ahead, so it can judge a run that is still going on, and at a moment without
//! open operations little is left of the past: that is the cut between windows.

use super::explain::Cause;
use super::history::{Action, Outcome};
use super::mutex::Semantics;
use crate::id::Owner;
use configuration::{Configuration, Pending};
use std::collections::{BTreeMap, BTreeSet};

mod configuration;

/// Why the search ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// Nothing fits any more.
    Broken(Cause),
    /// It took more steps than it was given.
    Budget,
}

/// All that the events of one lock so far allow.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Search {
    semantics: Semantics,
    /// Operations that were called and have not returned.
    open: BTreeMap<u32, Pending>,
    configurations: BTreeSet<Configuration>,
    /// Processes that will call nothing more.
    gone: BTreeSet<Owner>,
}

impl Search {
    pub(super) fn new(semantics: Semantics) -> Self {
        let configurations = BTreeSet::from([Configuration::default()]);
        Self { semantics, open: BTreeMap::new(), configurations, gone: BTreeSet::new() }
    }

    /// Takes note of a call, and gives the number under which it returns.
    pub(super) fn called(&mut self, process: Owner, action: Action) -> u32 {
        let first = |(_, pending): &(&u32, &Pending)| {
            let call = action != Action::LeaseEnded && pending.is_call();
            call && pending.process == process && !pending.unknown
        };
        let after = self.open.iter().filter(first).map(|(id, _)| *id).collect();
        let id = (0..u32::MAX).find(|id| !self.open.contains_key(id)).unwrap_or(u32::MAX);
        self.open.insert(id, Pending { process, action, after, unknown: false });
        id
    }

    /// Takes note of a return, and keeps what fits it.
    pub(super) fn returned(
        &mut self,
        id: u32,
        outcome: Outcome,
        steps: &mut u64,
    ) -> Result<(), Stop> {
        if let Some(next) = self.without_a_choice(id, outcome) {
            *steps = steps.checked_sub(1).ok_or(Stop::Budget)?;
            self.open.remove(&id);
            self.configurations.clear();
            self.configurations.insert(next);
            return Ok(());
        }
        let Some(pending) = self.open.get_mut(&id) else {
            return Ok(());
        };
        if outcome == Outcome::Unknown && !pending.after.is_empty() {
            // It waits for operations of its process that return at this same moment.
            pending.unknown = true;
            return Ok(());
        }
        let pending = pending.clone();
        let mut kept = BTreeSet::new();
        for configuration in &self.configurations {
            *steps = steps.checked_sub(1).ok_or(Stop::Budget)?;
            if configuration.has_taken(id) {
                kept.extend(configuration.seen(id, outcome));
            } else if outcome == Outcome::Unknown {
                kept.insert(configuration.spared(&pending));
            } else if outcome == Outcome::Fail && self.fails_always(&pending) {
                kept.insert(configuration.clone());
            } else {
                self.just_in_time(configuration, id, outcome, &mut kept, steps)?;
            }
        }
        if kept.is_empty() {
            return Err(Stop::Broken(self.cause(id, &pending, outcome, steps)));
        }
        self.open.remove(&id);
        self.configurations = kept;
        self.forget_the_gone();
        self.keep_the_best(steps)?;
        let mut waited = Vec::new();
        for (other, pending) in &mut self.open {
            if pending.after.remove(&id) && pending.after.is_empty() && pending.unknown {
                waited.push(*other);
            }
        }
        waited.into_iter().try_for_each(|id| self.returned(id, Outcome::Unknown, steps))
    }

    /// What follows from a success where nothing else can have come first, which is the usual
    /// case: one configuration, nothing left of the past, and nobody else there but processes that
    /// wait for the lock. None of those can take it while it is held, and whoever took it while it
    /// is free would keep it, for nothing called so far ends his hold.
    fn without_a_choice(&self, id: u32, outcome: Outcome) -> Option<Configuration> {
        let pending = self.open.get(&id)?;
        // Whose outcome is unknown has others to wait for, or it would not be open any more.
        let waits = |(other, waiter): (&u32, &Pending)| {
            *other == id
                || (waiter.action == Action::Acquire
                    && waiter.after.is_empty()
                    && waiter.process != pending.process)
        };
        let plain = matches!(outcome, Outcome::Ok(_))
            && !self.semantics.busy_means_held
            && self.configurations.len() == 1
            && self.gone.is_empty()
            && pending.after.is_empty()
            && self.open.iter().all(waits);
        let configuration = self.configurations.first().filter(|_| plain)?;
        if configuration.is_settled() {
            configuration.ended(self.semantics, pending, outcome)
        } else {
            None
        }
    }

    /// A process will call nothing more; what it left open must have returned as unknown.
    pub(super) fn gone(&mut self, process: Owner) {
        // Where refusals assert a holder, even a dead process can be the one.
        if !self.semantics.busy_means_held {
            self.gone.insert(process);
            self.forget_the_gone();
        }
    }

    /// Whether a failure of this operation says nothing about the lock.
    fn fails_always(&self, pending: &Pending) -> bool {
        match pending.action {
            Action::Acquire => !self.semantics.busy_means_held,
            Action::Release => false,
            Action::LeaseEnded => true,
        }
    }

    /// Lets open and unknown operations take effect in every order that ends with this one.
    fn just_in_time(
        &self,
        from: &Configuration,
        id: u32,
        outcome: Outcome,
        kept: &mut BTreeSet<Configuration>,
        steps: &mut u64,
    ) -> Result<(), Stop> {
        let pending = &self.open[&id];
        self.reachable(from, Some(id), steps, |configuration| {
            if configuration.is_due(pending) {
                kept.extend(configuration.ended(self.semantics, pending, outcome));
            }
        })
    }

    /// Visits every configuration that can follow (on the way `towards` the return of one
    /// operation, without that one), itself included.
    fn reachable(
        &self,
        from: &Configuration,
        towards: Option<u32>,
        steps: &mut u64,
        mut visit: impl FnMut(&Configuration),
    ) -> Result<(), Stop> {
        let mut met = BTreeSet::from([from.clone()]);
        let mut todo = vec![from.clone()];
        while let Some(configuration) = todo.pop() {
            visit(&configuration);
            for next in configuration.moves(self.semantics, &self.open, towards) {
                *steps = steps.checked_sub(1).ok_or(Stop::Budget)?;
                if !met.contains(&next) {
                    met.insert(next.clone());
                    todo.push(next);
                }
            }
        }
        Ok(())
    }

    /// Drops each configuration that another one can still turn into, or that differs from
    /// another one only in having fewer unknown operations left: all that fits it fits the other.
    fn keep_the_best(&mut self, steps: &mut u64) -> Result<(), Stop> {
        if self.configurations.len() == 1 {
            return Ok(());
        }
        let all: Vec<_> = self.configurations.iter().cloned().collect();
        for configuration in all {
            if self.configurations.len() == 1 {
                return Ok(());
            }
            if !self.configurations.contains(&configuration) {
                continue;
            }
            let mut worse = Vec::new();
            self.reachable(&configuration, None, steps, |next| {
                let behind = |other: &&Configuration| next.covers(other);
                let others = self.configurations.iter().filter(|other| **other != configuration);
                worse.extend(others.filter(behind).cloned());
            })?;
            for other in worse {
                self.configurations.remove(&other);
            }
        }
        Ok(())
    }

    /// Drops what is left of processes that are gone, once it can serve nothing more.
    fn forget_the_gone(&mut self) {
        for process in self.gone.clone() {
            let call = |pending: &Pending| pending.process == process && pending.is_call();
            if self.open.values().any(call) {
                continue;
            }
            let configurations = std::mem::take(&mut self.configurations);
            let forget = |mut configuration: Configuration| {
                configuration.forget(process);
                configuration
            };
            self.configurations = configurations.into_iter().map(forget).collect();
            let mut holders = self.configurations.iter().map(Configuration::holder);
            if !holders.any(|holder| holder == Some(process)) {
                self.gone.remove(&process);
            }
        }
    }

    /// Why no configuration fits the return of this operation.
    fn cause(&self, id: u32, pending: &Pending, outcome: Outcome, steps: &mut u64) -> Cause {
        let mut holders = BTreeSet::new();
        let mut token = false;
        for from in &self.configurations {
            token |= from.has_taken(id);
            let enough = self.reachable(from, Some(id), steps, |configuration| {
                holders.insert(configuration.holder());
                token |= configuration.could_grant(self.semantics, pending);
            });
            if enough.is_err() {
                return Cause::Other;
            }
        }
        // Who holds before anything else takes effect is the better example.
        let now = self.configurations.iter().filter_map(Configuration::holder);
        let others =
            now.chain(holders.into_iter().flatten()).find(|holder| *holder != pending.process);
        match (pending.action, outcome) {
            (Action::Acquire, Outcome::Ok(_)) if token => Cause::Token,
            (Action::Acquire, Outcome::Ok(_)) => match others {
                Some(by) => Cause::Held { by },
                None => Cause::HeldItself,
            },
            (Action::Acquire, _) => Cause::NotBusy,
            (Action::Release, Outcome::Ok(_)) => {
                let all = |holder: &Owner| {
                    self.configurations.iter().all(|one| one.holder() == Some(*holder))
                };
                Cause::NotHolder { holder: others.filter(all) }
            }
            (Action::Release, _) => Cause::StillHeld,
            (Action::LeaseEnded, _) => Cause::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{broken, fits, history};
    use super::super::{Answer, Budget, check};
    use super::*;
    use std::fmt::Write;

    #[test]
    fn an_unknown_operation_takes_effect_long_after_it_was_given_up() {
        let text = "c1 acquire 0..1 ok
                    c1 release 2..3 unknown
                    c1 release 4..5 ok
                    c1 acquire 6..7 ok
                    c2 acquire 8..9 ok";
        fits(text, Semantics::PLAIN);
        // It takes effect once.
        let again = format!("{text}\n c2 release 10..11 ok\n c1 acquire 12..13 ok");
        broken(&format!("{again}\n c2 acquire 14..15 ok"), Semantics::PLAIN);
        fits(&again, Semantics::PLAIN);
    }

    #[test]
    fn a_strict_refusal_may_rest_on_an_unknown_acquire() {
        let strict = Semantics { busy_means_held: true, ..Semantics::PLAIN };
        let text = "c1 acquire 0..1 unknown
                    c2 acquire 5..6 fail";
        fits(text, strict);
        // But then somebody must have freed the lock.
        broken(&format!("{text}\n c3 acquire 7..8 ok"), strict);
        fits(&format!("{text}\n c3 acquire 7..8 ok\n c1 lease-ended 6..6 ok"), strict);
        broken(&text.replace("0..1", "7..8"), strict);
    }

    #[test]
    fn tokens_seen_late_keep_their_place() {
        let text = "c1 acquire 0..20 ok 2
                    c1 lease-ended 6..6 ok
                    c2 acquire 1..5 ok 1
                    c2 release 5..5 ok
                    c3 acquire 7..8 ok 3";
        fits(text, Semantics::FENCED);
        broken(&text.replace("ok 2", "ok 0"), Semantics::FENCED);
        broken(&text.replace("ok 2", "ok 4"), Semantics::FENCED);
        fits(&text.replace("ok 2", "ok 4"), Semantics::PLAIN);
    }

    /// The second may have been granted before anybody saw the token of the first: it is the same.
    #[test]
    fn two_grants_of_one_hold_that_are_seen_at_one_moment_may_have_one_token() {
        let text = "c1 acquire 0..5 ok 5
                    c1 acquire 5..5 ok 5";
        fits(text, Semantics::REENTRANT_FENCED);
        fits(&text.replace("5..5 ok 5", "5..5 ok 6"), Semantics::REENTRANT_FENCED);
        broken(&text.replace("5..5 ok 5", "5..5 ok 4"), Semantics::REENTRANT_FENCED);
        // Told in the other order, the first is granted before the second returns, and seen after.
        let turned = "c1 acquire 5..5 ok 5
                      c1 acquire 0..5 ok 5";
        fits(turned, Semantics::REENTRANT_FENCED);
        fits(&turned.replace("5..5 ok 5", "5..5 ok 6"), Semantics::REENTRANT_FENCED);
        broken(&turned.replace("5..5 ok 5", "5..5 ok 4"), Semantics::REENTRANT_FENCED);
        // Somebody has it after them, so both were granted before either token was seen.
        let both = format!(
            "c2 acquire 5..5 ok 9
             {turned}
             c1 lease-ended 5..5 ok"
        );
        fits(&both, Semantics::REENTRANT_FENCED);
        fits(&both.replace("5..5 ok 5", "5..5 ok 6"), Semantics::REENTRANT_FENCED);
        broken(&both.replace("5..5 ok 5", "5..5 ok 4"), Semantics::REENTRANT_FENCED);
    }

    /// An end of the lease between the two makes them two holds, though of one owner.
    #[test]
    fn two_holds_of_one_owner_have_two_tokens() {
        let text = "c1 acquire 5..5 ok 6
                    c1 acquire 0..5 ok 5
                    c1 lease-ended 3..3 ok";
        fits(text, Semantics::FENCED);
        broken(&text.replace("ok 6", "ok 5"), Semantics::FENCED);
        fits(&text.replace("ok 6", "ok 5"), Semantics::REENTRANT_FENCED);
    }

    /// Both are granted before the third, and neither token is seen before its grant.
    #[test]
    fn grants_of_two_holds_that_are_seen_late_have_two_tokens() {
        let text = "c1 acquire 0..20 ok 5
                    c1 lease-ended 6..6 ok
                    c2 acquire 0..20 ok 6
                    c2 lease-ended 6..6 ok
                    c3 acquire 7..8 ok 9";
        for semantics in [Semantics::FENCED, Semantics::REENTRANT_FENCED] {
            fits(text, semantics);
            fits(&text.replace("ok 6", "ok 4"), semantics);
            broken(&text.replace("ok 6", "ok 5"), semantics);
            broken(&text.replace("ok 6", "ok 9"), semantics);
        }
    }

    /// Clients whose releases are lost, all waiting again: each may be granted and freed unseen.
    fn hard(clients: u32) -> String {
        let mut text = String::new();
        for client in 1..=clients {
            let at = client * 10;
            writeln!(text, "c{client} acquire {at}..{} ok", at + 1).expect("a string");
            writeln!(text, "c{client} release {}..{} unknown", at + 2, at + 3).expect("a string");
            writeln!(text, "c{client} release {}..{} ok", at + 4, at + 5).expect("a string");
            writeln!(text, "c{client} acquire {}..9999 ok", at + 6).expect("a string");
        }
        text
    }

    #[test]
    fn beyond_its_budget_it_says_unknown() {
        fits(&hard(4), Semantics::PLAIN);
        let answer = check(&history(&hard(12)), Semantics::PLAIN, Budget { steps: 1_000 });
        let Answer::Unknown { reason } = answer else { panic!("{answer:?}") };
        assert!(reason.contains("L1 took more than its 1000 steps"), "{reason}");
    }

    #[test]
    fn a_process_that_is_gone_leaves_nothing_behind() {
        let mut search = Search::new(Semantics::PLAIN);
        let fresh = search.clone();
        let mut steps = 1_000;
        for client in 1..=20 {
            let owner = super::super::cases::owner(client);
            for action in [Action::Acquire, Action::Release] {
                let id = search.called(owner, action);
                search.returned(id, Outcome::Unknown, &mut steps).expect("it fits");
            }
            search.gone(owner);
        }
        assert_eq!(search, fresh);
    }
}
