//! A participant alone, and attempts of one age.

use super::super::TwoPhase;
use super::super::testing::{attempt, preparation, words};
use super::*;
use crate::two_phase::message::Age;

/// The participant, with what it says to each of these preparations.
fn prepares(conflict: Conflict, all: &[Preparation]) -> (Participant, Vec<Vec<String>>) {
    let settings = TwoPhase::with(conflict).settings;
    let mut participant = Participant::new(settings, ServerId(2), &Ledger::default());
    participant.start(Incarnation(1), &mut Fx::default());
    let mut said = Vec::new();
    for wanted in all {
        let mut fx = Fx::default();
        participant.prepare(wanted.clone(), &mut fx);
        said.push(words(&fx));
    }
    (participant, said)
}

#[test]
fn a_copy_that_comes_when_all_is_over_is_not_prepared_again() {
    let newer = Preparation { floor: attempt(2), ..preparation(2, 2, 5) };
    let (_, said) = prepares(Conflict::Refuse, &[newer, preparation(1, 1, 4)]);
    assert_eq!(said[0], ["to s1: Vote yes on T2: L1 with token 1"]);
    assert_eq!(said[1], Vec::<String>::new());
}

/// A client that tries again keeps its age: its own former attempt is not younger.
#[test]
fn only_an_older_wish_wounds_a_younger_one() {
    for (age, wounds) in [(4, true), (5, false), (6, false)] {
        let all = [preparation(2, 1, 5), preparation(3, 1, age)];
        let (participant, said) = prepares(Conflict::WoundWait, &all);
        let wound = ["to s1: Wound T2".to_owned()];
        assert_eq!(said[1], wound[usize::from(!wounds)..], "age {age}");
        assert_eq!(participant.line.is_empty(), wounds, "whom it wounds it does not wait for");
    }
}

#[test]
fn only_an_older_wish_is_first_in_the_line() {
    for (age, waits) in [(4, true), (5, false)] {
        let all = [preparation(2, 1, 5), preparation(3, 2, age)];
        let mut line = prepares(Conflict::WoundWait, &all).0;
        // Nothing is in the way but who stands before it in the line.
        line.ledger = Ledger::default();
        let wanted = Preparation { age: all[0].age, ..preparation(4, 1, 5) };
        let before = Preparation { age: Age { count: age, ..wanted.age }, ..all[1].clone() };
        let verdict = line.judge(&wanted, &[before]);
        assert_eq!(matches!(verdict, Verdict::Wait), waits, "age {age}");
    }
}

#[test]
fn each_policy_has_its_say() {
    use Conflict::{Bare, Refuse, Wait, WaitDie, WoundWait};
    let wanted = preparation(1, 1, 5);
    let blocker = |age| {
        let Preparation { attempt, request, age, .. } = preparation(2, 2, age);
        Blocker { lock: LockId(1), attempt, request, age, in_doubt: true }
    };
    let judge = |conflict, blockers: &[Blocker], overtakes| match queue::judge(
        conflict, &wanted, blockers, overtakes,
    ) {
        Verdict::Prepare => "prepare",
        Verdict::Wait => "wait",
        Verdict::Refuse => "refuse",
    };
    let (older, younger) = (blocker(4), blocker(6));
    for (conflict, free, overtakes, behind_an_older, behind_a_younger) in [
        (Refuse, "prepare", "prepare", "refuse", "refuse"),
        (WaitDie, "prepare", "refuse", "refuse", "wait"),
        (WoundWait, "prepare", "wait", "wait", "wait"),
        (Wait, "prepare", "wait", "wait", "wait"),
        (Bare, "prepare", "wait", "wait", "wait"),
    ] {
        assert_eq!(judge(conflict, &[], false), free, "{conflict:?}");
        assert_eq!(judge(conflict, &[], true), overtakes, "{conflict:?}");
        assert_eq!(judge(conflict, &[older], false), behind_an_older, "{conflict:?}");
        assert_eq!(judge(conflict, &[younger], false), behind_a_younger, "{conflict:?}");
        assert_eq!(judge(conflict, &[younger, older], false), behind_an_older, "{conflict:?}");
    }
}

#[test]
fn a_floor_forgets_what_is_over_of_its_own_coordinator() {
    let of =
        |coordinator, number| AttemptId { coordinator: ServerId(coordinator), ..attempt(number) };
    let mut ledger = Ledger::default();
    for known in [of(1, 1), of(1, 3), of(9, 1)] {
        ledger.apply(LedgerChange::Renounce(known));
    }
    let raised = |number, floor| Preparation { floor, ..preparation(number, 1, 1) };
    let prepare =
        |preparation| LedgerChange::Prepare(Prepared { preparation, tokens: Tokens::new() });
    ledger.apply(prepare(raised(2, of(1, 2))));
    ledger.apply(prepare(raised(4, of(1, 3))));
    let known: Vec<AttemptId> = ledger.records().keys().copied().collect();
    assert_eq!(known, [of(1, 2), of(1, 3), of(1, 4), of(9, 1)], "the second is in doubt");
    assert!(ledger.is_over(of(1, 2)) && !ledger.is_over(of(1, 3)) && !ledger.is_over(of(9, 1)));
    ledger.apply(prepare(raised(5, of(1, 1))));
    assert!(ledger.is_over(of(1, 2)), "a floor does not sink");
}
