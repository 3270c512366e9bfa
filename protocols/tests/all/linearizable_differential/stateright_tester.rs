//! The same question to stateright's linearizability tester.

use super::brute::Brute;
use locklab_protocols::id::{Owner, Token};
use locklab_protocols::spec::linearizable::{Action, History, Outcome, Semantics};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

/// The lock as stateright's reference object.
#[derive(Clone)]
struct Lock {
    semantics: Semantics,
    holder: Option<(Owner, u32)>,
    /// The largest token, and whether the present hold got it.
    newest: Option<(Token, bool)>,
}

impl SequentialSpec for Lock {
    type Op = (Owner, Action);
    type Ret = Outcome;

    /// What an operation does that never returned: it takes effect if it can.
    fn invoke(&mut self, op: &Self::Op) -> Self::Ret {
        let ok = Outcome::Ok(None);
        if self.is_valid_step(op, &ok) { ok } else { Outcome::Fail }
    }

    fn is_valid_step(&mut self, (process, action): &Self::Op, ret: &Self::Ret) -> bool {
        let mine = self.holder.is_some_and(|(holder, _)| holder == *process);
        match (action, ret) {
            (Action::Acquire, Outcome::Ok(token)) => {
                let nested = mine && self.semantics.reentrant;
                if self.holder.is_some() && !nested {
                    return false;
                }
                if let (true, Some(token)) = (self.semantics.fenced, token) {
                    if let Some((newest, own)) = self.newest
                        && (newest > *token || (newest == *token && !(own && nested)))
                    {
                        return false;
                    }
                    self.newest = Some((*token, true));
                } else if !nested {
                    self.newest = self.newest.map(|(newest, _)| (newest, false));
                }
                self.holder = Some((*process, self.holder.map_or(1, |(_, depth)| depth + 1)));
                true
            }
            (Action::Acquire, _) => {
                let other = self.holder.is_some() && !(mine && self.semantics.reentrant);
                other || !self.semantics.busy_means_held
            }
            (Action::Release, Outcome::Ok(_)) => {
                let depth = self.holder.filter(|_| mine).map(|(_, depth)| depth);
                self.holder = match depth {
                    Some(2..) => depth.map(|depth| (*process, depth - 1)),
                    Some(_) => None,
                    None => self.holder,
                };
                mine
            }
            (Action::Release, _) => !mine,
            (Action::LeaseEnded, _) => {
                self.holder = self.holder.filter(|_| !mine);
                true
            }
        }
    }
}

/// Stateright has one lock here, threads that end with their unknown operation, and no operation
/// that begins at the moment at which its thread's last one ended.
pub(crate) fn can_express(history: &History) -> bool {
    let operations = &history.operations;
    operations.iter().all(|operation| operation.lock == operations[0].lock)
        && operations.iter().enumerate().all(|(index, operation)| {
            let last = operations.iter().enumerate().all(|(other_index, other)| {
                other.process != operation.process
                    || other.action == Action::LeaseEnded
                    || (other.called, other_index) <= (operation.called, index)
            });
            let lease = operation.action == Action::LeaseEnded;
            (operation.outcome != Outcome::Unknown || last || lease)
                && (!lease || operation.outcome != Outcome::Fail)
        })
        && !Brute::touches(history)
}

/// Whether stateright says that the history fits.
pub(crate) fn fits(history: &History, semantics: Semantics) -> bool {
    let lock = Lock { semantics, holder: None, newest: None };
    let mut tester = LinearizabilityTester::new(lock);
    for (_, returns, index) in Brute::events(history) {
        let operation = &history.operations[index];
        // The servers end leases concurrently: each end is a thread of its own.
        let lease = (operation.action == Action::LeaseEnded).then_some(index);
        let thread = (operation.process, lease);
        let known = operation.outcome != Outcome::Unknown;
        let told = match returns {
            false => tester.on_invoke(thread, (operation.process, operation.action)).map(|_| ()),
            true if known => tester.on_return(thread, operation.outcome).map(|_| ()),
            true => Ok(()),
        };
        told.expect("the history is one that stateright can express");
    }
    tester.is_consistent()
}
