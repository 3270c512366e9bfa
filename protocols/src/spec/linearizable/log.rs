//! Writing a history down while a run goes on.

use super::history::{Action, History, Operation, Outcome};
use crate::id::{LockId, Owner};
use std::collections::BTreeMap;

/// Collects a [`History`], to be saved or checked later; told the same as a
/// [`Recorder`](super::Recorder), which keeps none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Log {
    operations: Vec<Operation>,
    /// The open operation of each process at each lock.
    open: BTreeMap<(Owner, LockId), usize>,
}

impl Log {
    /// A process calls an acquire or a release.
    pub fn called(&mut self, process: Owner, lock: LockId, action: Action, at: u64) {
        if action == Action::LeaseEnded {
            return self.lease_ended(process, lock, at);
        }
        self.open.insert((process, lock), self.operations.len());
        self.operations.push(Operation {
            process,
            lock,
            action,
            called: at,
            returned: None,
            outcome: Outcome::Unknown,
        });
    }

    /// The process's open operation on this lock returns.
    ///
    /// A return without a call is written down as an operation without a return, which makes the
    /// history malformed and the answer unknown.
    pub fn returned(&mut self, process: Owner, lock: LockId, outcome: Outcome, at: u64) {
        match self.open.remove(&(process, lock)) {
            Some(index) => {
                self.operations[index].returned = Some(at);
                self.operations[index].outcome = outcome;
            }
            None => {
                self.called(process, lock, Action::Release, at);
                if let Some(index) = self.open.remove(&(process, lock)) {
                    self.operations[index].outcome = Outcome::Fail;
                }
            }
        }
    }

    /// The servers end the lease of `owner`; nothing happens if it does not hold the lock.
    pub fn lease_ended(&mut self, owner: Owner, lock: LockId, at: u64) {
        self.operations.push(Operation {
            process: owner,
            lock,
            action: Action::LeaseEnded,
            called: at,
            returned: Some(at),
            outcome: Outcome::Ok(None),
        });
    }

    /// This life of a client is over: its open operations end with unknown outcome.
    pub fn crashed(&mut self, owner: Owner, at: u64) {
        let operations = &mut self.operations;
        self.open.retain(|(process, _), index| {
            if *process == owner {
                operations[*index].returned = Some(at);
            }
            *process != owner
        });
    }

    /// The history so far; what is open has an unknown outcome.
    pub fn history(&self) -> History {
        History::new(self.operations.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{history, owner};
    use super::super::{Answer, Budget, Semantics, check};
    use super::*;

    const LOCK: LockId = LockId(1);

    #[test]
    fn writes_down_what_it_is_told() {
        let mut log = Log::default();
        log.called(owner(1), LOCK, Action::Acquire, 0);
        log.called(owner(2), LOCK, Action::Acquire, 1_000_000);
        log.returned(owner(1), LOCK, Outcome::Ok(None), 3_000_000);
        log.lease_ended(owner(1), LOCK, 4_000_000);
        log.called(owner(1), LOCK, Action::Release, 5_000_000);
        log.crashed(owner(1), 6_000_000);
        let told = "c1 acquire 0..3 ok
                    c2 acquire 1.. unknown
                    c1 lease-ended 4..4 ok
                    c1 release 5..6 unknown";
        assert_eq!(log.history(), history(told));
    }

    #[test]
    fn a_crash_ends_only_what_its_client_had_open() {
        let mut log = Log::default();
        for client in [1, 2] {
            log.called(owner(client), LOCK, Action::Acquire, 0);
        }
        log.crashed(owner(1), 2_000_000);
        log.returned(owner(2), LOCK, Outcome::Ok(None), 3_000_000);
        let told = "c1 acquire 0..2 unknown
                    c2 acquire 0..3 ok";
        assert_eq!(log.history(), history(told));
    }

    #[test]
    fn a_return_without_a_call_is_unknown() {
        let mut log = Log::default();
        log.returned(owner(1), LOCK, Outcome::Ok(None), 3);
        let answer = check(&log.history(), Semantics::PLAIN, Budget::default());
        assert!(matches!(answer, Answer::Unknown { .. }), "{answer:?}");
    }
}
