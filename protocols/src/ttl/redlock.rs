//! `redlock`: independent servers, and whoever has a majority of them owns the lock.
//!
//! The algorithm of "Distributed locks with Redis" (section "The Redlock algorithm"). A client
//! sets the same random value at all servers at once. It has the lock once a majority set it and
//! there is validity left, which counts from before the first request: the lease, minus the time
//! that the asking took, minus a drift. Otherwise it deletes its value *everywhere*, also where it
//! got no answer, waits a random time and tries again.
//!
//! A release is done once a majority deleted the value. It failed if every server answered, each
//! at the first time of asking, that it had none to delete; anything else is unknown.
//!
//! # What it promises
//!
//! No two owners with a majority at once: each server has one value for a lock, so this is
//! arithmetic. Mutual exclusion among holders, as for [`Ttl`](super::Ttl), while pauses and clock
//! rates stay within the margin, and besides only while servers remember their votes.
//!
//! The document's margin, one percent of the lease and two milliseconds
//! ([`Settings::drift_percent`] of 1), covers clocks that are true within half a percent. Its author
//! argues that the lock is safe as long as processes count five seconds within ten percent
//! (antirez, "Is Redlock safe?", 2016). For that, the margin must be 19 percent or more, since the
//! holder's clock may be slow while the servers' are fast: `1 - 0.9 / 1.1`. The default is 20.
//!
//! # Known flaws
//!
//! - Its value is random, and no token: nothing that it hands out can fence the data. Those who
//!   pause past their validity, or whose write is delayed past it, overwrite the next owner
//!   (Kleppmann, "How to do distributed locking", 2016).
//! - A wall clock that jumps at one server ends a vote early; if the majority was bare, another
//!   client has one now (the same).
//! - A server that restarts without its votes gives them again. The document asks for
//!   `fsync=always`, or that it stay away for longer than any lease ([`Redlock::restart_delay`]).
//! - Votes may split so that nobody wins; and who cannot delete his votes waits for their end. On a
//!   network that loses messages all the time there are always such votes, and with long leases
//!   nobody gets a majority any more.

use super::keys::Keys;
use super::message::{Message, Value};
use super::redis::Redis;
use super::settings::Settings;
use crate::prelude::*;

mod client;

pub use client::{Ballot, RedlockClient, RedlockTimer, Stage, Votes};

/// Independent servers, and whoever has a majority of them owns the lock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Redlock {
    /// Its settings.
    pub settings: Settings,
    /// How many servers there are, at most 64.
    pub servers: usize,
    /// How long a server stays away after a restart; not shorter than the lease and the lock delay
    /// together, if it is to help.
    pub restart_delay: Duration,
}

impl Default for Redlock {
    /// Five servers, which answer within a hundredth of the lease or not at all.
    fn default() -> Self {
        Self {
            settings: Settings {
                request_timeout: Duration::from_millis(100),
                ..Settings::default()
            },
            servers: 5,
            restart_delay: Duration::ZERO,
        }
    }
}

impl Redlock {
    /// How many servers are a majority.
    pub fn quorum(&self) -> usize {
        self.servers / 2 + 1
    }

    /// How many of a hundred messages may be lost. A vote whose deletion is lost is in the way of
    /// everybody for a lease, so it must be rarer than one for as many ballots as a client holds
    /// in that time. And where more than one message in ten is lost, two servers of two seldom
    /// hear of the same ballot.
    fn most_loss(&self) -> u32 {
        let between = self.settings.backoff(u32::MAX).shortest;
        let percent = between.as_nanos() * 100 / self.settings.lease.as_nanos().max(1);
        percent.min(10) as u32
    }

    /// What must be true for votes to be remembered, or not to be missed.
    fn memory(&self) -> Vec<Assumption> {
        let forgettable = self.settings.lease + self.settings.lock_delay;
        if self.restart_delay >= forgettable { Vec::new() } else { self.settings.memory() }
    }
}

impl Protocol for Redlock {
    type Message = Message;
    type Server = Redis;
    type Client = RedlockClient;

    fn name(&self) -> &'static str {
        "redlock"
    }

    fn servers(&self) -> usize {
        self.servers
    }

    fn server(&self, _: ServerId, disk: &Keys) -> Redis {
        Redis::new(&self.settings, disk).delayed(self.restart_delay)
    }

    fn client(&self, id: ClientId, (): &()) -> RedlockClient {
        RedlockClient::new(self, id)
    }

    /// Whoever has the same value at a majority of all servers. There can be but one: the value
    /// that a vote-by-vote majority count (Boyer and Moore, 1981) leaves over, if any.
    fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
        let values = || {
            let keys = servers.live().filter_map(move |(_, server)| server.keys().get(lock));
            keys.map(|key| key.value)
        };
        let mut left: Option<(Value, usize)> = None;
        for value in values() {
            left = match left {
                Some((candidate, votes)) if candidate == value => Some((candidate, votes + 1)),
                Some((candidate, votes)) if votes > 1 => Some((candidate, votes - 1)),
                Some(_) => None,
                None => Some((value, 1)),
            };
        }
        let Some((candidate, _)) = left else {
            return Vec::new();
        };
        let votes = values().filter(|value| *value == candidate).count();
        let owner = (votes >= self.quorum()).then_some(candidate.owner);
        owner.into_iter().collect()
    }

    fn promises(&self) -> Vec<Promise> {
        let settings = &self.settings;
        let mut progress = settings.progress();
        progress.assumes.push(Assumption::DelayAtMost(settings.request_timeout / 4));
        progress.assumes.push(Assumption::UsualLossAtMostPercent(self.most_loss()));
        let mut linearizable = Promise::of(
            Guarantee::Linearizable,
            [
                Assumption::ServersStayUp,
                Assumption::NoDuplication,
                Assumption::ClientPauseAtMost(settings.slack(0).unwrap_or_default()),
            ],
        );
        linearizable.assumes.extend(settings.true_clocks(0));
        let mut promises = vec![Promise::of(Guarantee::GrantExclusion, []), progress, linearizable];
        promises.extend(settings.mutual_exclusion(&self.memory()));
        promises.extend(settings.unfenced_updates(&self.memory()));
        promises
    }
}
