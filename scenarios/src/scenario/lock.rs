//! `[lock]`: what the locks of a family share.

use locklab_protocols::contract::Clock;
use locklab_sim::text::optional_duration;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the locks of a family share. A lock takes from it what it has; what is not set leaves it
/// its own default.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(deny_unknown_fields, default)]
pub struct LockSettings {
    /// How long a server keeps a lock for its owner.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub lease: Option<Duration>,
    /// How long a server lets nobody have a lock whose lease ran out.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub lock_delay: Option<Duration>,
    /// The server's clock by which leases run out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry: Option<Expiry>,
    /// When a server's writes become durable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persist: Option<Persist>,
    /// After how long without success a client refuses.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub acquire_timeout: Option<Duration>,
    /// Whether a grant waits until a replica has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_for_replica: Option<bool>,
    /// How long a server stays away after a restart.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub restart_delay: Option<Duration>,
    /// Whether each lock is guarded by one server, in turn, instead of by all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<bool>,
    /// How many of the servers coordinate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinators: Option<usize>,
    /// Whether locks are given out without a lease, where a lock can do so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_lease: Option<bool>,
    /// How much of the lease a client does not use, in percent, in case that clocks drift.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drift_percent: Option<u32>,
    /// After how many log entries a server takes a snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_every: Option<u64>,
    /// How many rows of the lock table a leader sends at once when it sends its snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_chunk: Option<usize>,
    /// How many log entries a leader sends at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub append_limit: Option<usize>,
    /// How often a client that waits asks who holds the lock.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub query_every: Option<Duration>,
    /// How often a leader hands over.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub transfer_every: Option<Duration>,
    /// How often a leader takes a server out of the configuration, or back in.
    #[serde(with = "optional_duration", skip_serializing_if = "Option::is_none")]
    pub reconfigure_every: Option<Duration>,
}

impl LockSettings {
    /// What the types cannot say.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.lease.is_some_and(|lease| lease.is_zero()) {
            return Err("`lease` is zero, so no grant would last".to_owned());
        }
        if self.coordinators == Some(0) {
            return Err("`coordinators` is 0, so nobody would decide anything".to_owned());
        }
        if self.snapshot_every == Some(0) {
            return Err("`snapshot_every` is 0; it counts entries from 1".to_owned());
        }
        for (key, number) in
            [("snapshot_chunk", self.snapshot_chunk), ("append_limit", self.append_limit)]
        {
            if number == Some(0) {
                return Err(format!("`{key}` is 0, so nothing would ever be sent"));
            }
        }
        let often = [
            ("query_every", self.query_every),
            ("transfer_every", self.transfer_every),
            ("reconfigure_every", self.reconfigure_every),
        ];
        if let Some((key, _)) =
            often.iter().find(|(_, every)| every.is_some_and(|every| every.is_zero()))
        {
            return Err(format!("`{key}` is zero, so nothing else would be done"));
        }
        match self.drift_percent {
            Some(drift @ 100..) => {
                Err(format!("`drift_percent` is {drift}, which leaves nothing of the lease"))
            }
            _ => Ok(()),
        }
    }
}

/// The server's clock by which leases run out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expiry {
    /// The wall clock, which somebody may set.
    Wall,
    /// The monotonic clock.
    Monotonic,
}

impl Expiry {
    /// The clock.
    pub fn clock(self) -> Clock {
        match self {
            Self::Wall => Clock::Wall,
            Self::Monotonic => Clock::Monotonic,
        }
    }
}

/// When a server's writes become durable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Persist {
    /// Before its answer leaves.
    Always,
    /// Once a second: a power failure takes the last second.
    EverySecond,
    /// Not at all: a restart forgets everything.
    Never,
}
