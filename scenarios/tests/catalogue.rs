//! Every scenario of the catalogue is a test for each lock: `cargo test gc_pause_past_lease::ttl`.
//!
//! Each runs a few seeds and holds what comes out against what the scenario expects and what the
//! lock promises. Then it runs the scenario without its faults: what they break must hold there,
//! or it was not they who broke it.

use libtest_mimic::{Arguments, Failed, Trial};
use locklab_scenarios::catalogue;
use locklab_scenarios::judge::{Cell, Judgement, Tally, judge};
use locklab_scenarios::registry::{Contestants, Entry};
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::sim::Record;
use std::process::ExitCode;

/// How many seeds each scenario is run with.
const SEEDS: u64 = 8;

/// How many it is run with where these few do not show what is expected: some breaks are rare.
const SEEDS_FOR_RARE_BREAKS: u64 = 20;

/// How many seeds it is run with when its faults are taken away.
const CALM_SEEDS: u64 = 5;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let contestants = Contestants::shelf();
    let scenarios = catalogue::all();
    let pairs = scenarios
        .iter()
        .flat_map(|scenario| contestants.entries().iter().map(move |entry| (scenario, entry)));
    let trials = pairs
        .filter(|(scenario, entry)| scenario.is_for(entry.build(scenario).as_ref()))
        .map(|(scenario, entry)| trial(scenario.clone(), entry.clone()))
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial(scenario: Scenario, entry: Entry) -> Trial {
    let name = format!("{}::{}", scenario.name, entry.name()).replace('-', "_");
    Trial::test(name, move || {
        let mut complaints = complaints(&scenario, &entry, SEEDS);
        if !complaints.is_empty() {
            complaints = self::complaints(&scenario, &entry, SEEDS_FOR_RARE_BREAKS);
        }
        let calm = scenario.without_faults();
        let faulty = !scenario.faults.is_empty();
        if faulty && calm.expect.get(entry.name()).is_some_and(|expected| !expected.is_empty()) {
            complaints.extend(complaints_without_faults(&calm, &entry));
        }
        if complaints.is_empty() { Ok(()) } else { Err(Failed::from(complaints.join("\n\n"))) }
    })
}

fn cells(scenario: &Scenario, entry: &Entry, seeds: u64) -> Vec<Cell> {
    let contestant = entry.build(scenario);
    let runs = (0..seeds).map(|seed| contestant.run(scenario, seed, Record::Nothing));
    let tally = runs.map(Tally::of).fold(Tally::default(), Tally::merge);
    judge(contestant.as_ref(), scenario, &tally)
}

fn complaints(scenario: &Scenario, entry: &Entry, seeds: u64) -> Vec<String> {
    let cells = cells(scenario, entry, seeds);
    cells.iter().filter(|cell| !cell.as_wished.is_fine()).map(complaint).collect()
}

fn complaint(cell: &Cell) -> String {
    let Cell { guarantee, verdict, runs, broken_runs, as_wished, .. } = cell;
    let expected = cell.expected.map_or("nothing in particular", |expected| expected.name());
    let promised = if cell.promised { "promised" } else { "not promised" };
    let reason = if cell.reason.is_empty() { "-" } else { &cell.reason };
    format!(
        "{guarantee}: expected {expected}, {promised}; \
         found {verdict} ({broken_runs} of {runs} runs broke it)\n  \
         because: {reason}\n  \
         so it is: {as_wished}\n  \
         see it: {}",
        cell.replay()
    )
}

fn complaints_without_faults(calm: &Scenario, entry: &Entry) -> Vec<String> {
    let cells = cells(calm, entry, CALM_SEEDS);
    let wrong =
        cells.iter().filter(|cell| cell.expected.is_some() && cell.verdict != Judgement::Held);
    let complaint = |cell: &Cell| {
        let Cell { guarantee, verdict, reason, .. } = cell;
        format!("{guarantee}: without the faults it should hold, but it is {verdict}: {reason}")
    };
    wrong.map(complaint).collect()
}
