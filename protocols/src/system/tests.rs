//! Every lock at work, with the whole specification watching: what is said and written is the same
//! today as yesterday.
//!
//! Each line of `worlds.txt` is a run of a small [`World`]: lock, seed, number of observations, a
//! hash of all that was said, kept and judged, and what broke. A change of a lock, of an application,
//! of the storage or of a monitor changes hashes. Look at what else changed, in the transcripts and in
//! the catalogue; then `REWRITE=1 cargo test -p locklab-protocols worlds` writes them anew.

mod nodes;
mod world;

use crate::raft::{self, Raft};
use crate::ttl::{Redlock, Ttl, TtlNaive, TtlReplicated, TtlWatchdog, TtlWatchdogSilent};
use crate::two_phase::{Conflict, TwoPhase};
use std::time::Duration;
use world::World;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=5;

fn all(seed: u64) -> String {
    let settings = raft::Settings {
        snapshot_every: 16,
        snapshot_chunk: 2,
        transfer_every: Some(Duration::from_secs(7)),
        reconfigure_every: Some(Duration::from_secs(2)),
        lease: Duration::from_secs(4),
        ..raft::Settings::default()
    };
    let conflicts =
        [Conflict::Refuse, Conflict::WaitDie, Conflict::WoundWait, Conflict::Wait, Conflict::Bare];
    let mut lines = World::play(&TtlNaive::default(), seed);
    lines += &World::play(&Ttl::default(), seed);
    lines += &World::play(&TtlWatchdog::default(), seed);
    lines += &World::play(&TtlWatchdogSilent::default(), seed);
    lines += &World::play(&TtlReplicated::default(), seed);
    lines += &World::play(&Redlock::default(), seed);
    for conflict in conflicts {
        lines += &World::play(&TwoPhase::with(conflict), seed);
    }
    lines + &World::play(&Raft { servers: 3, settings }, seed)
}

#[test]
fn small_worlds_go_as_they_went() {
    let now: String = SEEDS.map(all).collect();
    if std::env::var_os("REWRITE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/system/tests/worlds.txt");
        std::fs::write(path, &now).expect("it can be written");
    }
    let before = include_str!("tests/worlds.txt");
    for (now, before) in now.lines().zip(before.lines()) {
        assert_eq!(now, before);
    }
    assert_eq!(now.lines().count(), before.lines().count());
}
