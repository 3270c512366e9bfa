//! The rules of judging, one by one.

use super::*;
use locklab_protocols::spec::{Goal, Verdict};
use locklab_protocols::time::Time;
use locklab_sim::Outcome;
use locklab_sim::measures::Measures;
use locklab_sim::outcome::Coverage;
use std::collections::{BTreeMap, BTreeSet};

const GUARANTEE: Guarantee = Guarantee::MutualExclusion;

fn run(seed: u64, verdict: Verdict) -> Tally {
    Tally::of(Outcome {
        seed,
        hash: 0,
        steps: 0,
        end: Time::ZERO,
        verdicts: BTreeMap::from([(GUARANTEE, verdict)]),
        goals: BTreeSet::from([Goal::Granted]),
        measures: Measures::default(),
        bites: Vec::new(),
        coverage: Coverage::default(),
        trace: Vec::new(),
    })
}

fn broken(seed: u64) -> Tally {
    run(seed, Verdict::broken(Time(1_000_000_000), format!("broken with {seed}")))
}

fn unknown(seed: u64) -> Tally {
    run(seed, Verdict::Unknown { reason: format!("unknown with {seed}") })
}

fn idle(seed: u64) -> Tally {
    run(seed, Verdict::not_exercised(format!("idle with {seed}")))
}

fn held(seed: u64) -> Tally {
    run(seed, Verdict::Held)
}

fn pooled(runs: impl IntoIterator<Item = Tally>) -> Tally {
    runs.into_iter().fold(Tally::default(), Tally::merge)
}

/// The cell of a lock that promises nothing, or everything.
fn judged(tally: &Tally, scenario: &Scenario, promised: bool) -> Cell {
    let found = Found {
        protocol: "ttl",
        scenario: &scenario.name,
        expected: scenario.expected("ttl", GUARANTEE),
        promised,
        missed: tally.missed(&scenario.goals("ttl")),
        tally,
    };
    found.cell(GUARANTEE).expect("something is said of it")
}

fn scenario(expected: Option<Expected>) -> Scenario {
    let scenario = Scenario::new("some");
    match expected {
        Some(expected) => scenario.expect("ttl", GUARANTEE, expected),
        None => scenario,
    }
}

#[test]
fn one_break_breaks_all_and_the_smallest_seed_tells_how() {
    let tally = pooled([held(1), broken(7), unknown(2), broken(3), idle(4)]);
    let cell = judged(&tally, &scenario(None), false);
    assert_eq!(cell.verdict, Judgement::Broken);
    assert_eq!((cell.runs, cell.broken_runs), (5, 2));
    assert_eq!((cell.unknown_runs, cell.not_exercised_runs), (1, 1));
    assert_eq!(cell.first_broken_seed, Some(3));
    assert_eq!(cell.reason, "at 1.000 s: broken with 3");
}

#[test]
fn unknown_never_reads_as_held() {
    let cell = judged(&pooled([held(1), unknown(2)]), &scenario(None), false);
    assert_eq!(cell.verdict, Judgement::Unknown);
    assert_eq!(cell.reason, "unknown with 2");
}

#[test]
fn one_run_that_looked_is_enough_and_none_is_not() {
    assert_eq!(
        judged(&pooled([idle(1), held(2)]), &scenario(None), false).verdict,
        Judgement::Held
    );
    let cell = judged(&pooled([idle(9), idle(1)]), &scenario(None), false);
    assert_eq!(cell.verdict, Judgement::NotExercised);
    assert_eq!(cell.reason, "idle with 1");
}

#[test]
fn a_goal_that_no_run_reached_makes_what_held_worthless() {
    let reached = scenario(None).sometimes(Goal::Granted);
    assert_eq!(judged(&held(1), &reached, false).verdict, Judgement::Held);
    let missed = scenario(None).sometimes(Goal::Granted).sometimes_of("ttl", Goal::LossTold);
    let cell = judged(&held(1), &missed, false);
    assert_eq!(cell.verdict, Judgement::NotExercised);
    assert_eq!(cell.reason, "no run reached loss-told");
    assert_eq!(judged(&broken(1), &missed, false).verdict, Judgement::Broken);
    let of_another = scenario(None).sometimes_of("redlock", Goal::LossTold);
    assert_eq!(judged(&held(1), &of_another, false).verdict, Judgement::Held);
}

#[test]
fn every_verdict_meets_every_wish() {
    let verdicts = [held(0), broken(0), unknown(0), idle(0)];
    let wishes = [
        (None, false, ["as-expected", "as-expected", "as-expected", "as-expected"]),
        (None, true, ["as-expected", "regression", "undecided", "as-expected"]),
        (Some(Expected::Held), false, ["as-expected", "regression", "undecided", "blind"]),
        (Some(Expected::Held), true, ["as-expected", "regression", "undecided", "blind"]),
        (Some(Expected::Broken), false, ["blind", "as-expected", "undecided", "blind"]),
        (Some(Expected::Broken), true, ["blind", "regression", "undecided", "blind"]),
        (
            Some(Expected::NotExercised),
            false,
            ["regression", "regression", "undecided", "as-expected"],
        ),
        (Some(Expected::Unknown), false, ["regression", "regression", "as-expected", "blind"]),
    ];
    for (expected, promised, names) in wishes {
        for (tally, name) in verdicts.iter().zip(names) {
            let cell = judged(tally, &scenario(expected), promised);
            let context = format!("{} where {expected:?}, promised: {promised}", cell.verdict);
            assert_eq!(cell.as_wished.name(), name, "{context}");
        }
    }
}

#[test]
fn runs_that_are_missing_leave_it_open_but_a_break_is_a_break() {
    let some = pooled([held(1), Tally::of_missing()]);
    let cell = judged(&some, &scenario(Some(Expected::Held)), false);
    assert_eq!((cell.runs, cell.missing_runs), (1, 1));
    assert_eq!(cell.as_wished.to_string(), "undecided: 1 runs are missing");
    let blind = judged(&some, &scenario(Some(Expected::Broken)), false);
    assert_eq!(blind.as_wished.name(), "undecided");
    let broke =
        judged(&pooled([broken(1), Tally::of_missing()]), &scenario(Some(Expected::Held)), false);
    assert_eq!(broke.as_wished.name(), "regression");
}

#[test]
fn a_cell_says_how_to_see_it() {
    let cell = judged(&pooled([broken(7), held(2)]), &scenario(None), false);
    assert_eq!(cell.replay(), "cargo run --release -- run some --protocol ttl --seed 7");
    let cell = judged(&pooled([held(1), held(2)]), &scenario(None), false);
    assert_eq!(cell.replay(), "cargo run --release -- run some --protocol ttl --seeds 2");
}

#[test]
fn pooling_does_not_depend_on_the_order() {
    let runs = || [held(1), broken(7), unknown(2), broken(3), idle(4), Tally::of_missing()];
    let forth = pooled(runs());
    let back = pooled(runs().into_iter().rev());
    assert_eq!(forth, back);
    let [a, b, c, d, e, f] = runs();
    assert_eq!(forth, pooled([a, b, c]).merge(pooled([d, e, f])));
}
