//! What ends a grant: its owner gives the lock back, or his lease ends.
//!
//! A lease runs on the monotonic clock, from the commit or from the last renewal; after a restart
//! it begins anew, which can only make it longer. Who asks for a lock needs every guard of it, so
//! as long as *one* of them keeps it for its owner, nobody else gets it.

use super::{LedgerChange, Participant, ParticipantTimer};
use crate::contract::LeaseEvent;
use crate::id::{LockId, NodeId};
use crate::two_phase::message::{Message, Request};
use crate::two_phase::server::{Fx, ServerTimer};

impl Participant {
    /// Begins the lease on a committed lock, or begins it anew.
    pub(super) fn begin_lease(&mut self, lock: LockId, fx: &mut Fx) {
        let Some(lease) = self.settings.lease else { return };
        self.last_lease += 1;
        let number = self.last_lease;
        if let Some(before) = self.leases.insert(lock, number) {
            fx.disarm(ServerTimer::Participant(ParticipantTimer::Lease(lock, before)));
        }
        self.arm(ParticipantTimer::Lease(lock, number), lease, fx);
    }

    /// A lease ends. The timer of an earlier one is stale and does nothing.
    pub(super) fn expire(&mut self, lock: LockId, number: u64, fx: &mut Fx) {
        if self.leases.get(&lock) != Some(&number) {
            return;
        }
        let Some(owner) = self.ledger.owner(lock) else { return };
        self.free(lock, LeaseEvent::Expired { lock, owner }, fx);
        self.call_next(fx);
    }

    /// The owner gives a lock back. Of what is still in doubt it cannot be taken.
    pub(in crate::two_phase) fn release(
        &mut self,
        from: NodeId,
        request: Request,
        lock: LockId,
        fx: &mut Fx,
    ) {
        if self.ledger.prepared().any(|(_, prepared)| prepared.preparation.request == request) {
            return;
        }
        let freed = self.owned_by(request, lock);
        if freed {
            let owner = request.owner;
            self.free(lock, LeaseEvent::Released { lock, owner, by: owner }, fx);
            fx.sync();
        }
        fx.send(from, Message::Released { request, lock, freed });
        if freed {
            self.call_next(fx);
        }
    }

    /// The owner prolongs his lease.
    pub(in crate::two_phase) fn renew(
        &mut self,
        from: NodeId,
        request: Request,
        lock: LockId,
        renewal: u32,
        fx: &mut Fx,
    ) {
        if self.ledger.prepared().any(|(_, prepared)| prepared.preparation.request == request) {
            return;
        }
        let kept = self.owned_by(request, lock);
        if kept {
            self.begin_lease(lock, fx);
            let (owner, lease) = (request.owner, self.settings.lease);
            fx.notify(LeaseEvent::Renewed { lock, owner, lease });
        }
        fx.send(from, Message::Renewed { request, lock, renewal, kept });
    }

    fn owned_by(&self, request: Request, lock: LockId) -> bool {
        self.ledger.holds().get(&lock).is_some_and(|hold| hold.request == request)
    }

    /// Frees a committed lock. Whoever gets it next is prepared with a sync, which makes this
    /// durable too.
    fn free(&mut self, lock: LockId, why: LeaseEvent, fx: &mut Fx) {
        if let Some(number) = self.leases.remove(&lock) {
            fx.disarm(ServerTimer::Participant(ParticipantTimer::Lease(lock, number)));
        }
        self.write(LedgerChange::Free(lock), fx);
        fx.notify(why);
    }
}
