//! `linearizable`: the history of lock operations fits a sequential lock.
//!
//! Each operation of a history takes some time, from its call to its return. The history is
//! *linearizable* if one moment can be chosen for each operation, between its call and its
//! return, so that a sequential lock that does the operations at those moments gives the same
//! outcomes (Herlihy and Wing, "Linearizability: a correctness condition for concurrent objects",
//! 1990). A lock that grants twice, frees for a stranger, or hands out tokens in the wrong order
//! has a history for which no such choice exists, and no client can tell this from its own view.
//!
//! # The operations
//!
//! A process acquires and releases. An outcome may be *unknown*: such an operation takes effect at
//! any moment after its call, be it long after its process gave it up, or never. A lease that the
//! servers end is an operation of its own, by the servers, that names the owner; without it, the
//! next grant would not fit. A lock that is lost because a server crashed is *not* the end of a
//! lease: a second grant then does not fit, and that is the finding.
//!
//! Times that are equal count as concurrent, in both directions, except that one process does its
//! own operations in their order. Many things can happen at one moment of simulated time, and an
//! order that the run did not force must not raise a false alarm.
//!
//! A token of a grant that nobody saw constrains nothing: tokens may have gaps of any size.
//!
//! # Cores
//!
//! In general the question is NP-complete, and easy where each read names its write (Gibbons and
//! Korach, "Testing shared memories", 1997). Locks are such a case, by this lemma of our own.
//!
//! Let the *core* of a critical section reach from the return of its acquire to the call of its
//! release, to the end of its lease if that begins earlier, or without end if there is neither.
//! Then the grants and releases of a plain mutex fit exactly when the cores of each lock are
//! pairwise disjoint. *Proof sketch*: the acquire takes effect at its return or before, the
//! release at its call or after, so the lock is held throughout the core whatever moments are
//! chosen: overlapping cores contradict the mutex. And if they do not overlap, choosing exactly
//! those two moments makes each hold its core. An acquire of unknown outcome that no release rests
//! on may never have taken effect, so it is dropped; a release of unknown outcome ends the core at
//! its call. The order of the cores is then the only order of the holds, along which tokens must
//! grow. ∎
//!
//! So a sort and a sweep decide (`direct`). Where an operation has a choice that the sweep cannot
//! weigh (it names them), a search decides (`search`), after Wing and Gong, "Testing and verifying
//! concurrent objects", 1993, and Lowe, "Testing for linearizability", 2017. It has a budget of
//! steps, and beyond it the answer is unknown, which never means that the history fits.
//!
//! Each lock is judged by itself: a history fits exactly when its part at each lock does (Herlihy
//! and Wing's locality).

#[cfg(test)]
mod cases;
mod direct;
mod edn;
mod explain;
mod history;
mod json;
mod log;
mod mutex;
mod recorder;
mod search;
#[cfg(test)]
mod tests;

pub use edn::{EdnError, EdnProblem, read_edn};
pub use history::{Action, History, Operation, Outcome};
pub use json::{JsonError, JsonProblem, read_json_lines, write_json_lines};
pub use log::Log;
pub use mutex::Semantics;
pub use recorder::Recorder;

use crate::id::LockId;
use explain::{Cause, Culprit, Facts};
use history::Layout;
use search::{Search, Stop};

/// How much the search may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Budget {
    /// How many configurations it may look at, for each lock.
    pub steps: u64,
}

impl Default for Budget {
    /// One million steps: about a second.
    fn default() -> Self {
        Self { steps: 1_000_000 }
    }
}

impl Budget {
    /// Says that it is spent.
    fn spent(self, lock: LockId) -> String {
        format!(
            "the search at {lock} took more than its {} steps; a larger budget may decide it",
            self.steps
        )
    }
}

/// Whether a history fits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Answer {
    /// Some order explains all of it.
    Fits,
    /// No order explains it.
    Broken {
        /// How many calls and returns, in the order of time, make up the shortest prefix that
        /// does not fit (at equal times, calls count before returns). If the budget of another
        /// lock was spent before that, a shorter one may exist.
        prefix: usize,
        /// When the last of them happened.
        at: u64,
        /// Why that one does not fit.
        reason: String,
    },
    /// It could not be decided.
    Unknown {
        /// Why not.
        reason: String,
    },
}

/// Says whether a history fits the sequential lock of these semantics.
pub fn check(history: &History, semantics: Semantics, budget: Budget) -> Answer {
    let layout = match history.layout(semantics) {
        Ok(layout) => layout,
        Err(reason) => return Answer::Unknown { reason },
    };
    let swept = direct::sweep(&history.operations, &layout, semantics);
    let end = swept.broken.map_or(layout.events.len(), |(position, _)| position);
    let found = search_locks(history, &layout, semantics, budget, &swept.handed_over, end);
    let first = found.broken.or(swept.broken);
    answer(history, &layout, first, found.unjudged.map(|lock| budget.spent(lock)))
}

/// Says the same as [`check`] by search alone: slower, for comparison.
pub fn check_by_search(history: &History, semantics: Semantics, budget: Budget) -> Answer {
    let layout = match history.layout(semantics) {
        Ok(layout) => layout,
        Err(reason) => return Answer::Unknown { reason },
    };
    let all: Vec<u32> = (0..).take(layout.locks.len()).collect();
    let found = search_locks(history, &layout, semantics, budget, &all, layout.events.len());
    answer(history, &layout, found.broken, found.unjudged.map(|lock| budget.spent(lock)))
}

/// Whether [`check`] decides this history without search.
pub fn is_direct(history: &History, semantics: Semantics) -> bool {
    history.layout(semantics).is_ok_and(|layout| {
        direct::sweep(&history.operations, &layout, semantics).handed_over.is_empty()
    })
}

/// What the search found.
struct Found {
    broken: Option<(usize, Cause)>,
    /// A lock whose budget was spent.
    unjudged: Option<LockId>,
}

/// Searches the events of these locks, up to the event at `end`.
fn search_locks(
    history: &History,
    layout: &Layout,
    semantics: Semantics,
    budget: Budget,
    locks: &[u32],
    end: usize,
) -> Found {
    let mut found = Found { broken: None, unjudged: None };
    if locks.is_empty() {
        return found;
    }
    let mut searches = vec![None; layout.locks.len()];
    for lock in locks {
        searches[*lock as usize] = Some((Search::new(semantics), budget.steps));
    }
    let last = layout.last_events(history);
    let mut ids = vec![0; history.operations.len()];
    for (position, event) in layout.events.iter().enumerate().take(end) {
        let index = event.operation as usize;
        let slot = &mut searches[layout.lock[index] as usize];
        let Some((search, steps)) = slot else {
            continue;
        };
        let operation = &history.operations[index];
        let unknown = operation.outcome == Outcome::Unknown;
        let mut end = Ok(());
        if !event.returns {
            ids[index] = search.called(operation.process, operation.action);
        }
        // An operation that will end as unknown may take effect late or never from its call on.
        if event.returns != unknown {
            end = search.returned(ids[index], operation.outcome, steps);
        }
        if last[layout.place[index] as usize] == Some(position) {
            search.gone(operation.process);
        }
        match end {
            Ok(()) => {}
            Err(Stop::Budget) => {
                *slot = None;
                found.unjudged.get_or_insert(layout.locks[layout.lock[index] as usize]);
            }
            Err(Stop::Broken(cause)) => {
                found.broken = Some((position, cause));
                break;
            }
        }
    }
    found
}

/// Puts the answer together.
fn answer(
    history: &History,
    layout: &Layout,
    broken: Option<(usize, Cause)>,
    unjudged: Option<String>,
) -> Answer {
    let Some((position, cause)) = broken else {
        return unjudged.map_or(Answer::Fits, |reason| Answer::Unknown { reason });
    };
    let event = layout.events[position];
    let last = &history.operations[event.operation as usize];
    let mut facts = Facts::default();
    for event in &layout.events[..position] {
        let operation = &history.operations[event.operation as usize];
        if operation.lock != last.lock {
            continue;
        }
        let Operation { process, action, outcome, .. } = *operation;
        match event.returns {
            false => facts.called(process, action, event.at),
            true => facts.returned(process, action, outcome, event.at),
        }
    }
    let culprit = Culprit {
        process: last.process,
        lock: last.lock,
        called: last.called,
        returned: event.at,
        outcome: last.outcome,
    };
    let reason = facts.reason(&culprit, cause);
    Answer::Broken { prefix: position + 1, at: event.at, reason }
}
