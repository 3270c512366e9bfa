//! The decision without search: one sweep over the events, one moment for each operation.
//!
//! The sweep grants at the acquire's return, frees at the release's call (or when the lease's end
//! begins), and forgets acquires of unknown outcome. What is left of each critical section is its
//! *core*, the smallest hold that the history allows, so cores that overlap are a proof that
//! nothing fits, and cores that do not are an order that does (the lemma in the parent module).
//!
//! That is exact as long as no operation has a choice that the sweep cannot weigh. Where one has,
//! the sweep does not guess: it hands the lock over to the search. It does so when
//!
//! - a release may rest on an acquire of unknown outcome, or a later hold may be ended by a
//!   release of unknown outcome that an earlier one did not need;
//! - the end of a lease overlaps an acquire of its owner, or a release that it may have beaten;
//! - a release of unknown outcome is repeated, or belongs to a nested hold;
//! - an acquire returns at the moment at which its owner's next operation is called, or a grant whose
//!   token does not grow may be nested in a hold of unknown outcome;
//! - a failed acquire asserts that the lock was held.

use super::explain::Cause;
use super::history::{Action, Event, Layout, Operation, Outcome};
use super::mutex::Semantics;
use crate::id::{Owner, Token};

/// What the sweep found.
#[derive(Debug)]
pub(super) struct Swept {
    /// The first event (its position) after which nothing fits, and why.
    pub(super) broken: Option<(usize, Cause)>,
    /// The numbers of the locks that need the search, in ascending order.
    pub(super) handed_over: Vec<u32>,
}

/// What the sweep knows of one process at one lock.
#[derive(Clone, Default)]
struct Standing {
    /// How many releases end its hold; 0 without a hold.
    depth: u32,
    /// Its operation between call and return; those of unknown outcome are not kept.
    open: Option<u32>,
    /// The open release found it holding.
    closing: bool,
    /// A release of unknown outcome found it holding, and nothing happened since.
    maybe_released: bool,
    /// A release of unknown outcome that no hold needed may still take effect.
    spare_release: bool,
    /// An acquire of unknown outcome may still take effect.
    spare_acquire: bool,
    /// The end of its lease struck its hold.
    lost: bool,
    /// How many ends of its lease have begun and not returned.
    ending: u32,
}

/// What the sweep knows of one lock.
#[derive(Clone, Default)]
struct Lock {
    /// Whose core is on.
    core: Option<Owner>,
    /// The largest token granted.
    newest: Option<Token>,
    handed_over: bool,
}

/// Why the sweep stops with a lock.
enum Stop {
    Broken(Cause),
    HandOver,
}

/// Sweeps over a history; stops at the first event after which nothing fits.
pub(super) fn sweep(operations: &[Operation], layout: &Layout, semantics: Semantics) -> Swept {
    let mut sweep = Sweep {
        operations,
        semantics,
        standings: vec![Standing::default(); layout.places],
        locks: vec![Lock::default(); layout.locks.len()],
    };
    let mut broken = None;
    for (position, event) in layout.events.iter().enumerate() {
        let index = event.operation as usize;
        let (lock, place) = (layout.lock[index] as usize, layout.place[index] as usize);
        if sweep.locks[lock].handed_over {
            continue;
        }
        match sweep.event(*event, lock, place) {
            Ok(()) => {}
            Err(Stop::HandOver) => sweep.locks[lock].handed_over = true,
            Err(Stop::Broken(cause)) => {
                broken = Some((position, cause));
                break;
            }
        }
    }
    let handed_over = (0..).zip(&sweep.locks).filter(|(_, lock)| lock.handed_over);
    Swept { broken, handed_over: handed_over.map(|(number, _)| number).collect() }
}

struct Sweep<'a> {
    operations: &'a [Operation],
    semantics: Semantics,
    standings: Vec<Standing>,
    locks: Vec<Lock>,
}

impl Sweep<'_> {
    fn event(&mut self, event: Event, lock: usize, place: usize) -> Result<(), Stop> {
        let operation = &self.operations[event.operation as usize];
        let unknown = operation.outcome == Outcome::Unknown;
        match (operation.action, event.returns) {
            (Action::LeaseEnded, _) if unknown => Err(Stop::HandOver),
            (Action::LeaseEnded, false) => self.lease_ends(operation, lock, place),
            (Action::LeaseEnded, true) => {
                let standing = &mut self.standings[place];
                standing.ending -= 1;
                if standing.lost && !standing.closing {
                    standing.lost = false;
                    standing.depth = 0;
                }
                Ok(())
            }
            (_, true) if self.standings[place].open != Some(event.operation) => Ok(()),
            (_, true) => self.returned(operation, lock, place),
            (_, false) => {
                self.close_what_touches(lock, place)?;
                match operation.action {
                    Action::Acquire => self.acquire_called(operation, place)?,
                    _ => self.release_called(operation, lock, place)?,
                }
                self.standings[place].open = (!unknown).then_some(event.operation);
                Ok(())
            }
        }
    }

    /// A process calls its next operation at the moment at which its last one returns: the return
    /// comes first, although the order of events has it later.
    fn close_what_touches(&mut self, lock: usize, place: usize) -> Result<(), Stop> {
        let Some(open) = self.standings[place].open else {
            return Ok(());
        };
        let operation = &self.operations[open as usize];
        let granted = matches!(operation.outcome, Outcome::Ok(_));
        if operation.action == Action::Acquire && granted {
            return Err(Stop::HandOver);
        }
        // A violation belongs to the return, which is still to come.
        self.returned(operation, lock, place).map_err(|_| Stop::HandOver)
    }

    fn acquire_called(&mut self, operation: &Operation, place: usize) -> Result<(), Stop> {
        let standing = &mut self.standings[place];
        match operation.outcome {
            Outcome::Unknown => standing.spare_acquire = true,
            Outcome::Fail if self.semantics.busy_means_held => return Err(Stop::HandOver),
            Outcome::Fail => {}
            Outcome::Ok(_) => {
                let unclear = standing.maybe_released && self.semantics.reentrant;
                if standing.ending > 0 || standing.spare_release || unclear {
                    return Err(Stop::HandOver);
                }
            }
        }
        Ok(())
    }

    fn release_called(
        &mut self,
        operation: &Operation,
        lock: usize,
        place: usize,
    ) -> Result<(), Stop> {
        let standing = &mut self.standings[place];
        let unknown = operation.outcome == Outcome::Unknown;
        if standing.maybe_released || standing.lost {
            return Err(Stop::HandOver);
        }
        match standing.depth {
            0 if unknown => standing.spare_release = true,
            0 => {}
            depth => {
                if unknown && depth > 1 {
                    return Err(Stop::HandOver);
                }
                standing.maybe_released = unknown;
                standing.closing = !unknown;
                if depth == 1 {
                    self.locks[lock].core = None;
                }
            }
        }
        Ok(())
    }

    fn returned(&mut self, operation: &Operation, lock: usize, place: usize) -> Result<(), Stop> {
        let standing = &mut self.standings[place];
        standing.open = None;
        match (operation.action, operation.outcome) {
            (Action::Acquire, Outcome::Ok(token)) => {
                self.granted(operation.process, token, lock, place)
            }
            (Action::Release, Outcome::Ok(_)) if standing.closing => {
                standing.closing = false;
                standing.depth -= 1;
                if standing.lost && (standing.ending == 0 || standing.depth == 0) {
                    standing.lost = false;
                    standing.depth = 0;
                }
                Ok(())
            }
            (Action::Release, Outcome::Ok(_)) if standing.spare_acquire => Err(Stop::HandOver),
            (Action::Release, Outcome::Ok(_)) => {
                Err(Stop::Broken(Cause::NotHolder { holder: self.locks[lock].core }))
            }
            (Action::Release, Outcome::Fail) if standing.closing && standing.lost => {
                Err(Stop::HandOver)
            }
            (Action::Release, Outcome::Fail) if standing.closing => {
                Err(Stop::Broken(Cause::StillHeld))
            }
            _ => Ok(()),
        }
    }

    fn granted(
        &mut self,
        process: Owner,
        token: Option<Token>,
        lock: usize,
        place: usize,
    ) -> Result<(), Stop> {
        let standing = &mut self.standings[place];
        let lock = &mut self.locks[lock];
        if standing.maybe_released {
            standing.maybe_released = false;
            standing.depth = 0;
        }
        if standing.depth > 0 && !self.semantics.reentrant {
            return Err(Stop::Broken(Cause::HeldItself));
        }
        if let Some(by) = lock.core.filter(|core| *core != process) {
            return Err(Stop::Broken(Cause::Held { by }));
        }
        if let (true, Some(token)) = (self.semantics.fenced, token) {
            let nested = standing.depth > 0;
            let grows = |newest| newest < token || (nested && newest == token);
            if !lock.newest.is_none_or(grows) {
                let nestable = self.semantics.reentrant && standing.spare_acquire;
                return Err(if nestable { Stop::HandOver } else { Stop::Broken(Cause::Token) });
            }
            lock.newest = Some(token);
        }
        standing.depth += 1;
        lock.core = Some(process);
        Ok(())
    }

    fn lease_ends(&mut self, operation: &Operation, lock: usize, place: usize) -> Result<(), Stop> {
        let standing = &mut self.standings[place];
        let open = standing.open.map(|open| self.operations[open as usize].action);
        if open == Some(Action::Acquire) {
            return Err(Stop::HandOver);
        }
        standing.ending += 1;
        if standing.depth == 0 {
            return Ok(());
        }
        // Which of the two ended the hold is open, so the release may have effect later.
        standing.spare_release |= standing.maybe_released;
        standing.maybe_released = false;
        standing.lost = true;
        let lock = &mut self.locks[lock];
        lock.core = lock.core.filter(|core| *core != operation.process);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
