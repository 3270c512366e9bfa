//! The failure that everybody knows, made small: a holder stands still for longer than its lease.
//!
//! `LOCKLAB_REWRITE=1 cargo test -p locklab-scenarios --test all shrink` writes the folder in
//! `regressions/` anew.

use locklab_protocols::spec::Guarantee;
use locklab_scenarios::artifact::{Artifact, story};
use locklab_scenarios::catalogue;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::shrink::{Shrunk, Source, USUAL_RUNS, shrink};
use std::path::Path;
use std::time::Duration;

const FOLDER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/regressions/ttl-gc-pause-mutual-exclusion");

fn gc_pause(most_runs: u64) -> Shrunk {
    let scenario = catalogue::find("gc-pause-past-lease-unfenced").expect("it is in the catalogue");
    let shelf = Contestants::shelf();
    let ttl = shelf.entry("ttl").expect("it is on the shelf");
    let source = Source::Seed(1);
    shrink(ttl, &scenario, &source, Guarantee::MutualExclusion, most_runs, &mut |_| {})
        .expect("it breaks")
}

/// Runs cost about a millisecond each, so the bound on runs is one on time.
#[test]
fn the_pause_of_a_holder_becomes_two_clients_one_server_and_one_fault() {
    let shrunk = gc_pause(USUAL_RUNS);
    let story = story(&shrunk.outcome);
    assert_eq!((shrunk.after.clients, shrunk.after.servers, shrunk.after.faults), (2, 1, 1));
    assert!(shrunk.runs < 1_000, "{} runs", shrunk.runs);
    assert!(story.lines().count() <= 20, "{story}");
    assert!(story.contains("mutual-exclusion breaks"), "{story}");
    assert!(shrunk.schedule.is_empty(), "it needs no chance: {:?}", shrunk.schedule);
    assert!(shrunk.after.steps < shrunk.before.steps / 10);
    assert!(shrunk.scenario.heal_at <= Duration::from_secs(30));

    let shelf = Contestants::shelf();
    let ttl = shelf.entry("ttl").expect("it is on the shelf");
    let guarantee = Guarantee::MutualExclusion;
    let small = Artifact::new(ttl, shrunk.scenario, shrunk.schedule, guarantee, &shrunk.outcome);
    if std::env::var_os("LOCKLAB_REWRITE").is_some() {
        small.save(Path::new(FOLDER), &shrunk.outcome).expect("the folder can be written");
    }
    let kept = Artifact::load(Path::new(FOLDER), &shelf.names()).expect("it is there");
    assert_eq!(small, kept);
}

#[test]
fn shrinking_is_deterministic_and_bounded() {
    assert_eq!(gc_pause(40), gc_pause(40));
    // Each proposal may take some runs, and the schedule has a share of its own.
    assert!(gc_pause(40).runs <= 40 * 2);
}

#[test]
fn what_does_not_break_is_not_shrunk() {
    let scenario = catalogue::find("calm").expect("it is in the catalogue");
    let shelf = Contestants::shelf();
    let ttl = shelf.entry("ttl").expect("it is on the shelf");
    let error =
        shrink(ttl, &scenario, &Source::Seed(1), Guarantee::MutualExclusion, 100, &mut |_| {})
            .expect_err("nothing breaks");
    assert!(error.contains("does not break"), "{error}");
}
