//! A participant: prepares, votes, and does what was decided.
//!
//! An attempt *waits* here until its locks are free, if the policy lets it; until then the
//! participant has not voted and may abort alone. Then it has *prepared*: that is on disk before
//! the vote leaves, a restart takes the locks again, and until it hears the decision it is *in
//! doubt* and keeps them for nobody else, whatever happens. A lock of a *committed* attempt is the
//! owner's until he gives it back or his lease ends.

mod leases;
mod ledger;
mod queue;
mod termination;
#[cfg(test)]
mod tests;

pub use ledger::{Hold, Ledger, LedgerChange, Prepared, Record};
pub use queue::Blocker;

use self::queue::Verdict;
use super::attempt_number;
use super::message::{AttemptId, Message, Preparation, Tokens, Vote};
use super::server::{Fx, ServerChange, ServerTimer};
use super::settings::{Conflict, Settings};
use crate::contract::{Clock, Disk, Doubt, Event, LeaseEvent, Milestone, Party, QueueEntry};
use crate::id::{Incarnation, LockId, ServerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Its timers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ParticipantTimer {
    /// The attempt has waited for its locks for too long.
    Waiting(AttemptId),
    /// The participant has been in doubt for too long.
    Doubt(AttemptId),
    /// The lease of this number on a lock ends.
    Lease(LockId, u64),
}

/// A participant.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Participant {
    settings: Settings,
    me: ServerId,
    life: Incarnation,
    ledger: Ledger,
    /// Who waits for a lock, first come first.
    waiting: Vec<Preparation>,
    /// How often it has asked about what it is in doubt about.
    asked: BTreeMap<AttemptId, u32>,
    /// The number of the lease on each committed lock.
    leases: BTreeMap<LockId, u64>,
    /// The number of the lease that began last.
    last_lease: u64,
    /// The line that was reported last.
    line: Vec<QueueEntry>,
}

impl Participant {
    /// The participant with what is on its disk.
    pub(super) fn new(settings: Settings, me: ServerId, ledger: &Ledger) -> Self {
        Self {
            settings,
            me,
            life: Incarnation::default(),
            ledger: ledger.clone(),
            waiting: Vec::new(),
            asked: BTreeMap::new(),
            leases: BTreeMap::new(),
            last_lease: 0,
            line: Vec::new(),
        }
    }

    /// What it keeps on disk, as it knows it.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The life that it is in.
    pub fn life(&self) -> Incarnation {
        self.life
    }

    /// The attempts that wait for its locks, first come first.
    pub fn waiting(&self) -> &[Preparation] {
        &self.waiting
    }

    /// Begins a life. Recovery: what an earlier life wrote becomes durable before anybody relies
    /// on it; what was in doubt is in doubt again, with its locks; leases begin anew.
    pub(super) fn start(&mut self, life: Incarnation, fx: &mut Fx) {
        self.life = life;
        fx.sync();
        let in_doubt: Vec<AttemptId> = self.ledger.prepared().map(|(attempt, _)| attempt).collect();
        for attempt in in_doubt {
            self.doubt(attempt, fx);
        }
        for lock in self.ledger.holds().keys().copied().collect::<Vec<_>>() {
            self.begin_lease(lock, fx);
        }
    }

    /// First phase: the coordinator asks for a vote.
    pub(super) fn prepare(&mut self, wanted: Preparation, fx: &mut Fx) {
        let attempt = wanted.attempt;
        match self.ledger.record(attempt) {
            Some(Record::Prepared(prepared)) => {
                let tokens = prepared.tokens.clone();
                fx.send(attempt.coordinator, Message::Vote(attempt, Vote::Yes(tokens)));
            }
            Some(Record::Committed(_)) => {
                fx.send(attempt.coordinator, Message::Acknowledge(attempt))
            }
            Some(Record::Renounced) => {
                fx.send(attempt.coordinator, Message::Vote(attempt, Vote::No))
            }
            // A late copy: it was over before this participant heard of a newer one.
            None if self.ledger.is_over(attempt) => {}
            None if self.waiting.iter().any(|other| other.attempt == attempt) => {}
            None => self.consider(wanted, fx),
        }
    }

    /// Prepares an attempt, lets it wait, or votes no.
    fn consider(&mut self, wanted: Preparation, fx: &mut Fx) {
        let attempt = wanted.attempt;
        match self.judge(&wanted, &self.waiting) {
            Verdict::Prepare => {
                self.promise(wanted, fx);
                // Those who wait may now wait for somebody else.
                self.call_next(fx);
            }
            Verdict::Refuse => fx.send(attempt.coordinator, Message::Vote(attempt, Vote::No)),
            Verdict::Wait => {
                self.waiting.push(wanted);
                if self.settings.conflict.has_timeouts() {
                    let patience = self.settings.wait_timeout;
                    self.arm(ParticipantTimer::Waiting(attempt), patience, fx);
                }
                self.wound(attempt, fx);
                self.report_line(fx);
            }
        }
    }

    /// What the policy says to an attempt, given who else stands in line before it.
    fn judge(&self, wanted: &Preparation, line: &[Preparation]) -> Verdict {
        let conflict = self.settings.conflict;
        let overtakes = line.iter().any(|other| {
            let first = !queue::by_age(conflict) || other.age < wanted.age;
            other.attempt != wanted.attempt && first && queue::overlap(other, &self.mine(wanted))
        });
        let blockers = queue::blockers(&self.ledger, &self.mine(wanted));
        queue::judge(conflict, wanted, &blockers, overtakes)
    }

    /// The same with only the locks that are guarded here.
    fn mine(&self, wanted: &Preparation) -> Preparation {
        let mut mine = wanted.clone();
        mine.locks.retain(|lock| self.settings.guards(*lock).contains(&self.me));
        mine
    }

    /// An older attempt that waits wounds the younger ones that are not decided.
    fn wound(&self, attempt: AttemptId, fx: &mut Fx) {
        let Some(wanted) = self.waiting.iter().find(|wanted| wanted.attempt == attempt) else {
            return;
        };
        if self.settings.conflict == Conflict::WoundWait {
            for blocker in queue::blockers(&self.ledger, &self.mine(wanted)) {
                if blocker.in_doubt && wanted.age < blocker.age {
                    fx.send(blocker.attempt.coordinator, Message::Wound(blocker.attempt));
                }
            }
        }
    }

    /// Prepares: the promise is durable before the vote leaves.
    fn promise(&mut self, preparation: Preparation, fx: &mut Fx) {
        let attempt = preparation.attempt;
        let locks = self.mine(&preparation).locks.into_iter();
        let tokens: Tokens = locks.map(|lock| (lock, self.ledger.next_token(lock))).collect();
        let prepared = Prepared { preparation, tokens: tokens.clone() };
        self.write(LedgerChange::Prepare(prepared), fx);
        fx.sync();
        fx.notify(Milestone::Prepared);
        fx.send(attempt.coordinator, Message::Vote(attempt, Vote::Yes(tokens)));
        fx.notify(Milestone::Voted);
        self.doubt(attempt, fx);
    }

    /// Locks came free: goes through the line once more.
    fn call_next(&mut self, fx: &mut Fx) {
        if self.waiting.is_empty() {
            return;
        }
        let mut line = std::mem::take(&mut self.waiting);
        if queue::by_age(self.settings.conflict) {
            line.sort_by_key(|wanted| wanted.age);
        }
        for wanted in line {
            let attempt = wanted.attempt;
            match self.judge(&wanted, &self.waiting) {
                Verdict::Wait => {
                    self.waiting.push(wanted);
                    self.wound(attempt, fx);
                    continue;
                }
                Verdict::Prepare => self.promise(wanted, fx),
                Verdict::Refuse => fx.send(attempt.coordinator, Message::Vote(attempt, Vote::No)),
            }
            self.disarm_waiting(attempt, fx);
        }
        self.report_line(fx);
    }

    /// Takes an attempt out of the line; says whether it stood there.
    fn leave_line(&mut self, attempt: AttemptId, fx: &mut Fx) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|wanted| wanted.attempt != attempt);
        let stood = self.waiting.len() < before;
        if stood {
            self.disarm_waiting(attempt, fx);
        }
        stood
    }

    fn disarm_waiting(&self, attempt: AttemptId, fx: &mut Fx) {
        if self.settings.conflict.has_timeouts() {
            fx.disarm(ServerTimer::Participant(ParticipantTimer::Waiting(attempt)));
        }
    }

    /// It has not voted, so it may abort alone.
    fn abort_alone(&mut self, attempt: AttemptId, fx: &mut Fx) {
        if self.leave_line(attempt, fx) {
            fx.send(attempt.coordinator, Message::Vote(attempt, Vote::No));
            self.call_next(fx);
            self.report_line(fx);
        }
    }

    /// Second phase: the attempt is committed, and its locks are the owner's from now on.
    pub(super) fn commit(&mut self, attempt: AttemptId, tokens: Tokens, fx: &mut Fx) {
        if let Some(Record::Prepared(prepared)) = self.ledger.record(attempt) {
            let locks: Vec<LockId> = prepared.tokens.keys().copied().collect();
            let owner = prepared.preparation.request.owner;
            self.write(LedgerChange::Commit(attempt, tokens), fx);
            fx.sync();
            for lock in locks {
                fx.notify(LeaseEvent::Granted { lock, owner, lease: self.settings.lease });
                self.begin_lease(lock, fx);
            }
            self.end_doubt(attempt, fx);
            self.report_line(fx);
        }
        fx.send(attempt.coordinator, Message::Acknowledge(attempt));
    }

    /// Second phase: the attempt is aborted. Of what is committed or over this says nothing: a
    /// coordinator that has forgotten a commit answers a late question like that.
    pub(super) fn abort(&mut self, attempt: AttemptId, fx: &mut Fx) {
        if let Some(Record::Prepared(_)) = self.ledger.record(attempt) {
            self.write(LedgerChange::Abort(attempt), fx);
            self.end_doubt(attempt, fx);
            self.call_next(fx);
        } else if self.leave_line(attempt, fx) {
            self.call_next(fx);
            self.report_line(fx);
        }
    }

    pub(super) fn fire(&mut self, timer: ParticipantTimer, fx: &mut Fx) {
        match timer {
            ParticipantTimer::Waiting(attempt) => self.abort_alone(attempt, fx),
            ParticipantTimer::Doubt(attempt) => self.ask(attempt, fx),
            ParticipantTimer::Lease(lock, number) => self.expire(lock, number, fx),
        }
    }

    fn arm(&self, timer: ParticipantTimer, after: std::time::Duration, fx: &mut Fx) {
        fx.arm(ServerTimer::Participant(timer), Clock::Monotonic, after);
    }

    fn write(&mut self, change: LedgerChange, fx: &mut Fx) {
        self.ledger.apply(change.clone());
        fx.write(ServerChange::Participant(change));
    }

    /// Reports who waits for whom, if that changed. Whoever is being wounded is not waited for.
    fn report_line(&mut self, fx: &mut Fx) {
        let wounds = self.settings.conflict == Conflict::WoundWait;
        let mut line = Vec::new();
        for wanted in &self.waiting {
            let waiter =
                Party { owner: wanted.request.owner, attempt: attempt_number(wanted.attempt) };
            for blocker in queue::blockers(&self.ledger, &self.mine(wanted)) {
                if wounds && blocker.in_doubt && wanted.age < blocker.age {
                    continue;
                }
                let owner = blocker.request.owner;
                let holder = Party { owner, attempt: attempt_number(blocker.attempt) };
                line.push(QueueEntry { waiter, lock: blocker.lock, holder });
            }
        }
        if line != self.line {
            self.line = line.clone();
            fx.notify(Event::Queue(line));
        }
    }

    /// Reports what is kept in doubt.
    fn report_doubts(&self, fx: &mut Fx) {
        let doubts = self
            .ledger
            .prepared()
            .filter(|(attempt, _)| self.asked.get(attempt).is_some_and(|times| *times > 0));
        let doubts = doubts.flat_map(|(attempt, prepared)| {
            let owner = prepared.preparation.request.owner;
            prepared.tokens.keys().map(move |lock| Doubt {
                lock: *lock,
                owner,
                decides: attempt.coordinator,
            })
        });
        fx.notify(Event::Doubts(doubts.collect()));
    }
}
