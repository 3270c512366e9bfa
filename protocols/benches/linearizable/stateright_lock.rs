//! The plain mutex as stateright's reference object, and a history told to its tester.

use locklab_protocols::id::Owner;
use locklab_protocols::spec::linearizable::{Action, History, Outcome};
use stateright::semantics::{ConsistencyTester, LinearizabilityTester, SequentialSpec};

/// The sequential lock: who holds it.
#[derive(Clone, Default)]
struct Mutex {
    holder: Option<Owner>,
}

impl SequentialSpec for Mutex {
    type Op = (Owner, Action);
    type Ret = bool;

    /// Whether the operation took effect.
    fn invoke(&mut self, (process, action): &Self::Op) -> bool {
        let (must_hold, next) = match action {
            Action::Acquire => (None, Some(*process)),
            Action::Release => (Some(*process), None),
            Action::LeaseEnded => return false,
        };
        let fits = self.holder == must_hold;
        if fits {
            self.holder = next;
        }
        fits
    }
}

/// Whether stateright says that the history fits. Its operations begin and end at moments of their
/// own, and an operation of unknown outcome is the last one of its process, which stays open.
pub(crate) fn fits(history: &History) -> bool {
    let mut events = Vec::with_capacity(history.operations.len() * 2);
    for (index, operation) in history.operations.iter().enumerate() {
        events.push((operation.called, index, false));
        events.extend(operation.returned.map(|at| (at, index, true)));
    }
    events.sort_unstable();
    let mut tester = LinearizabilityTester::new(Mutex::default());
    for (_, index, returns) in events {
        let operation = &history.operations[index];
        let process = operation.process;
        let told = match returns {
            false => tester.on_invoke(process, (process, operation.action)),
            true => tester.on_return(process, operation.outcome != Outcome::Fail),
        };
        assert!(told.is_ok(), "a process does one operation at a time");
    }
    tester.is_consistent()
}
