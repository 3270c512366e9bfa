//! The client's side of a lock with a lease: asking, relying, giving back.
//!
//! A *claim* is what a client does about one lock, from `Acquire` to the end. The rules:
//!
//! - Each request for a lock carries a fresh [`Value`]. It is repeated, with the same value, until
//!   it is answered, so a lost answer costs a round trip and no second grant: the server knows its
//!   own value again.
//! - The validity counts from the moment at which the *first* copy of a request left. The server
//!   cannot have begun the lease earlier, whichever copy it was that took effect.
//! - A request that was answered "held" is over; the next try has a new value. A copy of the old
//!   one may still be on its way, and may even set the key. So whoever hears of a key that is his
//!   and that he does not wait for deletes it.
//! - The client says that the lock is lost when the validity ends, and does nothing else about it:
//!   the lease ends by itself.

#[cfg(test)]
mod tests;

use super::message::{Answer, RedisCommand, Reply, Request, Value};
use super::settings::Settings;
use crate::contract::{Clock, EffectList, Ending, LockEvent, Never};
use crate::id::{ClientId, Incarnation, LockId, Owner, ServerId, Token};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The timers of a client; each names the serial number that it is about, so that a late one is
/// known for what it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ClientTimer {
    /// No answer: repeat the request.
    Repeat(LockId, u32),
    /// The lock was taken: ask again.
    Retry(LockId, u32),
    /// The acquire that began with this serial number took too long.
    GiveUp(LockId, u32),
    /// The release took too long.
    ReleaseOver(LockId, u32),
    /// What was counted from this renewal (0: from the request itself) is over.
    Validity(LockId, u32, u32),
    /// Time to renew.
    Renew(LockId, u32),
}

/// Where a claim is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Waits for the answer to its request.
    Asking,
    /// Waits before it asks again.
    Waiting,
    /// Has it, with this token.
    Held(Option<Token>),
    /// Waits for the answer to the deletion.
    Releasing,
}

/// What a client does about one lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Claim {
    /// The serial number of the request at hand, or of the one that got the lock.
    pub serial: u32,
    /// Where it is.
    pub phase: Phase,
    /// The serial number that the acquire began with.
    first: u32,
    /// How often the request (for the lock, or to delete it) was sent.
    copies: u32,
    /// How many requests were answered "held".
    refusals: u32,
    /// Whether a request that was given up may still take effect.
    doubtful: bool,
    /// The last renewal that was acknowledged: the one that the validity counts from.
    pub(super) renewal: u32,
    /// Whether the first renewal has come due before the lock was granted.
    pub(super) due: bool,
}

/// All claims of one client. It stands in the middle of a client of any message type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Claims {
    pub(super) settings: Settings,
    me: Owner,
    /// Whether what is granted will be renewed.
    renews: bool,
    /// Whom to ask next.
    pub(super) server: ServerId,
    serial: u32,
    claims: BTreeMap<LockId, Claim>,
    /// The last request of each lock that was granted and lost.
    lost: BTreeMap<LockId, u32>,
}

/// The effects of a client.
pub(super) type Fx<M> = EffectList<M, ClientTimer, Never>;

impl Claims {
    pub(super) fn new(settings: Settings, id: ClientId) -> Self {
        Self {
            settings,
            me: Owner::first(id),
            renews: false,
            server: ServerId(1),
            serial: 0,
            claims: BTreeMap::new(),
            lost: BTreeMap::new(),
        }
    }

    /// The same for a lock that renews its leases: the first renewal is due a third of a lease
    /// after the request was sent, whenever the answer comes.
    pub(super) fn renewing(self) -> Self {
        Self { renews: true, ..self }
    }

    pub(super) fn start(&mut self, incarnation: Incarnation) {
        self.me.incarnation = incarnation;
    }

    /// The claim on a lock, if it is held.
    pub(super) fn held(&self, lock: LockId) -> Option<(&Claim, Option<Token>)> {
        let claim = self.claims.get(&lock)?;
        match claim.phase {
            Phase::Held(token) => Some((claim, token)),
            _ => None,
        }
    }

    /// Whether a request with this value waits for its answer.
    pub(super) fn waits(&self, lock: LockId, value: Value) -> bool {
        self.claims.get(&lock).is_some_and(|claim| {
            matches!(claim.phase, Phase::Asking | Phase::Releasing)
                && self.value(claim.serial) == value
        })
    }

    /// Whether the client has asked for this lock and was not answered yet.
    pub(super) fn asks(&self, lock: LockId) -> bool {
        self.claims.get(&lock).is_some_and(|claim| claim.phase == Phase::Asking)
    }

    /// All claims.
    pub(super) fn iter(&self) -> impl Iterator<Item = (LockId, &Claim)> {
        self.claims.iter().map(|(lock, claim)| (*lock, claim))
    }

    /// Begins to ask for a lock.
    pub(super) fn acquire<M: From<Request>>(&mut self, lock: LockId, fx: &mut Fx<M>) {
        if self.claims.contains_key(&lock) {
            // Its own value is in the way, as anybody's would be.
            let definite = true;
            fx.notify(LockEvent::Refused { lock, definite });
            return;
        }
        let first = self.serial + 1;
        let claim = Claim {
            serial: first,
            phase: Phase::Asking,
            first,
            copies: 0,
            refusals: 0,
            doubtful: false,
            renewal: 0,
            due: false,
        };
        self.claims.insert(lock, claim);
        let patience = self.settings.acquire_timeout;
        fx.arm(ClientTimer::GiveUp(lock, first), Clock::Monotonic, patience);
        self.ask(lock, fx);
    }

    /// Begins to give a lock back.
    pub(super) fn release<M: From<Request>>(&mut self, lock: LockId, fx: &mut Fx<M>) {
        let Some(claim) = self.claims.get_mut(&lock) else {
            // It was lost before.
            let outcome = Ending::Failed;
            fx.notify(LockEvent::Released { lock, outcome });
            return;
        };
        let Phase::Held(_) = claim.phase else { return };
        claim.phase = Phase::Releasing;
        claim.copies = 0;
        let (serial, renewal) = (claim.serial, claim.renewal);
        fx.disarm(ClientTimer::Validity(lock, serial, renewal));
        let patience = self.settings.release_timeout;
        fx.arm(ClientTimer::ReleaseOver(lock, serial), Clock::Monotonic, patience);
        self.repeat(lock, fx);
    }

    /// Hears an answer; says whether it was the one that a claim waited for to have its lock.
    pub(super) fn hear<M: From<Request>>(&mut self, reply: &Reply, fx: &mut Fx<M>) -> bool {
        let Reply { lock, value, answer } = *reply;
        let phase = self
            .claims
            .get(&lock)
            .filter(|claim| self.value(claim.serial) == value)
            .map(|claim| claim.phase);
        match (answer, phase) {
            (Answer::Taken { token }, Some(Phase::Asking)) => {
                self.granted(lock, token, fx);
                return true;
            }
            (Answer::Taken { .. }, Some(Phase::Held(_))) => {}
            (Answer::Taken { .. }, Some(Phase::Releasing)) => self.repeat(lock, fx),
            // What an earlier life had, and what was lost, runs out by itself.
            (Answer::Taken { .. }, _) if value.owner != self.me => {}
            (Answer::Taken { .. }, _) if self.lost.get(&lock) == Some(&value.serial) => {}
            (Answer::Taken { .. }, _) => self.send(lock, value, RedisCommand::DelIfMine, fx),
            (Answer::Held, Some(Phase::Asking)) => self.wait(lock, fx),
            (Answer::NoReplicas, Some(Phase::Asking)) => {
                self.abandon(lock, fx);
                self.wait(lock, fx);
            }
            (Answer::Deleted(done), Some(Phase::Releasing)) => self.released(lock, done, fx),
            _ => {}
        }
        false
    }

    /// Hears a timer other than those of renewals.
    pub(super) fn fire<M: From<Request>>(&mut self, timer: ClientTimer, fx: &mut Fx<M>) {
        let (ClientTimer::Repeat(lock, serial)
        | ClientTimer::Retry(lock, serial)
        | ClientTimer::GiveUp(lock, serial)
        | ClientTimer::ReleaseOver(lock, serial)
        | ClientTimer::Validity(lock, serial, _)
        | ClientTimer::Renew(lock, serial)) = timer;
        let Some(claim) = self.claims.get(&lock).copied() else {
            return;
        };
        let current = claim.serial == serial;
        match (timer, claim.phase) {
            (ClientTimer::Repeat(..), Phase::Asking) if current && self.is_late(&claim) => {
                fx.disarm(ClientTimer::Validity(lock, serial, 0));
                fx.disarm(ClientTimer::Renew(lock, serial));
                self.outdated(lock, Phase::Asking, fx);
            }
            (ClientTimer::Repeat(..), Phase::Asking | Phase::Releasing) if current => {
                self.repeat(lock, fx);
            }
            (ClientTimer::Renew(..), Phase::Asking) if current => {
                if let Some(claim) = self.claims.get_mut(&lock) {
                    claim.due = true;
                }
            }
            (ClientTimer::Retry(..), Phase::Waiting) if current => self.ask(lock, fx),
            (ClientTimer::GiveUp(..), Phase::Asking | Phase::Waiting) if claim.first == serial => {
                self.give_up(lock, fx);
            }
            (ClientTimer::ReleaseOver(..), Phase::Releasing) if current => {
                self.end(lock, fx);
                let outcome = Ending::Unknown;
                fx.notify(LockEvent::Released { lock, outcome });
            }
            (ClientTimer::Validity(_, _, renewal), phase)
                if current && renewal == claim.renewal =>
            {
                self.outdated(lock, phase, fx);
            }
            _ => {}
        }
    }

    /// Whether half a lease has gone by without an answer. What is left of the validity then is
    /// too little to renew a lease in, should the answer come at last.
    fn is_late(&self, claim: &Claim) -> bool {
        let settings = &self.settings;
        self.renews && settings.request_timeout * claim.copies >= settings.lease / 2
    }

    /// What was sent so long ago is worth nothing any more.
    fn outdated<M: From<Request>>(&mut self, lock: LockId, phase: Phase, fx: &mut Fx<M>) {
        match phase {
            Phase::Held(_) => self.lose(lock, fx),
            Phase::Asking => {
                self.abandon(lock, fx);
                self.ask(lock, fx);
            }
            Phase::Waiting | Phase::Releasing => {}
        }
    }

    /// Tells that a held lock is lost.
    pub(super) fn lose<M>(&mut self, lock: LockId, fx: &mut Fx<M>) {
        if let Some(claim) = self.claims.get(&lock) {
            self.lost.insert(lock, claim.serial);
        }
        self.end(lock, fx);
        fx.notify(LockEvent::Lost { lock });
    }

    /// Counts the validity of a held lock from this renewal on.
    pub(super) fn renewed<M>(&mut self, lock: LockId, renewal: u32, fx: &mut Fx<M>) {
        if let Some(claim) = self.claims.get_mut(&lock) {
            fx.disarm(ClientTimer::Validity(lock, claim.serial, claim.renewal));
            claim.renewal = renewal;
        }
    }

    /// Sends a command about a claim's key.
    pub(super) fn send<M: From<Request>>(
        &self,
        lock: LockId,
        value: Value,
        command: RedisCommand,
        fx: &mut Fx<M>,
    ) {
        let request = Request { lock, value, command };
        fx.send(self.server, request.into());
    }

    /// The value of this owner's request of that number.
    pub(super) fn value(&self, serial: u32) -> Value {
        Value { owner: self.me, serial }
    }

    /// Sends a new request for a lock. The validity counts from here.
    fn ask<M: From<Request>>(&mut self, lock: LockId, fx: &mut Fx<M>) {
        self.serial += 1;
        let Some(claim) = self.claims.get_mut(&lock) else {
            return;
        };
        claim.serial = self.serial;
        claim.phase = Phase::Asking;
        claim.copies = 0;
        claim.due = false;
        fx.arm(
            ClientTimer::Validity(lock, self.serial, 0),
            Clock::Monotonic,
            self.settings.validity(),
        );
        if self.renews {
            let timer = ClientTimer::Renew(lock, self.serial);
            fx.arm(timer, Clock::Monotonic, self.settings.lease / 3);
        }
        self.repeat(lock, fx);
    }

    /// Sends another copy of the request at hand.
    pub(super) fn repeat<M: From<Request>>(&mut self, lock: LockId, fx: &mut Fx<M>) {
        let Some(claim) = self.claims.get_mut(&lock) else {
            return;
        };
        claim.copies += 1;
        let serial = claim.serial;
        let command = match claim.phase {
            Phase::Releasing => RedisCommand::DelIfMine,
            _ => RedisCommand::SetNxPx { lease: self.settings.lease, fenced: true },
        };
        self.send(lock, self.value(serial), command, fx);
        fx.arm(ClientTimer::Repeat(lock, serial), Clock::Monotonic, self.settings.request_timeout);
    }

    fn granted<M>(&mut self, lock: LockId, token: Option<Token>, fx: &mut Fx<M>) {
        let Some(claim) = self.claims.get_mut(&lock) else {
            return;
        };
        claim.phase = Phase::Held(token);
        fx.disarm(ClientTimer::Repeat(lock, claim.serial));
        fx.disarm(ClientTimer::GiveUp(lock, claim.first));
        fx.notify(LockEvent::Granted { lock, token });
    }

    /// The lock is taken: waits a while. If the request was sent more than once, another copy may
    /// find the lock free later.
    fn wait<M>(&mut self, lock: LockId, fx: &mut Fx<M>) {
        let Some(claim) = self.claims.get_mut(&lock) else {
            return;
        };
        claim.phase = Phase::Waiting;
        claim.doubtful |= claim.copies > 1;
        let backoff = self.settings.backoff(claim.refusals);
        claim.refusals += 1;
        let serial = claim.serial;
        fx.disarm(ClientTimer::Validity(lock, serial, 0));
        fx.disarm(ClientTimer::Repeat(lock, serial));
        if self.renews {
            fx.disarm(ClientTimer::Renew(lock, serial));
        }
        fx.arm(ClientTimer::Retry(lock, serial), Clock::Monotonic, backoff);
    }

    fn give_up<M: From<Request>>(&mut self, lock: LockId, fx: &mut Fx<M>) {
        if self.claims[&lock].phase == Phase::Asking {
            self.abandon(lock, fx);
        }
        let definite = !self.claims[&lock].doubtful;
        self.end(lock, fx);
        fx.notify(LockEvent::Refused { lock, definite });
    }

    /// Gives up a request that nobody answered: if it took effect, it is undone.
    fn abandon<M: From<Request>>(&mut self, lock: LockId, fx: &mut Fx<M>) {
        if let Some(claim) = self.claims.get_mut(&lock) {
            claim.doubtful = true;
            let value = self.value(self.claims[&lock].serial);
            self.send(lock, value, RedisCommand::DelIfMine, fx);
        }
    }

    /// A deletion that found nothing took no effect; unless an earlier copy of it did.
    fn released<M>(&mut self, lock: LockId, done: bool, fx: &mut Fx<M>) {
        let copies = self.claims[&lock].copies;
        let outcome = match (done, copies) {
            (true, _) => Ending::Done,
            (false, 1) => Ending::Failed,
            (false, _) => Ending::Unknown,
        };
        self.end(lock, fx);
        fx.notify(LockEvent::Released { lock, outcome });
    }

    /// Forgets a claim, with all its timers.
    fn end<M>(&mut self, lock: LockId, fx: &mut Fx<M>) {
        let Some(claim) = self.claims.remove(&lock) else {
            return;
        };
        let Claim { serial, .. } = claim;
        fx.disarm(ClientTimer::Repeat(lock, serial));
        match claim.phase {
            Phase::Asking | Phase::Waiting => {
                fx.disarm(ClientTimer::Retry(lock, serial));
                fx.disarm(ClientTimer::GiveUp(lock, claim.first));
                fx.disarm(ClientTimer::Validity(lock, serial, 0));
                if self.renews {
                    fx.disarm(ClientTimer::Renew(lock, serial));
                }
            }
            Phase::Held(_) => {
                fx.disarm(ClientTimer::Validity(lock, serial, claim.renewal));
            }
            Phase::Releasing => fx.disarm(ClientTimer::ReleaseOver(lock, serial)),
        }
    }
}
