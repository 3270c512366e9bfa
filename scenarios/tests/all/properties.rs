//! What is true of every plan: a lock keeps what it promises, and a fault changes nothing before
//! it strikes.
//!
//! The numbers of the plans are drawn by proptest with a fixed seed, so that the same ones are
//! tried each time; `PROPTEST_RNG_SEED=7 PROPTEST_CASES=1000 cargo test --release -p
//! locklab-scenarios --test properties` tries others. What fails names the command that makes an
//! artifact of it; those that are kept are in `regressions/`, and no file of proptest is, because
//! its numbers make other plans once plans are drawn otherwise. `locklab search` tries many more.

use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_protocols::time::Time;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::search::{draw, promised};
use locklab_scenarios::sim::Record;
use locklab_scenarios::sim::outcome::{Happening, Traced};
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

/// What a search has found and nobody has mended yet: on a replicated log a renewal waits for
/// changes of leader and of members.
const KNOWN: [(&str, Guarantee); 1] = [("raft", Guarantee::LeaseKept)];

/// Numbers that `locklab search --first-seed` takes.
const NUMBERS: std::ops::RangeInclusive<u64> = 1..=1 << 62;

fn runner(cases: u32) -> TestRunner {
    let mut config = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
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
        let keeps = |number: u64| {
            let scenario = draw(entry, number);
            let contestant = entry.build(&scenario);
            let outcome = contestant.run(&scenario, number, Record::Nothing);
            for guarantee in promised(contestant.as_ref(), &scenario) {
                if KNOWN.contains(&(entry.name(), guarantee)) {
                    continue;
                }
                if let Some(Verdict::Broken { at, reason }) = outcome.verdicts.get(&guarantee) {
                    let name = entry.name();
                    return Err(TestCaseError::fail(format!(
                        "{name}: {guarantee} broke at {at}: {reason}\ncargo run --release -- \
                         search --protocol {name} --first-seed {number} --runs 1"
                    )));
                }
            }
            Ok(())
        };
        runner(24).run(&NUMBERS, keeps).unwrap_or_else(|error| panic!("{error}"));
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
        let strategy = (NUMBERS, any::<prop::sample::Index>());
        let agrees = |(number, which): (u64, prop::sample::Index)| {
            let with = draw(entry, number);
            if with.faults.is_empty() {
                return Ok(());
            }
            let gone = which.index(with.faults.len());
            let mut without = with.clone();
            without.faults.remove(gone);
            let contestant = entry.build(&with);
            let one = contestant.run(&with, number, Record::Everything);
            let other = contestant.run(&without, number, Record::Everything);
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
