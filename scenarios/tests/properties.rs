//! What is true of every plan: a lock keeps what it promises, and a fault changes nothing before
//! it strikes.
//!
//! The plans are drawn by proptest with a fixed seed, so that the same ones are tried each time;
//! `PROPTEST_RNG_SEED=7 PROPTEST_CASES=1000 cargo test --release -p locklab-scenarios --test
//! properties` tries others. `locklab search` tries many more.

use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_protocols::time::Time;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::search::{plans, promised};
use locklab_scenarios::sim::Record;
use locklab_scenarios::sim::outcome::{Happening, Traced};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

/// What a search has found and nobody has mended yet. A client counts its validity from when it
/// asked, so one that waited for most of it loses the lock before its first renewal (`regressions/`
/// has it). On a replicated log a renewal waits for changes of leader and of members.
const KNOWN: [(&str, Guarantee); 7] = [
    ("ttl-watchdog", Guarantee::LeaseKept),
    ("ttl-watchdog-silent", Guarantee::LeaseKept),
    ("two-phase", Guarantee::LeaseKept),
    ("two-phase-wait", Guarantee::LeaseKept),
    ("two-phase-wait-die", Guarantee::LeaseKept),
    ("two-phase-wound-wait", Guarantee::LeaseKept),
    ("raft", Guarantee::LeaseKept),
];

fn runner(cases: u32) -> TestRunner {
    let mut config = ProptestConfig::with_source_file(file!());
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(1);
    }
    TestRunner::new(config)
}

#[test]
fn every_lock_keeps_its_promises_under_every_plan() {
    for entry in Contestants::shelf().entries() {
        let keeps = |scenario: Scenario| {
            let contestant = entry.build(&scenario);
            let outcome = contestant.run(&scenario, 1, Record::Nothing);
            for guarantee in promised(contestant.as_ref(), &scenario) {
                if KNOWN.contains(&(entry.name(), guarantee)) {
                    continue;
                }
                if let Some(Verdict::Broken { at, reason }) = outcome.verdicts.get(&guarantee) {
                    let text = scenario.to_toml();
                    let name = entry.name();
                    let why = format!("{name}: {guarantee} broke at {at}: {reason}\n{text}");
                    return Err(TestCaseError::fail(why));
                }
            }
            Ok(())
        };
        let tried = runner(24).run(&plans(entry), keeps);
        if let Err(error) = tried {
            panic!("{error}\ncargo run --release -- search --protocol {}", entry.name());
        }
    }
}

/// The trace before a moment, with the faults numbered as they are without this one.
fn before(trace: &[Traced], moment: Time, without: Option<usize>) -> Vec<Traced> {
    let renumbered = |fault: &mut usize| {
        if without.is_some_and(|gone| *fault > gone) {
            *fault -= 1;
        }
    };
    let mut early: Vec<Traced> =
        trace.iter().take_while(|traced| traced.at < moment).cloned().collect();
    for traced in &mut early {
        match &mut traced.what {
            Happening::FaultBegins { fault, .. } | Happening::FaultEnds { fault } => {
                renumbered(fault);
            }
            _ => {}
        }
    }
    early
}

#[test]
fn a_fault_changes_nothing_before_it_strikes() {
    let mut compared = 0;
    for entry in Contestants::shelf().entries() {
        let strategy = (plans(entry), any::<prop::sample::Index>());
        let agrees = |(with, which): (Scenario, prop::sample::Index)| {
            if with.faults.is_empty() {
                return Ok(());
            }
            let gone = which.index(with.faults.len());
            let mut without = with.clone();
            without.faults.remove(gone);
            let contestant = entry.build(&with);
            let one = contestant.run(&with, 1, Record::Everything);
            let other = contestant.run(&without, 1, Record::Everything);
            let strikes = one.bites[gone].struck.unwrap_or(Time(one.end.0 + 1));
            let one = before(&one.trace, strikes, Some(gone));
            prop_assert_eq!(one, before(&other.trace, strikes, None));
            Ok(())
        };
        runner(6)
            .run(&strategy, agrees)
            .unwrap_or_else(|error| panic!("{}: {error}", entry.name()));
        compared += 1;
    }
    assert!(compared > 10);
}
