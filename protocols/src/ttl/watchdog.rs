//! `ttl-watchdog`: a lease that is renewed for as long as its owner lives, and reentrant.
//!
//! As [`Ttl`](super::Ttl), with what Redisson's lock adds (redisson/redisson, `RedissonLock` and
//! its lock watchdog): a timer renews the lease each third of it, by a script that prolongs the key
//! only if it still has the owner's value, so that a section may take as long as it likes; and an
//! owner may take the lock again while he has it. He hears `Granted` with the same token, and the
//! lock comes free with the last release.
//!
//! # What it promises
//!
//! What [`Ttl`](super::Ttl) promises; and the holder is told when the lock is lost. Redisson's
//! holder is not: [`TtlWatchdogSilent`] is that lock. Here, the lock is lost once a renewal is
//! answered "not yours", or once the validity that counts from the *sending* of the last
//! acknowledged renewal is over. Renewals, too, count from when the request was sent, so that a
//! grant that comes late is renewed at once; a request that nobody answers for half a lease is
//! given up for a new one. A renewal without an answer is repeated after
//! [`Settings::request_timeout`], and a renewal that failed does not end the renewing
//! (redisson/redisson#775). None ever makes a key that is gone.
//!
//! # Known flaws
//!
//! - Those of [`Ttl`](super::Ttl), but for the short sections.
//! - A process that lives but does nothing keeps the lock for ever.
//! - A holder that is cut off from the server, not from the data, works on until his validity
//!   ends; whoever ignores `Lost` works on for longer.

use super::claims::{Claim, Claims, ClientTimer, Fx};
use super::keys::Keys;
use super::message::{Answer, Message, RedisCommand, Reply};
use super::redis::Redis;
use super::settings::Settings;
use crate::prelude::*;

mod silent;
#[cfg(test)]
mod tests;

pub use silent::TtlWatchdogSilent;

/// A lease that is renewed for as long as its owner lives, and reentrant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TtlWatchdog {
    /// Its settings.
    pub settings: Settings,
}

/// What the watchdog knows of a held lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Watch {
    /// How often the owner has taken it.
    pub depth: u32,
    /// The number of the newest renewal.
    renewal: u32,
    /// Whether an answer to it still counts.
    pending: bool,
}

/// The client of [`TtlWatchdog`] and of [`TtlWatchdogSilent`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct WatchdogClient {
    claims: Claims,
    /// Whether the holder counts his validity, and is told when the lock is lost.
    own_deadline: bool,
    watches: BTreeMap<LockId, Watch>,
}

impl WatchdogClient {
    fn new(claims: Claims, own_deadline: bool) -> Self {
        Self { claims, own_deadline, watches: BTreeMap::new() }
    }

    /// What it does about each lock.
    pub fn claims(&self) -> impl Iterator<Item = (LockId, &Claim)> {
        self.claims.iter()
    }

    /// The locks that it renews.
    pub fn watches(&self) -> &BTreeMap<LockId, Watch> {
        &self.watches
    }

    fn acquire(&mut self, lock: LockId, fx: &mut Fx<Message>) {
        match (self.watches.get_mut(&lock), self.claims.held(lock)) {
            (Some(watch), Some((_, token))) => {
                watch.depth += 1;
                fx.notify(LockEvent::Granted { lock, token });
            }
            _ => self.claims.acquire(lock, fx),
        }
    }

    fn release(&mut self, lock: LockId, fx: &mut Fx<Message>) {
        match self.watches.get_mut(&lock) {
            Some(watch) if watch.depth > 1 => {
                watch.depth -= 1;
                let outcome = Ending::Done;
                fx.notify(LockEvent::Released { lock, outcome });
            }
            _ => {
                self.stop(lock, fx);
                self.claims.release(lock, fx);
            }
        }
    }

    fn hear(&mut self, reply: &Reply, fx: &mut Fx<Message>) {
        if self.claims.hear(reply, fx) {
            self.begin(reply.lock, reply.value.serial, fx);
        }
        let Answer::Prolonged { renewal, mine } = reply.answer else {
            return;
        };
        let lock = reply.lock;
        let held = self.claims.held(lock);
        if held.is_none_or(|(claim, _)| self.claims.value(claim.serial) != reply.value) {
            return;
        }
        let Some(watch) = self.watches.get_mut(&lock) else {
            return;
        };
        if !mine {
            self.renewing_ends(lock, fx);
            if self.own_deadline {
                self.watches.remove(&lock);
                self.claims.lose(lock, fx);
            }
        } else if watch.pending && watch.renewal == renewal {
            watch.pending = false;
            fx.disarm(ClientTimer::Repeat(lock, reply.value.serial));
            self.claims.renewed(lock, renewal, fx);
        }
    }

    fn fire(&mut self, timer: ClientTimer, fx: &mut Fx<Message>) {
        match timer {
            ClientTimer::Renew(lock, serial) if self.watches_over(lock, serial) => {
                self.renew(lock, serial, fx);
            }
            ClientTimer::Repeat(lock, serial) if self.watches_over(lock, serial) => {
                if self.watches[&lock].pending {
                    self.send_renewal(lock, serial, fx);
                }
            }
            ClientTimer::Validity(lock, serial, renewal) if self.watches_over(lock, serial) => {
                if self.own_deadline {
                    self.outdated(lock, renewal, fx);
                    self.claims.fire(timer, fx);
                }
            }
            _ => self.claims.fire(timer, fx),
        }
    }

    /// What was counted from this renewal is over: the lock is lost, or it was one without an
    /// answer, which comes too late from now on, for nothing would end what it began.
    fn outdated(&mut self, lock: LockId, renewal: u32, fx: &mut Fx<Message>) {
        let counted = self.claims.held(lock).map(|(claim, _)| claim.renewal);
        if counted == Some(renewal) {
            self.stop(lock, fx);
        } else if let Some(watch) = self.watches.get_mut(&lock)
            && watch.renewal == renewal
        {
            watch.pending = false;
        }
    }

    fn watches_over(&self, lock: LockId, serial: u32) -> bool {
        self.watches.contains_key(&lock)
            && (self.claims.held(lock)).is_some_and(|(claim, _)| claim.serial == serial)
    }

    /// Begins to renew a lock that was just granted: a third of the lease after it was asked for,
    /// or at once, if the answer took longer.
    fn begin(&mut self, lock: LockId, serial: u32, fx: &mut Fx<Message>) {
        let watch = Watch { depth: 1, renewal: 0, pending: false };
        self.watches.insert(lock, watch);
        if !self.own_deadline {
            fx.disarm(ClientTimer::Validity(lock, serial, 0));
        }
        if self.claims.held(lock).is_some_and(|(claim, _)| claim.due) {
            self.renew(lock, serial, fx);
        }
    }

    /// A third of the lease is over: a new renewal, whose validity counts from here. One that is
    /// still without an answer is given up.
    fn renew(&mut self, lock: LockId, serial: u32, fx: &mut Fx<Message>) {
        let Some(watch) = self.watches.get_mut(&lock) else {
            return;
        };
        if watch.pending {
            fx.disarm(ClientTimer::Validity(lock, serial, watch.renewal));
        }
        watch.renewal += 1;
        watch.pending = true;
        let settings = self.claims.settings;
        if self.own_deadline {
            let timer = ClientTimer::Validity(lock, serial, watch.renewal);
            fx.arm(timer, Clock::Monotonic, settings.validity());
        }
        let timer = ClientTimer::Renew(lock, serial);
        fx.arm(timer, Clock::Monotonic, settings.lease / 3);
        self.send_renewal(lock, serial, fx);
    }

    fn send_renewal(&mut self, lock: LockId, serial: u32, fx: &mut Fx<Message>) {
        let settings = self.claims.settings;
        let command = RedisCommand::PexpireIfMine {
            lease: settings.lease,
            renewal: self.watches[&lock].renewal,
        };
        let value = self.claims.value(serial);
        self.claims.send(lock, value, command, fx);
        let timer = ClientTimer::Repeat(lock, serial);
        fx.arm(timer, Clock::Monotonic, settings.request_timeout);
    }

    /// Ends the renewing of a lock, and forgets how often it is held.
    fn stop(&mut self, lock: LockId, fx: &mut Fx<Message>) {
        self.renewing_ends(lock, fx);
        self.watches.remove(&lock);
    }

    /// Sends no more renewals of a lock.
    fn renewing_ends(&mut self, lock: LockId, fx: &mut Fx<Message>) {
        let (Some(watch), Some((claim, _))) = (self.watches.get_mut(&lock), self.claims.held(lock))
        else {
            return;
        };
        fx.disarm(ClientTimer::Renew(lock, claim.serial));
        fx.disarm(ClientTimer::Repeat(lock, claim.serial));
        if watch.pending {
            watch.pending = false;
            fx.disarm(ClientTimer::Validity(lock, claim.serial, watch.renewal));
        }
    }
}

impl Node for WatchdogClient {
    type Message = Message;
    type Timer = ClientTimer;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(incarnation) => self.claims.start(incarnation),
            Input::Command(Command::Acquire { locks }) => self.acquire(locks.only(), fx),
            Input::Command(Command::Release { lock }) => self.release(lock, fx),
            Input::Message { body: Message::Reply(reply), .. } => self.hear(&reply, fx),
            Input::Fired(timer) => self.fire(timer, fx),
            _ => {}
        }
    }
}

impl Protocol for TtlWatchdog {
    type Message = Message;
    type Server = Redis;
    type Client = WatchdogClient;

    fn name(&self) -> &'static str {
        "ttl-watchdog"
    }

    fn server(&self, _: ServerId, disk: &Keys) -> Redis {
        Redis::new(&self.settings, disk)
    }

    fn client(&self, id: ClientId, (): &()) -> WatchdogClient {
        let own_deadline = true;
        WatchdogClient::new(Claims::new(self.settings, id).renewing(), own_deadline)
    }

    fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
        servers.live().filter_map(|(_, server)| server.owner(lock)).collect()
    }

    fn promises(&self) -> Vec<Promise> {
        let mut promises = self.settings.one_server();
        promises.retain(|promise| promise.guarantee != Guarantee::Linearizable);
        // The holds are counted at the client: an inner release is answered there, and is right
        // only while nobody relies on a lease that has ended.
        let mut others = self.settings.memory();
        others.push(Assumption::NoDuplication);
        promises.extend(self.settings.while_valid(Guarantee::Linearizable, &others));
        promises
    }

    fn semantics(&self) -> Semantics {
        Semantics { reentrant: true, fenced: true, renews: true }
    }
}
