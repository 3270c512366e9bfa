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

#[cfg(test)]
mod tests {
    use super::super::testing::{History, is_idle};
    use super::*;

    fn plain() -> Linearizable {
        Linearizable::new(Semantics::default())
    }

    fn of(reentrant: bool, fenced: bool) -> Linearizable {
        Linearizable::new(Semantics { reentrant, fenced, renews: false })
    }

    /// Client 1 takes and holds L1 until 2 ms.
    fn held() -> History {
        let history = History::new().at(1).acquires(1, 1).at(2);
        history.granted(1, 1, None)
    }

    fn then_granted_to_2(history: History) -> History {
        let history = history.at(20).acquires(2, 1).at(21);
        history.granted(2, 1, None)
    }

    fn lease_ended(history: History, client: u32) -> History {
        let (lock, owner) = (LockId(1), history.owner(client));
        history.see(ServerId(1), Event::LeaseEnded { lock, owner })
    }

    #[test]
    fn a_second_grant_without_an_end_of_the_first_breaks_it() {
        let reason = then_granted_to_2(held()).break_of(plain());
        assert!(reason.starts_with("0.021 s: "), "{reason}");
        let crash = then_granted_to_2(held().at(5).crashes(1));
        assert!(crash.judge(plain()).is_broken(), "a crash frees nothing");
        let lost = then_granted_to_2(held().at(5).lost(1, 1));
        assert!(lost.judge(plain()).is_broken(), "belief frees nothing");
    }

    #[test]
    fn a_release_that_is_done_or_may_be_done_makes_room() {
        let released = |outcome| {
            let history = held().at(5).releases(1, 1).at(6);
            then_granted_to_2(history.released(1, 1, outcome)).judge(plain())
        };
        assert_eq!(released(Ending::Done), Verdict::Held);
        assert_eq!(released(Ending::Unknown), Verdict::Held);
        assert!(released(Ending::Failed).is_broken());
    }

    #[test]
    fn the_end_of_a_lease_makes_room() {
        let ended = then_granted_to_2(lease_ended(held().at(5), 1));
        assert_eq!(ended.judge(plain()), Verdict::Held);
        let of_another = then_granted_to_2(lease_ended(held().at(5), 3));
        assert!(of_another.judge(plain()).is_broken());
    }

    #[test]
    fn a_client_that_lost_its_lock_may_give_it_back_on_its_own() {
        let frees = |history: History| {
            let (lock, owner) = (LockId(1), history.owner(1));
            let by = owner;
            history.see(ServerId(1), LeaseEvent::Released { lock, owner, by })
        };
        let lost = then_granted_to_2(frees(held().at(5).lost(1, 1).at(6)));
        assert_eq!(lost.judge(plain()), Verdict::Held);
        let believed = then_granted_to_2(frees(held().at(6)));
        assert!(believed.judge(plain()).is_broken());
    }

    #[test]
    fn a_client_that_lost_its_lock_and_asks_again_may_still_give_back_what_it_had() {
        let again = |frees: bool| {
            let mut history = held().at(5).lost(1, 1).at(6).acquires(1, 1).at(7);
            let (lock, owner) = (LockId(1), history.owner(1));
            if frees {
                let by = owner;
                history = history.see(ServerId(1), LeaseEvent::Released { lock, owner, by });
            }
            let history = history.at(8).granted(1, 1, None).at(9).releases(1, 1).at(10);
            then_granted_to_2(history.released(1, 1, Ending::Done).at(11)).judge(plain())
        };
        assert_eq!(again(true), Verdict::Held);
        assert!(again(false).is_broken());
    }

    #[test]
    fn a_lease_that_ended_is_not_prolonged() {
        let lock = LockId(1);
        let renewed = |history: History| {
            let owner = history.owner(1);
            let renewed = LeaseEvent::Renewed { lock, owner, lease: None };
            history.at(9).see(ServerId(1), renewed).judge(plain())
        };
        let expired = |history: History| {
            let owner = history.owner(1);
            history.at(5).see(ServerId(1), LeaseEvent::Expired { lock, owner }).owners(1, [])
        };
        let given = || held().owners(1, [1]);
        assert!(renewed(expired(given())).is_broken());
        assert!(!renewed(given()).is_broken());
        let by_another = expired(given()).at(6).owners(1, [1]);
        assert!(!renewed(by_another).is_broken(), "another server gave it to him again");
        let asks = expired(given()).at(6).acquires(1, 1);
        assert!(!renewed(asks).is_broken(), "another server may have given it to him again");
        let restarted = expired(given()).host(ServerId(1), HostEvent::Crashed);
        assert!(!renewed(restarted).is_broken(), "its disk may not have known");
    }

    #[test]
    fn an_owner_is_not_given_what_he_has() {
        let lock = LockId(1);
        let twice = |monitor, ended: bool| {
            let mut history = held();
            let owner = history.owner(1);
            let given = LeaseEvent::Granted { lock, owner, lease: None };
            history = history.see(ServerId(1), given).owners(1, [1]).at(5);
            if ended {
                let freed = LeaseEvent::Released { lock, owner, by: owner };
                history = history.see(ServerId(1), freed);
            }
            history.see(ServerId(1), given).judge(monitor)
        };
        assert!(twice(plain(), false).is_broken());
        assert!(!twice(plain(), true).is_broken());
        assert!(!twice(of(true, false), false).is_broken());
    }

    #[test]
    fn a_refusal_is_definite_or_not() {
        let refused = |definite| {
            let lock = LockId(1);
            let history = History::new().at(1).acquires(1, 1).at(2);
            let history = history.see(ClientId(1), LockEvent::Refused { lock, definite });
            let history = history.at(3).acquires(2, 1).at(4).granted(2, 1, None);
            let history = history.at(5).releases(2, 1).at(6);
            let history = history.released(2, 1, Ending::Done);
            // Only an acquire that may have taken effect gives client 1 something to release.
            let history = history.at(7).releases(1, 1).at(8);
            history.released(1, 1, Ending::Done).judge(plain())
        };
        assert!(refused(true).is_broken());
        assert!(!refused(false).is_broken());
    }

    #[test]
    fn a_lock_may_be_taken_twice_only_if_it_is_reentrant() {
        let twice = || held().at(3).acquires(1, 1).at(4).granted(1, 1, None);
        assert!(twice().judge(plain()).is_broken());
        assert!(!twice().judge(of(true, false)).is_broken());
    }

    #[test]
    fn tokens_must_grow_if_it_is_fenced() {
        let tokens = |first, second| {
            let history = History::new().at(1).takes(1, 1, first).at(2);
            let history = history.releases(1, 1).at(3);
            let history = history.released(1, 1, Ending::Done).at(4);
            history.acquires(2, 1).at(5).granted(2, 1, second)
        };
        assert_eq!(tokens(1, 2).judge(of(false, true)), Verdict::Held);
        assert!(tokens(2, 2).judge(of(false, true)).is_broken());
    }

    #[test]
    fn a_client_that_died_while_it_asked_may_have_got_the_lock_or_not() {
        let history = History::new().at(1).acquires(1, 1).at(2).crashes(1);
        let history = history.starts(1).at(3).acquires(1, 1).at(4);
        let history = history.granted(1, 1, None).at(5).releases(1, 1).at(6);
        let history = history.released(1, 1, Ending::Done);
        assert_eq!(then_granted_to_2(history).judge(plain()), Verdict::Held);
    }

    #[test]
    fn asking_again_before_the_answer_leaves_the_first_outcome_open() {
        let history = History::new().at(1).acquires(1, 1).at(2).acquires(1, 1);
        let late = history.at(3).refused(1, 1).at(4).granted(1, 1, None);
        let back = late.at(5).releases(1, 1).at(6).released(1, 1, Ending::Done);
        assert_eq!(then_granted_to_2(back).judge(plain()), Verdict::Held);
        let thrice = History::new().at(1).takes(1, 1, None).at(2).granted(1, 1, None);
        assert!(matches!(thrice.judge(plain()), Verdict::Unknown { .. }));
    }

    #[test]
    fn what_is_out_of_order_is_unknown_and_one_owner_proves_nothing() {
        let unasked = History::new().at(1).granted(1, 1, None).judge(plain());
        assert!(matches!(unasked, Verdict::Unknown { .. }), "{unasked:?}");
        assert!(is_idle(&held().judge(plain())));
    }
}
