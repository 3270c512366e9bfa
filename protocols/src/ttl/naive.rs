//! `ttl-naive`: SETNX, then EXPIRE, then DEL.
//!
//! The classic that the Redis documentation of `SETNX` grew out of, and that is still copied:
//!
//! ```text
//! if SETNX lock 1 == 1 then
//!     EXPIRE lock 10
//!     ... the critical section ...
//!     DEL lock
//! ```
//!
//! Its client is the code as it is found: calls that block, one after the other, the answer of
//! `EXPIRE` waited for but not looked at, and so the section begins when that answer is there. It
//! knows nothing of a deadline, and nobody's value is compared with anything.
//!
//! # What it promises
//!
//! Mutual exclusion in calm weather: sections much shorter than the lease, short pauses, short
//! delays, nothing lost, nothing doubled. Progress if besides no process dies.
//!
//! # Known flaws
//!
//! - A client that dies between `SETNX` and `EXPIRE` leaves a key without end: nobody is granted
//!   the lock again until an operator comes (Redis, `SETNX` and "Distributed locks with Redis").
//! - So does a lost answer to `SETNX`: the next try finds the client's own key and takes it for
//!   somebody else's.
//! - `DEL` frees whoever's lock it is: after a section longer than the lease, that of the next
//!   owner, and then a third one comes in ("Distributed locks with Redis", on why the value must
//!   be compared). `EXPIRE` prolongs whoever's it is.
//! - The holder never learns that his lease is over, and there is no token for a fence.

#[cfg(test)]
mod tests;

use super::claims::{ClientTimer, Fx};
use super::keys::Keys;
use super::message::{Answer, Message, RedisCommand, Reply, Request, Value};
use super::redis::Redis;
use super::settings::Settings;
use crate::prelude::*;

/// SETNX, then EXPIRE, then DEL.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TtlNaive {
    /// Its settings. It has no use for the drift, nor for the time after which a request is
    /// repeated when it deletes: a `DEL` is sent once.
    pub settings: Settings,
}

/// Where the code is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Line {
    Setnx,
    Sleep,
    Expire,
    Section,
    Del,
}

/// One pass through the code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Pass {
    line: Line,
    serial: u32,
    /// The serial number of its first request.
    first: u32,
    copies: u32,
    refusals: u32,
    /// Whether a copy of `SETNX` may still be on its way.
    doubtful: bool,
}

/// The client of [`TtlNaive`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct NaiveClient {
    settings: Settings,
    me: Owner,
    serial: u32,
    passes: BTreeMap<LockId, Pass>,
}

impl NaiveClient {
    fn acquire(&mut self, lock: LockId, fx: &mut Fx<Message>) {
        if self.passes.contains_key(&lock) {
            let definite = true;
            fx.notify(LockEvent::Refused { lock, definite });
            return;
        }
        let first = self.serial + 1;
        let pass = Pass {
            line: Line::Sleep,
            serial: first,
            first,
            copies: 0,
            refusals: 0,
            doubtful: false,
        };
        self.passes.insert(lock, pass);
        let patience = self.settings.acquire_timeout;
        fx.arm(ClientTimer::GiveUp(lock, first), Clock::Monotonic, patience);
        self.setnx(lock, fx);
    }

    fn setnx(&mut self, lock: LockId, fx: &mut Fx<Message>) {
        self.serial += 1;
        let serial = self.serial;
        if let Some(pass) = self.passes.get_mut(&lock) {
            pass.serial = serial;
            pass.copies = 0;
            self.go(lock, Line::Setnx, fx);
        }
    }

    /// Sends what this line of the code sends.
    fn go(&mut self, lock: LockId, line: Line, fx: &mut Fx<Message>) {
        let Some(pass) = self.passes.get_mut(&lock) else {
            return;
        };
        pass.line = line;
        pass.copies += 1;
        let serial = pass.serial;
        let lease = self.settings.lease;
        let (command, timer, patience) = match line {
            Line::Setnx => (
                RedisCommand::Setnx,
                ClientTimer::Repeat(lock, serial),
                self.settings.request_timeout,
            ),
            Line::Expire => (
                RedisCommand::Expire { lease },
                ClientTimer::Repeat(lock, serial),
                self.settings.request_timeout,
            ),
            Line::Del => (
                RedisCommand::Del,
                ClientTimer::ReleaseOver(lock, serial),
                self.settings.release_timeout,
            ),
            Line::Sleep | Line::Section => return,
        };
        let value = self.value(serial);
        send(lock, value, command, fx);
        fx.arm(timer, Clock::Monotonic, patience);
    }

    fn hear(&mut self, reply: &Reply, fx: &mut Fx<Message>) {
        let lock = reply.lock;
        let pass = self.passes.get(&lock).copied();
        let pass = pass.filter(|pass| self.value(pass.serial) == reply.value);
        let repeat = ClientTimer::Repeat(lock, reply.value.serial);
        match (reply.answer, pass.map(|pass| pass.line)) {
            (Answer::Taken { .. }, Some(Line::Setnx)) => self.go(lock, Line::Expire, fx),
            // It gave up before: back with the key, whoever's it is by then.
            (Answer::Taken { .. }, None | Some(Line::Sleep)) if reply.value.owner == self.me => {
                send(lock, reply.value, RedisCommand::Del, fx);
            }
            (Answer::Held, Some(Line::Setnx)) => {
                fx.disarm(repeat);
                self.sleep(lock, fx);
            }
            (Answer::Expiring(_), Some(Line::Expire)) => {
                fx.disarm(repeat);
                self.enter(lock, fx);
            }
            (Answer::Deleted(done), Some(Line::Del)) => {
                self.passes.remove(&lock);
                fx.disarm(ClientTimer::ReleaseOver(lock, reply.value.serial));
                let outcome = if done { Ending::Done } else { Ending::Failed };
                fx.notify(LockEvent::Released { lock, outcome });
            }
            _ => {}
        }
    }

    fn enter(&mut self, lock: LockId, fx: &mut Fx<Message>) {
        if let Some(pass) = self.passes.get_mut(&lock) {
            pass.line = Line::Section;
            fx.disarm(ClientTimer::GiveUp(lock, pass.first));
            let token = None;
            fx.notify(LockEvent::Granted { lock, token });
        }
    }

    fn sleep(&mut self, lock: LockId, fx: &mut Fx<Message>) {
        if let Some(pass) = self.passes.get_mut(&lock) {
            pass.line = Line::Sleep;
            pass.doubtful |= pass.copies > 1;
            let backoff = self.settings.backoff(pass.refusals);
            pass.refusals += 1;
            let timer = ClientTimer::Retry(lock, pass.serial);
            fx.arm(timer, Clock::Monotonic, backoff);
        }
    }

    fn fire(&mut self, timer: ClientTimer, fx: &mut Fx<Message>) {
        let (ClientTimer::Repeat(lock, serial)
        | ClientTimer::Retry(lock, serial)
        | ClientTimer::GiveUp(lock, serial)
        | ClientTimer::ReleaseOver(lock, serial)
        | ClientTimer::Validity(lock, serial, _)
        | ClientTimer::Renew(lock, serial)) = timer;
        let Some(pass) = self.passes.get(&lock).copied() else {
            return;
        };
        let current = pass.serial == serial;
        match (timer, pass.line) {
            (ClientTimer::Repeat(..), line @ (Line::Setnx | Line::Expire)) if current => {
                self.go(lock, line, fx);
            }
            (ClientTimer::Retry(..), Line::Sleep) if current => self.setnx(lock, fx),
            (ClientTimer::GiveUp(..), Line::Setnx | Line::Sleep | Line::Expire)
                if pass.first == serial =>
            {
                self.give_up(lock, pass, fx);
            }
            (ClientTimer::ReleaseOver(..), Line::Del) if current => {
                self.passes.remove(&lock);
                let outcome = Ending::Unknown;
                fx.notify(LockEvent::Released { lock, outcome });
            }
            _ => {}
        }
    }

    /// Out of patience. After `SETNX` said 1 it is sure that the key is its own, and deletes it.
    fn give_up(&mut self, lock: LockId, pass: Pass, fx: &mut Fx<Message>) {
        self.passes.remove(&lock);
        fx.disarm(ClientTimer::Repeat(lock, pass.serial));
        fx.disarm(ClientTimer::Retry(lock, pass.serial));
        if pass.line == Line::Expire {
            send(lock, self.value(pass.serial), RedisCommand::Del, fx);
        }
        let definite = pass.line == Line::Sleep && !pass.doubtful;
        fx.notify(LockEvent::Refused { lock, definite });
    }

    fn release(&mut self, lock: LockId, fx: &mut Fx<Message>) {
        match self.passes.get(&lock).map(|pass| pass.line) {
            Some(Line::Section) => self.go(lock, Line::Del, fx),
            Some(_) => {}
            None => {
                let outcome = Ending::Failed;
                fx.notify(LockEvent::Released { lock, outcome });
            }
        }
    }

    fn value(&self, serial: u32) -> Value {
        Value { owner: self.me, serial }
    }
}

fn send(lock: LockId, value: Value, command: RedisCommand, fx: &mut Fx<Message>) {
    let request = Request { lock, value, command };
    fx.send(ServerId(1), Message::Request(request));
}

impl Node for NaiveClient {
    type Message = Message;
    type Timer = ClientTimer;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(incarnation) => self.me.incarnation = incarnation,
            Input::Command(Command::Acquire { locks }) => self.acquire(locks.only(), fx),
            Input::Command(Command::Release { lock }) => self.release(lock, fx),
            Input::Message { body: Message::Reply(reply), .. } => self.hear(&reply, fx),
            Input::Fired(timer) => self.fire(timer, fx),
            _ => {}
        }
    }
}

impl TtlNaive {
    /// Weather in which nothing of this goes wrong: a section, with all its pauses and round
    /// trips, and the way of the `DEL` take less than the lease.
    fn calm(&self) -> Vec<Assumption> {
        let lease = self.settings.lease;
        let mut assumes = vec![
            Assumption::HoldAtMost(lease / 4),
            Assumption::ClientPauseAtMost(lease / 100),
            Assumption::ServerPauseAtMost(lease / 100),
            Assumption::DelayAtMost(lease / 40),
            Assumption::NoLoss,
            Assumption::NoDuplication,
            Assumption::NoPartition,
        ];
        assumes.extend(self.settings.true_clocks(10));
        assumes.extend(self.settings.memory());
        assumes
    }
}

impl Protocol for TtlNaive {
    type Message = Message;
    type Server = Redis;
    type Client = NaiveClient;

    fn name(&self) -> &'static str {
        "ttl-naive"
    }

    fn server(&self, _: ServerId, disk: &Keys) -> Redis {
        Redis::new(&self.settings, disk)
    }

    fn client(&self, id: ClientId, (): &()) -> NaiveClient {
        NaiveClient {
            settings: self.settings,
            me: Owner::first(id),
            serial: 0,
            passes: BTreeMap::new(),
        }
    }

    fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
        servers.live().filter_map(|(_, server)| server.owner(lock)).collect()
    }

    fn promises(&self) -> Vec<Promise> {
        let mut progress = self.settings.progress();
        progress.assumes.extend(self.calm());
        progress.assumes.extend([Assumption::ClientsStayUp, Assumption::ServersStayUp]);
        vec![
            Promise::of(Guarantee::GrantExclusion, []),
            Promise { guarantee: Guarantee::MutualExclusion, assumes: self.calm() },
            Promise { guarantee: Guarantee::NoLostUpdate, assumes: self.calm() },
            progress,
        ]
    }
}
