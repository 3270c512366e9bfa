//! The checker from the outside: a share of the comparison with two exhaustive checkers
//! (`tests/all/linearizable_differential`), small enough to run at every change, and histories as
//! text.

#[path = "../../../tests/all/linearizable_differential/comparison.rs"]
mod comparison;
mod text;

use super::{Answer, Budget, check, check_by_search};
use crate::stable_hash::StableHasher;
use comparison::{Counts, compare_all, drawn};

#[test]
fn agrees_with_exhaustive_checkers_on_a_few() {
    let counts = compare_all(0..4_000);
    // The sweep decides exactly what it can: to hand more over to the search costs time, to hand
    // less over costs the truth.
    let expected = Counts {
        fit: 3_125,
        broken: 875,
        direct: 2_079,
        direct_broken: 525,
        searched: 1_921,
        searched_broken: 350,
        with_stateright: 2_100,
        stateright_broken: 486,
        lease_ends: 1_566,
        unknown: 1_456,
    };
    assert_eq!(counts, expected);
}

/// How many of the histories are undecided after so many steps.
#[test]
fn the_search_takes_as_many_steps_as_it_took() {
    let undecided = |steps| {
        let decided = |seed: &u64| {
            let (history, semantics) = drawn(*seed);
            !matches!(
                check_by_search(&history, semantics, Budget { steps }),
                Answer::Unknown { .. }
            )
        };
        2_000 - (0..2_000).filter(decided).count()
    };
    let expected = [1_811, 1_232, 498, 199, 66, 16, 8];
    assert_eq!([2, 4, 8, 16, 32, 64, 128].map(undecided), expected);
}

/// A hash of every answer, of both ways of checking, with its reason. If it changes, print the answers
/// of before and after, and read the difference.
#[test]
fn the_answers_are_told_as_they_were() {
    let told = |judge: fn(&super::History, super::Semantics, Budget) -> Answer| {
        let answer = |seed| {
            let (history, semantics) = drawn(seed);
            judge(&history, semantics, Budget::default())
        };
        StableHasher::hash_of(&(0..2_000).map(answer).collect::<Vec<Answer>>())
    };
    let expected = [12_897_641_996_912_025_507, 8_400_743_962_362_588_695];
    assert_eq!([told(check), told(check_by_search)], expected);
}
