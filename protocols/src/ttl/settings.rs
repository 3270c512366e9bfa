//! The settings that the locks of this family share, and what follows from them.

use crate::contract::{Assumption, Clock, Promise, Span};
use crate::margin::{Margin, percent};
use crate::spec::Guarantee;
use crate::storage::Fencing;
use std::time::Duration;

/// What is always taken off the lease, besides the drift: Redis expires keys to the millisecond.
const ROUNDING: Duration = Duration::from_millis(2);

/// How many clients may poll for one lock so that each has its turn soon enough.
const CONTENDERS: u32 = 5;

/// Settings of a lock with a lease.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Settings {
    /// How long a server keeps a lock for its owner.
    pub lease: Duration,
    /// How long a server lets nobody have a lock whose lease ran out, by the clock of the lease; a
    /// lock that was given back is free at once. It gives what a vanished owner sent the time to
    /// arrive (Burrows, "The Chubby lock service", OSDI 2006, section 2.4; Consul's sessions).
    /// Redis has none: zero.
    pub lock_delay: Duration,
    /// How much of the lease a client does not use, in percent, in case that clocks drift.
    pub drift_percent: u32,
    /// The server's clock by which leases run out.
    pub expiry: Clock,
    /// When a server's writes become durable.
    pub persist: Persist,
    /// After how long without success a client refuses.
    pub acquire_timeout: Duration,
    /// After how long without an answer a client calls the outcome of a release unknown.
    pub release_timeout: Duration,
    /// After how long without an answer a client repeats a request.
    pub request_timeout: Duration,
    /// How long a client waits before it asks again for a lock that is taken; doubled twice.
    pub retry: Span,
}

/// When a server's writes become durable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Persist {
    /// Before the answer leaves (`appendfsync always`).
    #[default]
    Always,
    /// Once a second (`appendfsync everysec`): a power failure takes the last second.
    EverySecond,
    /// Not at all (`appendonly no`, and no snapshots): a restart forgets everything.
    Never,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            lock_delay: Duration::ZERO,
            drift_percent: 20,
            expiry: Clock::Wall,
            persist: Persist::Always,
            acquire_timeout: Duration::from_secs(5),
            release_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_millis(500),
            retry: (Duration::from_millis(50)..=Duration::from_millis(150)).into(),
        }
    }
}

impl Settings {
    /// How long a client relies on a lease, by its own monotonic clock, from the moment at which
    /// it sent the request: `lease - lease * drift_percent % - 2 ms`.
    pub fn validity(&self) -> Duration {
        let usable = percent(self.lease, 100_u32.saturating_sub(self.drift_percent), 100);
        usable.saturating_sub(ROUNDING)
    }

    /// How much true time is left between the end of the validity and the end of the lease if
    /// the holder's clock is slow and the server's is fast by `rate` percent; `None` if the
    /// lease may end first.
    pub fn slack(&self, rate: u32) -> Option<Duration> {
        self.margin().slack(rate)
    }

    /// The largest error of clock rates, in percent, that the margin covers: 11 for the default
    /// of 20 percent of drift, 10 for 19, and 0 for Redlock's own 1 percent.
    pub fn rate_bound(&self) -> u32 {
        self.margin().rate_bound()
    }

    fn margin(&self) -> Margin {
        Margin { validity: self.validity(), lease: self.lease }
    }

    /// How much true time the lock delay takes at least, if the server's clock is fast by `rate`
    /// percent.
    fn blocked(&self, rate: u32) -> Duration {
        percent(self.lock_delay, 100, 100 + rate)
    }

    /// How long to wait before another try, after so many.
    pub(super) fn backoff(&self, tries: u32) -> Span {
        let factor = 1 << tries.min(2);
        Span { shortest: self.retry.shortest * factor, longest: self.retry.longest * factor }
    }

    /// What must be true for servers to remember what they answered.
    pub(super) fn memory(&self) -> Vec<Assumption> {
        match self.persist {
            Persist::Always => vec![Assumption::DisksKeepSyncedWrites],
            Persist::EverySecond => {
                vec![Assumption::DisksKeepSyncedWrites, Assumption::DisksKeepUnsyncedWrites]
            }
            Persist::Never => vec![Assumption::ServersStayUp],
        }
    }

    /// What must be true for leases to run as long as they say.
    pub(super) fn true_clocks(&self, rate: u32) -> Vec<Assumption> {
        let mut assumes = vec![Assumption::ClockRateWithinPercent(rate)];
        if self.expiry == Clock::Wall {
            assumes.push(Assumption::ClocksDoNotJump);
        }
        assumes
    }

    /// Mutual exclusion while the holder learns of the end of his validity before the next one is
    /// let in: the better the clocks, the longer a pause may be, and a lock delay adds to it.
    /// `memory` is what must be true for the servers not to forget.
    pub(super) fn mutual_exclusion(&self, memory: &[Assumption]) -> Vec<Promise> {
        let covered = |(rate, slack)| (rate, slack + self.blocked(rate));
        self.paused_at_most(Guarantee::MutualExclusion, self.trade(1).map(covered), memory)
    }

    /// A guarantee that holds while no holder relies on a lease that has ended, at three points of
    /// the trade between clocks and pauses.
    pub(super) fn while_valid(&self, guarantee: Guarantee, others: &[Assumption]) -> Vec<Promise> {
        self.paused_at_most(guarantee, self.trade(1), others)
    }

    /// A guarantee that holds while no client pauses for longer than this at this rate of clocks.
    fn paused_at_most(
        &self,
        guarantee: Guarantee,
        points: impl Iterator<Item = (u32, Duration)>,
        others: &[Assumption],
    ) -> Vec<Promise> {
        let at = |(rate, pause)| {
            let mut assumes = vec![Assumption::ClientPauseAtMost(pause)];
            assumes.extend(self.true_clocks(rate));
            assumes.extend_from_slice(others);
            Promise { guarantee, assumes }
        };
        points.map(at).collect()
    }

    /// No lost update without a fence: what is left of the lease, and the lock delay, must cover a
    /// pause and also the way of the last write. A lost write is sent again, so none may be lost.
    pub(super) fn unfenced_updates(&self, memory: &[Assumption]) -> Vec<Promise> {
        let at = |(rate, half)| {
            let mut assumes = vec![
                Assumption::ClientPauseAtMost(half),
                Assumption::DelayAtMost(half + self.blocked(rate)),
                Assumption::NoLoss,
                Assumption::NoPartition,
            ];
            assumes.extend(self.true_clocks(rate));
            assumes.extend_from_slice(memory);
            Promise { guarantee: Guarantee::NoLostUpdate, assumes }
        };
        self.trade(2).map(at).collect()
    }

    /// What a lock on one server promises that knows owners, counts tokens and whose clients watch
    /// their validity.
    pub(super) fn one_server(&self) -> Vec<Promise> {
        let mut promises = vec![
            Promise::of(Guarantee::GrantExclusion, []),
            self.lease_kept(),
            self.progress(),
            self.linearizable(),
        ];
        promises.extend(self.fenced());
        promises.extend(self.mutual_exclusion(&self.memory()));
        promises.extend(self.unfenced_updates(&self.memory()));
        promises
    }

    /// A server whose clock is fast ends leases early by true time, so its clock must be true; and
    /// one that is down or stands still while a lease runs out hears no renewal. It is sent after a
    /// third of the lease, and takes two messages there and back, or four if a replica must hear
    /// of it, within four fifths.
    pub(super) fn lease_kept(&self) -> Promise {
        let mut assumes = self.true_clocks(0);
        assumes.extend([
            Assumption::ServersStayUp,
            Assumption::ServerPauseAtMost(self.lease / 4),
            Assumption::UsualDelayAtMost(self.lease / 10),
        ]);
        assumes.extend(self.memory());
        assumes.sort_unstable();
        assumes.dedup();
        Promise { guarantee: Guarantee::LeaseKept, assumes }
    }

    /// Waiting is polling at random, which is fair enough for a few clients and short holds. A
    /// clock that was set back keeps a dead owner's lease for as long. An answer must come while it
    /// is waited for and of use, and four messages lie before it if a replica must hear of a grant.
    /// A section reads and writes, so who holds does it for four messages more, which must be few
    /// beside the rest.
    pub(super) fn progress(&self) -> Promise {
        let mut assumes =
            vec![Assumption::ClientsAtMost(CONTENDERS), Assumption::HoldAtMost(self.lease / 10)];
        let answered = self.acquire_timeout.min(self.lease);
        assumes.push(Assumption::UsualDelayAtMost((answered / 4).min(self.lease / 80)));
        assumes.extend(self.true_clocks(self.rate_bound()));
        Promise { guarantee: Guarantee::Progress, assumes }
    }

    /// A release that is doubled in the network may hear of its own success as a failure.
    fn linearizable(&self) -> Promise {
        let mut assumes = vec![Assumption::NoDuplication];
        assumes.extend(self.memory());
        Promise { guarantee: Guarantee::Linearizable, assumes }
    }

    /// Pairs of a rate and a share of the slack that it leaves, best clocks first.
    fn trade(&self, shares: u32) -> impl Iterator<Item = (u32, Duration)> + '_ {
        self.margin().trade().map(move |(rate, slack)| (rate, slack / shares))
    }

    /// What a lock with durable tokens promises of data behind a fence.
    pub(super) fn fenced(&self) -> Vec<Promise> {
        let with = |guarantee, fencing: Option<Fencing>| {
            let mut assumes: Vec<_> = fencing.map(Assumption::FencingAtLeast).into_iter().collect();
            assumes.extend(self.memory());
            Promise { guarantee, assumes }
        };
        vec![
            with(Guarantee::TokenOrder, None),
            with(Guarantee::FencedWrites, Some(Fencing::Writes)),
            with(Guarantee::NoLostUpdate, Some(Fencing::ReadsAndWrites)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_margin_covers_clocks_within_ten_percent() {
        let settings = Settings::default();
        assert_eq!(settings.validity(), Duration::from_millis(7_998));
        assert_eq!(settings.slack(0), Some(Duration::from_millis(2_002)));
        assert_eq!(settings.rate_bound(), 11);
    }

    #[test]
    fn the_margin_of_the_document_covers_no_whole_percent() {
        let settings = Settings { drift_percent: 1, ..Settings::default() };
        assert_eq!(settings.validity(), Duration::from_millis(9_898));
        assert_eq!(settings.rate_bound(), 0);
    }
}
