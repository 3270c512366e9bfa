//! The client: finds the leader, keeps a session, and takes and returns locks in it.
//!
//! It asks one server, follows a redirection, and goes round when nobody answers; what it asks
//! again keeps its sequence number, so that it takes effect once. It relies on its session by its
//! own clock only, from when it *sent* the newest renewal that was answered: whatever a server
//! counts begins later, so the client is the first to know that its time is over. Then it gives
//! up the whole session, locks and requests with it, says so once to whoever listens, and begins
//! with another one.

mod session;
#[cfg(test)]
mod tests;

use self::session::{Attempts, Standing};
use super::lock_table::{Answer, Operation, Reply, Request, Sequence, SessionId};
use super::message::{Holder, Message, Query};
use super::settings::Settings;
use crate::contract::{Clock, Command, Effects, Ending, Input, InputOf, LockEvent, LockSet, Node};
use crate::id::{ClientId, LockId, NodeId, Owner, ServerId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The timers of a client, all on its monotonic clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ClientTimer {
    /// Ask again whatever was not answered.
    Retry,
    /// Prolong the session.
    Renew,
    /// What was sent so long ago, as the attempt of this number, is worth nothing any more.
    Validity(u64),
    /// Ask who holds the locks that it waits for.
    Query,
    /// Wait no longer.
    GiveUp(Sequence),
}

/// Something that it has asked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Asked {
    /// For locks; no answer yet.
    Acquire(LockSet),
    /// For locks; it stands in their queues.
    Waits(LockSet),
    /// For locks; a cancellation is on its way.
    GivenUp(LockSet),
    /// To give a lock back.
    Release(LockId),
    /// To wait no longer for what this command asked for.
    Cancel(Sequence),
}

/// When a client asks again what was not answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Retry {
    /// Not at all: nothing waits for an answer.
    Never,
    /// When a request has had its time.
    InTime,
    /// Within a heartbeat: the server that it asked knows of no leader.
    Soon,
}

/// A client.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RaftClient {
    settings: Settings,
    servers: usize,
    me: Owner,
    /// The server that it asks.
    leader: ServerId,
    /// How often it has followed a redirection since it last waited.
    redirections: usize,
    /// When it asks again, and whether anything was heard since it began to wait for that.
    retry: Retry,
    heard: bool,
    standing: Standing,
    attempts: Attempts,
    /// The number of the last command.
    sequence: Sequence,
    asked: BTreeMap<Sequence, Asked>,
    /// The number of the last question, and whether it has no answer yet.
    question: u64,
    questioning: bool,
    /// The locks that it holds, and how often it took each.
    held: BTreeMap<LockId, u32>,
}

type Fx = Effects<RaftClient>;

impl RaftClient {
    pub(super) fn new(id: ClientId, servers: usize, settings: Settings) -> Self {
        Self {
            settings,
            servers,
            me: Owner::first(id),
            leader: ServerId::at(id.index() % servers),
            redirections: 0,
            retry: Retry::Never,
            heard: false,
            standing: Standing::None,
            attempts: Attempts::default(),
            sequence: Sequence::default(),
            asked: BTreeMap::new(),
            question: 0,
            questioning: false,
            held: BTreeMap::new(),
        }
    }

    /// Its session, if one is open.
    pub fn session(&self) -> Option<SessionId> {
        match self.standing {
            Standing::Open(session) => Some(session),
            _ => None,
        }
    }

    /// The server that it asks.
    pub fn leader(&self) -> ServerId {
        self.leader
    }

    /// What it has asked for.
    pub fn asked(&self) -> &BTreeMap<Sequence, Asked> {
        &self.asked
    }

    /// The locks that it holds, and how often it took each.
    pub fn held(&self) -> &BTreeMap<LockId, u32> {
        &self.held
    }

    fn command(&mut self, command: Command, fx: &mut Fx) {
        match command {
            Command::Acquire { locks } => {
                let sequence = self.ask(Asked::Acquire(locks), fx);
                if !self.settings.acquire_timeout.is_zero() {
                    let patience = self.settings.acquire_timeout;
                    fx.arm(ClientTimer::GiveUp(sequence), Clock::Monotonic, patience);
                }
            }
            Command::Release { lock } => {
                let Some(depth) = self.held.get_mut(&lock) else {
                    // It was lost before, and the servers may or may not have freed it by now.
                    fx.notify(LockEvent::Released { lock, outcome: Ending::Unknown });
                    return;
                };
                *depth -= 1;
                if *depth == 0 {
                    self.held.remove(&lock);
                }
                self.ask(Asked::Release(lock), fx);
            }
        }
    }

    /// Asks for something under a new number.
    fn ask(&mut self, asked: Asked, fx: &mut Fx) -> Sequence {
        self.sequence = Sequence(self.sequence.0 + 1);
        let sequence = self.sequence;
        self.asked.insert(sequence, asked);
        if self.standing == Standing::None {
            self.open(fx);
        }
        self.send(sequence, fx);
        self.retry_later(fx);
        sequence
    }

    /// Sends a command, or sends it again under the same number.
    fn send(&self, sequence: Sequence, fx: &mut Fx) {
        let Standing::Open(session) = self.standing else {
            return;
        };
        let request = match self.asked.get(&sequence) {
            Some(Asked::Acquire(locks)) => Request::Acquire {
                locks: locks.clone(),
                wait: !self.settings.acquire_timeout.is_zero(),
            },
            Some(Asked::Release(lock)) => Request::Release { lock: *lock },
            Some(Asked::Cancel(acquire)) => Request::Cancel { acquire: *acquire },
            Some(Asked::Waits(_) | Asked::GivenUp(_)) | None => return,
        };
        let first = self.asked.keys().next();
        let answered_below = first.copied().unwrap_or(sequence);
        let owner = self.me;
        let command = Operation::Command { owner, session, sequence, answered_below, request };
        fx.send(self.leader, Message::Propose(command));
    }

    fn hear(&mut self, from: ServerId, body: Message, fx: &mut Fx) {
        match body {
            Message::Redirect(leader) => return self.redirected(from, leader, fx),
            Message::Reply(Reply::Opened { owner, attempt, session }) if owner == self.me => {
                self.opened(attempt, session, fx);
            }
            Message::Reply(Reply::Alive { session, number }) => self.alive(session, number, fx),
            Message::Reply(Reply::Gone { session }) if self.session() == Some(session) => {
                self.lose_session(fx);
            }
            Message::Reply(Reply::Answer { session, sequence, answer })
                if self.session() == Some(session) =>
            {
                self.answered(sequence, answer, fx);
            }
            Message::Holder(holder) => self.learn(holder, fx),
            _ => {}
        }
        self.heard = true;
        self.redirections = 0;
        self.leader = from;
    }

    /// Whoever was asked does not lead.
    fn redirected(&mut self, from: ServerId, leader: Option<ServerId>, fx: &mut Fx) {
        if from != self.leader {
            return;
        }
        match leader {
            // Servers that know no better may send a client in a circle.
            Some(leader) if self.redirections < self.servers => {
                self.redirections += 1;
                self.leader = leader;
                self.ask_again(fx);
            }
            // Nobody leads, or not yet. Whoever comes to lead says so within a heartbeat, and a
            // renewal must not wait for longer: nor for each question that is answered like that.
            _ if self.retry == Retry::InTime => {
                self.retry = Retry::Soon;
                self.heard = false;
                fx.arm(ClientTimer::Retry, Clock::Monotonic, self.settings.heartbeat);
            }
            _ => {}
        }
    }

    fn answered(&mut self, sequence: Sequence, answer: Answer, fx: &mut Fx) {
        let Some(asked) = self.asked.get(&sequence).cloned() else {
            return;
        };
        match (asked, answer) {
            (
                Asked::Acquire(locks) | Asked::Waits(locks) | Asked::GivenUp(locks),
                Answer::Granted { token },
            ) => {
                self.over(sequence, fx);
                for lock in locks.iter() {
                    *self.held.entry(lock).or_default() += 1;
                    fx.notify(LockEvent::Granted { lock, token: Some(token) });
                }
            }
            (Asked::Acquire(locks), Answer::Queued) => {
                self.asked.insert(sequence, Asked::Waits(locks));
                fx.arm(ClientTimer::Query, Clock::Monotonic, self.settings.query_every);
            }
            (
                Asked::Acquire(locks) | Asked::Waits(locks) | Asked::GivenUp(locks),
                Answer::Refused | Answer::Cancelled,
            ) => {
                self.over(sequence, fx);
                for lock in locks.iter() {
                    fx.notify(LockEvent::Refused { lock, definite: true });
                }
            }
            (Asked::Release(lock), answer) => {
                self.over(sequence, fx);
                let done = answer == Answer::Released;
                let outcome = if done { Ending::Done } else { Ending::Failed };
                fx.notify(LockEvent::Released { lock, outcome });
            }
            // The answer is what became of the acquire: cancelled, or decided before.
            (Asked::Cancel(acquire), answer) => {
                self.asked.remove(&sequence);
                self.answered(acquire, answer, fx);
            }
            _ => {}
        }
    }

    fn over(&mut self, sequence: Sequence, fx: &mut Fx) {
        self.asked.remove(&sequence);
        fx.disarm(ClientTimer::GiveUp(sequence));
    }

    /// Its patience is over: whether it has the locks or not is for the log to say.
    fn give_up(&mut self, sequence: Sequence, fx: &mut Fx) {
        let Some(asked) = self.asked.get(&sequence).cloned() else {
            return;
        };
        let (Asked::Acquire(locks) | Asked::Waits(locks)) = asked else {
            return;
        };
        if self.session().is_some() {
            self.asked.insert(sequence, Asked::GivenUp(locks));
            self.ask(Asked::Cancel(sequence), fx);
        } else {
            // It was never sent.
            self.asked.remove(&sequence);
            for lock in locks.iter() {
                fx.notify(LockEvent::Refused { lock, definite: true });
            }
        }
    }

    /// Asks who holds a lock that it waits for: the grant may have been lost on its way, or the
    /// leader that was to tell of it.
    fn query(&mut self, fx: &mut Fx) {
        let waits = self.asked.values().find_map(|asked| match asked {
            Asked::Waits(locks) => locks.iter().next(),
            _ => None,
        });
        let Some(lock) = waits else {
            self.questioning = false;
            return;
        };
        self.question += 1;
        self.questioning = true;
        fx.send(self.leader, Message::Query(Query { number: self.question, lock }));
        fx.arm(ClientTimer::Query, Clock::Monotonic, self.settings.query_every);
        self.retry_later(fx);
    }

    fn learn(&mut self, Holder { number, holder, .. }: Holder, fx: &mut Fx) {
        if number != self.question {
            return;
        }
        self.questioning = false;
        if let Some((owner, session, sequence, token)) = holder
            && owner == self.me
            && self.session() == Some(session)
        {
            self.answered(sequence, Answer::Granted { token }, fx);
        }
    }

    /// Whether anything waits for an answer.
    fn is_waiting(&self) -> bool {
        let unanswered = |asked: &Asked| !matches!(asked, Asked::Waits(_) | Asked::GivenUp(_));
        self.attempts.unanswered.is_some()
            || self.questioning
            || self.asked.values().any(unanswered)
    }

    fn retry_later(&mut self, fx: &mut Fx) {
        if self.retry == Retry::Never {
            self.retry = Retry::InTime;
            self.heard = false;
            fx.arm(ClientTimer::Retry, Clock::Monotonic, self.settings.request_timeout);
        }
    }

    /// No answer for a while: the next server, if nothing at all was heard of this one.
    fn retry(&mut self, fx: &mut Fx) {
        self.retry = Retry::Never;
        self.redirections = 0;
        if !self.is_waiting() {
            return;
        }
        if !self.heard {
            self.leader = ServerId::at((self.leader.index() + 1) % self.servers);
        }
        self.retry_later(fx);
        if self.attempts.unanswered.is_some() {
            self.attempt(fx);
        }
        self.send_all(fx);
    }

    /// The same once more, to another server.
    fn ask_again(&mut self, fx: &mut Fx) {
        self.repeat_attempt(fx);
        self.send_all(fx);
    }

    fn send_all(&mut self, fx: &mut Fx) {
        let unanswered: Vec<Sequence> = self.asked.keys().copied().collect();
        for sequence in unanswered {
            self.send(sequence, fx);
        }
        if self.questioning {
            self.query(fx);
        }
    }
}

impl Node for RaftClient {
    type Message = Message;
    type Timer = ClientTimer;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(incarnation) => self.me.incarnation = incarnation,
            Input::Command(command) => self.command(command, fx),
            Input::Message { from: NodeId::Server(from), body } => self.hear(from, body, fx),
            Input::Fired(timer) => match timer {
                ClientTimer::Retry => self.retry(fx),
                ClientTimer::Renew => self.renew_in_time(fx),
                ClientTimer::Validity(number) => self.outdated(number, fx),
                ClientTimer::Query => self.query(fx),
                ClientTimer::GiveUp(sequence) => self.give_up(sequence, fx),
            },
            _ => {}
        }
    }
}
