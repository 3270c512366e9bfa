//! A soak: a lock at work for a long time, while its servers are killed and stopped all the time.

use crate::scenario::Scenario;
use locklab_protocols::id::ServerId;
use locklab_sim::chance::Chance;
use locklab_sim::fault::{Crash, DiskLoss, Kind, Lasting, OnNodes, Target, When};
use std::time::Duration;

/// How long after a strike the next one comes.
const EVERY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(5));

/// How long a server is down or stands still.
const FOR: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(4));

/// Every few seconds a server is killed (and loses what it had not synced, every other time) or
/// stopped, or the leader is, for so long. Strikes may overlap, so now and then a majority is gone.
pub fn soak(servers: usize, lasts: Duration, seed: u64) -> Scenario {
    let mut chance = Chance::new(seed, &"soak");
    let mut scenario = Scenario::new("soak")
        .about("Servers are killed and stopped every few seconds.")
        .servers(servers)
        .heal_at(lasts);
    let mut at = chance.duration(EVERY.0, EVERY.1);
    while at + EVERY.0 < lasts {
        let target = match chance.below(3) {
            0 => Target::Leader,
            _ => Target::Server(ServerId::at(
                usize::try_from(chance.below(servers as u64)).unwrap_or(0),
            )),
        };
        let lasting = Lasting::For(chance.duration(FOR.0, FOR.1));
        let target = target.into();
        let kind = match chance.below(4) {
            0 => Kind::Crash(Crash { target, lasting, disk: DiskLoss::Kept }),
            1 => Kind::Crash(Crash { target, lasting, disk: DiskLoss::UnsyncedLost }),
            _ => Kind::Pause(OnNodes { target, lasting }),
        };
        scenario = scenario.fault(When::At(at), kind);
        at += chance.duration(EVERY.0, EVERY.1);
    }
    scenario
}
