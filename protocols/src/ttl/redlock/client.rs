//! The client of Redlock: one ballot after the other.

#[cfg(test)]
mod tests;

use super::{Redlock, Settings};
use crate::prelude::*;
use crate::ttl::message::{Answer, Message, RedisCommand, Reply, Request, Value};
use serde::{Deserialize, Serialize};

/// The timers of a Redlock client; each names the ballot that it is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum RedlockTimer {
    /// Servers that have not answered by now will not.
    Answers(LockId, u32),
    /// The ballot was lost: hold another one.
    Retry(LockId, u32),
    /// The acquire that began with this ballot took too long.
    GiveUp(LockId, u32),
    /// The release took too long.
    ReleaseOver(LockId, u32),
    /// What this ballot won, or could win, is over.
    Validity(LockId, u32),
}

/// A set of servers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Votes(u64);

impl Votes {
    fn insert(&mut self, server: ServerId) {
        self.0 |= 1 << server.index();
    }

    fn remove(&mut self, server: ServerId) {
        self.0 &= !(1 << server.index());
    }

    /// Whether a server is among them.
    pub fn contains(self, server: ServerId) -> bool {
        self.0 & (1 << server.index()) != 0
    }

    /// How many there are.
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }
}

/// Where a client is with a lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// Waits for votes.
    Asking,
    /// Waits before it asks again.
    Waiting,
    /// Has a majority.
    Held,
    /// Waits for servers to delete.
    Releasing,
}

/// What a client does about one lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ballot {
    /// The number of the ballot: its value at the servers.
    pub serial: u32,
    /// Where it is.
    pub stage: Stage,
    /// Who set the value; in the release: who deleted it.
    pub yes: Votes,
    /// Who has another's value; in the release: who had none to delete.
    pub no: Votes,
    /// The first ballot of this acquire.
    first: u32,
    /// How many ballots were lost.
    lost: u32,
    /// Who was asked more than once in the release: that he has none to delete may be the work of
    /// an earlier copy.
    again: Votes,
    /// Whether a ballot that was given up may still find a majority.
    doubtful: bool,
}

/// The client of [`Redlock`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct RedlockClient {
    settings: Settings,
    servers: usize,
    quorum: usize,
    me: Owner,
    serial: u32,
    ballots: BTreeMap<LockId, Ballot>,
    /// The last ballot of each lock that was won and lost.
    lost: BTreeMap<LockId, u32>,
}

type Fx = Effects<RedlockClient>;

impl RedlockClient {
    pub(super) fn new(redlock: &Redlock, id: ClientId) -> Self {
        assert!(redlock.servers <= 64, "a set of votes has 64 places");
        Self {
            settings: redlock.settings,
            servers: redlock.servers,
            quorum: redlock.quorum(),
            me: Owner::first(id),
            serial: 0,
            ballots: BTreeMap::new(),
            lost: BTreeMap::new(),
        }
    }

    /// What it does about each lock.
    pub fn ballots(&self) -> &BTreeMap<LockId, Ballot> {
        &self.ballots
    }

    fn acquire(&mut self, lock: LockId, fx: &mut Fx) {
        if self.ballots.contains_key(&lock) {
            let definite = true;
            fx.notify(LockEvent::Refused { lock, definite });
            return;
        }
        let first = self.serial + 1;
        let ballot = Ballot {
            serial: first,
            stage: Stage::Asking,
            yes: Votes::default(),
            no: Votes::default(),
            first,
            lost: 0,
            again: Votes::default(),
            doubtful: false,
        };
        self.ballots.insert(lock, ballot);
        let patience = self.settings.acquire_timeout;
        fx.arm(RedlockTimer::GiveUp(lock, first), Clock::Monotonic, patience);
        self.ask(lock, fx);
    }

    /// Asks all servers at once. The validity counts from before the first request leaves.
    fn ask(&mut self, lock: LockId, fx: &mut Fx) {
        self.serial += 1;
        let serial = self.serial;
        let Some(ballot) = self.ballots.get_mut(&lock) else {
            return;
        };
        ballot.serial = serial;
        ballot.stage = Stage::Asking;
        (ballot.yes, ballot.no) = (Votes::default(), Votes::default());
        let validity = RedlockTimer::Validity(lock, serial);
        fx.arm(validity, Clock::Monotonic, self.settings.validity());
        let lease = self.settings.lease;
        let fenced = false;
        self.send_all(lock, serial, RedisCommand::SetNxPx { lease, fenced }, fx);
        let answers = RedlockTimer::Answers(lock, serial);
        fx.arm(answers, Clock::Monotonic, self.settings.request_timeout);
    }

    fn hear(&mut self, server: ServerId, reply: &Reply, fx: &mut Fx) {
        let lock = reply.lock;
        let me = self.me;
        let ballot = self.ballots.get_mut(&lock).filter(|ballot| {
            let serial = ballot.serial;
            reply.value == Value { owner: me, serial }
        });
        let stage = ballot.as_ref().map(|ballot| ballot.stage);
        match (reply.answer, stage, ballot) {
            (Answer::Taken { .. }, Some(Stage::Asking), Some(ballot)) => {
                ballot.yes.insert(server);
                if ballot.yes.count() >= self.quorum {
                    self.granted(lock, fx);
                }
            }
            (Answer::Taken { .. }, Some(Stage::Held), _) => {}
            // A vote that nobody waits for any more goes back. That of an earlier life runs out, and
            // so does that of a lock that was lost.
            (Answer::Taken { .. }, stage, ballot)
                if reply.value.owner == me && self.lost.get(&lock) != Some(&reply.value.serial) =>
            {
                if let (Some(Stage::Releasing), Some(ballot)) = (stage, ballot) {
                    ballot.again.insert(server);
                }
                send(server, lock, reply.value, RedisCommand::DelIfMine, fx);
            }
            (Answer::Held, Some(Stage::Asking), Some(ballot)) => {
                ballot.no.insert(server);
                if ballot.no.count() > self.servers - self.quorum {
                    self.lose_ballot(lock, fx);
                }
            }
            (Answer::Deleted(done), Some(Stage::Releasing), Some(ballot)) => {
                if done {
                    ballot.yes.insert(server);
                    ballot.no.remove(server);
                } else if !ballot.yes.contains(server) {
                    ballot.no.insert(server);
                }
                self.judge_release(lock, fx);
            }
            _ => {}
        }
    }

    fn fire(&mut self, timer: RedlockTimer, fx: &mut Fx) {
        let (RedlockTimer::Answers(lock, serial)
        | RedlockTimer::Retry(lock, serial)
        | RedlockTimer::GiveUp(lock, serial)
        | RedlockTimer::ReleaseOver(lock, serial)
        | RedlockTimer::Validity(lock, serial)) = timer;
        let Some(ballot) = self.ballots.get(&lock).copied() else {
            return;
        };
        let current = ballot.serial == serial;
        match (timer, ballot.stage) {
            // Too few votes, or too little validity left: both ways the ballot is lost.
            (RedlockTimer::Answers(..) | RedlockTimer::Validity(..), Stage::Asking) if current => {
                self.lose_ballot(lock, fx);
            }
            (RedlockTimer::Retry(..), Stage::Waiting) if current => self.ask(lock, fx),
            (RedlockTimer::GiveUp(..), Stage::Asking | Stage::Waiting)
                if ballot.first == serial =>
            {
                self.give_up(lock, fx);
            }
            (RedlockTimer::Validity(..), Stage::Held) if current => {
                self.ballots.remove(&lock);
                self.lost.insert(lock, serial);
                fx.notify(LockEvent::Lost { lock });
            }
            (RedlockTimer::Answers(..), Stage::Releasing) if current => {
                self.delete_again(lock, fx);
            }
            (RedlockTimer::ReleaseOver(..), Stage::Releasing) if current => {
                self.end_release(lock, serial, Ending::Unknown, fx);
            }
            _ => {}
        }
    }

    fn granted(&mut self, lock: LockId, fx: &mut Fx) {
        if let Some(ballot) = self.ballots.get_mut(&lock) {
            ballot.stage = Stage::Held;
            fx.disarm(RedlockTimer::Answers(lock, ballot.serial));
            fx.disarm(RedlockTimer::GiveUp(lock, ballot.first));
            let token = None;
            fx.notify(LockEvent::Granted { lock, token });
        }
    }

    /// No majority: gives back all votes, also those that it has not heard of, and waits.
    fn lose_ballot(&mut self, lock: LockId, fx: &mut Fx) {
        let Some(ballot) = self.ballots.get_mut(&lock) else {
            return;
        };
        ballot.stage = Stage::Waiting;
        ballot.doubtful |= self.servers - ballot.no.count() >= self.quorum;
        let backoff = self.settings.backoff(ballot.lost);
        ballot.lost += 1;
        let serial = ballot.serial;
        fx.disarm(RedlockTimer::Answers(lock, serial));
        fx.disarm(RedlockTimer::Validity(lock, serial));
        self.send_all(lock, serial, RedisCommand::DelIfMine, fx);
        fx.arm(RedlockTimer::Retry(lock, serial), Clock::Monotonic, backoff);
    }

    fn give_up(&mut self, lock: LockId, fx: &mut Fx) {
        if self.ballots[&lock].stage == Stage::Asking {
            self.lose_ballot(lock, fx);
        }
        if let Some(ballot) = self.ballots.remove(&lock) {
            fx.disarm(RedlockTimer::Retry(lock, ballot.serial));
            let definite = !ballot.doubtful;
            fx.notify(LockEvent::Refused { lock, definite });
        }
    }

    fn release(&mut self, lock: LockId, fx: &mut Fx) {
        let Some(ballot) = self.ballots.get_mut(&lock) else {
            // It was lost before.
            let outcome = Ending::Failed;
            fx.notify(LockEvent::Released { lock, outcome });
            return;
        };
        if ballot.stage != Stage::Held {
            return;
        }
        ballot.stage = Stage::Releasing;
        (ballot.yes, ballot.no) = (Votes::default(), Votes::default());
        let serial = ballot.serial;
        fx.disarm(RedlockTimer::Validity(lock, serial));
        let patience = self.settings.release_timeout;
        fx.arm(RedlockTimer::ReleaseOver(lock, serial), Clock::Monotonic, patience);
        self.send_all(lock, serial, RedisCommand::DelIfMine, fx);
        let answers = RedlockTimer::Answers(lock, serial);
        fx.arm(answers, Clock::Monotonic, self.settings.request_timeout);
    }

    /// Asks those once more who have not answered; unless a majority of deletions cannot be had any
    /// more, whatever they answer.
    fn delete_again(&mut self, lock: LockId, fx: &mut Fx) {
        let Some(ballot) = self.ballots.get_mut(&lock) else {
            return;
        };
        let serial = ballot.serial;
        if ballot.no.count() > self.servers - self.quorum {
            self.end_release(lock, serial, Ending::Unknown, fx);
            return;
        }
        let value = Value { owner: self.me, serial };
        for server in (0..self.servers).map(ServerId::at) {
            if !ballot.yes.contains(server) && !ballot.no.contains(server) {
                ballot.again.insert(server);
                send(server, lock, value, RedisCommand::DelIfMine, fx);
            }
        }
        let answers = RedlockTimer::Answers(lock, serial);
        fx.arm(answers, Clock::Monotonic, self.settings.request_timeout);
    }

    /// Ends the release if the answers settle how.
    ///
    /// A majority of deletions took the lock from its owner. That fewer deleted does not say that
    /// he had lost it before: the votes that are missing may have run out while the first deletion
    /// was already done, and then it was the release that ended his majority. So it certainly took
    /// no effect only if it deleted nothing anywhere.
    fn judge_release(&mut self, lock: LockId, fx: &mut Fx) {
        let ballot = self.ballots[&lock];
        let (yes, no) = (ballot.yes.count(), ballot.no.count());
        let outcome = if yes >= self.quorum {
            Ending::Done
        } else if yes + no < self.servers {
            return;
        } else if yes == 0 && ballot.again == Votes::default() {
            Ending::Failed
        } else {
            Ending::Unknown
        };
        self.end_release(lock, ballot.serial, outcome, fx);
    }

    fn end_release(&mut self, lock: LockId, serial: u32, outcome: Ending, fx: &mut Fx) {
        self.ballots.remove(&lock);
        fx.disarm(RedlockTimer::Answers(lock, serial));
        fx.disarm(RedlockTimer::ReleaseOver(lock, serial));
        fx.notify(LockEvent::Released { lock, outcome });
    }

    fn value(&self, serial: u32) -> Value {
        Value { owner: self.me, serial }
    }

    fn send_all(&self, lock: LockId, serial: u32, command: RedisCommand, fx: &mut Fx) {
        for server in (0..self.servers).map(ServerId::at) {
            send(server, lock, self.value(serial), command, fx);
        }
    }
}

fn send(server: ServerId, lock: LockId, value: Value, command: RedisCommand, fx: &mut Fx) {
    let request = Request { lock, value, command };
    fx.send(server, Message::Request(request));
}

impl Node for RedlockClient {
    type Message = Message;
    type Timer = RedlockTimer;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(incarnation) => self.me.incarnation = incarnation,
            Input::Command(Command::Acquire { locks }) => self.acquire(locks.only(), fx),
            Input::Command(Command::Release { lock }) => self.release(lock, fx),
            Input::Message { from: NodeId::Server(server), body: Message::Reply(reply) } => {
                self.hear(server, &reply, fx)
            }
            Input::Fired(timer) => self.fire(timer, fx),
            _ => {}
        }
    }
}
