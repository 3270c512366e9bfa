//! The live runs beside the simulated ones: what counts as a difference, and who is compared where.

use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_protocols::time::Time;
use locklab_scenarios::catalogue;
use locklab_scenarios::judge::{Tally, judge};
use locklab_scenarios::live::compared::{Row, pairs};
use locklab_scenarios::registry::Contestants;
use locklab_sim::Record;

/// A row of the classic, with this said live of one guarantee.
fn row(guarantee: Guarantee, verdict: Verdict) -> Row {
    let scenario = catalogue::find("gc-pause-past-lease").expect("it is there");
    let lock = Contestants::shelf().live("ttl", &scenario).expect("it is there");
    let run = |seed| lock.run(&scenario, seed, Record::Nothing);
    let tally = (1..=3).map(|seed| Tally::of(run(seed))).fold(Tally::default(), Tally::merge);
    let simulated = judge(lock.as_ref(), &scenario, &tally);
    let mut outcome = run(1);
    outcome.verdicts.insert(guarantee, verdict);
    let live = judge(lock.as_ref(), &scenario, &Tally::of(outcome));
    let (scenario, protocol) = (scenario.name.clone(), "ttl".to_owned());
    Row { scenario, protocol, simulated, live, failed: None }
}

#[test]
fn a_run_that_is_as_the_simulator_says_does_not_differ() {
    let broken = Verdict::broken(Time(1), "as ever".to_owned());
    let row = row(Guarantee::MutualExclusion, broken);
    assert_eq!(row.differences(), Vec::<String>::new());
    assert_eq!(row.predicted(), "mutual-exclusion");
    assert_eq!(row.broke(), "mutual-exclusion");
}

#[test]
fn what_holds_though_it_always_breaks_differs() {
    let row = row(Guarantee::MutualExclusion, Verdict::Held);
    assert_eq!(row.differences(), ["mutual-exclusion held live"]);
}

#[test]
fn what_breaks_though_it_never_does_differs() {
    let broken = Verdict::broken(Time(1_000_000_000), "a fence fell".to_owned());
    let row = row(Guarantee::FencedWrites, broken);
    assert_eq!(row.differences(), ["fenced-writes broke live: at 1.000 s: a fence fell"]);
}

#[test]
fn what_was_not_put_to_the_test_says_nothing() {
    let row = row(Guarantee::MutualExclusion, Verdict::not_exercised("nobody came".to_owned()));
    assert_eq!(row.differences(), Vec::<String>::new());
    assert!(!row.is_idle(), "the others were");
}

#[test]
fn every_scenario_has_somebody() {
    let all = catalogue::all();
    let pairs = pairs(&all, None);
    assert_eq!(pairs.len(), all.len());
    let of = |name: &str| {
        let pair = pairs.iter().find(|pair| pair.scenario.name == name);
        pair.map(|pair| pair.protocol.as_str())
    };
    assert_eq!(of("watchdog-cut-off"), Some("ttl-watchdog-silent"));
    assert_eq!(of("raft-old-leader"), Some("raft"));
    // The locks before it there have one server, and nothing comes between that.
    assert_eq!(of("partition-halves"), Some("two-phase"));
    assert_eq!(of("coordinator-gone-after-votes"), Some("two-phase"));
}
