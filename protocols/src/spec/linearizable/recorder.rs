//! Checking a run while it goes on.

use super::explain::{Culprit, Facts};
use super::history::{Action, Outcome};
use super::mutex::Semantics;
use super::search::{Search, Stop};
use super::{Answer, Budget};
use crate::id::{LockId, Owner};
use crate::time::Time;
use std::collections::BTreeMap;

/// Follows the lock operations of a run, and knows at each moment whether they fit so far.
///
/// It keeps no history. Of each lock it keeps the open operations, the unknown ones that may
/// still matter, and the states that the lock can be in; what is finished is judged at once and
/// dropped. Returns wait until time moves on, because all that happens at one moment counts as
/// concurrent. Once the answer is [`Answer::Broken`] it stays so.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Recorder {
    semantics: Semantics,
    budget: Budget,
    now: u64,
    /// Calls so far, and returns that were judged.
    events: usize,
    locks: BTreeMap<LockId, Watch>,
    /// Returns of this moment.
    due: Vec<Due>,
    /// What was decided for good: broken, or a flaw of the input.
    decided: Option<Answer>,
    /// Why some lock could not be judged to the end.
    unjudged: Option<String>,
}

/// What is kept of one lock.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Watch {
    /// Nothing once the budget is spent.
    search: Option<Search>,
    steps: u64,
    facts: Facts,
    /// The open operation of each process, and when it was called.
    open: BTreeMap<Owner, Open>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Open {
    id: u32,
    action: Action,
    called: u64,
}

/// A return that waits for the end of its moment.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Due {
    process: Owner,
    lock: LockId,
    open: Open,
    outcome: Outcome,
}

impl Watch {
    fn new(semantics: Semantics, budget: Budget) -> Self {
        Self {
            search: Some(Search::new(semantics)),
            steps: budget.steps,
            facts: Facts::default(),
            open: BTreeMap::new(),
        }
    }

    fn call(&mut self, process: Owner, action: Action, at: u64) -> Open {
        self.facts.called(process, action, at);
        let id = self.search.as_mut().map_or(0, |search| search.called(process, action));
        Open { id, action, called: at }
    }

    fn end(&mut self, id: u32, outcome: Outcome) -> Result<(), Stop> {
        match &mut self.search {
            Some(search) => search.returned(id, outcome, &mut self.steps),
            None => Ok(()),
        }
    }
}

impl Recorder {
    /// A recorder of a run that has not begun.
    pub fn new(semantics: Semantics, budget: Budget) -> Self {
        Self {
            semantics,
            budget,
            now: 0,
            events: 0,
            locks: BTreeMap::new(),
            due: Vec::new(),
            decided: None,
            unjudged: None,
        }
    }

    /// A process calls an acquire or a release.
    pub fn called(&mut self, process: Owner, lock: LockId, action: Action, at: u64) {
        self.advance(at);
        if action == Action::LeaseEnded {
            return self.lease_ended(process, lock, at);
        }
        let (semantics, budget) = (self.semantics, self.budget);
        let watch = self.locks.entry(lock).or_insert_with(|| Watch::new(semantics, budget));
        if watch.open.contains_key(&process) {
            return self.flawed(process, lock, "called before its last operation returned", at);
        }
        let open = watch.call(process, action, at);
        watch.open.insert(process, open);
        self.events += 1;
    }

    /// The process's open operation on this lock returns.
    pub fn returned(&mut self, process: Owner, lock: LockId, outcome: Outcome, at: u64) {
        self.advance(at);
        let watch = self.locks.get_mut(&lock);
        let Some(open) = watch.and_then(|watch| watch.open.remove(&process)) else {
            return self.flawed(process, lock, "returned without a call", at);
        };
        let due = Due { process, lock, open, outcome };
        if outcome == Outcome::Unknown {
            return self.settle(due);
        }
        let acquire = open.action == Action::Acquire;
        let flaw = match outcome {
            Outcome::Ok(None) if acquire && self.semantics.fenced => "was granted without a token",
            Outcome::Ok(Some(_)) if !acquire => "released with a token",
            _ => return self.due.push(due),
        };
        self.flawed(process, lock, flaw, at);
    }

    /// The servers end the lease of `owner`; nothing happens if it does not hold the lock.
    pub fn lease_ended(&mut self, owner: Owner, lock: LockId, at: u64) {
        self.advance(at);
        let (semantics, budget) = (self.semantics, self.budget);
        let watch = self.locks.entry(lock).or_insert_with(|| Watch::new(semantics, budget));
        let open = watch.call(owner, Action::LeaseEnded, at);
        self.events += 1;
        self.due.push(Due { process: owner, lock, open, outcome: Outcome::Ok(None) });
    }

    /// This life of a client is over: its open operations end with unknown outcome, and it will
    /// call nothing more.
    pub fn crashed(&mut self, owner: Owner, at: u64) {
        self.advance(at);
        let locks: Vec<LockId> = self.locks.keys().copied().collect();
        for lock in locks {
            let open = self.locks.get_mut(&lock).and_then(|watch| watch.open.remove(&owner));
            if let Some(open) = open {
                self.settle(Due { process: owner, lock, open, outcome: Outcome::Unknown });
            }
            if let Some(search) = self.locks.get_mut(&lock).and_then(|watch| watch.search.as_mut())
            {
                search.gone(owner);
            }
        }
    }

    /// The answer for all that happened before the last moment told.
    pub fn answer(&self) -> Answer {
        let unjudged = || self.unjudged.clone().map(|reason| Answer::Unknown { reason });
        self.decided.clone().or_else(unjudged).unwrap_or(Answer::Fits)
    }

    /// The run is over: the answer for all of it. What is still open has an unknown outcome.
    pub fn finish(&mut self, at: u64) -> Answer {
        self.advance(at);
        self.end_moment();
        self.answer()
    }

    /// Moves time on, and judges the returns of the moment that is over.
    fn advance(&mut self, at: u64) {
        if at < self.now {
            let reason = format!("time went back from {} to {}", Time(self.now), Time(at));
            self.decided.get_or_insert(Answer::Unknown { reason });
        } else if at > self.now {
            self.end_moment();
            self.now = at;
        }
    }

    fn end_moment(&mut self) {
        for due in std::mem::take(&mut self.due) {
            self.settle(due);
        }
    }

    /// Judges one return.
    fn settle(&mut self, due: Due) {
        self.events += 1;
        let Some(watch) = self.locks.get_mut(&due.lock) else {
            return;
        };
        if self.decided.is_some() {
            return;
        }
        match watch.end(due.open.id, due.outcome) {
            Ok(()) => {}
            Err(Stop::Budget) => {
                watch.search = None;
                let reason = self.budget.spent(due.lock);
                self.unjudged.get_or_insert(reason);
            }
            Err(Stop::Broken(cause)) => {
                let culprit = Culprit {
                    process: due.process,
                    lock: due.lock,
                    called: due.open.called,
                    returned: self.now,
                    outcome: due.outcome,
                };
                let reason = watch.facts.reason(&culprit, cause);
                self.decided = Some(Answer::Broken { prefix: self.events, at: self.now, reason });
            }
        }
        watch.facts.returned(due.process, due.open.action, due.outcome, self.now);
    }

    fn flawed(&mut self, process: Owner, lock: LockId, what: &str, at: u64) {
        let reason = format!("the history is malformed: {process} at {lock} {what} ({})", Time(at));
        self.decided.get_or_insert(Answer::Unknown { reason });
    }
}

#[cfg(test)]
mod tests;
