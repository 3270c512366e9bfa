//! Who waits for what has been prepared or committed: the policies for conflicts.

use super::ledger::Ledger;
use crate::id::LockId;
use crate::two_phase::message::{Age, AttemptId, Preparation, Request};
use crate::two_phase::settings::Conflict;

/// An attempt that has a lock which another one wants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Blocker {
    /// The lock.
    pub lock: LockId,
    /// The attempt.
    pub attempt: AttemptId,
    /// Whose it is.
    pub request: Request,
    /// How old that wish is.
    pub age: Age,
    /// Whether it has prepared and is not decided, so that it can still be wounded.
    pub in_doubt: bool,
}

/// What to do with an attempt.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Verdict {
    /// Its locks are free: prepare.
    Prepare,
    /// Wait in line.
    Wait,
    /// Vote no.
    Refuse,
}

/// The attempts that have a lock of this one, by what has been prepared or committed here.
pub(super) fn blockers(ledger: &Ledger, wanted: &Preparation) -> Vec<Blocker> {
    let wants = |lock: &LockId| wanted.locks.contains(lock);
    let prepared = ledger.prepared().filter(|(attempt, _)| *attempt != wanted.attempt);
    let prepared = prepared.flat_map(|(attempt, prepared)| {
        let Preparation { request, age, .. } = prepared.preparation;
        let locks = prepared.tokens.keys().filter(|lock| wants(lock));
        locks.map(move |lock| Blocker { lock: *lock, attempt, request, age, in_doubt: true })
    });
    let holds = ledger.holds().iter().filter(|(lock, _)| wants(lock));
    let holds = holds.map(|(lock, hold)| Blocker {
        lock: *lock,
        attempt: hold.attempt,
        request: hold.request,
        age: hold.age,
        in_doubt: false,
    });
    prepared.chain(holds).collect()
}

/// What the policy says to an attempt with these blockers. `overtakes` says whether it would pass
/// somebody in line who wants one of its locks.
pub(super) fn judge(
    conflict: Conflict,
    wanted: &Preparation,
    blockers: &[Blocker],
    overtakes: bool,
) -> Verdict {
    let free = blockers.is_empty();
    match conflict {
        Conflict::Refuse if free => Verdict::Prepare,
        Conflict::Refuse => Verdict::Refuse,
        // Nobody younger passes an older one; he would only be in the way.
        Conflict::WaitDie if free && !overtakes => Verdict::Prepare,
        Conflict::WaitDie if free => Verdict::Refuse,
        Conflict::WaitDie if blockers.iter().all(|blocker| wanted.age < blocker.age) => {
            Verdict::Wait
        }
        Conflict::WaitDie => Verdict::Refuse,
        Conflict::WoundWait | Conflict::Wait | Conflict::Bare if free && !overtakes => {
            Verdict::Prepare
        }
        Conflict::WoundWait | Conflict::Wait | Conflict::Bare => Verdict::Wait,
    }
}

/// Whether an attempt stands before another one in line: by age where the policy looks at age, else
/// whoever came first (`None`).
pub(super) fn by_age(conflict: Conflict) -> bool {
    matches!(conflict, Conflict::WaitDie | Conflict::WoundWait)
}

/// Whether two attempts want one lock.
pub(super) fn overlap(one: &Preparation, other: &Preparation) -> bool {
    one.locks.iter().any(|lock| other.locks.contains(lock))
}
