//! `ttl`: one server, an owner value, a lease, and a token.
//!
//! The standard lock on a single Redis: `SET key value NX PX lease` with a value that nobody else
//! has, and a script that deletes the key only if it still has that value (Redis, "Distributed
//! locks with Redis", section "Correct implementation with a single instance"). To this the
//! lock adds what the document recommends and most libraries leave out: a fencing token, counted
//! by the same script that sets the key and as durable as it, and a client that stops relying on
//! the lock before the lease can end, counted from when it *sent* its request.
//!
//! # What it promises
//!
//! The server never has two owners of a lock. Its tokens grow for as long as its disk keeps what
//! it synced, and so the data is safe behind a fence, whatever clocks, networks and clients do.
//!
//! Mutual exclusion among those who *believe* that they hold the lock is another matter: it rests
//! on clocks and pauses. A holder stops at the end of his validity; a pause that begins before and
//! ends after it stretches his belief, and clocks that differ in rate eat into the margin. The
//! promises name the bounds that follow from the settings ([`Settings::slack`]).
//!
//! # Known flaws
//!
//! - The end of a lease is a time of day, as in Redis: a wall clock that jumps forward ends leases
//!   early (Redis, "Distributed locks": "Redis does not use monotonic clock for TTL expiration").
//!   [`Settings::expiry`] has the monotonic alternative.
//! - A pause longer than the margin, or a write that is on its way for longer, meets a new
//!   owner (Kleppmann, "How to do distributed locking", 2016). Only a fence helps.
//! - With [`Persist::EverySecond`](super::Persist::EverySecond), Redis' own default for an
//!   append-only file, a power failure takes the last second: locks vanish, and tokens repeat.
//! - One server: while it is down, nobody is granted anything.
//! - Waiting is polling, and unfair.

use super::claims::{Claim, Claims, ClientTimer};
use super::keys::Keys;
use super::message::Message;
use super::redis::Redis;
use super::settings::Settings;
use crate::prelude::*;

/// One server, an owner value, a lease, and a token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Ttl {
    /// Its settings.
    pub settings: Settings,
}

/// The client of [`Ttl`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TtlClient {
    claims: Claims,
}

impl TtlClient {
    /// What it does about each lock.
    pub fn claims(&self) -> impl Iterator<Item = (LockId, &Claim)> {
        self.claims.iter()
    }
}

impl Node for TtlClient {
    type Message = Message;
    type Timer = ClientTimer;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(incarnation) => self.claims.start(incarnation),
            Input::Command(Command::Acquire { locks }) => self.claims.acquire(locks.only(), fx),
            Input::Command(Command::Release { lock }) => self.claims.release(lock, fx),
            Input::Message { body: Message::Reply(reply), .. } => {
                self.claims.hear(&reply, fx);
            }
            Input::Fired(timer) => self.claims.fire(timer, fx),
            _ => {}
        }
    }
}

impl Protocol for Ttl {
    type Message = Message;
    type Server = Redis;
    type Client = TtlClient;

    fn name(&self) -> &'static str {
        "ttl"
    }

    fn server(&self, _: ServerId, disk: &Keys) -> Redis {
        Redis::new(&self.settings, disk)
    }

    fn client(&self, id: ClientId, (): &()) -> TtlClient {
        TtlClient { claims: Claims::new(self.settings, id) }
    }

    fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
        servers.live().filter_map(|(_, server)| server.owner(lock)).collect()
    }

    fn promises(&self) -> Vec<Promise> {
        self.settings.one_server()
    }

    fn semantics(&self) -> Semantics {
        Semantics { fenced: true, ..Semantics::default() }
    }
}
