use super::*;
use crate::id::Token;
use crate::spec::linearizable::cases::owner;

const LOCK: LockId = LockId(1);
const OK: Outcome = Outcome::Ok(None);

fn recorder() -> Recorder {
    Recorder::new(Semantics::PLAIN, Budget::default())
}

fn acquire(recorder: &mut Recorder, client: u32, called: u64, returned: u64) {
    recorder.called(owner(client), LOCK, Action::Acquire, called);
    recorder.returned(owner(client), LOCK, OK, returned);
}

#[test]
fn says_broken_as_soon_as_the_moment_is_over_and_stays_so() {
    let mut recorder = recorder();
    acquire(&mut recorder, 1, 0, 3_000_000);
    acquire(&mut recorder, 2, 4_000_000, 5_000_000);
    assert_eq!(recorder.answer(), Answer::Fits, "the release may come at this moment");
    recorder.called(owner(1), LOCK, Action::Release, 5_000_001);
    let broken = recorder.answer();
    let Answer::Broken { prefix: 4, at: 5_000_000, reason } = &broken else { panic!("{broken:?}") };
    assert_eq!(
        reason,
        "c2's acquire of L1 returned at 0.005 s although c1, which acquired it at 0.003 s, had \
         not called release and its lease had not ended"
    );
    recorder.lease_ended(owner(1), LOCK, 6_000_000);
    assert_eq!(recorder.finish(9_000_000), broken);
}

#[test]
fn equal_times_are_concurrent() {
    let mut recorder = recorder();
    acquire(&mut recorder, 1, 0, 3);
    acquire(&mut recorder, 2, 4, 5);
    recorder.called(owner(1), LOCK, Action::Release, 5);
    assert_eq!(recorder.finish(5), Answer::Fits);
}

#[test]
fn the_end_of_a_lease_lets_the_next_in_and_a_crash_does_not() {
    let mut recorder = recorder();
    acquire(&mut recorder, 1, 0, 3);
    recorder.crashed(owner(1), 4);
    let mut lost = recorder.clone();
    recorder.lease_ended(owner(1), LOCK, 5);
    acquire(&mut recorder, 2, 6, 7);
    assert_eq!(recorder.finish(8), Answer::Fits);
    acquire(&mut lost, 2, 6, 7);
    assert!(matches!(lost.finish(8), Answer::Broken { at: 7, .. }));
}

#[test]
fn what_a_crash_left_open_is_unknown() {
    let mut recorder = recorder();
    acquire(&mut recorder, 1, 0, 3);
    recorder.called(owner(1), LOCK, Action::Release, 4);
    recorder.called(owner(3), LOCK, Action::Acquire, 4);
    recorder.crashed(owner(1), 5);
    recorder.crashed(owner(3), 5);
    acquire(&mut recorder, 2, 6, 7);
    assert_eq!(recorder.finish(8), Answer::Fits);
}

#[test]
fn keeps_no_history() {
    let size = |rounds: u64| {
        let mut recorder = recorder();
        for round in 0..rounds {
            let (client, at) = ((round % 3) as u32 + 1, round * 10);
            recorder.called(owner(9), LOCK, Action::Acquire, at);
            acquire(&mut recorder, client, at, at + 1);
            recorder.called(owner(client), LOCK, Action::Release, at + 2);
            recorder.returned(owner(client), LOCK, OK, at + 3);
            recorder.returned(owner(9), LOCK, Outcome::Unknown, at + 4);
        }
        assert_eq!(recorder.finish(rounds * 10), Answer::Fits);
        format!("{recorder:?}").len()
    };
    assert!(size(10_000) < size(10) + 100, "{} {}", size(10_000), size(10));
}

#[test]
fn malformed_input_is_unknown() {
    let reason = |tell: fn(&mut Recorder)| {
        let mut recorder = recorder();
        tell(&mut recorder);
        match recorder.finish(9) {
            Answer::Unknown { reason } => reason,
            other => panic!("{other:?}"),
        }
    };
    let twice = reason(|recorder| {
        recorder.called(owner(1), LOCK, Action::Acquire, 1);
        recorder.called(owner(1), LOCK, Action::Acquire, 2);
    });
    assert!(twice.contains("c1 at L1 called before its last operation returned"), "{twice}");
    let uncalled = reason(|recorder| recorder.returned(owner(1), LOCK, OK, 1));
    assert!(uncalled.contains("returned without a call"), "{uncalled}");
    let back = reason(|recorder| {
        recorder.lease_ended(owner(1), LOCK, 5);
        recorder.lease_ended(owner(1), LOCK, 4);
    });
    assert!(back.contains("time went back"), "{back}");
    let token = reason(|recorder| {
        recorder.called(owner(1), LOCK, Action::Release, 1);
        recorder.returned(owner(1), LOCK, Outcome::Ok(Some(Token(1))), 2);
    });
    assert!(token.contains("released with a token"), "{token}");
}

#[test]
fn a_grant_without_a_token_tells_nothing_of_a_fenced_lock() {
    for (semantics, fenced) in [(Semantics::FENCED, true), (Semantics::PLAIN, false)] {
        let mut recorder = Recorder::new(semantics, Budget::default());
        recorder.called(owner(1), LOCK, Action::Acquire, 1);
        recorder.returned(owner(1), LOCK, OK, 2);
        recorder.called(owner(1), LOCK, Action::Release, 3);
        recorder.returned(owner(1), LOCK, OK, 4);
        match recorder.finish(9) {
            Answer::Unknown { reason } => {
                assert!(fenced && reason.contains("was granted without a token"), "{reason}");
            }
            answer => assert_eq!((answer, fenced), (Answer::Fits, false)),
        }
    }
}

#[test]
fn an_unjudged_lock_is_unknown_but_another_can_break() {
    let mut recorder = Recorder::new(Semantics::PLAIN, Budget { steps: 4 });
    for at in 0..4 {
        acquire(&mut recorder, 1, at * 10, at * 10 + 1);
        recorder.called(owner(1), LOCK, Action::Release, at * 10 + 2);
        recorder.returned(owner(1), LOCK, OK, at * 10 + 3);
    }
    assert!(matches!(recorder.answer(), Answer::Unknown { .. }));
    recorder.called(owner(1), LockId(2), Action::Release, 50);
    recorder.returned(owner(1), LockId(2), OK, 51);
    assert!(matches!(recorder.finish(60), Answer::Broken { at: 51, .. }));
}
