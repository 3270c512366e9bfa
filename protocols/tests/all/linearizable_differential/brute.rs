//! Tries every order.

use locklab_protocols::id::{LockId, Owner, Token};
use locklab_protocols::spec::linearizable::{Action, History, Operation, Outcome, Semantics};
use std::collections::BTreeMap;

/// A history with all that trying every order needs.
pub(crate) struct Brute<'a> {
    operations: &'a [Operation],
    semantics: Semantics,
    events: Vec<(u64, bool, usize)>,
    /// For each operation, those that come before it in every order.
    before: Vec<Vec<usize>>,
}

/// A lock that remembers every grant: which hold it belongs to, and its token.
#[derive(Clone, Default)]
struct State {
    holder: Option<Owner>,
    depth: u32,
    holds: u32,
    grants: Vec<(u32, Option<Token>)>,
}

impl<'a> Brute<'a> {
    /// All calls and returns; calls first at equal times.
    pub(crate) fn events(history: &History) -> Vec<(u64, bool, usize)> {
        let mut events = Vec::new();
        for (index, operation) in history.operations.iter().enumerate() {
            events.push((operation.called, false, index));
            events.extend(operation.returned.map(|returned| (returned, true, index)));
        }
        events.sort_unstable();
        events
    }

    /// Whether some process calls at the moment of its last return.
    pub(crate) fn touches(history: &History) -> bool {
        let operations = &history.operations;
        operations.iter().enumerate().any(|(index, one)| {
            operations.iter().enumerate().any(|(other_index, other)| {
                index != other_index
                    && one.process == other.process
                    && one.action != Action::LeaseEnded
                    && other.action != Action::LeaseEnded
                    && one.returned == Some(other.called)
            })
        })
    }

    pub(crate) fn new(history: &'a History, semantics: Semantics) -> Self {
        let operations = &history.operations;
        let before = |later: usize| {
            let earlier = move |earlier: &usize| {
                let (one, two) = (&operations[*earlier], &operations[later]);
                let unknown = one.outcome == Outcome::Unknown;
                let same = one.process == two.process
                    && one.lock == two.lock
                    && one.action != Action::LeaseEnded
                    && two.action != Action::LeaseEnded
                    && (one.called, *earlier) < (two.called, later);
                !unknown && (same || one.returned < Some(two.called))
            };
            (0..operations.len()).filter(earlier).collect()
        };
        let before = (0..operations.len()).map(before).collect();
        Self { operations, semantics, events: Self::events(history), before }
    }

    /// Whether the first events, this many, fit.
    pub(crate) fn fits(&self, events: usize) -> bool {
        let mut called = vec![false; self.operations.len()];
        let mut returned = vec![false; self.operations.len()];
        for (_, returns, index) in &self.events[..events] {
            match returns {
                false => called[*index] = true,
                true => returned[*index] = self.operations[*index].outcome != Outcome::Unknown,
            }
        }
        self.try_all(&called, &returned, &mut vec![false; called.len()], &BTreeMap::new())
    }

    fn try_all(
        &self,
        called: &[bool],
        returned: &[bool],
        done: &mut Vec<bool>,
        states: &BTreeMap<LockId, State>,
    ) -> bool {
        if (0..done.len()).all(|index| done[index] || !returned[index]) {
            return true;
        }
        for index in 0..done.len() {
            let due = self.before[index].iter().all(|earlier| done[*earlier]);
            if done[index] || !called[index] || !due {
                continue;
            }
            let operation = &self.operations[index];
            let state = states.get(&operation.lock).cloned().unwrap_or_default();
            for next in self.results(&state, operation, returned[index]) {
                let mut states = states.clone();
                states.insert(operation.lock, next);
                done[index] = true;
                let fits = self.try_all(called, returned, done, &states);
                done[index] = false;
                if fits {
                    return true;
                }
            }
        }
        false
    }

    /// What can follow; an operation that has not returned may do anything that is legal.
    fn results(&self, state: &State, operation: &Operation, returned: bool) -> Vec<State> {
        let process = operation.process;
        let mine = state.holder == Some(process);
        let outcome = if returned { operation.outcome } else { Outcome::Unknown };
        let token = match outcome {
            Outcome::Ok(token) => token.filter(|_| self.semantics.fenced),
            _ => None,
        };
        let (succeeds, fails) = match outcome {
            Outcome::Ok(_) => (true, false),
            Outcome::Fail => (false, true),
            Outcome::Unknown => (true, true),
        };
        let mut results = Vec::new();
        match operation.action {
            Action::Acquire => {
                let nested = mine && self.semantics.reentrant;
                if succeeds && (state.holder.is_none() || nested) {
                    results.extend(granted(state, process, token));
                }
                let other = state.holder.is_some() && !nested;
                if fails && (other || !self.semantics.busy_means_held) {
                    results.push(state.clone());
                }
            }
            Action::Release => {
                if succeeds && mine {
                    results.push(lowered(state, state.depth - 1));
                }
                if fails && !mine {
                    results.push(state.clone());
                }
            }
            Action::LeaseEnded if succeeds && mine => results.push(lowered(state, 0)),
            Action::LeaseEnded => results.push(state.clone()),
        }
        results
    }
}

fn lowered(state: &State, depth: u32) -> State {
    State { holder: state.holder.filter(|_| depth > 0), depth, ..state.clone() }
}

fn granted(state: &State, process: Owner, token: Option<Token>) -> Option<State> {
    let mut next = state.clone();
    if state.holder.is_none() {
        next.holds += 1;
    }
    for (hold, earlier) in &state.grants {
        let (Some(earlier), Some(token)) = (*earlier, token) else {
            continue;
        };
        if earlier > token || (earlier == token && *hold != next.holds) {
            return None;
        }
    }
    next.holder = Some(process);
    next.depth += 1;
    next.grants.push((next.holds, token));
    Some(next)
}
