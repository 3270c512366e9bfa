//! Tests of the tests: what is broken on purpose must be found, by each guarantee and by each kind
//! of move. A property that is made to hold always, or a transition that is made to do nothing,
//! turns one of these red.

mod counter;

use counter::{Counter, Keeps};
use locklab_models::{
    Bounds, Configuration, Finding, Limits, LockModel, Report, What, catalogue, check, shortest,
};
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::storage::Fencing;

const LIMITS: Limits = Limits { threads: 1, breadth: 1_000_000, states: 1_000_000 };

fn counter(keeps: Keeps, bounds: Bounds) -> Configuration<Counter> {
    let mut configuration = catalogue::configuration(Counter { keeps }, 2, 1, Fencing::Writes);
    configuration.bounds = Bounds { acquires: 1, ..bounds };
    configuration.goals = vec![Goal::Granted];
    configuration
}

fn checked(configuration: &Configuration<Counter>) -> Report {
    check(configuration, LIMITS, |_| true)
}

/// The story of a break; none if there is no break in any run.
fn break_of(report: &Report, guarantee: Guarantee) -> Option<Vec<String>> {
    let (_, finding) = report.findings.iter().find(|(other, _)| *other == guarantee)?;
    match finding {
        Finding::Broken { story, .. } => {
            Some(story.iter().map(|step| step.what.to_string()).collect())
        }
        Finding::Exhausted => None,
        Finding::Stopped => panic!("so small a search comes to its end"),
    }
}

/// A lock that everybody gets, with the same token.
#[test]
fn every_guarantee_that_is_watched_breaks_where_it_should() {
    let mut configuration = counter(Keeps::Always1, Bounds::default());
    configuration.watch = vec![
        Guarantee::GrantExclusion,
        Guarantee::MutualExclusion,
        Guarantee::TokenOrder,
        Guarantee::FencedWrites,
        Guarantee::NoLostUpdate,
        Guarantee::Agreement,
    ];
    let report = checked(&configuration);
    assert_eq!(report.findings.len(), configuration.watch.len());
    for guarantee in configuration.watch {
        assert!(break_of(&report, guarantee).is_some(), "{guarantee} is not seen to break");
    }
}

fn token_order(keeps: Keeps, bounds: Bounds) -> Option<Vec<String>> {
    let mut configuration = counter(keeps, bounds);
    configuration.watch = vec![Guarantee::TokenOrder];
    let report = checked(&configuration);
    assert_eq!(report.missed, []);
    break_of(&report, Guarantee::TokenOrder)
}

fn has(story: Option<Vec<String>>, what: &str) -> bool {
    story.is_some_and(|story| story.iter().any(|step| step.contains(what)))
}

/// What is only in memory is lost with the process, and the one that follows begins anew.
#[test]
fn crashes_and_restarts_break_what_forgets() {
    let crash = Bounds { crashes: 1, only_servers_die: true, ..Bounds::default() };
    let story = token_order(Keeps::Nothing, crash);
    assert!(has(story.clone(), "dies") && has(story, "starts again"));
    assert_eq!(token_order(Keeps::Nothing, Bounds::default()), None);
    assert_eq!(token_order(Keeps::Unsynced, crash), None, "a disk outlives a process");
}

#[test]
fn power_failures_break_what_does_not_sync() {
    let crash = Bounds { crashes: 1, only_servers_die: true, ..Bounds::default() };
    let power = Bounds { power_failures: 1, ..crash };
    assert!(has(token_order(Keeps::Unsynced, power), "loses power"));
    assert_eq!(token_order(Keeps::Synced, power), None);
}

/// The process can die between two effects of one step: before it has synced what it says next.
#[test]
fn a_crash_falls_between_two_effects() {
    let crash = Bounds { crashes: 1, only_servers_die: true, ..Bounds::default() };
    let model = LockModel::new(counter(Keeps::Synced, crash));
    let mut torn = false;
    let begin = stateright::Model::init_states(&model)[0];
    let mut open = vec![begin];
    let mut actions = Vec::new();
    while let Some(state) = open.pop() {
        stateright::Model::actions(&model, &state, &mut actions);
        for action in actions.drain(..) {
            let what = model.tell_step(&state, action).what;
            torn |= matches!(what, What::Died { during: Some(_), .. });
            let next = stateright::Model::next_state(&model, &state, action);
            open.extend(next.filter(|_| !torn));
        }
    }
    assert!(torn);
}

/// Who takes every answer that comes takes one twice.
#[test]
fn duplicates_break_what_counts_messages() {
    let twice = Bounds { duplicates: 1, ..Bounds::default() };
    assert!(has(token_order(Keeps::Synced, twice), "a copy stays in the network"));
    assert_eq!(token_order(Keeps::Synced, Bounds::default()), None);
}

/// A loss adds no break, so it is counted: each message may be lost once.
#[test]
fn losses_add_states_that_have_lost_a_message() {
    let unique = |drops| {
        let bounds = Bounds { drops, ..Bounds::default() };
        let mut configuration = counter(Keeps::Synced, bounds);
        configuration.watch = vec![Guarantee::TokenOrder];
        shortest(&LockModel::new(configuration), usize::MAX).unique
    };
    assert!(unique(1) > unique(0));
}

/// Nothing moves where nobody asks, and the report says that nothing was looked at.
#[test]
fn a_search_in_which_nothing_happens_does_not_pass() {
    let mut configuration = counter(Keeps::Always1, Bounds::default());
    configuration.bounds.acquires = 0;
    let report = checked(&configuration);
    assert_eq!(report.missed, [Goal::Granted]);
}
