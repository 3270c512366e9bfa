//! The replicated log beyond elections, pinned: clients, a crash, and figure 8 of the paper.
//!
//! A number that changes says that the model has changed: more or fewer things can happen. Explain
//! the difference before writing down the new one.

use locklab_models::catalogue::{self, RaftSize};
use locklab_models::{Configuration, Finding, Limits, Report, check};
use locklab_protocols::raft::Raft;
use locklab_protocols::spec::Guarantee;

const LIMITS: Limits = Limits { threads: 1, breadth: 1_000_000, states: 1_000_000 };

/// Everything that is watched is exhausted, and everything that must be found was.
fn exhausted(configuration: &Configuration<Raft>) -> Report {
    let report = check(configuration, LIMITS, |_| true);
    for (guarantee, finding) in &report.findings {
        assert_eq!(*finding, Finding::Exhausted, "{guarantee}");
    }
    assert_eq!(report.missed, []);
    assert!(report.landmarks.iter().all(|landmark| landmark.found), "{:?}", report.landmarks);
    report
}

const VIEWS: [Guarantee; 4] = [
    Guarantee::Agreement,
    Guarantee::GrantExclusion,
    Guarantee::TokenOrder,
    Guarantee::FencedWrites,
];

/// Two clients want the lock from one leader, which ends the lease of the first.
#[test]
fn two_clients_have_the_lock_one_after_the_other() {
    let size = RaftSize {
        terms: 1,
        entries: 2,
        rounds: 2,
        candidates: &[1],
        crashes: 0,
        server_timers: 0,
        ..RaftSize::default()
    };
    let configuration = catalogue::raft(size);
    assert_eq!(configuration.watch, VIEWS);
    assert_eq!(exhausted(&configuration).unique, 123_476);
}

/// A server dies anywhere, with what it has not synced, and another one may lead.
#[test]
fn a_change_of_the_leader_over_a_crash_forgets_nothing() {
    let size = RaftSize {
        clients: 1,
        terms: 2,
        entries: 1,
        rounds: 1,
        candidates: &[1, 2],
        server_timers: 1,
        ..RaftSize::default()
    };
    let configuration = catalogue::raft(size);
    assert_eq!(configuration.watch, VIEWS);
    assert_eq!(exhausted(&configuration).unique, 50_246);
}

/// From the second picture of figure 8 on, in every order: an entry of an old term counts only
/// once one of the leader's own has followed it.
#[test]
fn figure_8_agrees() {
    assert_eq!(exhausted(&catalogue::figure_8()).unique, 212_051);
}

/// The story of a landmark begins with what has happened before the search.
#[test]
fn what_happened_before_is_told() {
    let report = exhausted(&catalogue::figure_8());
    let story = report.landmarks[0].story.as_ref().expect("a shortest way there");
    let told: Vec<String> = story.iter().map(|step| step.what.to_string()).collect();
    assert_eq!(told[0], "s1: timer Election");
    assert!(told.len() > 12, "{told:?}");
}
