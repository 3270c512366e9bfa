//! The checker from the outside: a share of the comparison with two exhaustive checkers
//! (`tests/all/linearizable_differential`), small enough to run at every change, and histories as
//! text.

#[path = "../../../tests/all/linearizable_differential/comparison.rs"]
mod comparison;
mod text;

use comparison::{Counts, compare_all};

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
