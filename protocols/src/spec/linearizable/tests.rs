//! The checker from the outside: a share of the comparison with two exhaustive checkers
//! (`tests/all/linearizable_differential`), small enough to run at every change, and histories as
//! text.

#[path = "../../../tests/all/linearizable_differential/comparison.rs"]
mod comparison;
mod text;

use super::{Answer, Budget, check_by_search};
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
