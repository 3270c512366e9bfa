//! What a client holds: renewing it, relying on it, giving it back.
//!
//! The validity of a holding counts from the *sending* of a copy of the request, or of the last
//! renewal that any guard has acknowledged: as long as one guard keeps the lock, nobody else gets
//! it. Which copy, the grant says: the newest that the coordinator had when it decided. So whoever
//! stood in line for long is not granted a lock that is as good as lost.

use super::{Claim, Client, ClientTimer, Fx};
use crate::contract::{Clock, Ending, LockEvent};
use crate::id::{LockId, ServerId};
use crate::two_phase::message::{Message, Request};
use std::collections::BTreeSet;

/// One lock that a client has.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Holding {
    /// The request that got it.
    pub number: u32,
    /// Whether it is being given back.
    pub releasing: bool,
    /// The number of the newest renewal, counted on from the copies of the request.
    renewal: u32,
    /// Whether an answer to it still counts.
    pending: bool,
    /// The copy or the renewal that the validity counts from.
    counted: u32,
    /// Who freed the lock when it was given back.
    freed: BTreeSet<ServerId>,
    /// Who did not have it (any more).
    missing: BTreeSet<ServerId>,
    /// How often the release was sent.
    copies: u32,
}

impl Client {
    /// Begins to hold a lock that a claim has got. Its validity has been counting since this copy
    /// of the request was sent.
    pub(super) fn hold(&mut self, lock: LockId, claim: &Claim, copy: u32, fx: &mut Fx) {
        let Claim { number, copies, outdated, .. } = *claim;
        let holding = Holding { number, renewal: copies, counted: copy, ..Holding::default() };
        self.holdings.insert(lock, holding);
        if let Some(lease) = self.settings.lease {
            for other in (outdated + 1..=copies).filter(|other| *other != copy) {
                fx.disarm(ClientTimer::Validity(lock, number, other));
            }
            fx.arm(ClientTimer::Renew(lock, number), Clock::Monotonic, lease / 3);
        }
    }

    /// The holding of a lock that this request got.
    fn holding(&mut self, lock: LockId, number: u32) -> Option<&mut Holding> {
        self.holdings.get_mut(&lock).filter(|holding| holding.number == number)
    }

    /// A third of the lease is over: a new renewal, whose validity counts from here. One that is
    /// still without an answer is given up.
    pub(super) fn renew(&mut self, lock: LockId, number: u32, fx: &mut Fx) {
        let (Some(lease), Some(validity)) = (self.settings.lease, self.settings.validity()) else {
            return;
        };
        let Some(holding) = self.holding(lock, number).filter(|holding| !holding.releasing) else {
            return;
        };
        if holding.pending {
            fx.disarm(ClientTimer::Validity(lock, number, holding.renewal));
        }
        holding.renewal += 1;
        holding.pending = true;
        holding.missing.clear();
        let renewal = holding.renewal;
        fx.arm(ClientTimer::Validity(lock, number, renewal), Clock::Monotonic, validity);
        fx.arm(ClientTimer::Renew(lock, number), Clock::Monotonic, lease / 3);
        self.send_again(lock, number, fx);
    }

    /// Sends the renewal or the release at hand to the guards that have not answered.
    fn send_again(&mut self, lock: LockId, number: u32, fx: &mut Fx) {
        let request = self.request(number);
        let guards = self.settings.guards(lock);
        let Some(holding) = self.holding(lock, number) else { return };
        holding.copies += u32::from(holding.releasing);
        for guard in guards {
            if holding.freed.contains(&guard) || holding.missing.contains(&guard) {
                continue;
            }
            let renewal = holding.renewal;
            let message = match holding.releasing {
                true => Message::Release { request, lock },
                false => Message::Renew { request, lock, renewal },
            };
            fx.send(guard, message);
        }
        fx.arm(ClientTimer::Again(lock, number), Clock::Monotonic, self.settings.repeat);
    }

    /// No answer: sends the renewal or the release again.
    pub(super) fn again(&mut self, lock: LockId, number: u32, fx: &mut Fx) {
        if self.holding(lock, number).is_some_and(|holding| holding.releasing || holding.pending) {
            self.send_again(lock, number, fx);
        }
    }

    /// A guard has answered a renewal.
    pub(super) fn renewed(
        &mut self,
        from: ServerId,
        request: Request,
        lock: LockId,
        renewal: u32,
        kept: bool,
        fx: &mut Fx,
    ) {
        let guards = self.settings.guards(lock).len();
        if request.owner != self.me {
            return;
        }
        let number = request.number;
        let Some(holding) = self.holding(lock, number) else { return };
        if holding.releasing || !holding.pending || holding.renewal != renewal {
            return;
        }
        if kept {
            holding.pending = false;
            fx.disarm(ClientTimer::Again(lock, number));
            fx.disarm(ClientTimer::Validity(lock, number, holding.counted));
            holding.counted = renewal;
        } else {
            holding.missing.insert(from);
            if holding.missing.len() == guards {
                self.lose(lock, fx);
            }
        }
    }

    /// What was counted from this renewal is over: the lock is lost, or it was a renewal without an
    /// answer, which comes too late from now on.
    pub(super) fn outdated(&mut self, lock: LockId, number: u32, renewal: u32, fx: &mut Fx) {
        let Some(holding) = self.holding(lock, number).filter(|holding| !holding.releasing) else {
            return;
        };
        if holding.counted == renewal {
            self.lose(lock, fx);
        } else if holding.renewal == renewal {
            holding.pending = false;
        }
    }

    fn lose(&mut self, lock: LockId, fx: &mut Fx) {
        self.end_holding(lock, fx);
        fx.notify(LockEvent::Lost { lock });
    }

    /// Begins to give a lock back, at all its guards.
    pub(super) fn release(&mut self, lock: LockId, fx: &mut Fx) {
        let Some(holding) = self.holdings.get_mut(&lock) else {
            // It was lost before.
            fx.notify(LockEvent::Released { lock, outcome: Ending::Failed });
            return;
        };
        if holding.releasing {
            return;
        }
        holding.releasing = true;
        holding.missing.clear();
        let (number, counted, renewal) = (holding.number, holding.counted, holding.renewal);
        if self.settings.lease.is_some() {
            fx.disarm(ClientTimer::Renew(lock, number));
            fx.disarm(ClientTimer::Validity(lock, number, counted));
            if renewal != counted {
                fx.disarm(ClientTimer::Validity(lock, number, renewal));
            }
        }
        if self.settings.conflict.has_timeouts() {
            let patience = self.settings.release_timeout;
            fx.arm(ClientTimer::ReleaseOver(lock, number), Clock::Monotonic, patience);
        }
        self.send_again(lock, number, fx);
    }

    /// A guard has answered a release. When all have, it is over: done if any of them had the
    /// lock. If none had it, it took no effect; unless an earlier copy of it did.
    pub(super) fn released(
        &mut self,
        from: ServerId,
        request: Request,
        lock: LockId,
        freed: bool,
        fx: &mut Fx,
    ) {
        let guards = self.settings.guards(lock).len();
        if request.owner != self.me {
            return;
        }
        let Some(holding) = self.holding(lock, request.number) else { return };
        if !holding.releasing {
            return;
        }
        let answers = if freed { &mut holding.freed } else { &mut holding.missing };
        answers.insert(from);
        if holding.freed.union(&holding.missing).count() < guards {
            return;
        }
        let outcome = match (holding.freed.is_empty(), holding.copies) {
            (false, _) => Ending::Done,
            (true, 1) => Ending::Failed,
            (true, _) => Ending::Unknown,
        };
        self.end_holding(lock, fx);
        fx.notify(LockEvent::Released { lock, outcome });
    }

    /// The release took too long.
    pub(super) fn release_over(&mut self, lock: LockId, number: u32, fx: &mut Fx) {
        if self.holding(lock, number).is_some_and(|holding| holding.releasing) {
            self.end_holding(lock, fx);
            fx.notify(LockEvent::Released { lock, outcome: Ending::Unknown });
        }
    }

    /// Forgets a holding, with all its timers.
    fn end_holding(&mut self, lock: LockId, fx: &mut Fx) {
        let Some(holding) = self.holdings.remove(&lock) else { return };
        let number = holding.number;
        fx.disarm(ClientTimer::Again(lock, number));
        if holding.releasing {
            if self.settings.conflict.has_timeouts() {
                fx.disarm(ClientTimer::ReleaseOver(lock, number));
            }
            return;
        }
        fx.disarm(ClientTimer::Renew(lock, number));
        for renewal in [holding.counted, holding.renewal] {
            fx.disarm(ClientTimer::Validity(lock, number, renewal));
        }
    }

    /// Gives back, once and without waiting for an answer, what a request may have got.
    pub(super) fn give_up_lock(&self, request: Request, lock: LockId, fx: &mut Fx) {
        for guard in self.settings.guards(lock) {
            fx.send(guard, Message::Release { request, lock });
        }
    }
}
