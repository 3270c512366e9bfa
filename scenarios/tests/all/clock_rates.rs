//! Is Redlock safe while processes count five seconds within ten percent (antirez, 2016)? With a
//! margin made for that it is; the sweep shows where it ends. A holder relies on his votes for
//! 8 of the lease's 10 seconds, so servers that count up to 10/8 times too fast let him, if
//! they are a majority, or if his votes are of the fast ones.

use locklab_protocols::application::Workload;
use locklab_protocols::spec::Guarantee;
use locklab_scenarios::judge::Judgement;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::{Scenario, at};
use locklab_scenarios::suite::compare;
use locklab_sim::fault::{ClockRate, Kind, Lasting, Target};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

fn sweep(target: Target, percent: u32) -> Scenario {
    let rate = ClockRate { target: target.into(), percent, lasting: Lasting::UntilHeal };
    let seconds = Duration::from_secs;
    let workload = Workload {
        think: (seconds(1)..=seconds(2)).into(),
        hold: (seconds(4)..=seconds(12)).into(),
        ..Workload::default()
    };
    Scenario::new(format!("rate-{percent}"))
        .servers(5)
        .heal_at(seconds(60))
        .workload(workload)
        .fault(at(Duration::ZERO), Kind::ClockRate(rate))
}

/// The smallest rate, in steps of five percent, at which two holders meet.
fn breaks_at(protocol: &str, target: Target) -> Option<u32> {
    let rates: Vec<u32> = (100..=200).step_by(5).collect();
    let scenarios: Vec<Scenario> = rates.iter().map(|rate| sweep(target, *rate)).collect();
    let contestants = Contestants::shelf().only(&[protocol]).expect("it is on the shelf");
    let found = compare(&contestants, &scenarios, 0..30, &|_| {}, &AtomicBool::new(false));
    let breaks = |scenario: &Scenario| {
        let mut cells = found.cells.iter().filter(|cell| cell.scenario == scenario.name);
        cells.any(|cell| {
            cell.guarantee == Guarantee::MutualExclusion && cell.verdict == Judgement::Broken
        })
    };
    rates.into_iter().zip(&scenarios).find(|(_, scenario)| breaks(scenario)).map(|(rate, _)| rate)
}

#[test]
fn a_fast_majority_breaks_redlock_right_beyond_its_margin() {
    assert_eq!(breaks_at("redlock", Target::Majority), Some(130));
}

#[test]
fn a_fast_minority_breaks_it_later_or_not_at_all() {
    let minority = breaks_at("redlock", Target::Minority);
    assert!(minority.is_none_or(|rate| rate >= 130), "it broke at {minority:?}");
}

#[test]
fn one_fast_server_breaks_a_lock_on_one_server_at_the_same_rate() {
    assert_eq!(breaks_at("ttl", Target::Servers), Some(130));
}

#[test]
fn a_lock_that_is_renewed_outlives_fast_servers() {
    assert_eq!(breaks_at("ttl-watchdog", Target::Servers), None);
}
