//! `linearizable`, watched while a run goes on: observations become operations of a history.
//!
//! A process is one life of a client. It calls when its application asks for a lock or gives it
//! back, and its operation returns when its client says how that ended. The end of a lease by the
//! servers is an operation of theirs. That a client says that its lock is lost is only what it
//! believes, and no operation; but if it then gives the lock back on its own, without being asked
//! by its application, the servers' release stands for the end of its lease.
//!
//! The servers' account is part of it, for what they do unasked is an operation that nobody called:
//! a server that prolongs a lease after it has ended it, or that gives a lock once more to the
//! owner who has it, if the lock is not reentrant.
//!
//! An application may ask for a lock again while its client still owes it an answer that it no
//! longer waits for. The older operation has an unknown outcome then, and so has a late answer.

#[cfg(test)]
mod tests;

use super::linearizable::{self, Action, Answer, Budget, Outcome, Recorder};
use super::monitor::{FirstBreak, Monitor};
use super::scene::Scene;
use super::table::Table;
use super::verdict::Verdict;
use crate::contract::{
    Ending, Event, HostEvent, LeaseEvent, LockEvent, Observation, Semantics, WorkEvent,
};
use crate::id::{ClientId, LockId, NodeId, Owner, ServerId};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// The first in the order of nodes.
const FIRST: NodeId = NodeId::Server(ServerId(0));

/// Watches `linearizable`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Linearizable {
    recorder: Recorder,
    reentrant: bool,
    /// What each server did last about each lock: whose lease it began or ended. An end is
    /// forgotten once its owner asks again.
    leases: BTreeMap<(LockId, NodeId), (Owner, bool)>,
    /// What a server did unasked.
    unasked: FirstBreak,
    /// Who was granted each lock first.
    first: Table<Option<Owner>>,
    /// Whether some lock was granted to two owners.
    contended: bool,
    /// Who was told that a lock is lost and has not asked for it since.
    lost: BTreeSet<(Owner, LockId)>,
    /// Whose operation on which lock is open.
    open: BTreeMap<(Owner, LockId), Action>,
    /// To whom an answer is owed for which nobody waits any more.
    owed: BTreeSet<(Owner, LockId)>,
}

impl Linearizable {
    /// For a lock of these semantics.
    pub(super) fn new(semantics: Semantics) -> Self {
        let reentrant = semantics.reentrant;
        let semantics =
            linearizable::Semantics { reentrant, fenced: semantics.fenced, busy_means_held: false };
        Self {
            recorder: Recorder::new(semantics, Budget::default()),
            reentrant,
            leases: BTreeMap::new(),
            unasked: FirstBreak::default(),
            first: Table::default(),
            contended: false,
            lost: BTreeSet::new(),
            open: BTreeMap::new(),
            owed: BTreeSet::new(),
        }
    }

    fn works(&mut self, at: Time, process: Owner, event: WorkEvent) {
        let (lock, action) = match event {
            WorkEvent::Acquires { lock } => (lock, Action::Acquire),
            WorkEvent::Releases { lock } => (lock, Action::Release),
            WorkEvent::Checked { .. } | WorkEvent::Acknowledged { .. } => return,
        };
        // A client that has lost a lock and asks for it again may still have a release of its own
        // on the way to the servers, which ends there what it had.
        if action == Action::Release {
            self.lost.remove(&(process, lock));
        } else {
            self.forget_ends(lock, process);
        }
        if self.open.insert((process, lock), action).is_some() {
            self.owed.insert((process, lock));
            self.recorder.returned(process, lock, Outcome::Unknown, at.0);
        }
        self.recorder.called(process, lock, action, at.0);
    }

    /// Forgets which servers have ended a lease of this owner on this lock. It looks at this lock
    /// alone: clients ask all the time, and there may be many locks.
    fn forget_ends(&mut self, lock: LockId, process: Owner) {
        let of_lock = self.leases.range((lock, FIRST)..);
        let of_lock = of_lock.take_while(|((of, _), _)| *of == lock);
        let ended = of_lock.filter(|(_, (owner, owns))| !*owns && *owner == process);
        let ended: Vec<(LockId, NodeId)> = ended.map(|(of, _)| *of).collect();
        for of in ended {
            self.leases.remove(&of);
        }
    }

    fn told(&mut self, at: Time, process: Owner, event: LockEvent) {
        let (lock, outcome) = match event {
            LockEvent::Granted { lock, token } => {
                self.lost.remove(&(process, lock));
                let first = self.first.at(lock.index()).get_or_insert(process);
                self.contended |= *first != process;
                (lock, Outcome::Ok(token))
            }
            LockEvent::Refused { lock, definite } if definite => (lock, Outcome::Fail),
            LockEvent::Refused { lock, .. } => (lock, Outcome::Unknown),
            LockEvent::Released { lock, outcome } => match outcome {
                Ending::Done => (lock, Outcome::Ok(None)),
                Ending::Failed => (lock, Outcome::Fail),
                Ending::Unknown => (lock, Outcome::Unknown),
            },
            LockEvent::Lost { lock } => {
                self.lost.insert((process, lock));
                return;
            }
        };
        if self.open.remove(&(process, lock)).is_none() && self.owed.remove(&(process, lock)) {
            return;
        }
        self.recorder.returned(process, lock, outcome, at.0);
    }

    fn crashed(&mut self, at: Time, client: ClientId, scene: &Scene) {
        for set in [&mut self.lost, &mut self.owed] {
            set.retain(|(owner, _)| owner.client != client);
        }
        self.open.retain(|(owner, _), _| owner.client != client);
        self.recorder.crashed(scene.life(client), at.0);
    }

    /// A server changes its account. One that it was the last to change, and that the servers
    /// together still agree with, must not say twice what can only be said once.
    fn leased(&mut self, at: Time, server: NodeId, event: LeaseEvent, scene: &Scene) {
        let lock = event.lock();
        let before = self.leases.get(&(lock, server)).copied();
        let (owner, owns) = match event {
            LeaseEvent::Granted { owner, .. } => {
                let has = before == Some((owner, true)) && scene.owns(owner, lock);
                if has && !self.reentrant {
                    let reason = format!("{server} gave {lock} to {owner}, who had it already");
                    self.unasked.set(at, reason);
                }
                (owner, true)
            }
            LeaseEvent::Renewed { owner, .. } => {
                if before == Some((owner, false)) && !scene.owns(owner, lock) {
                    let reason =
                        format!("{server} prolonged {owner}'s lease on {lock}, which had ended");
                    self.unasked.set(at, reason);
                }
                (owner, true)
            }
            LeaseEvent::Released { owner, .. } | LeaseEvent::Expired { owner, .. }
                if self.open.get(&(owner, lock)) != Some(&Action::Acquire) =>
            {
                (owner, false)
            }
            _ => {
                self.leases.remove(&(lock, server));
                return;
            }
        };
        self.leases.insert((lock, server), (owner, owns));
    }
}

impl Monitor for Linearizable {
    fn observe(&mut self, at: Time, seen: &Observation, scene: &Scene) {
        if let Event::Lease(event) = &seen.event {
            self.leased(at, seen.node, *event, scene);
        }
        match (&seen.event, seen.node) {
            (Event::Work(event), NodeId::Client(client)) => {
                self.works(at, scene.life(client), *event);
            }
            (Event::Lock(event), NodeId::Client(client)) => {
                self.told(at, scene.life(client), *event);
            }
            (Event::Host(HostEvent::Crashed), NodeId::Client(client)) => {
                self.crashed(at, client, scene);
            }
            // What is left on its disk is what counts from now on.
            (Event::Host(HostEvent::Crashed), server) => {
                self.leases.retain(|(_, at), _| *at != server);
            }
            (Event::LeaseEnded { lock, owner }, _) => {
                self.recorder.lease_ended(*owner, *lock, at.0);
            }
            (Event::Lease(LeaseEvent::Released { lock, owner, by }), _)
                if owner == by && self.lost.contains(&(*owner, *lock)) =>
            {
                self.recorder.lease_ended(*owner, *lock, at.0);
            }
            _ => {}
        }
    }

    fn is_broken(&self) -> bool {
        self.unasked.is_set() || matches!(self.recorder.answer(), Answer::Broken { .. })
    }

    fn verdict(&self, end: Time, _: &Scene) -> Verdict {
        if self.unasked.is_set() {
            return self.unasked.verdict_unless(None);
        }
        match self.recorder.clone().finish(end.0) {
            Answer::Broken { at, reason, .. } => Verdict::broken(Time(at), reason),
            Answer::Unknown { reason } => Verdict::Unknown { reason },
            Answer::Fits if self.contended => Verdict::Held,
            Answer::Fits => Verdict::not_exercised("no lock was granted to two owners"),
        }
    }
}
