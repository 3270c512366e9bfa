//! The session of a client: opening it, prolonging it, and knowing when it is over.

use super::super::lock_table::{Operation, SessionId};
use super::super::message::Message;
use super::{Asked, ClientTimer, Fx, RaftClient};
use crate::contract::{Clock, Ending, LockEvent};
use std::collections::BTreeSet;

/// How a client stands with the lock table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Standing {
    /// It has no session and needs none.
    None,
    /// It has asked for one.
    Opening,
    /// It has one.
    Open(SessionId),
}

/// What a client has sent to open or prolong its session.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Attempts {
    /// The number of the last one.
    last: u64,
    /// Those whose time is not over, and which would prolong the session if they were answered.
    valid: BTreeSet<u64>,
    /// The one from which the session's time counts.
    relied_on: u64,
    /// The session that it had before.
    given_up: Option<SessionId>,
    /// The last one, while it has no answer.
    pub(super) unanswered: Option<u64>,
}

impl RaftClient {
    /// A new attempt: from here its time counts, however late it is answered.
    pub(super) fn attempt(&mut self, fx: &mut Fx) {
        let attempts = &mut self.attempts;
        attempts.last += 1;
        attempts.valid.insert(attempts.last);
        attempts.unanswered = Some(attempts.last);
        let validity = self.settings.validity();
        fx.arm(ClientTimer::Validity(attempts.last), Clock::Monotonic, validity);
        fx.arm(ClientTimer::Renew, Clock::Monotonic, self.settings.renew_every());
        self.repeat_attempt(fx);
        self.retry_later(fx);
    }

    /// Sends the attempt that has no answer yet, as it is.
    pub(super) fn repeat_attempt(&self, fx: &mut Fx) {
        let Some(number) = self.attempts.unanswered else {
            return;
        };
        let owner = self.me;
        let operation = match self.standing {
            Standing::None => return,
            Standing::Opening => {
                let instead_of = self.attempts.given_up;
                Operation::OpenSession { owner, attempt: number, instead_of }
            }
            Standing::Open(session) => Operation::KeepAlive { owner, session, number },
        };
        fx.send(self.leader, Message::Propose(operation));
    }

    pub(super) fn open(&mut self, fx: &mut Fx) {
        self.standing = Standing::Opening;
        self.attempt(fx);
    }

    pub(super) fn renew_in_time(&mut self, fx: &mut Fx) {
        if let Standing::Open(_) = self.standing {
            self.attempt(fx);
        }
    }

    /// A session is open. One of an attempt that is worth nothing any more is closed at once.
    pub(super) fn opened(&mut self, attempt: u64, session: SessionId, fx: &mut Fx) {
        if self.standing == Standing::Open(session) {
            return;
        }
        if self.standing == Standing::Opening && self.attempts.valid.contains(&attempt) {
            self.standing = Standing::Open(session);
            self.rely_on(attempt, fx);
            if self.attempts.unanswered.is_some() {
                // The answer took so long that others were sent after it: its time runs out soon.
                self.attempt(fx);
            }
            self.send_all(fx);
        } else {
            fx.send(self.leader, Message::Propose(Operation::CloseSession { session }));
        }
    }

    pub(super) fn alive(&mut self, session: SessionId, number: u64, fx: &mut Fx) {
        if self.standing == Standing::Open(session) && self.attempts.valid.contains(&number) {
            self.rely_on(number, fx);
        }
    }

    /// The session's time counts from when this attempt was sent.
    fn rely_on(&mut self, number: u64, fx: &mut Fx) {
        let attempts = &mut self.attempts;
        let later = attempts.valid.split_off(&(number + 1));
        for older in std::mem::replace(&mut attempts.valid, later) {
            if older != number {
                fx.disarm(ClientTimer::Validity(older));
            }
        }
        fx.disarm(ClientTimer::Validity(attempts.relied_on));
        attempts.relied_on = number;
        if attempts.unanswered.is_some_and(|unanswered| unanswered <= number) {
            attempts.unanswered = None;
        }
    }

    /// The time of an attempt is over.
    pub(super) fn outdated(&mut self, number: u64, fx: &mut Fx) {
        self.attempts.valid.remove(&number);
        if let Standing::Open(session) = self.standing
            && self.attempts.relied_on == number
        {
            // It may go on at the servers for a while; there is no reason to let others wait.
            fx.send(self.leader, Message::Propose(Operation::CloseSession { session }));
            self.lose_session(fx);
        }
    }

    /// The session is over, or nobody can say: nothing that was asked for in it can be relied on.
    pub(super) fn lose_session(&mut self, fx: &mut Fx) {
        self.attempts.given_up = self.session();
        self.standing = Standing::None;
        for number in std::mem::take(&mut self.attempts.valid) {
            fx.disarm(ClientTimer::Validity(number));
        }
        fx.disarm(ClientTimer::Validity(self.attempts.relied_on));
        fx.disarm(ClientTimer::Renew);
        fx.disarm(ClientTimer::Query);
        self.attempts.unanswered = None;
        self.questioning = false;
        for lock in std::mem::take(&mut self.held).into_keys() {
            fx.notify(LockEvent::Lost { lock });
        }
        for (sequence, asked) in std::mem::take(&mut self.asked) {
            match asked {
                Asked::Acquire(locks) | Asked::Waits(locks) | Asked::GivenUp(locks) => {
                    fx.disarm(ClientTimer::GiveUp(sequence));
                    for lock in locks.iter() {
                        fx.notify(LockEvent::Refused { lock, definite: false });
                    }
                }
                Asked::Release(lock) => {
                    fx.notify(LockEvent::Released { lock, outcome: Ending::Unknown });
                }
                Asked::Cancel(_) => {}
            }
        }
    }
}
