//! Each reason of the gate, with a change planted on either side.

use super::*;
use crate::Calls;
use crate::report::{Ran, ReportVerdict, Seeds};
use locklab_protocols::spec::Guarantee;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::{catalogue, suite};
use std::sync::LazyLock;
use std::sync::atomic::AtomicBool;

pub(super) static REPORT: LazyLock<Report> = LazyLock::new(|| {
    let contestants = Contestants::shelf().only(&["ttl", "redlock"]).expect("they are there");
    let scenarios = ["calm", "gc-pause-past-lease"].map(|name| catalogue::find(name).expect("one"));
    let seeds = Seeds { first: 1, count: 20 };
    let found = suite::compare(&contestants, &scenarios, 1..21, &|_| {}, &AtomicBool::new(false));
    let calls = Calls::default();
    let ran = Ran { contestants: &contestants, scenarios: &scenarios, seeds, calls: &calls };
    Report::of(&found, &ran)
});

fn baseline() -> Baseline {
    Baseline::of(&REPORT, Tolerances::default())
}

const PLACE: (&str, &str) = ("ttl", "gc-pause-past-lease");

fn pair(baseline: &mut Baseline) -> &mut BaselinePair {
    baseline.pairs.iter_mut().find(|pair| pair.key() == PLACE).expect("it is there")
}

fn known(baseline: &mut Baseline, guarantee: Guarantee) -> &mut BaselineCell {
    pair(baseline).cells.get_mut(&guarantee).expect("it is there")
}

/// What the gate says if this is what was known.
fn told(plant: impl FnOnce(&mut Baseline)) -> Vec<Change> {
    let mut baseline = baseline();
    plant(&mut baseline);
    // What is planted must be a baseline that can be read.
    let baseline = Baseline::from_json(&baseline.to_json()).expect("a baseline");
    changes(&baseline, &REPORT).expect("they can be compared")
}

/// The only change, which is about this.
fn only(changes: Vec<Change>, what: &str) -> Change {
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(change.what.as_deref(), Some(what));
    change.clone()
}

fn cell(held: u64, broken: u64) -> BaselineCell {
    let verdict = if broken > 0 { ReportVerdict::Broken } else { ReportVerdict::Held };
    BaselineCell { verdict, held, broken, seed: (broken > 0).then_some(3), promised: false }
}

#[test]
fn without_a_change_nothing_is_told() {
    assert_eq!(told(|_| {}), []);
}

#[test]
fn a_guarantee_that_held_and_breaks() {
    let changes = told(|known_| *known(known_, Guarantee::MutualExclusion) = cell(20, 0));
    let change = only(changes, "mutual-exclusion");
    assert_eq!(change.why, Why::Breaks);
    assert_eq!((change.was.as_str(), &change.is[..7]), ("held 20/20", "broken "));
    let replay = change.replay.expect("it can be seen");
    assert!(replay.contains("run gc-pause-past-lease --protocol ttl --seed "), "{replay}");
}

#[test]
fn a_break_that_is_no_longer_found() {
    let changes = told(|known_| {
        let promised = known(known_, Guarantee::NoLostUpdate).promised;
        *known(known_, Guarantee::NoLostUpdate) = BaselineCell { promised, ..cell(14, 6) };
    });
    let change = only(changes, "no-lost-update");
    assert_eq!(change.why, Why::Blind);
    assert_eq!((change.was.as_str(), &change.is[..5]), ("broken 6/20", "held "));
    // The seed that used to break it is the one to look at.
    assert!(change.replay.is_some_and(|replay| replay.ends_with("--protocol ttl --seed 3")));
}

#[test]
fn a_rate_that_moved_beyond_its_interval_and_one_that_moved_within() {
    let broken = |report: &Report| {
        let mut cells = report.cells.iter();
        let found = cells.find(|cell| {
            (cell.protocol.as_str(), cell.scenario.as_str()) == PLACE
                && cell.guarantee == "mutual-exclusion"
        });
        found.expect("it is there").broken_runs
    };
    let now = broken(&REPORT);
    assert!(now >= 15, "the test plants a low rate: {now}");
    let with = |before: u64| {
        told(|known_| *known(known_, Guarantee::MutualExclusion) = cell(20 - before, before))
    };
    let change = only(with(3), "mutual-exclusion");
    assert_eq!(change.why, Why::RateMoved);
    assert!(change.note.is_some_and(|note| note.starts_with("it breaks more often; 5 to 36 %")));
    let change = only(with(now - 2), "mutual-exclusion");
    assert_eq!(change.why, Why::Moved);
    assert!(!change.why.is_regression());
}

#[test]
fn a_rate_of_tests_that_fell() {
    let changes = {
        let mut report = REPORT.clone();
        let mut cells = report.cells.iter_mut();
        let cell = cells
            .find(|cell| {
                (cell.protocol.as_str(), cell.scenario.as_str()) == PLACE
                    && cell.guarantee == "progress"
            })
            .expect("it is there");
        (cell.held_runs, cell.not_exercised_runs) = (4, 16);
        changes(&baseline(), &report).expect("they can be compared")
    };
    let change = only(changes, "progress");
    assert_eq!(change.why, Why::RateMoved);
    assert_eq!(change.note.as_deref(), Some("it is put to the test less often"));
}

#[test]
fn a_measure_worse_by_more_than_its_tolerance_and_one_within_it() {
    for gauge in Gauge::ALL {
        let with = |factor: (u64, u64), within: Option<(u64, u64)>| {
            told(|baseline| {
                let measure = pair(baseline).measures.get_mut(&gauge).expect("it is known");
                measure.value = measure.value * factor.0 / factor.1;
                measure.within = within;
            })
        };
        // What was known is a third of what is, or three times as much: worse one way, better
        // the other. A lock is available all the time here, so less than that was better never.
        let more = only(with((1, 3), None), gauge.name()).why;
        let less = match gauge {
            Gauge::Availability => Why::Worse,
            _ => only(with((3, 1), None), gauge.name()).why,
        };
        let worse = match gauge {
            Gauge::Grants => (less, more),
            Gauge::Availability => (less, more),
            _ => (more, less),
        };
        assert_eq!(worse, (Why::Worse, Why::Better), "{gauge}");
        let near = with((99, 100), None);
        assert!(near.iter().all(|change| change.why == Why::Moved), "{gauge}: {near:?}");
        // The runs scatter so much that it says nothing.
        let scattered = only(with((1, 3), Some((0, u64::MAX))), gauge.name());
        if gauge != Gauge::Grants {
            assert_eq!(scattered.why, Why::Moved, "{gauge}");
        }
    }
}

#[test]
fn availability_that_falls() {
    let mut report = REPORT.clone();
    let row = report.measures.iter_mut().find(|row| (&*row.protocol, &*row.scenario) == PLACE);
    let row = row.expect("it is there");
    let amount = row.availability_permille.as_mut().expect("somebody waited");
    (amount.value, amount.within) = (amount.value - 60, None);
    let change = only(changes(&baseline(), &report).expect("comparable"), "availability");
    assert_eq!(change.why, Why::Worse);
}

#[test]
fn a_measure_that_can_no_longer_be_told() {
    let mut report = REPORT.clone();
    let row = report.measures.iter_mut().find(|row| (&*row.protocol, &*row.scenario) == PLACE);
    row.expect("it is there").recovery = None;
    let change = only(changes(&baseline(), &report).expect("comparable"), "recovery");
    assert_eq!((change.why, change.is.as_str()), (Why::Unknown, "unknown"));
}

#[test]
fn a_scenario_that_is_no_longer_exercised() {
    let mut report = REPORT.clone();
    report.measures.retain(|row| row.scenario != "calm");
    report.cells.retain(|cell| cell.scenario != "calm");
    let gone = changes(&baseline(), &report).expect("comparable");
    let [change] = gone.as_slice() else { panic!("{gone:?}") };
    assert_eq!((change.why, change.place().as_str()), (Why::NotExercised, "scenario calm"));

    let mut report = REPORT.clone();
    report.measures.retain(|row| (&*row.protocol, &*row.scenario) != PLACE);
    let gone = changes(&baseline(), &report).expect("comparable");
    let [change] = gone.as_slice() else { panic!("{gone:?}") };
    assert_eq!(change.place(), "ttl in gc-pause-past-lease");
    assert_eq!(change.why, Why::NotExercised);

    let idle = verdict_now(ReportVerdict::NotExercised, "progress");
    assert_eq!(only(idle, "progress").why, Why::NotExercised);
}

/// What the gate says if a guarantee comes out so.
fn verdict_now(verdict: ReportVerdict, guarantee: &str) -> Vec<Change> {
    let mut report = REPORT.clone();
    for cell in &mut report.cells {
        if (&*cell.protocol, &*cell.scenario) == PLACE && cell.guarantee == guarantee {
            (cell.verdict, cell.held_runs, cell.broken_runs) = (verdict, 0, 0);
            cell.reason = "planted".to_owned();
        }
    }
    changes(&baseline(), &report).expect("they can be compared")
}

#[test]
fn something_unknown_that_was_known() {
    for guarantee in ["progress", "mutual-exclusion"] {
        let change = only(verdict_now(ReportVerdict::Unknown, guarantee), guarantee);
        assert_eq!((change.why, change.note.as_deref()), (Why::Unknown, Some("planted")));
    }
}

#[test]
fn what_is_new_or_better_is_news() {
    let changes = told(|baseline| {
        pair(baseline).cells.remove(&Guarantee::Progress).expect("it is known");
    });
    assert_eq!(only(changes, "progress").why, Why::New);
    let changes = told(|baseline| baseline.pairs.retain(|pair| pair.key() != PLACE));
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(change.why, Why::New);
    let changes = told(|known_| {
        let cell = known(known_, Guarantee::Progress);
        (cell.verdict, cell.held) = (ReportVerdict::Unknown, 0);
    });
    assert_eq!(only(changes, "progress").why, Why::Better);
    let changes = told(|known_| {
        let cell = known(known_, Guarantee::Progress);
        cell.promised = !cell.promised;
    });
    assert_eq!(only(changes, "progress").why, Why::Promise);
    let changes = told(|baseline| "0123456789abcdef".clone_into(&mut baseline.scenarios[0].hash));
    assert_eq!(changes[0].place(), "scenario calm");
    assert!(changes.iter().all(|change| change.why == Why::Text));
    let changes = told(|baseline| "0.0.9".clone_into(&mut baseline.version));
    assert_eq!(changes[0].to_string(), "Locklab: version 0.0.9 -> version 0.1.0");
    assert!(changes.iter().all(|change| !change.why.is_regression()));
}

#[test]
fn a_new_pair_that_breaks_its_promise_is_no_news() {
    let mut report = REPORT.clone();
    for cell in &mut report.cells {
        if (&*cell.protocol, &*cell.scenario) == PLACE && cell.guarantee == "mutual-exclusion" {
            cell.standing = Standing::Regression;
        }
    }
    let mut baseline = baseline();
    baseline.pairs.retain(|pair| pair.key() != PLACE);
    let changes = changes(&baseline, &report).expect("they can be compared");
    let whys: Vec<Why> = changes.iter().map(|change| change.why).collect();
    assert_eq!(whys, [Why::New, Why::Breaks]);
}

#[test]
fn other_seeds_are_not_compared() {
    let mut baseline = baseline();
    baseline.seeds.first = 2;
    let why = changes(&baseline, &REPORT).expect_err("they are other runs");
    assert_eq!(
        why,
        "the report is of 20 seeds from 1, the baseline of 20 from 2; other seeds are other runs"
    );
}

#[test]
fn a_baseline_that_cannot_be_is_refused() {
    let why = |plant: &dyn Fn(&mut Baseline)| {
        let mut baseline = baseline();
        plant(&mut baseline);
        Baseline::from_json(&baseline.to_json()).expect_err("it cannot be").to_string()
    };
    let contradicts = "mutual-exclusion of ttl in gc-pause-past-lease contradicts itself";
    for wrong in [cell(20, 1), cell(0, 0), cell(u64::MAX, 2)] {
        let plant = |known_: &mut Baseline| *known(known_, Guarantee::MutualExclusion) = wrong;
        assert_eq!(why(&plant), contradicts);
    }
    let plant = |known_: &mut Baseline| known(known_, Guarantee::MutualExclusion).seed = Some(21);
    assert_eq!(why(&plant), contradicts);
    let twice = |baseline: &mut Baseline| baseline.pairs.push(baseline.pairs[0].clone());
    assert_eq!(why(&twice), "it has ttl in calm twice");
    let unlisted = |baseline: &mut Baseline| baseline.protocols.clear();
    assert_eq!(why(&unlisted), "it has ttl in calm, and not both of them in its lists");
    let text = baseline().to_json();
    let cut = Baseline::from_json(&text[..text.len() / 2]).expect_err("it is cut").to_string();
    assert!(cut.starts_with("it is cut short: "), "{cut}");
}
