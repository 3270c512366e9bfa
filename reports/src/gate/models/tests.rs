//! The gate over what the model checker says, with a change planted on either side.

use super::*;
use crate::checks::{Outcome, sample};
use crate::gate::{Tolerances, changes, tests::REPORT};

/// The report that everybody's runs are of, joined by this check of `ttl`.
fn joined(check: Checked) -> Report {
    let mut report = REPORT.clone();
    report.join(sample::report([check])).expect("it fits");
    report
}

fn known(check: Checked) -> Baseline {
    let baseline = Baseline::of(&joined(check), Tolerances::default());
    assert_eq!(Baseline::from_json(&baseline.to_json()).as_ref(), Ok(&baseline));
    baseline
}

fn told(was: Checked, is: Checked) -> Vec<Change> {
    changes(&known(was), &joined(is)).expect("they can be compared")
}

fn whys(changes: &[Change]) -> Vec<Why> {
    changes.iter().map(|change| change.why).collect()
}

#[test]
fn what_did_not_change_is_not_told_and_a_baseline_without_checks_is_as_it_was() {
    assert_eq!(told(sample::check("ttl"), sample::check("ttl")), []);
    // Somebody has seen what is wrong, and took it for known.
    assert_eq!(told(sample::wrong("ttl"), sample::wrong("ttl")), []);
    let alone = Baseline::of(&REPORT, Tolerances::default());
    assert!(!alone.to_json().contains("\"models\""));
}

#[test]
fn a_guarantee_that_was_exhausted_and_breaks_and_one_whose_break_is_gone() {
    let changes = told(sample::check("ttl"), sample::wrong("ttl"));
    assert_eq!(whys(&changes), [Why::Blind, Why::Breaks]);
    assert_eq!(
        changes[1].to_string(),
        "ttl in model: 1 server, 2 clients, a storage of a test: token-order: exhausted -> broken"
    );
    assert_eq!(changes[1].note.as_deref(), Some("c2 was granted <L1> while c1 held it"));
    assert!(whys(&changes).iter().all(|why| why.is_regression()));
}

#[test]
fn what_is_no_longer_proved() {
    let mut stopped = sample::check("ttl");
    stopped.guarantees[1].verdict = Outcome::Unknown;
    let changes = told(sample::check("ttl"), stopped.clone());
    assert_eq!(whys(&changes), [Why::Unknown]);
    assert_eq!(whys(&told(stopped, sample::check("ttl"))), [Why::Better]);
    let mut blind = sample::check("ttl");
    blind.missed.push("granted".to_owned());
    assert_eq!(whys(&told(sample::check("ttl"), blind)), [Why::NotExercised]);
    let mut fewer = sample::check("ttl");
    fewer.guarantees.pop();
    assert_eq!(whys(&told(sample::check("ttl"), fewer)), [Why::NotExercised]);
}

#[test]
fn a_check_that_nobody_made_is_missed() {
    let changes = changes(&known(sample::check("ttl")), &REPORT).expect("comparable");
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    assert_eq!(change.why, Why::NotExercised);
    let place = "ttl in model: 1 server, 2 clients, a storage of a test";
    assert_eq!(change.to_string(), format!("{place}: was checked -> is in no check"));
}

#[test]
fn a_new_check_is_news_unless_it_is_not_as_it_should_be() {
    let baseline = Baseline::of(&REPORT, Tolerances::default());
    let new = |check| whys(&changes(&baseline, &joined(check)).expect("comparable"));
    assert_eq!(new(sample::check("ttl")), [Why::New]);
    assert_eq!(new(sample::wrong("ttl")), [Why::New, Why::Blind, Why::Breaks]);
    let mut stopped = sample::check("ttl");
    stopped.guarantees[1].verdict = Outcome::Unknown;
    assert_eq!(new(stopped), [Why::New, Why::Unknown]);
    let mut blind = sample::check("ttl");
    blind.missed.push("granted".to_owned());
    // What breaks as it should breaks, but a search that has not looked is not as it should be.
    assert_eq!(new(blind), [Why::New, Why::NotExercised, Why::NotExercised]);
}

#[test]
fn other_bounds_and_other_states_are_news() {
    let mut other = sample::check("ttl");
    "3 acquires a client".clone_into(&mut other.bounds);
    other.states += 1;
    let changes = told(sample::check("ttl"), other.clone());
    assert_eq!(whys(&changes), [Why::Text]);
    "2 acquires a client, 24 messages in flight".clone_into(&mut other.bounds);
    let changes = told(sample::check("ttl"), other);
    assert_eq!((whys(&changes), changes[0].is.as_str()), (vec![Why::Moved], "123457"));
}

#[test]
fn a_baseline_that_cannot_be_is_refused() {
    let why = |plant: fn(&mut Baseline)| {
        let mut baseline = known(sample::check("ttl"));
        plant(&mut baseline);
        Baseline::from_json(&baseline.to_json()).expect_err("it cannot be").to_string()
    };
    let name = "the check of ttl with 1 server, 2 clients, a storage of a test";
    let twice = why(|baseline| baseline.models.push(baseline.models[0].clone()));
    assert_eq!(twice, format!("it has {name} twice"));
    assert_eq!(why(|baseline| baseline.models[0].cells.clear()), format!("{name} says nothing"));
    let stranger = why(|baseline| "raft".clone_into(&mut baseline.models[0].protocol));
    assert_eq!(stranger, "it has a check of raft, and not that in its list");
}
