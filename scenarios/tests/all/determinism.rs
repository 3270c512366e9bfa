//! One seed, one run: in one process and in two, on one thread and on several, in debug and in
//! release, today and tomorrow.
//!
//! `tests/golden/hashes.txt` holds the hashes of some runs. A debug build and a release build are
//! both held against it. A change of a lock, of the simulator or of a scenario changes hashes;
//! look at the difference, and write the file anew with
//! `LOCKLAB_REWRITE=1 cargo test -p locklab-scenarios --test all determinism`.

use locklab_scenarios::catalogue;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::sim::Record;
use rayon::prelude::*;
use std::fmt::Write as _;
use std::process::Command;

const SCENARIOS: [&str; 5] =
    ["calm", "gc-pause-past-lease", "loss", "server-power-failure-unsynced", "clock-strobe"];

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/hashes.txt");

/// Tells a copy of this program to print its hashes and nothing else.
const PRINT: &str = "LOCKLAB_PRINT_HASHES";

/// One line: scenario, protocol, seed, hash, number of steps.
fn line(scenario: &str, protocol: &str, seed: u64) -> String {
    let scenario = catalogue::find(scenario).expect("it is in the catalogue");
    let contestant = Contestants::shelf().build(protocol, &scenario).expect("it is on the shelf");
    let outcome = contestant.run(&scenario, seed, Record::Nothing);
    let (name, hash, steps) = (&scenario.name, outcome.hash, outcome.steps);
    format!("{name} {protocol} {seed} {hash:016x} {steps}")
}

fn runs() -> Vec<(&'static str, &'static str, u64)> {
    let protocols = locklab_scenarios::registry::names();
    let of = |scenario: &'static str| {
        protocols
            .iter()
            .flat_map(move |protocol| [(scenario, *protocol, 1), (scenario, *protocol, 2)])
    };
    SCENARIOS.into_iter().flat_map(of).collect()
}

fn lines() -> String {
    let mut lines = String::new();
    for (scenario, protocol, seed) in runs() {
        writeln!(lines, "{}", line(scenario, protocol, seed)).expect("a string takes it");
    }
    lines
}

#[test]
fn the_same_seed_is_the_same_run_in_one_process() {
    assert_eq!(lines(), lines());
}

#[test]
fn another_seed_is_another_run() {
    for protocol in locklab_scenarios::registry::names() {
        assert_ne!(line("calm", protocol, 1), line("calm", protocol, 2).replace(" 2 ", " 1 "));
    }
}

#[test]
fn threads_make_no_difference() {
    let runs = runs();
    let on = |threads: usize| -> Vec<String> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let run = |(scenario, protocol, seed): &(&str, &str, u64)| line(scenario, protocol, *seed);
        pool.install(|| runs.par_iter().map(run).collect())
    };
    assert_eq!(on(1), on(2));
}

/// What a trace is written down for must not change what happens.
#[test]
fn looking_makes_no_difference() {
    let scenario = catalogue::find("gc-pause-past-lease").expect("it is in the catalogue");
    for protocol in locklab_scenarios::registry::names() {
        let lock = Contestants::shelf().build(protocol, &scenario).expect("it is on the shelf");
        let mut seen = lock.run(&scenario, 1, Record::Everything);
        assert!(!seen.trace.is_empty());
        seen.trace.clear();
        assert_eq!(seen, lock.run(&scenario, 1, Record::Nothing));
    }
}

#[test]
fn another_process_sees_the_same() {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program)
        .args(["--exact", "determinism::prints_its_hashes_when_asked_to", "--nocapture"])
        .env(PRINT, "1")
        .output()
        .expect("this program runs again");
    let printed = String::from_utf8(output.stdout).expect("hashes are text");
    let begins = |line: &&str| SCENARIOS.iter().any(|name| line.starts_with(&format!("{name} ")));
    let theirs: Vec<&str> = printed.lines().filter(begins).collect();
    assert_eq!(theirs, lines().lines().collect::<Vec<_>>());
}

#[test]
fn prints_its_hashes_when_asked_to() {
    if std::env::var_os(PRINT).is_some() {
        // The name of the test stands on a line of its own after this.
        println!("\n{}", lines());
    }
}

#[test]
fn the_hashes_are_those_written_down() {
    let now = lines();
    if std::env::var_os("LOCKLAB_REWRITE").is_some() {
        std::fs::write(GOLDEN, &now).expect("the file can be written");
    }
    let golden = std::fs::read_to_string(GOLDEN).expect("the file is there");
    for (now, golden) in now.lines().zip(golden.lines()) {
        assert_eq!(now, golden, "left: this build; right: {GOLDEN}");
    }
    assert_eq!(now.lines().count(), golden.lines().count());
}
