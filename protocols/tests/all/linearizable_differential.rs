//! The linearizability checker against two exhaustive ones, on random small histories.
//!
//! One is stateright's tester; the other, for what stateright cannot express (operations that
//! take effect after their process gave them up, and equal times), tries every order and is
//! deliberately dumb. Both share no code with the checker.

use comparison::{Counts, compare_all};

#[path = "linearizable_differential/comparison.rs"]
mod comparison;

const HISTORIES: u64 = 120_000;

#[test]
fn agrees_with_exhaustive_checkers() {
    let halves = [0..HISTORIES / 2, HISTORIES / 2..HISTORIES];
    let counts = std::thread::scope(|scope| {
        let threads = halves.map(|half| scope.spawn(|| compare_all(half)));
        threads.map(|thread| thread.join().expect("the comparison holds"))
    });
    println!("{counts:#?}");
    let sum = |get: fn(&Counts) -> u32| counts.iter().map(get).sum::<u32>();
    assert!(sum(|counts| counts.fit) > 20_000);
    assert!(sum(|counts| counts.broken) > 20_000);
    assert!(sum(|counts| counts.direct - counts.direct_broken) > 10_000);
    assert!(sum(|counts| counts.direct_broken) > 10_000);
    assert!(sum(|counts| counts.searched - counts.searched_broken) > 10_000);
    assert!(sum(|counts| counts.searched_broken) > 10_000);
    assert!(sum(|counts| counts.with_stateright) > 20_000);
    assert!(sum(|counts| counts.stateright_broken) > 5_000);
    assert!(sum(|counts| counts.lease_ends) > 20_000);
    assert!(sum(|counts| counts.unknown) > 20_000);
}
