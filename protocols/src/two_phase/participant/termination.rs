//! In doubt: how a participant that voted yes and heard nothing learns what was decided.
//!
//! It may not decide alone. It asks the coordinator, and then, with each further question, the
//! other participants too (cooperative termination; Skeen 1981): one that has committed says so,
//! one that has not voted renounces, for ever, and says that the attempt is aborted. If all of
//! them have voted yes and the coordinator is gone, nobody knows, and all of them wait: two-phase
//! commit *blocks* there, and no protocol with two phases can do better.

use super::{LedgerChange, Participant, ParticipantTimer, Record};
use crate::contract::Milestone;
use crate::id::ServerId;
use crate::two_phase::message::{AttemptId, Decision, Message, Vote};
use crate::two_phase::server::{Fx, ServerTimer};

impl Participant {
    /// Begins to be in doubt.
    pub(super) fn doubt(&mut self, attempt: AttemptId, fx: &mut Fx) {
        self.asked.insert(attempt, 0);
        if self.settings.conflict.has_timeouts() {
            self.arm(ParticipantTimer::Doubt(attempt), self.settings.doubt_timeout, fx);
        }
    }

    /// Is no longer in doubt.
    pub(super) fn end_doubt(&mut self, attempt: AttemptId, fx: &mut Fx) {
        if self.asked.remove(&attempt).is_some_and(|times| times > 0) {
            self.report_doubts(fx);
        }
        if self.settings.conflict.has_timeouts() {
            fx.disarm(ServerTimer::Participant(ParticipantTimer::Doubt(attempt)));
        }
    }

    /// Asks what was decided: the coordinator first, then everybody.
    pub(super) fn ask(&mut self, attempt: AttemptId, fx: &mut Fx) {
        let Some(Record::Prepared(prepared)) = self.ledger.record(attempt) else { return };
        let guards = self.settings.guards_of(&prepared.preparation.locks);
        let times = self.asked.entry(attempt).or_default();
        *times += 1;
        let first = *times == 1;
        fx.send(attempt.coordinator, Message::Inquire(attempt));
        if first {
            fx.notify(Milestone::InDoubt);
            self.report_doubts(fx);
        } else {
            for peer in guards.into_iter().filter(|guard| *guard != self.me) {
                fx.send(peer, Message::Inquire(attempt));
            }
        }
        self.arm(ParticipantTimer::Doubt(attempt), self.settings.doubt_timeout, fx);
    }

    /// Another participant is in doubt, and asks.
    pub(in crate::two_phase) fn inquire(
        &mut self,
        from: ServerId,
        attempt: AttemptId,
        fx: &mut Fx,
    ) {
        let decision = match self.ledger.record(attempt) {
            Some(Record::Prepared(_)) => return,
            Some(Record::Committed(tokens)) => Decision::Commit(tokens.clone()),
            Some(Record::Renounced) => Decision::Abort,
            // It is over. If it were committed, whoever asks would have acknowledged that.
            None if self.ledger.is_over(attempt) => Decision::Abort,
            None => {
                self.renounce(attempt, fx);
                Decision::Abort
            }
        };
        fx.send(from, Message::Decide(attempt, decision));
    }

    /// Has not voted, and never will vote yes: that is durable before anybody relies on it.
    fn renounce(&mut self, attempt: AttemptId, fx: &mut Fx) {
        self.write(LedgerChange::Renounce(attempt), fx);
        fx.sync();
        fx.send(attempt.coordinator, Message::Vote(attempt, Vote::No));
        if self.leave_line(attempt, fx) {
            self.call_next(fx);
            self.report_line(fx);
        }
    }
}
