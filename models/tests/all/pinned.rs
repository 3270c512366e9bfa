//! What the searches find, pinned: how many states there are, and the shortest breaks.
//!
//! A number that changes says that the model has changed: more or fewer things can happen. Explain
//! the difference before writing down the new one.

use locklab_models::catalogue::{RaftReach, TwoPhaseSize};
use locklab_models::{
    Bound, Configuration, Finding, Limits, LockModel, Report, catalogue, check, shortest,
};
use locklab_protocols::contract::{
    Event, LeaseEvent, LockEvent, Protocol, StorageEvent, WorkEvent,
};
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::storage::Fencing;
use stateright::{Checker, Model};

const LIMITS: Limits = Limits { threads: 2, breadth: 2_000_000, states: 10_000_000 };

fn report<P: Protocol>(configuration: &Configuration<P>) -> Report {
    let report = check(configuration, LIMITS, |_| true);
    assert_eq!(report.missed, [], "a search that does not get there proves nothing");
    report
}

/// Each guarantee with the length of the shortest way to its break; 0 if it holds.
fn verdicts(report: &Report) -> Vec<(&'static str, usize)> {
    let length = |finding: &Finding| match finding {
        Finding::Exhausted => 0,
        Finding::Broken { story, .. } => story.len(),
        Finding::Stopped => panic!("the search stopped early"),
    };
    let findings = report.findings.iter();
    findings.map(|(guarantee, finding)| (guarantee.name(), length(finding))).collect()
}

fn reason(report: &Report, guarantee: Guarantee) -> &str {
    let finding = report.findings.iter().find(|(other, _)| *other == guarantee);
    match finding {
        Some((_, Finding::Broken { reason, .. })) => reason,
        other => panic!("{guarantee} is not broken: {other:?}"),
    }
}

/// The moments of a story that matter, in short words.
fn moments(report: &Report, guarantee: Guarantee) -> Vec<String> {
    let finding = report.findings.iter().find(|(other, _)| *other == guarantee);
    let Some((_, Finding::Broken { story, .. })) = finding else {
        panic!("{guarantee} is not broken")
    };
    let seen = story.iter().flat_map(|step| &step.seen);
    let moment = |seen: &locklab_protocols::contract::Observation| {
        let node = seen.node;
        match &seen.event {
            Event::Lock(LockEvent::Granted { .. }) => Some(format!("{node} is granted")),
            Event::Lease(LeaseEvent::Expired { owner, .. }) => Some(format!("{owner} expires")),
            Event::Work(WorkEvent::Checked { .. }) => Some(format!("{node} checks")),
            Event::Storage(StorageEvent::Read { owner, version, .. }) => {
                Some(format!("{owner} reads {}", version.0))
            }
            Event::Storage(StorageEvent::Written { owner, based_on, version, .. }) => {
                Some(format!("{owner} writes {} on {}", version.0, based_on.0))
            }
            _ => None,
        }
    };
    seen.filter_map(moment).collect()
}

/// stateright's two checkers and the search of our own see the same states, and so many.
fn all_see<P: Protocol>(configuration: &Configuration<P>, watch: &[Guarantee], unique: usize) {
    let configuration = Configuration { watch: watch.to_vec(), ..configuration.clone() };
    let own = shortest(&LockModel::new(configuration.clone()), usize::MAX);
    assert!(own.exhausted && own.broken.is_none());
    let breadth = LockModel::new(configuration.clone()).checker().spawn_bfs().join();
    let depth = LockModel::new(configuration).checker().threads(2).spawn_dfs().join();
    let counts = (own.unique, breadth.unique_state_count(), depth.unique_state_count());
    assert_eq!(counts, (unique, unique, unique));
    // stateright counts the first state as one that was made.
    let made = (own.generated + 1, breadth.state_count(), depth.state_count());
    assert!(made.0 == made.1 && made.1 == made.2, "{made:?}");
}

const SAFE: [Guarantee; 2] = [Guarantee::GrantExclusion, Guarantee::TokenOrder];

#[test]
fn ttl_without_a_fence_loses_an_update() {
    let configuration = catalogue::ttl(2, 1, Fencing::None);
    let report = report(&configuration);
    assert_eq!(
        verdicts(&report),
        [
            ("grant-exclusion", 0),
            ("mutual-exclusion", 7),
            ("token-order", 0),
            ("fenced-writes", 17),
            ("no-lost-update", 17)
        ]
    );
    all_see(&configuration, &SAFE, 3138);
}

/// The holder stands still between two moves of his own, for longer than his lease.
#[test]
fn ttl_is_not_exclusive_when_its_holder_pauses() {
    let report = report(&catalogue::ttl(2, 1, Fencing::ReadsAndWrites));
    assert_eq!(
        moments(&report, Guarantee::MutualExclusion),
        ["c1 is granted", "c1 expires", "c2 is granted"]
    );
    assert_eq!(
        reason(&report, Guarantee::MutualExclusion),
        "c2 was granted L1 while c1 still believed to hold it"
    );
}

/// Incident I13, in its other shape: both have read before the old holder's write lands.
#[test]
fn ttl_with_a_fence_for_writes_only_loses_an_update() {
    let configuration = catalogue::ttl(2, 1, Fencing::Writes);
    let report = report(&configuration);
    assert_eq!(
        verdicts(&report),
        [
            ("grant-exclusion", 0),
            ("mutual-exclusion", 7),
            ("token-order", 0),
            ("fenced-writes", 0),
            ("no-lost-update", 17)
        ]
    );
    let story = moments(&report, Guarantee::NoLostUpdate);
    let place = |moment: &str| story.iter().position(|other| other == moment).expect(moment);
    assert!(place("c2 reads 0") < place("c1 writes 1 on 0"), "{story:?}");
    assert_eq!(story.last().map(String::as_str), Some("c2 writes 2 on 0"));
}

#[test]
fn ttl_with_a_fence_for_reads_and_writes_loses_none() {
    let mut configuration = catalogue::ttl(2, 1, Fencing::ReadsAndWrites);
    configuration.goals.extend([Goal::StaleRejected, Goal::StaleWriteRejected]);
    let report = report(&configuration);
    assert_eq!(
        verdicts(&report),
        [
            ("grant-exclusion", 0),
            ("mutual-exclusion", 7),
            ("token-order", 0),
            ("fenced-writes", 0),
            ("no-lost-update", 0)
        ]
    );
    let all = [SAFE[0], SAFE[1], Guarantee::FencedWrites, Guarantee::NoLostUpdate];
    all_see(&configuration, &all, 2994);
}

#[test]
fn three_clients_of_ttl_lose_nothing_behind_a_full_fence() {
    let mut configuration = catalogue::ttl(3, 1, Fencing::ReadsAndWrites);
    configuration.watch.retain(|guarantee| *guarantee != Guarantee::MutualExclusion);
    configuration.goals.push(Goal::StaleWriteRejected);
    let report = report(&configuration);
    assert!(verdicts(&report).iter().all(|(_, length)| *length == 0));
    assert_eq!(report.unique, 430_517);
}

#[test]
fn ttl_naive_breaks_for_holders_and_for_the_data() {
    let configuration = catalogue::ttl_naive(2, 1);
    let report = report(&configuration);
    assert_eq!(
        verdicts(&report),
        [("grant-exclusion", 0), ("mutual-exclusion", 11), ("no-lost-update", 21)]
    );
    all_see(&configuration, &[Guarantee::GrantExclusion], 1130);
}

/// Incident I5: the vote of the server that forgot is given twice. Without the crash, and with no
/// lease that ends, nothing breaks.
#[test]
fn redlock_forgets_a_vote_with_a_crash() {
    let mut configuration = catalogue::redlock(3, 2, 1);
    configuration.watch = vec![Guarantee::MutualExclusion];
    let story = report(&configuration);
    assert_eq!(verdicts(&story), [("mutual-exclusion", 12)]);
    let configuration = catalogue::redlock(3, 2, 0);
    let report = report(&configuration);
    assert!(verdicts(&report).iter().all(|(_, length)| *length == 0));
    assert_eq!(report.unique, 587_110);
}

#[test]
fn the_storage_alone_keeps_its_fence_whoever_comes() {
    for (fencing, unique) in [(Fencing::Writes, 355_752), (Fencing::ReadsAndWrites, 218_542)] {
        let report = report(&catalogue::storage(2, 1, fencing));
        assert_eq!(verdicts(&report), [("fenced-writes", 0)]);
        assert_eq!(report.unique, unique, "{fencing:?}");
    }
    let report = report(&catalogue::storage(2, 1, Fencing::None));
    assert_eq!(verdicts(&report), [("fenced-writes", 12)]);
}

/// Whoever dies, and whatever is lost with him, nobody decides differently: in doubt and asking, or
/// with a coordinator that loses its patience.
#[test]
fn two_phase_commit_agrees_over_a_crash() {
    let report = report(&catalogue::two_phase(TwoPhaseSize {
        clients: 1,
        crashes: 1,
        server_timers: 1,
        ..TwoPhaseSize::default()
    }));
    assert!(verdicts(&report).iter().all(|(_, length)| *length == 0));
    assert_eq!(report.unique, 1_343_626);
}

/// Three participants, two coordinators, of which any two servers die: on connections, where a
/// message never overtakes another one of its link.
#[test]
fn two_phase_commit_agrees_over_two_crashes() {
    let report = report(&catalogue::two_phase_connected(2, 0));
    assert!(verdicts(&report).iter().all(|(_, length)| *length == 0));
    assert!(report.landmarks.iter().all(|landmark| landmark.found), "{:?}", report.landmarks);
    assert_eq!(report.unique, 801_522);
}

/// Three clients that take the lock twice each, where one lease ends.
#[test]
fn three_clients_of_ttl_lose_no_update_behind_a_fence() {
    let mut configuration = catalogue::ttl_crowded(3, 2, Fencing::ReadsAndWrites);
    configuration.bounds.expiries = 1;
    let report = report(&configuration);
    let broken: Vec<_> = verdicts(&report).into_iter().filter(|(_, length)| *length > 0).collect();
    assert_eq!(broken, [("mutual-exclusion", 7)]);
    assert_eq!(report.unique, 535_636);
}

/// Once all have voted yes, nobody decides at all without the coordinator, and nobody was told.
#[test]
fn two_phase_commit_blocks_when_its_coordinator_dies() {
    let report = report(&catalogue::two_phase(TwoPhaseSize {
        clients: 1,
        crashes: 1,
        ..TwoPhaseSize::default()
    }));
    assert!(verdicts(&report).iter().all(|(_, length)| *length == 0));
    let [blocked] = report.landmarks.as_slice() else { panic!("one landmark") };
    let story = blocked.story.as_ref().expect("a shortest way there");
    // The application asks, the coordinator opens the attempt, both prepare, and it dies.
    assert_eq!(story.len(), 5, "{story:?}");
    assert_eq!(story.last().map(|step| step.what.to_string()).as_deref(), Some("s1 dies"));
    let sent = story.iter().flat_map(|step| &step.sent);
    assert!(!sent.into_iter().any(|(_, message)| message.contains("Decide")), "{story:?}");
    assert_eq!(report.unique, 103_025);
}

#[test]
fn two_clients_of_two_phase_commit_never_hold_at_once() {
    let configuration = catalogue::two_phase(TwoPhaseSize::default());
    let report = report(&configuration);
    assert!(verdicts(&report).iter().all(|(_, length)| *length == 0));
    all_see(&configuration, &configuration.watch, 518_428);
}

/// Figure 3 of the paper, as far as it goes in a term or two.
#[test]
fn the_replicated_log_agrees_over_elections() {
    let one_term = RaftReach { terms: 1, entries: 1, rounds: 1, candidates: 3 };
    let two_terms = RaftReach { terms: 2, ..one_term };
    for (crashes, reach, unique) in [(1, one_term, 570_533), (0, two_terms, 1_312_421)] {
        let report = report(&catalogue::elections(3, crashes, reach));
        assert_eq!(verdicts(&report), [("agreement", 0)], "{reach:?}");
        assert!(report.landmarks.iter().all(|landmark| landmark.found), "{:?}", report.landmarks);
        assert_eq!(report.unique, unique, "{reach:?}");
    }
}

#[test]
fn a_bound_that_cuts_is_counted() {
    let report = report(&catalogue::ttl(2, 1, Fencing::ReadsAndWrites));
    assert_eq!(report.cuts, [(Bound::Retries, 3812), (Bound::Failures, 1476)]);
}

/// Where nothing can move, no goal is reached, and the report says so.
#[test]
fn a_search_that_goes_nowhere_misses_its_goals() {
    let mut configuration = catalogue::ttl(2, 1, Fencing::ReadsAndWrites);
    configuration.bounds.acquires = 0;
    let report = check(&configuration, LIMITS, |_| true);
    assert_eq!(report.unique, 1);
    assert_eq!(report.missed, configuration.goals);
}
