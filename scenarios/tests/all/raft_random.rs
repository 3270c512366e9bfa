//! The lock service on a replicated log under random faults of every kind that its promises
//! cover, several at a time, with leadership transfers, membership changes and snapshots going on
//! in their midst.
//!
//! `LOCKLAB_RUNS=50000 cargo test --release -p locklab-scenarios --test all raft_random -- --nocapture`
//! runs more of them and says which faults bit. `LOCKLAB_FIRST=17` begins with another seed.

mod draw;

use locklab_protocols::application::{LockOrder, Workload};
use locklab_protocols::raft::{Raft, Settings};
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_scenarios::contestant::Contestant;
use locklab_scenarios::promise::inside;
use locklab_scenarios::scenario::Scenario;
use locklab_sim::outcome::{Outcome, never_felt};
use locklab_sim::{Plan, Record, run};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What must hold in every run, whatever the assumptions of its promise are.
const MUST_HOLD: [Guarantee; 5] = [
    Guarantee::Agreement,
    Guarantee::GrantExclusion,
    Guarantee::TokenOrder,
    Guarantee::FencedWrites,
    Guarantee::Linearizable,
];

/// Whether a waiting client may lose its place for as long as the run lasts: it gives up before all
/// others had their turn, and asks again at the end of the line, with the same others before it. So
/// it was with seed 3043568: five clients, four seconds of patience, and two seconds a turn.
fn gives_up_in_line(raft: &Raft, scenario: &Scenario) -> bool {
    let patience = raft.settings.acquire_timeout;
    let work = &scenario.workload;
    let at_once = work.locks_at_once.max(1);
    let commands = 2 * work.depth * if work.order == LockOrder::Set { 1 } else { at_once };
    // To the leader, to its followers and back, and their syncs, each behind one that is under way.
    let link = scenario.network.delay.most();
    let command = 4 * link + 2 * scenario.sync_time;
    let storage = 2 * at_once * (2 * link + scenario.sync_time);
    let turn = commands * command + work.hold.longest + storage;
    !patience.is_zero() && turn * u32::try_from(scenario.clients).expect("a few") > patience
}

/// Whether a guarantee must hold in a drawn run: these five must, progress after every heal where
/// disks keep up with the clients and clients wait for their turn, and whatever else the lock
/// service promises inside of its assumptions. Mutual exclusion in the holders' belief is such a
/// promise: pauses and clock rates break it.
fn must_hold(raft: &Raft, scenario: &Scenario, guarantee: Guarantee) -> bool {
    let keeps_up = scenario.sync_time <= raft.settings.slowest_sync();
    let waits = keeps_up && !gives_up_in_line(raft, scenario);
    let promises = Contestant::promises(raft).into_iter();
    let mut of_it = promises.filter(|promise| promise.guarantee == guarantee);
    MUST_HOLD.contains(&guarantee)
        || (guarantee == Guarantee::Progress && waits)
        || of_it.any(|promise| inside(&promise, scenario).is_ok())
}

/// What came out of many runs.
#[derive(Default)]
struct Tally {
    runs: u64,
    steps: u64,
    /// In how many runs each kind of fault bit.
    bit: BTreeMap<&'static str, u64>,
    /// In how many runs each guarantee was broken, held with every fault felt, held with some fault
    /// not felt, or not put to the test; where it had to hold, and where not.
    verdicts: BTreeMap<(Guarantee, bool), [u64; 4]>,
    /// The first broken run of each guarantee that must hold.
    broken: BTreeMap<Guarantee, (u64, String)>,
    /// How long after the heal the first grant came, at the most.
    recovery: Duration,
}

impl Tally {
    fn of(seed: u64, raft: &Raft, scenario: &Scenario, outcome: &Outcome) -> Self {
        let mut tally = Self { runs: 1, steps: outcome.steps, ..Self::default() };
        for bites in outcome.bites.iter().filter(|bites| bites.count > 0) {
            tally.bit.insert(bites.kind, 1);
        }
        let not_felt = never_felt(&outcome.bites).map(Verdict::not_exercised);
        for (guarantee, verdict) in &outcome.verdicts {
            let must_hold = must_hold(raft, scenario, *guarantee);
            let counts = tally.verdicts.entry((*guarantee, must_hold)).or_default();
            match verdict {
                Verdict::Broken { reason, .. } => {
                    counts[0] += 1;
                    if must_hold {
                        tally.broken.insert(*guarantee, (seed, reason.clone()));
                    }
                }
                Verdict::Held => counts[1] += 1,
                // What did not break is only called so because of the fault.
                _ if Some(verdict) == not_felt.as_ref() => counts[2] += 1,
                _ => counts[3] += 1,
            }
        }
        tally.recovery = outcome.measures.recovery.unwrap_or_default();
        tally
    }

    fn and(mut self, other: Self) -> Self {
        self.runs += other.runs;
        self.steps += other.steps;
        for (kind, count) in other.bit {
            *self.bit.entry(kind).or_default() += count;
        }
        for (guarantee, counts) in other.verdicts {
            let sums = self.verdicts.entry(guarantee).or_default();
            sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        for (guarantee, first) in other.broken {
            let known = self.broken.entry(guarantee).or_insert_with(|| first.clone());
            if first.0 < known.0 {
                *known = first;
            }
        }
        self.recovery = self.recovery.max(other.recovery);
        self
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().expect("a number"))
}

#[test]
fn the_log_decides_whatever_happens() {
    let (first, runs) = (number("LOCKLAB_FIRST", 1), number("LOCKLAB_RUNS", 200));
    let one = |seed| {
        let (raft, scenario) = draw::draw(seed);
        let outcome = raft.run(&scenario, seed, Record::Nothing);
        Tally::of(seed, &raft, &scenario, &outcome)
    };
    let tally = (first..first + runs).into_par_iter().map(one);
    let tally = tally.reduce(Tally::default, Tally::and);
    println!("{} runs, {} steps, recovery within {:?}", tally.runs, tally.steps, tally.recovery);
    for (kind, count) in &tally.bit {
        println!("  {kind} bit in {count} runs");
    }
    for ((guarantee, must_hold), [broken, held, without, idle]) in &tally.verdicts {
        let place = if *must_hold { "where it must hold" } else { "elsewhere" };
        println!(
            "  {guarantee}, {place}: {broken} broken, {held} held, {without} held with a fault that \
             was not felt, {idle} not put to the test"
        );
    }
    let Some((guarantee, (seed, reason))) = tally.broken.iter().min_by_key(|(_, first)| first.0)
    else {
        return;
    };
    let (raft, scenario) = draw::draw(*seed);
    let breaks = &tally.broken;
    let text = scenario.to_toml();
    panic!("{guarantee} broke with seed {seed}: {reason}\n{raft:?}\n{text}\nall: {breaks:?}");
}

/// A client's next question takes the place of the one before it at the leader. The check of reads
/// once missed that such a question had come, and counted it from the end of a pause that came
/// between: the leader answered as it had to, and was said to have read old entries.
#[test]
fn a_question_counts_from_when_it_came() {
    let seed = 2_002_840;
    let (raft, scenario) = draw::draw(seed);
    let outcome = raft.run(&scenario, seed, Record::Nothing);
    assert_eq!(outcome.verdicts[&Guarantee::Agreement], Verdict::Held);
}

/// A client was granted a lock by a leader whose majority was down at that moment, and its lease
/// ran out in the very step that brought the majority back; and the majority died at the very word
/// that a lease had run out. Nobody said that it had ended, and the next grant was called one too
/// many.
#[test]
fn a_lease_that_nobody_could_list_ends_too() {
    for seed in [2_007_019, 3_044_547] {
        let (raft, scenario) = draw::draw(seed);
        let outcome = raft.run(&scenario, seed, Record::Nothing);
        let found = &outcome.verdicts[&Guarantee::Linearizable];
        assert!(!found.is_broken(), "seed {seed}: {found:?}");
    }
}

/// A leader was taken out of the configuration, and knew of no other. A waiting client that asked
/// it every 20 ms who held the lock put off the next server with each answer, for as long as it
/// asked: so one lost its lease, and another waited until the end.
#[test]
fn a_client_that_asks_often_goes_to_the_next_server_all_the_same() {
    for (seed, guarantee) in [(2_011_963, Guarantee::LeaseKept), (2_012_038, Guarantee::Progress)] {
        let (raft, scenario) = draw::draw(seed);
        let outcome = raft.run(&scenario, seed, Record::Nothing);
        assert_eq!(outcome.verdicts[&guarantee], Verdict::Held, "seed {seed}");
    }
}

/// Followers that take one entry with each slow sync stay behind for as long as clients ask. Each
/// broadcast finds them behind, and none may leave more messages on the way than the one before:
/// in such a run there were once 2,300 a second.
#[test]
fn a_follower_that_stays_behind_is_not_flooded() {
    let lease = Duration::from_secs(1);
    let settings = Settings { lease, append_limit: 1, ..Settings::default() };
    let raft = Raft { servers: 5, settings };
    let workload = Workload {
        locks: 3,
        locks_at_once: 2,
        order: LockOrder::Set,
        think: (Duration::from_millis(10)..=Duration::from_millis(400)).into(),
        ..Workload::default()
    };
    let plan = Plan {
        clients: 5,
        workload: Arc::new(workload),
        sync_time: Duration::from_millis(30),
        ..Plan::default()
    };
    let messages = run(&raft, &plan, 1, Record::Nothing).measures.messages;
    let found = messages / (plan.heal_at + plan.settle).as_secs();
    // Twenty heartbeats a second, a broadcast with every write of the leader, and one answer at a
    // time to each: to four followers and back.
    let most = (20 + 33 + 33) * 2 * 4;
    assert!(found < most, "{found} messages a second, at most {most}");
}
