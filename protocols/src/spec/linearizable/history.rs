//! What was seen of a lock: operations with their calls, returns and outcomes.

use super::mutex::Semantics;
use crate::id::{LockId, Owner, Token};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What an operation asks of a lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A process asks for the lock.
    Acquire,
    /// A process gives the lock back.
    Release,
    /// The servers end the lease of the owner that the operation names; if that owner does not
    /// hold the lock, nothing happens.
    LeaseEnded,
}

/// How an operation ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Outcome {
    /// It took effect between its call and its return. An acquire may carry its token.
    Ok(Option<Token>),
    /// It did not take effect. A failed release also says that the process did not hold the lock.
    Fail,
    /// Nobody knows: it may have taken effect at any moment after its call, later ones included,
    /// or never.
    Unknown,
}

/// One operation on one lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Operation {
    /// Who called it; for [`Action::LeaseEnded`], whose lease ended.
    pub process: Owner,
    /// The lock.
    pub lock: LockId,
    /// What was asked.
    pub action: Action,
    /// When it was called, in nanoseconds (or steps: only the order counts).
    pub called: u64,
    /// When it returned; for an unknown outcome, when the caller gave up, if it ever did.
    pub returned: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
}

/// A history: operations in any order, except that operations of one process with equal times
/// stand in the order in which the process did them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct History {
    /// The operations.
    pub operations: Vec<Operation>,
}

/// A call or a return, at its place in the order of all of them.
///
/// At equal times calls come before returns, which is what makes them concurrent, and what makes
/// each prefix of a history that fits fit as well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Event {
    pub(super) at: u64,
    pub(super) returns: bool,
    pub(super) operation: u32,
}

/// A history whose form was checked, laid out for the checkers.
#[derive(Debug)]
pub(super) struct Layout {
    /// All calls and returns in their order.
    pub(super) events: Vec<Event>,
    /// For each operation, the number of its lock.
    pub(super) lock: Vec<u32>,
    /// For each operation, the number of its process at its lock.
    pub(super) place: Vec<u32>,
    /// The locks by number.
    pub(super) locks: Vec<LockId>,
    /// How many pairs of process and lock there are.
    pub(super) places: usize,
}

impl History {
    /// A history of these operations.
    pub fn new(operations: Vec<Operation>) -> Self {
        Self { operations }
    }

    /// Lays the history out, or says in plain words which assumption of the checker it violates.
    pub(super) fn layout(&self, semantics: Semantics) -> Result<Layout, String> {
        let count = self.operations.len();
        let mut events = Vec::with_capacity(count * 2);
        for (index, operation) in self.operations.iter().enumerate() {
            let number = u32::try_from(index).map_err(|_| "more than 2^32 operations")?;
            if let Some(flaw) = flaw(operation, semantics) {
                return Err(format!("operation {} ({}): {flaw}", index + 1, name(operation)));
            }
            events.push(Event { at: operation.called, returns: false, operation: number });
            if let Some(at) = operation.returned {
                events.push(Event { at, returns: true, operation: number });
            }
        }
        events.sort();
        let mut layout = Layout {
            events,
            lock: Vec::with_capacity(count),
            place: Vec::with_capacity(count),
            locks: Vec::new(),
            places: 0,
        };
        self.number(&mut layout);
        self.one_at_a_time(&layout)?;
        Ok(layout)
    }

    /// Gives each lock, and each process at each lock, a small number.
    fn number(&self, layout: &mut Layout) {
        let mut locks = BTreeMap::new();
        let mut places = BTreeMap::new();
        for operation in &self.operations {
            let lock = *locks.entry(operation.lock).or_insert_with(|| {
                layout.locks.push(operation.lock);
                layout.locks.len() as u32 - 1
            });
            let next = places.len() as u32;
            let place = *places.entry((lock, operation.process)).or_insert(next);
            layout.lock.push(lock);
            layout.place.push(place);
        }
        layout.places = places.len();
    }

    /// Checks that no process calls an operation before its last one on that lock has returned.
    fn one_at_a_time(&self, layout: &Layout) -> Result<(), String> {
        const NONE: u32 = u32::MAX;
        let mut open = vec![NONE; layout.places];
        for event in &layout.events {
            let operation = &self.operations[event.operation as usize];
            if operation.action == Action::LeaseEnded {
                continue;
            }
            let slot = &mut open[layout.place[event.operation as usize] as usize];
            if event.returns {
                if *slot == event.operation {
                    *slot = NONE;
                }
                continue;
            }
            if *slot != NONE && self.operations[*slot as usize].returned != Some(event.at) {
                return Err(format!(
                    "{} called at {} before its operation called at {} had returned; \
                     each process must do one operation on a lock at a time",
                    name(operation),
                    Time(event.at),
                    Time(self.operations[*slot as usize].called),
                ));
            }
            *slot = event.operation;
        }
        Ok(())
    }
}

impl Layout {
    /// For each process at each lock, the position of the last event of its own operations.
    pub(super) fn last_events(&self, history: &History) -> Vec<Option<usize>> {
        let mut last = vec![None; self.places];
        for (position, event) in self.events.iter().enumerate() {
            let index = event.operation as usize;
            if history.operations[index].action != Action::LeaseEnded {
                last[self.place[index] as usize] = Some(position);
            }
        }
        last
    }
}

/// An operation in words: `c1's acquire of L1`.
pub(super) fn name(operation: &Operation) -> String {
    let action = match operation.action {
        Action::Acquire => "acquire",
        Action::Release => "release",
        Action::LeaseEnded => "end of lease",
    };
    format!("{}'s {action} of {}", operation.process, operation.lock)
}

/// What is wrong with one operation by itself.
fn flaw(operation: &Operation, semantics: Semantics) -> Option<&'static str> {
    let acquire = operation.action == Action::Acquire;
    match (operation.outcome, operation.returned) {
        (_, Some(returned)) if returned < operation.called => Some("it returned before its call"),
        (Outcome::Ok(_) | Outcome::Fail, None) => Some("it has an outcome but no return"),
        (Outcome::Fail, _) if operation.action == Action::LeaseEnded => {
            Some("the end of a lease cannot fail; one that did not happen is left out")
        }
        (Outcome::Ok(Some(_)), _) if !acquire => Some("only an acquire carries a token"),
        (Outcome::Ok(None), _) if acquire && semantics.fenced => {
            Some("a grant of a fenced lock must carry its token")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ClientId, Incarnation};

    fn operation(
        client: u32,
        action: Action,
        called: u64,
        returned: Option<u64>,
        outcome: Outcome,
    ) -> Operation {
        let process = Owner { client: ClientId(client), incarnation: Incarnation(1) };
        Operation { process, lock: LockId(1), action, called, returned, outcome }
    }

    fn flaw_of(operations: &[Operation], semantics: Semantics) -> String {
        History::new(operations.to_vec()).layout(semantics).map(|_| ()).unwrap_err()
    }

    #[test]
    fn names_what_it_cannot_judge() {
        let ok = Outcome::Ok(None);
        let backwards = operation(1, Action::Acquire, 5, Some(4), ok);
        assert!(flaw_of(&[backwards], Semantics::PLAIN).contains("returned before its call"));
        let endless = operation(1, Action::Release, 5, None, Outcome::Fail);
        assert!(flaw_of(&[endless], Semantics::PLAIN).contains("no return"));
        let failed = operation(1, Action::LeaseEnded, 5, Some(6), Outcome::Fail);
        assert!(flaw_of(&[failed], Semantics::PLAIN).contains("cannot fail"));
        let token = operation(1, Action::Release, 5, Some(6), Outcome::Ok(Some(Token(1))));
        assert!(flaw_of(&[token], Semantics::PLAIN).contains("only an acquire"));
        let bare = operation(1, Action::Acquire, 5, Some(6), ok);
        assert!(flaw_of(&[bare], Semantics::FENCED).contains("must carry its token"));
    }

    #[test]
    fn one_operation_at_a_time_unless_they_touch() {
        let ok = Outcome::Ok(None);
        let first = operation(1, Action::Acquire, 0, Some(5), ok);
        let touching = operation(1, Action::Release, 5, Some(6), ok);
        let overlapping = operation(1, Action::Release, 4, Some(6), ok);
        let other = operation(2, Action::Release, 4, Some(6), ok);
        assert!(History::new(vec![first, touching]).layout(Semantics::PLAIN).is_ok());
        assert!(History::new(vec![first, other]).layout(Semantics::PLAIN).is_ok());
        assert!(flaw_of(&[first, overlapping], Semantics::PLAIN).contains("one operation"));
        // An operation that nobody gave up is still open.
        let unknown = operation(1, Action::Acquire, 0, None, Outcome::Unknown);
        assert!(flaw_of(&[unknown, touching], Semantics::PLAIN).contains("one operation"));
        let given_up = operation(1, Action::Acquire, 0, Some(3), Outcome::Unknown);
        assert!(History::new(vec![given_up, touching]).layout(Semantics::PLAIN).is_ok());
    }

    #[test]
    fn calls_come_before_returns_of_the_same_moment() {
        let ok = Outcome::Ok(None);
        let operations = vec![
            operation(1, Action::Acquire, 0, Some(5), ok),
            operation(2, Action::Acquire, 5, Some(5), ok),
        ];
        let layout = History::new(operations).layout(Semantics::PLAIN).unwrap();
        let order: Vec<_> =
            layout.events.iter().map(|event| (event.operation, event.returns)).collect();
        assert_eq!(order, [(0, false), (1, false), (0, true), (1, true)]);
    }
}
