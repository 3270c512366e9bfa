//! Runs made by hand, and what they reach.

use super::*;
use crate::contract::Ending;
use crate::id::{Owner, Token};

fn client(number: u32, event: impl Into<Event>) -> Observation {
    Observation { node: NodeId::Client(ClientId(number)), event: event.into() }
}

fn watched(run: &[Observation]) -> Goals {
    let mut goals = Goals::default();
    run.iter().for_each(|seen| goals.observe(seen));
    goals
}

#[test]
fn contention_needs_two_who_want_one_lock() {
    let lock = LockId(1);
    let alone = watched(&[client(1, WorkEvent::Acquires { lock })]);
    assert!(!alone.reached().contains(&Goal::Contention));
    let both = watched(&[
        client(1, WorkEvent::Acquires { lock }),
        client(1, LockEvent::Granted { lock, token: None }),
        client(2, WorkEvent::Acquires { lock }),
    ]);
    assert!(both.reached().contains(&Goal::Contention));
}

#[test]
fn a_lease_expires_under_a_holder_only_while_he_believes() {
    let lock = LockId(1);
    let ended = client(1, Event::LeaseEnded { lock, owner: Owner::first(ClientId(1)) });
    let granted = client(1, LockEvent::Granted { lock, token: None });
    let under = watched(&[granted.clone(), ended.clone()]);
    assert!(under.reached().contains(&Goal::LeaseExpiredUnderHolder));
    let told = watched(&[granted, client(1, LockEvent::Lost { lock }), ended]);
    assert!(!told.reached().contains(&Goal::LeaseExpiredUnderHolder));
    assert!(told.reached().contains(&Goal::LossTold));
    assert_eq!(told, Goals { reached: told.reached().clone(), ..Goals::default() }, "nobody holds");
}

/// Exactly these goals are reached by the whole run.
#[track_caller]
fn reaches(run: &[Observation], goals: &[Goal]) {
    assert_eq!(*watched(run).reached(), goals.iter().copied().collect());
}

#[test]
fn a_refusal_and_a_release_may_leave_a_client_in_the_dark() {
    let lock = LockId(1);
    let refused = |definite| client(1, LockEvent::Refused { lock, definite });
    reaches(&[refused(true)], &[Goal::Refused]);
    reaches(&[refused(false)], &[Goal::Refused, Goal::UnknownOutcome]);
    let released = |outcome| client(1, LockEvent::Released { lock, outcome });
    reaches(&[released(Ending::Done), released(Ending::Failed)], &[]);
    reaches(&[released(Ending::Unknown)], &[Goal::UnknownOutcome]);
}

#[test]
fn the_storage_refuses_reads_and_writes() {
    let (lock, owner) = (LockId(1), Owner::first(ClientId(1)));
    let (token, newest) = (Token(1), Token(2));
    let rejected = |write| Observation {
        node: NodeId::Storage,
        event: StorageEvent::Rejected { lock, owner, token, newest, write }.into(),
    };
    reaches(&[rejected(false)], &[Goal::StaleRejected]);
    reaches(&[rejected(true)], &[Goal::StaleRejected, Goal::StaleWriteRejected]);
}

/// Client 1 takes lock 1, twice.
fn holds_twice() -> Vec<Observation> {
    let lock = LockId(1);
    let acquires = client(1, WorkEvent::Acquires { lock });
    let granted = client(1, LockEvent::Granted { lock, token: None });
    vec![acquires.clone(), granted.clone(), acquires, granted]
}

#[test]
fn a_holder_dies_or_stands_still_only_while_he_holds() {
    let releases = client(1, WorkEvent::Releases { lock: LockId(1) });
    let ends = |releases_before: usize, event: HostEvent, number: u32| {
        let mut run = holds_twice();
        run.extend(std::iter::repeat_n(releases.clone(), releases_before));
        run.push(client(number, event));
        watched(&run)
    };
    let goals = |run: &Goals| {
        (run.reached().contains(&Goal::HolderCrashed), run.reached().contains(&Goal::HolderPaused))
    };
    for releases in 0..=1 {
        assert_eq!(goals(&ends(releases, HostEvent::Crashed, 1)), (true, false));
        assert_eq!(goals(&ends(releases, HostEvent::Paused, 1)), (false, true));
    }
    assert_eq!(goals(&ends(2, HostEvent::Crashed, 1)), (false, false));
    assert_eq!(goals(&ends(2, HostEvent::Paused, 1)), (false, false));
    assert_eq!(goals(&ends(0, HostEvent::Crashed, 2)), (false, false));
    assert_eq!(goals(&ends(0, HostEvent::Paused, 2)), (false, false));
}

#[test]
fn who_holds_one_lock_and_asks_for_another_holds_and_waits() {
    let asks = |number, lock| client(number, WorkEvent::Acquires { lock: LockId(lock) });
    let with = |more: &[Observation]| {
        let run = [&holds_twice()[..2], more].concat();
        watched(&run).reached().clone()
    };
    assert_eq!(with(&[asks(1, 2)]), BTreeSet::from([Goal::Granted, Goal::HoldsAndWaits]));
    assert_eq!(with(&[asks(2, 2)]), BTreeSet::from([Goal::Granted]), "another client and lock");
    assert_eq!(with(&[asks(2, 1)]), BTreeSet::from([Goal::Granted, Goal::Contention]));
    let died = client(1, HostEvent::Crashed);
    let after_death = BTreeSet::from([Goal::Granted, Goal::HolderCrashed]);
    assert_eq!(with(&[died, asks(2, 1)]), after_death, "the dead hold nothing");
}

/// Who died, was refused or was granted does not want any more.
#[test]
fn contention_ends_when_one_of_the_two_ceases_to_want() {
    let lock = LockId(1);
    let asks = |number| client(number, WorkEvent::Acquires { lock });
    reaches(&[asks(1), asks(2)], &[Goal::Contention]);
    reaches(&[asks(1), asks(1)], &[]);
    let crashed = client(1, HostEvent::Crashed);
    reaches(&[asks(1), crashed, asks(2)], &[]);
    let refused = client(1, LockEvent::Refused { lock, definite: true });
    reaches(&[asks(1), refused, asks(2)], &[Goal::Refused]);
    let granted = client(1, LockEvent::Granted { lock, token: None });
    let releases = client(1, WorkEvent::Releases { lock });
    reaches(&[asks(1), granted, releases, asks(2)], &[Goal::Granted]);
}

#[test]
fn what_was_reached_can_be_taken_out() {
    let mut goals = watched(&holds_twice());
    assert_eq!(goals.take_reached(), BTreeSet::from([Goal::Granted]));
    assert_eq!(*goals.reached(), BTreeSet::new());
    goals.observe(&client(1, HostEvent::Crashed));
    assert_eq!(goals.take_reached(), BTreeSet::from([Goal::HolderCrashed]), "it knows who holds");
}

#[test]
fn every_goal_has_its_name_and_its_sentence() {
    for goal in Goal::ALL {
        let written = serde_json::to_value(goal).expect("it can be written");
        assert_eq!(written, goal.name());
        assert_eq!(goal.to_string(), goal.name());
    }
    assert_eq!(BTreeSet::from(Goal::ALL.map(Goal::about)).len(), Goal::ALL.len());
    assert!(Goal::HolderPaused.about().contains("stands still"));
}
