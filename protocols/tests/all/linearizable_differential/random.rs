//! Random small histories: a real lock is used at random, then often something is changed.

use locklab_protocols::id::{ClientId, Incarnation, LockId, Owner, Token};
use locklab_protocols::spec::linearizable::{
    Action, Answer, Budget, History, Operation, Outcome, Semantics, check,
};

/// Xorshift64*, and what is drawn from it.
pub(crate) struct Random(u64);

/// A lock that is used while the history is made.
#[derive(Clone, Default)]
struct Lock {
    holder: Option<(Owner, u32)>,
    token: u64,
}

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        (0..4).for_each(|_| _ = random.next());
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 33) % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn owner(&mut self, processes: u64) -> Owner {
        let client = ClientId(self.below(processes) as u32 + 1);
        Owner { client, incarnation: Incarnation(1) }
    }

    /// A history of at most eight operations.
    pub(crate) fn history(&mut self, semantics: Semantics) -> History {
        let processes = 2 + self.below(3);
        let locks = 1 + u32::from(self.chance(10));
        let (step, width) = (1 + self.below(4), 1 + self.below(6));
        let unknowns = [0, 0, 20, 40][self.below(4) as usize];
        let leases = [0, 0, 15, 30][self.below(4) as usize];
        let mut operations: Vec<Operation> = Vec::new();
        let mut states = vec![Lock::default(); locks as usize];
        let mut late: Vec<(Owner, LockId, Action)> = Vec::new();
        let count = 3 + self.below(6) as usize;
        let mut point = 10;
        for _ in 0..count * 3 {
            if operations.len() == count {
                break;
            }
            point += self.below(step + 1);
            if !late.is_empty() && self.chance(30) {
                let (process, lock, action) = late.remove(0);
                states[lock.index()].apply(semantics, process, action);
            }
            let lock = LockId(self.below(u64::from(locks)) as u32 + 1);
            let state = &mut states[lock.index()];
            let mut process = self.owner(processes);
            let action = if self.chance(leases) { Action::LeaseEnded } else { Action::Acquire };
            if let (Some((holder, _)), true) = (state.holder, self.chance(60)) {
                process = holder;
            }
            let mine = state.holder.is_some_and(|(holder, _)| holder == process);
            let releases = action == Action::Acquire && self.chance(if mine { 70 } else { 10 });
            let action = if releases { Action::Release } else { action };
            let free = free_from(&operations, process, lock, action);
            let Some(free) = free.filter(|free| *free <= point) else {
                continue;
            };
            let called = free.max(point - self.below(width));
            let mut returned = Some(point + self.below(width));
            let mut outcome = Outcome::Unknown;
            if self.chance(unknowns) {
                if self.chance(50) {
                    late.push((process, lock, action));
                }
                returned = returned.filter(|_| self.chance(60));
            } else {
                outcome = state.apply(semantics, process, action);
            }
            if action == Action::LeaseEnded && self.chance(70) {
                (returned, outcome) = (Some(called), Outcome::Ok(None));
            }
            operations.push(Operation { process, lock, action, called, returned, outcome });
        }
        if self.chance(50) {
            without_ties(&mut operations);
        }
        for _ in 0..[0, 1, 1, 2][self.below(4) as usize] {
            self.change(&mut operations, semantics);
        }
        History { operations }
    }

    /// Changes one thing, so that the history may not fit any more.
    fn change(&mut self, operations: &mut Vec<Operation>, semantics: Semantics) {
        if operations.len() < 2 {
            return;
        }
        let index = self.below(operations.len() as u64) as usize;
        let longer = self.below(4) * if self.chance(50) { 1 } else { 32 };
        let process = self.owner(3);
        let operation = &mut operations[index];
        let before = *operation;
        match self.below(5) {
            0 => {
                operations.remove(index);
                return;
            }
            1 => {
                operation.outcome = match operation.outcome {
                    Outcome::Ok(_) => Outcome::Fail,
                    _ if operation.action != Action::Acquire => Outcome::Ok(None),
                    _ => Outcome::Ok(Some(Token(longer % 32 + 1))),
                };
                operation.returned = operation.returned.or(Some(operation.called + longer));
            }
            2 => {
                if let Outcome::Ok(Some(token)) = &mut operation.outcome {
                    token.0 = (token.0 + 4).saturating_sub(1 + longer % 32);
                }
            }
            3 => operation.called = operation.called.saturating_sub(longer),
            _ => operation.process = process,
        }
        // Changes that make the history malformed are taken back.
        let history = History { operations: operations.clone() };
        let answer = check(&history, semantics, Budget::default());
        if matches!(answer, Answer::Unknown { .. }) {
            operations[index] = before;
        }
    }
}

/// Moves calls and returns apart, in an order that their times allow.
fn without_ties(operations: &mut [Operation]) {
    for (index, operation) in (0..).zip(operations) {
        let instant =
            operation.action == Action::LeaseEnded && operation.returned == Some(operation.called);
        operation.called = operation.called * 32 + index * 2;
        operation.returned = match operation.returned {
            Some(_) if instant => Some(operation.called),
            returned => returned.map(|returned| returned * 32 + index * 2 + 1),
        };
    }
}

/// From when on a process can call: nothing if its last operation never returned.
fn free_from(
    operations: &[Operation],
    process: Owner,
    lock: LockId,
    action: Action,
) -> Option<u64> {
    let mut free = Some(0);
    if action == Action::LeaseEnded {
        return free;
    }
    for operation in operations {
        let own = operation.process == process && operation.lock == lock;
        if own && operation.action != Action::LeaseEnded {
            free = operation.returned;
            free?;
        }
    }
    free
}

impl Lock {
    fn apply(&mut self, semantics: Semantics, process: Owner, action: Action) -> Outcome {
        let mine = self.holder.is_some_and(|(holder, _)| holder == process);
        match action {
            Action::Acquire if self.holder.is_none() || (mine && semantics.reentrant) => {
                self.token +=
                    u64::from(self.holder.is_none() || process.client.0.is_multiple_of(2));
                self.holder = Some((process, self.holder.map_or(1, |(_, depth)| depth + 1)));
                Outcome::Ok(Some(Token(self.token)))
            }
            Action::Release if mine => {
                self.holder = self
                    .holder
                    .filter(|(_, depth)| *depth > 1)
                    .map(|(owner, depth)| (owner, depth - 1));
                Outcome::Ok(None)
            }
            Action::LeaseEnded => {
                self.holder = self.holder.filter(|_| !mine);
                Outcome::Ok(None)
            }
            _ => Outcome::Fail,
        }
    }
}
