//! The client: asks a coordinator for a set of locks, renews what it holds, gives it back.
//!
//! A *claim* is what a client does about one set, from `Acquire` to the answer. Each try is a new
//! request, repeated as it is until it is answered; the age stays that of the first. What a
//! request that was given up may have got is given back. A *holding* is one lock that it has; each
//! is renewed and given back on its own, at the participants that guard it.

mod holdings;
#[cfg(test)]
mod tests;

pub use holdings::Holding;

use super::message::{Age, Message, Request, Tokens};
use super::settings::Settings;
use crate::contract::{
    Clock, Command, EffectList, Effects, Input, InputOf, LockEvent, Never, Node,
};
use crate::id::{ClientId, LockId, NodeId, Owner};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The timers of a client, on its monotonic clock. Each names the request that it is about, so
/// that a late one is known for what it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ClientTimer {
    /// No answer: send the request again.
    Repeat(u32),
    /// The request was refused: try again.
    Retry(u32),
    /// The claim that began with this request took too long.
    GiveUp(u32),
    /// What was counted from the sending of this number is over: the copies of a request and the
    /// renewals of what it got are counted together.
    Validity(LockId, u32, u32),
    /// Time to renew.
    Renew(LockId, u32),
    /// No answer: send the renewal or the release again.
    Again(LockId, u32),
    /// The release took too long.
    ReleaseOver(LockId, u32),
}

/// What a client does about a set of locks that it wants.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Claim {
    /// The locks.
    pub locks: Vec<LockId>,
    /// The number of the request at hand.
    pub number: u32,
    /// Whether it waits for the answer; else it waits before it tries again.
    pub asking: bool,
    age: Age,
    /// How often the request was sent.
    copies: u32,
    /// How many of these copies were sent so long ago that a lease which began then is as good as
    /// over.
    outdated: u32,
    refusals: u32,
    /// Whether a request that was given up may still take effect.
    doubtful: bool,
}

/// The effects of a client.
type Fx = EffectList<Message, ClientTimer, Never>;

/// A client.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Client {
    settings: Settings,
    me: Owner,
    /// The number of the newest request.
    number: u32,
    /// The newest age that it has heard of.
    newest: u64,
    /// By the request that each began with.
    claims: BTreeMap<u32, Claim>,
    holdings: BTreeMap<LockId, Holding>,
}

impl Client {
    /// A client that has asked for nothing.
    pub(super) fn new(settings: Settings, id: ClientId) -> Self {
        Self {
            settings,
            me: Owner::first(id),
            number: 0,
            newest: 0,
            claims: BTreeMap::new(),
            holdings: BTreeMap::new(),
        }
    }

    /// What it wants, by the request that each claim began with.
    pub fn claims(&self) -> &BTreeMap<u32, Claim> {
        &self.claims
    }

    /// What it has.
    pub fn holdings(&self) -> &BTreeMap<LockId, Holding> {
        &self.holdings
    }

    fn request(&self, number: u32) -> Request {
        Request { owner: self.me, number }
    }

    fn acquire(&mut self, locks: Vec<LockId>, fx: &mut Fx) {
        let claimed = |lock: &LockId| self.claims.values().any(|claim| claim.locks.contains(lock));
        if locks.iter().any(|lock| self.holdings.contains_key(lock) || claimed(lock)) {
            // Its own claim is in the way, as anybody's would be.
            for lock in locks {
                fx.notify(LockEvent::Refused { lock, definite: true });
            }
            return;
        }
        let first = self.number + 1;
        self.newest += 1;
        let age = Age { count: self.newest, owner: self.me };
        let claim = Claim {
            locks,
            number: first,
            asking: true,
            age,
            copies: 0,
            outdated: 0,
            refusals: 0,
            doubtful: false,
        };
        self.claims.insert(first, claim);
        if self.settings.conflict.has_timeouts() {
            let patience = self.settings.acquire_timeout;
            fx.arm(ClientTimer::GiveUp(first), Clock::Monotonic, patience);
        }
        self.ask(first, fx);
    }

    /// Sends a new request for a claim.
    fn ask(&mut self, first: u32, fx: &mut Fx) {
        let Some(claim) = self.claims.get_mut(&first) else { return };
        self.number += 1;
        claim.number = self.number;
        claim.asking = true;
        claim.copies = 0;
        claim.outdated = 0;
        self.repeat(first, fx);
    }

    /// Sends another copy of the request at hand. The validity of a grant that names it counts
    /// from here.
    fn repeat(&mut self, first: u32, fx: &mut Fx) {
        let Some(claim) = self.claims.get_mut(&first) else { return };
        claim.copies += 1;
        let (age, locks, copy) = (claim.age, claim.locks.clone(), claim.copies);
        let request = Request { owner: self.me, number: claim.number };
        if let Some(validity) = self.settings.validity() {
            for lock in &locks {
                let timer = ClientTimer::Validity(*lock, request.number, copy);
                fx.arm(timer, Clock::Monotonic, validity);
            }
        }
        let message = Message::Acquire { request, age, locks, copy };
        fx.send(self.settings.coordinator_of(request), message);
        if self.settings.conflict.has_timeouts() {
            fx.arm(ClientTimer::Repeat(request.number), Clock::Monotonic, self.settings.repeat);
        }
    }

    /// The claim that waits for the answer to this request, by the request that it began with.
    fn asking(&self, request: Request) -> Option<u32> {
        let mut claims = self.claims.iter();
        let found = claims.find(|(_, claim)| claim.asking && self.request(claim.number) == request);
        found.map(|(first, _)| *first)
    }

    fn granted(&mut self, request: Request, tokens: Tokens, copy: u32, fx: &mut Fx) {
        if request.owner != self.me {
            // Of an earlier life: its lease ends it.
            return;
        }
        let Some(first) = self.asking(request) else {
            // A grant that nobody waits for goes back; what is held stays.
            for lock in tokens.into_keys() {
                let holding = self.holdings.get(&lock);
                let held = holding.is_some_and(|holding| self.request(holding.number) == request);
                if !held {
                    self.give_up_lock(request, lock, fx);
                }
            }
            return;
        };
        if self.claims[&first].outdated >= copy {
            // It comes too late to be of use.
            self.abandon(first, fx);
            self.ask(first, fx);
            return;
        }
        let Some(claim) = self.end_claim(first, false, fx) else { return };
        for lock in tokens.keys() {
            self.hold(*lock, &claim, copy, fx);
            if claim.copies > 1 {
                // Some of the validity is over by now.
                self.renew(*lock, request.number, fx);
            }
        }
        for (lock, token) in tokens {
            fx.notify(LockEvent::Granted { lock, token: Some(token) });
        }
    }

    /// The request is aborted: tries again after a while.
    fn refused(&mut self, request: Request, fx: &mut Fx) {
        let Some(first) = self.asking(request) else { return };
        self.leave(first, fx);
        let Some(claim) = self.claims.get_mut(&first) else { return };
        let backoff = self.settings.backoff(claim.refusals);
        claim.refusals += 1;
        fx.arm(ClientTimer::Retry(claim.number), Clock::Monotonic, backoff);
    }

    /// Stops waiting for the answer to the request at hand. If it was sent more than once, another
    /// copy may have been granted to a coordinator's earlier life: that is given back.
    fn leave(&mut self, first: u32, fx: &mut Fx) {
        self.disarm_asking(first, fx);
        let Some(claim) = self.claims.get_mut(&first) else { return };
        claim.asking = false;
        if claim.copies > 1 {
            claim.doubtful = true;
            let (locks, number) = (claim.locks.clone(), claim.number);
            for lock in locks {
                self.give_up_lock(self.request(number), lock, fx);
            }
        }
    }

    /// Gives up a request that nobody answered.
    fn abandon(&mut self, first: u32, fx: &mut Fx) {
        if let Some(claim) = self.claims.get_mut(&first)
            && claim.asking
        {
            claim.doubtful = true;
            let request = Request { owner: self.me, number: claim.number };
            fx.send(self.settings.coordinator_of(request), Message::Cancel(request));
            self.leave(first, fx);
        }
    }

    fn disarm_asking(&self, first: u32, fx: &mut Fx) {
        let Some(claim) = self.claims.get(&first) else { return };
        if self.settings.conflict.has_timeouts() {
            fx.disarm(ClientTimer::Repeat(claim.number));
        }
        if self.settings.lease.is_some() {
            for lock in &claim.locks {
                for copy in claim.outdated + 1..=claim.copies {
                    fx.disarm(ClientTimer::Validity(*lock, claim.number, copy));
                }
            }
        }
    }

    /// What was sent so long ago is worth nothing any more. Once that is true of every copy, the
    /// request is given up for a new one.
    fn copy_outdated(&mut self, first: u32, copy: u32, fx: &mut Fx) {
        let Some(claim) = self.claims.get_mut(&first) else { return };
        claim.outdated = claim.outdated.max(copy);
        if claim.outdated == claim.copies {
            self.abandon(first, fx);
            self.ask(first, fx);
        }
    }

    /// Forgets a claim with its timers; the validity goes on counting for what was granted.
    fn end_claim(&mut self, first: u32, definitely: bool, fx: &mut Fx) -> Option<Claim> {
        let claim = self.claims.remove(&first)?;
        if self.settings.conflict.has_timeouts() {
            fx.disarm(ClientTimer::GiveUp(first));
            let timer = ClientTimer::Repeat(claim.number);
            fx.disarm(if definitely { ClientTimer::Retry(claim.number) } else { timer });
        }
        Some(claim)
    }

    fn give_up(&mut self, first: u32, fx: &mut Fx) {
        self.abandon(first, fx);
        let Some(claim) = self.end_claim(first, true, fx) else { return };
        for lock in claim.locks {
            fx.notify(LockEvent::Refused { lock, definite: !claim.doubtful });
        }
    }

    fn by_number(&self, number: u32, asking: bool) -> Option<u32> {
        let mut claims = self.claims.iter();
        let found = claims.find(|(_, claim)| claim.number == number && claim.asking == asking);
        found.map(|(first, _)| *first)
    }

    fn fire(&mut self, timer: ClientTimer, fx: &mut Fx) {
        match timer {
            ClientTimer::Repeat(number) => {
                if let Some(first) = self.by_number(number, true) {
                    self.repeat(first, fx);
                }
            }
            ClientTimer::Retry(number) => {
                if let Some(first) = self.by_number(number, false) {
                    self.ask(first, fx);
                }
            }
            ClientTimer::GiveUp(first) => self.give_up(first, fx),
            ClientTimer::Validity(lock, number, sending) => match self.by_number(number, true) {
                Some(first) => self.copy_outdated(first, sending, fx),
                None => self.outdated(lock, number, sending, fx),
            },
            ClientTimer::Renew(lock, number) => self.renew(lock, number, fx),
            ClientTimer::Again(lock, number) => self.again(lock, number, fx),
            ClientTimer::ReleaseOver(lock, number) => self.release_over(lock, number, fx),
        }
    }
}

impl Node for Client {
    type Message = Message;
    type Timer = ClientTimer;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(incarnation) => self.me.incarnation = incarnation,
            Input::Command(Command::Acquire { locks }) => self.acquire(locks.iter().collect(), fx),
            Input::Command(Command::Release { lock }) => self.release(lock, fx),
            Input::Fired(timer) => self.fire(timer, fx),
            Input::Message { from: NodeId::Server(from), body } => match body {
                Message::Granted { request, tokens, copy, newest } => {
                    self.newest = self.newest.max(newest);
                    self.granted(request, tokens, copy, fx);
                }
                Message::Refused { request, newest } => {
                    self.newest = self.newest.max(newest);
                    self.refused(request, fx);
                }
                Message::Renewed { request, lock, renewal, kept } => {
                    self.renewed(from, request, lock, renewal, kept, fx);
                }
                Message::Released { request, lock, freed } => {
                    self.released(from, request, lock, freed, fx);
                }
                _ => {}
            },
            _ => {}
        }
    }
}
