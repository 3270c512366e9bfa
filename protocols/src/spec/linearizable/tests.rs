//! The checker from the outside: a share of the comparison with two exhaustive checkers
//! (`tests/all/linearizable_differential`), small enough to run at every change, and histories as
//! text.

#[path = "../../../tests/all/linearizable_differential/comparison.rs"]
mod comparison;
mod text;

#[test]
fn agrees_with_exhaustive_checkers_on_a_few() {
    let counts = comparison::compare_all(0..3_000);
    assert!(counts.direct_broken > 100, "{counts:?}");
    assert!(counts.searched_broken > 100, "{counts:?}");
}
