//! The settings of the lock service, and what it promises.

use crate::contract::{Assumption, Promise, Span};
use crate::margin::{Margin, percent};
use crate::spec::Guarantee;
use crate::storage::Fencing;
use std::time::Duration;

/// Settings of the lock service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Settings {
    /// How long a session lives after it was prolonged, by the leader's clock.
    pub lease: Duration,
    /// How much of the lease a client does not use, in percent, in case that clocks drift.
    pub drift_percent: u32,
    /// How long a client waits for a lock before it gives up; zero for a client that only tries.
    pub acquire_timeout: Duration,
    /// After how long without an answer a client asks the next server.
    pub request_timeout: Duration,
    /// How often a client that waits asks who holds the lock, in case that a grant was lost.
    pub query_every: Duration,
    /// For how long a server believes in a leader of whom it hears nothing (section 5.2). It
    /// campaigns at a random moment in the same time after that.
    pub election_timeout: Duration,
    /// How often a leader lets its followers hear of it.
    pub heartbeat: Duration,
    /// After how many applied entries a server takes a snapshot, at the least: if its table has
    /// more than eight times as many rows, an eighth of the rows counts instead. It keeps half as
    /// many entries behind it for followers that are a little late.
    pub snapshot_every: u64,
    /// How many rows of the lock table go into one `InstallSnapshot`.
    pub snapshot_chunk: usize,
    /// How many entries go into one `AppendEntries` at the most.
    pub append_limit: usize,
    /// How often a leader hands over to another server; never if there is none. Where that is
    /// sooner than a lease ends, the lock of a dead owner never comes free.
    pub transfer_every: Option<Duration>,
    /// How often a leader takes a server out of the configuration, or the one that is out back
    /// in; never if there is none.
    pub reconfigure_every: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(10),
            drift_percent: 20,
            acquire_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_millis(500),
            query_every: Duration::from_secs(1),
            election_timeout: Duration::from_millis(500),
            heartbeat: Duration::from_millis(50),
            snapshot_every: 128,
            snapshot_chunk: 16,
            append_limit: 64,
            transfer_every: None,
            reconfigure_every: None,
        }
    }
}

impl Settings {
    /// How long a client relies on its session, by its own monotonic clock, from the moment at
    /// which it *sent* the renewal: `lease - lease * drift_percent %`.
    pub fn validity(&self) -> Duration {
        percent(self.lease, 100_u32.saturating_sub(self.drift_percent), 100)
    }

    /// How often a client prolongs its session.
    pub fn renew_every(&self) -> Duration {
        self.lease / 3
    }

    /// When a server that has ceased to hear of a leader campaigns.
    pub(super) fn campaign(&self) -> Span {
        (Duration::ZERO..=self.election_timeout).into()
    }

    /// When a candidate that has neither won nor lost tries again (section 5.2).
    pub(super) fn retry(&self) -> Span {
        (self.election_timeout..=self.election_timeout * 2).into()
    }

    /// How long a sync may take so that the log keeps up with the clients. A follower writes
    /// [`append_limit`](Self::append_limit) entries with each sync.
    ///
    /// - A hundred entries must get through in the time of a lease (ten for each of ten clients).
    ///   Where disks are slower, the log falls behind by more than a lease, sessions are over when
    ///   they are opened, clients open new ones, and what they ask for keeps the log behind.
    /// - A command and a renewal of each of ten clients must get through in half of a request
    ///   timeout. Where disks are slower, each asks again before it is answered, and the log takes
    ///   every request twice.
    /// - A vote or a heartbeat must not wait for most of an election.
    pub fn slowest_sync(&self) -> Duration {
        let batch = u32::try_from(self.append_limit).unwrap_or(u32::MAX).min(ENTRIES);
        let in_a_lease = self.lease * batch / ENTRIES;
        let in_a_request = self.request_timeout / 2 * batch / (2 * CONTENDERS);
        in_a_lease.min(in_a_request).min(self.election_timeout / 5)
    }

    /// Whether a lease is long enough to be kept through a change of the leader: in half of it,
    /// servers that hear of no leader cease to believe in the last one, campaign, and after votes
    /// that were split campaign once more. (etcd makes no lease shorter than one and a half times
    /// the election timeout.)
    pub fn outlives_elections(&self) -> bool {
        self.lease / 2 >= self.election_timeout * 4
    }

    /// How much true time is left between the end of the validity and the end of the lease if
    /// the holder's clock is slow and the leader's is fast by `rate` percent; `None` if the lease
    /// may end first.
    pub fn slack(&self, rate: u32) -> Option<Duration> {
        self.margin().slack(rate)
    }

    /// The largest error of clock rates, in percent, that the margin covers: 11 for the default
    /// of 20 percent of drift.
    pub fn rate_bound(&self) -> u32 {
        self.margin().rate_bound()
    }

    fn margin(&self) -> Margin {
        Margin { validity: self.validity(), lease: self.lease }
    }

    /// How long a message may take for leaders to stay and to be found: broadcasts must take much
    /// less than an election timeout (Ongaro and Ousterhout 2014, section 5.6), and a grant, which
    /// takes four messages, must come before its client gives up, if it waits at all. To open a
    /// session takes four more, and a grant must come while it is valid.
    fn slowest_link(&self) -> Duration {
        let broadcast = (self.election_timeout / 5).min(self.validity() / 10);
        match self.acquire_timeout {
            Duration::ZERO => broadcast,
            patience => broadcast.min(patience / 4),
        }
    }

    /// What the lock service promises, all of it on the condition that no server forgets what it
    /// wrote and synced: a server that comes back with an empty disk votes twice.
    pub(super) fn promises(&self) -> Vec<Promise> {
        use Guarantee::{
            Agreement, FencedWrites, GrantExclusion, LeaseKept, Linearizable, MutualExclusion,
            NoLostUpdate, Progress, TokenOrder,
        };
        let durable = Assumption::DisksKeepSyncedWrites;
        let fenced = Assumption::FencingAtLeast;
        let mut promises: Vec<Promise> = [Agreement, GrantExclusion, TokenOrder, Linearizable]
            .into_iter()
            .map(|guarantee| Promise::of(guarantee, [durable]))
            .collect();
        promises.extend([
            Promise::of(FencedWrites, [durable, fenced(Fencing::Writes)]),
            Promise::of(NoLostUpdate, [durable, fenced(Fencing::ReadsAndWrites)]),
            Promise::of(
                Progress,
                [
                    durable,
                    Assumption::ClockRateWithinPercent(self.rate_bound()),
                    Assumption::HoldAtMost(self.lease / 10),
                    Assumption::ClientsAtMost(CONTENDERS),
                    Assumption::SyncAtMost(self.slowest_sync()),
                    Assumption::UsualDelayAtMost(self.slowest_link()),
                ],
            ),
        ]);
        if self.outlives_elections() {
            promises.push(Promise::of(
                LeaseKept,
                [
                    durable,
                    Assumption::ClockRateWithinPercent(0),
                    Assumption::ServerPauseAtMost(self.lease / 4),
                    Assumption::DelayAtMost(self.lease / 4),
                    Assumption::SyncAtMost(self.slowest_sync()),
                    Assumption::UsualDelayAtMost(self.slowest_link()),
                ],
            ));
        }
        for (rate, slack) in self.margin().trade() {
            let rate = Assumption::ClockRateWithinPercent(rate);
            promises.extend([
                Promise::of(MutualExclusion, [durable, rate, Assumption::ClientPauseAtMost(slack)]),
                // Without a fence the slack must also cover the way of the last write.
                Promise::of(
                    NoLostUpdate,
                    [
                        durable,
                        rate,
                        Assumption::ClientPauseAtMost(slack / 2),
                        Assumption::DelayAtMost(slack / 2),
                        Assumption::NoLoss,
                        Assumption::NoPartition,
                    ],
                ),
            ]);
        }
        promises
    }
}

/// How many entries the log must take in the time of a lease: ten for each of [`CONTENDERS`].
const ENTRIES: u32 = 100;

/// How many clients may contend for one lock so that each has its turn soon enough.
const CONTENDERS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_margin_covers_clocks_within_ten_percent() {
        let settings = Settings::default();
        assert_eq!(settings.validity(), Duration::from_secs(8));
        assert_eq!(settings.slack(0), Some(Duration::from_secs(2)));
        assert_eq!(settings.rate_bound(), 11);
    }

    #[test]
    fn a_log_that_takes_one_entry_a_write_needs_fast_disks() {
        let usual = Settings::default();
        assert_eq!(usual.slowest_sync(), Duration::from_millis(100));
        let lease = Duration::from_secs(1);
        let one = Settings { append_limit: 1, lease, ..usual };
        assert_eq!(one.slowest_sync(), Duration::from_millis(10));
    }

    #[test]
    fn a_grant_must_come_while_the_session_is_valid() {
        let usual = Settings::default();
        assert_eq!(usual.slowest_link(), Duration::from_millis(100));
        let lease = Duration::from_secs(1);
        assert_eq!(Settings { lease, ..usual }.slowest_link(), Duration::from_millis(80));
    }

    #[test]
    fn a_lease_that_an_election_may_outlast_is_not_promised_to_be_kept() {
        let promised = |lease| {
            let settings = Settings { lease: Duration::from_secs(lease), ..Settings::default() };
            settings.promises().iter().any(|promise| promise.guarantee == Guarantee::LeaseKept)
        };
        assert!(promised(10) && promised(4));
        assert!(!promised(3));
    }
}
