//! `ttl-watchdog-silent`: a renewed lease whose holder is told nothing, as Redisson has it.
//!
//! Redisson's own watchdog (redisson/redisson, `RedissonLock` with `lockWatchdogTimeout`): the
//! lease is renewed each third of it for as long as the owner lives. The holder has no deadline of
//! his own. When a renewal finds that the key is gone or another's, the renewing stops, and no one
//! hears of it; when renewals cannot be sent, they are tried again, and no one hears of it either
//! (redisson/redisson#3636). What the lock tells its owner before his release is that he has it.
//! The release then fails: `IllegalMonitorStateException`.
//!
//! Its tokens are those of `RFencedLock`. It differs from Redisson in where holds are counted: here
//! at the client, as by [`TtlWatchdog`](super::TtlWatchdog), there in the key. So it is the last
//! release that fails here, and the first there.
//!
//! # What it promises
//!
//! What the server promises, it does: one owner at a time, tokens that grow, and so the data is
//! safe behind a fence. But whoever holds the lock is right about it only while his renewals
//! arrive: nothing cut, nothing lost, no server down, and no pause or delay of more than a twelfth
//! of the lease. A renewal that is two thirds of the lease late, for whatever reason, is one too
//! many, and it costs mutual exclusion for as long as the section goes on.
//!
//! # Known flaws
//!
//! - Those of [`TtlWatchdog`](super::TtlWatchdog).
//! - A holder that is cut off from the server, not from the data, works on beside the next owner
//!   for as long as he likes, and after the link is back.
//! - So does one that paused past his lease, or whose server lost the key. If the counter of the
//!   tokens was lost along with it, no fence can tell him from the next owner either.

use super::{Claims, Keys, Message, Redis, Settings, WatchdogClient};
use crate::prelude::*;

/// A lease that is renewed for as long as its owner lives; he is not told when it is lost.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TtlWatchdogSilent {
    /// Its settings. The drift counts for requests only: a holder has no validity.
    pub settings: Settings,
}

impl TtlWatchdogSilent {
    /// Weather in which each renewal arrives in time, and with some time to spare for the last
    /// write of an owner who dies.
    ///
    /// From one renewal at the server to the next passes a third of the lease by the client's
    /// clock, and at most a pause of the client, two ways and a pause of the server. With clocks
    /// that are true within ten percent, and a twelfth for each of these, that is
    /// `1/3 / 0.9 + 4/12 = 0.70` of a lease that takes `1 / 1.1 = 0.90`.
    fn renewals_arrive(&self) -> Vec<Assumption> {
        let twelfth = self.settings.lease / 12;
        let mut assumes = vec![
            Assumption::ServersStayUp,
            Assumption::NoPartition,
            Assumption::NoLoss,
            Assumption::ClientPauseAtMost(twelfth),
            Assumption::ServerPauseAtMost(twelfth),
            Assumption::DelayAtMost(twelfth),
        ];
        assumes.extend(self.settings.true_clocks(10));
        assumes
    }
}

impl Protocol for TtlWatchdogSilent {
    type Message = Message;
    type Server = Redis;
    type Client = WatchdogClient;

    fn name(&self) -> &'static str {
        "ttl-watchdog-silent"
    }

    fn server(&self, _: ServerId, disk: &Keys) -> Redis {
        Redis::new(&self.settings, disk)
    }

    fn client(&self, id: ClientId, (): &()) -> WatchdogClient {
        let own_deadline = false;
        WatchdogClient::new(Claims::new(self.settings, id).renewing(), own_deadline)
    }

    fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
        servers.live().filter_map(|(_, server)| server.owner(lock)).collect()
    }

    fn promises(&self) -> Vec<Promise> {
        let mut promises = vec![
            Promise::of(Guarantee::GrantExclusion, []),
            self.settings.lease_kept(),
            self.settings.progress(),
        ];
        promises.extend(self.settings.fenced());
        let while_renewed = |guarantee| Promise { guarantee, assumes: self.renewals_arrive() };
        promises.extend([
            while_renewed(Guarantee::MutualExclusion),
            while_renewed(Guarantee::NoLostUpdate),
        ]);
        let mut linearizable = while_renewed(Guarantee::Linearizable);
        linearizable.assumes.push(Assumption::NoDuplication);
        promises.push(linearizable);
        promises
    }

    fn semantics(&self) -> Semantics {
        Semantics { reentrant: true, fenced: true, renews: true }
    }
}
