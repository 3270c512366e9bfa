use super::*;
use crate::spec::linearizable::cases::{answer, broken, fits, history};
use crate::spec::linearizable::{Answer, is_direct};

const ALL: [Semantics; 4] =
    [Semantics::PLAIN, Semantics::REENTRANT, Semantics::FENCED, Semantics::REENTRANT_FENCED];

fn direct(text: &str, semantics: Semantics) -> bool {
    is_direct(&history(text), semantics)
}

#[test]
fn cores_may_touch_but_not_overlap() {
    let text = |returned: u64| {
        format!(
            "c1 acquire 0..3 ok 1
             c1 release 10..20 ok
             c2 acquire 1..{returned} ok 2"
        )
    };
    for semantics in ALL {
        fits(&text(10), semantics);
        assert_eq!(broken(&text(9), semantics).0, 4);
        assert!(direct(&text(10), semantics) && direct(&text(9), semantics));
    }
}

#[test]
fn an_unknown_acquire_costs_nothing() {
    let text = "c1 acquire 0..3 ok
                c2 acquire 1.. unknown
                c3 acquire 1..2 unknown
                c3 release 5..6 fail
                c1 release 10..20 ok
                c4 acquire 11..12 ok";
    fits(text, Semantics::PLAIN);
    assert!(direct(text, Semantics::PLAIN));
}

#[test]
fn an_unknown_acquire_may_carry_a_release() {
    let text = "c1 acquire 0..3 unknown
                c1 release 5..6 ok
                c2 acquire 7..8 ok";
    fits(text, Semantics::PLAIN);
    assert!(!direct(text, Semantics::PLAIN));
    broken(&text.replace("5..6 ok", "5..6 fail\n c1 release 9..9 ok"), Semantics::PLAIN);
}

#[test]
fn an_unknown_release_ends_the_core_at_its_call() {
    let text = "c1 acquire 0..3 ok
                c1 release 5.. unknown
                c2 acquire 1..6 ok";
    fits(text, Semantics::PLAIN);
    assert!(direct(text, Semantics::PLAIN));
    assert_eq!(broken(&text.replace("1..6", "1..4"), Semantics::PLAIN).0, 4);
}

#[test]
fn the_end_of_a_lease_ends_the_core() {
    let text = "c1 acquire 0..3 ok 1
                c1 lease-ended 5..5 ok
                c2 acquire 1..6 ok 2
                c1 release 8..9 fail";
    for semantics in ALL {
        fits(text, semantics);
        assert!(direct(text, semantics));
        assert_eq!(broken(&text.replace("c1 lease", "c3 lease"), semantics).0, 6);
        assert_eq!(broken(&text.replace("9 fail", "9 ok"), semantics).0, 8);
    }
}

#[test]
fn a_lock_lost_without_the_end_of_a_lease_is_found() {
    // The server forgot the lock in a crash and granted it again.
    let text = "c1 acquire 0..3 ok 1
                c2 acquire 20..21 ok 2";
    for semantics in ALL {
        assert_eq!(broken(text, semantics).0, 4);
    }
}

#[test]
fn a_late_reply_to_a_grant_whose_lease_ended_fits() {
    let text = "c1 acquire 0..9 ok 1
                c1 lease-ended 5..5 ok
                c2 acquire 6..7 ok 2";
    for semantics in ALL {
        fits(text, semantics);
        assert!(!direct(text, semantics));
    }
    broken(&text.replace("5..5", "8..8"), Semantics::PLAIN);
    broken(&text.replace("ok 1", "ok 3"), Semantics::FENCED);
}

#[test]
fn reentrance_counts() {
    let text = "c1 acquire 0..1 ok 1
                c1 acquire 2..3 ok 1
                c1 release 4..5 ok
                c1 release 6..7 ok
                c2 acquire 0..8 ok 2";
    for semantics in [Semantics::REENTRANT, Semantics::REENTRANT_FENCED] {
        fits(text, semantics);
        fits(&text.replace("0..8", "0..6"), semantics);
        broken(&text.replace("0..8", "0..5"), semantics);
        assert!(direct(text, semantics));
    }
    broken(text, Semantics::PLAIN);
    broken(&text.replace("2..3 ok 1", "2..3 ok 0"), Semantics::REENTRANT_FENCED);
    broken(&text.replace("ok 2", "ok 1"), Semantics::REENTRANT_FENCED);
}

#[test]
fn a_moment_is_not_an_order() {
    // All of it happens at once: some order explains it, whatever the order of the lines.
    let text = "c2 acquire 5..5 ok
                c2 release 5..5 ok
                c1 release 5..6 ok
                c3 acquire 4..5 ok";
    fits(&format!("c1 acquire 0..1 ok\n{text}"), Semantics::PLAIN);
    broken(&format!("c1 acquire 0..1 ok\n{text}\nc4 acquire 5..5 ok"), Semantics::PLAIN);
}

#[test]
fn the_first_grant_with_a_token_is_named() {
    let text = "c1 acquire 0..1 ok 5
                c1 acquire 2..3 ok 5
                c1 release 4..5 ok
                c1 release 6..7 ok
                c2 acquire 8..9 ok 5";
    let (_, reason) = broken(text, Semantics::REENTRANT_FENCED);
    assert!(reason.contains("token 5") && reason.contains("0.001 s"), "{reason}");
}

#[test]
fn locks_are_judged_by_themselves() {
    let mut two = history(
        "c1 acquire 0..1 ok
         c2 acquire 2..3 ok",
    );
    two.operations[1].lock.0 = 2;
    let budget = crate::spec::linearizable::Budget::default();
    assert_eq!(crate::spec::linearizable::check(&two, Semantics::PLAIN, budget), Answer::Fits);
    two.operations[1].lock.0 = 1;
    assert_ne!(crate::spec::linearizable::check(&two, Semantics::PLAIN, budget), Answer::Fits);
}

#[test]
fn a_malformed_history_is_unknown() {
    let text = "c1 acquire 0..5 ok
                c1 acquire 3..6 ok";
    let Answer::Unknown { reason } = answer(text, Semantics::PLAIN) else { panic!() };
    assert!(reason.starts_with("c1's acquire of L1 called at 0.003 s before"), "{reason}");
    assert!(reason.contains("one operation on a lock at a time"), "{reason}");
    let text = "c1 acquire 0..5 ok
                c2 release 3..2 ok";
    let Answer::Unknown { reason } = answer(text, Semantics::PLAIN) else { panic!() };
    assert!(reason.contains("c2's release of L1"), "{reason}");
}

/// What the sweep weighs alone, and what it leaves to the search.
#[test]
fn the_sweep_hands_over_no_more_than_it_must() {
    let (plain, reentrant) = (Semantics::PLAIN, Semantics::REENTRANT);
    let alone = [
        // A refused acquire, also one that returns as the next is called.
        (plain, "c1 acquire 0..1 fail"),
        (plain, "c1 acquire 0..3 fail\n c1 acquire 3..5 ok"),
        // A release of nothing, that failed.
        (plain, "c1 release 1..2 fail\n c1 acquire 3..4 ok"),
        // The end of a lease that is over.
        (plain, "c1 acquire 0..1 ok\n c1 lease-ended 2..3 ok\n c1 acquire 4..5 ok"),
        // It began while the owner released, and is not over when he has.
        (
            plain,
            "c1 acquire 0..1 ok\n c1 release 2..10 ok\n c1 lease-ended 3..20 ok\n c1 release 12..13 fail",
        ),
        // It began and was over while he gave back one of two holds.
        (
            reentrant,
            "c1 acquire 0..1 ok\n c1 acquire 2..3 ok\n c1 release 4..10 ok\n c1 lease-ended 5..6 ok
             c1 release 13..14 fail",
        ),
    ];
    for (semantics, text) in alone {
        fits(text, semantics);
        assert!(direct(text, semantics), "{text}");
    }
    let left = [
        // Whether the lease ended is open.
        (plain, "c1 acquire 0..1 ok\n c1 lease-ended 2.. unknown\n c2 acquire 5..6 ok"),
        // Which of two holds it gave back is open.
        (reentrant, "c1 acquire 0..1 ok\n c1 acquire 2..3 ok\n c1 release 4.. unknown"),
        // The release may come after the end of the lease, and end the next hold.
        (
            plain,
            "c1 acquire 0..1 ok\n c1 release 2..3 unknown\n c1 lease-ended 4..5 ok
             c1 acquire 6..7 ok\n c2 acquire 8..9 ok",
        ),
        // An acquire returned as its release was called: of two grants either may have been first.
        (
            Semantics::FENCED,
            "c1 acquire 0..3 ok 5\n c2 acquire 1..3 ok 4\n c2 release 3..4 ok\n c1 release 5..6 ok",
        ),
    ];
    for (semantics, text) in left {
        fits(text, semantics);
        assert!(!direct(text, semantics), "{text}");
    }
}

#[test]
fn the_sweep_finds_what_cannot_be_without_a_search() {
    let lower = "c1 acquire 0..3 ok 5\n c1 release 4..5 ok\n c2 acquire 6..7 ok 4";
    let lower_after_an_unknown =
        "c1 acquire 0..3 ok 5\n c2 acquire 0..1 unknown\n c1 release 4..5 ok
                                  c2 acquire 6..7 ok 4";
    let breaks = [
        (Semantics::FENCED, lower),
        (Semantics::FENCED, lower_after_an_unknown),
        (Semantics::PLAIN, "c1 release 2..3 ok"),
        (Semantics::PLAIN, "c1 acquire 0..1 ok\n c1 release 2..3 fail"),
    ];
    for (semantics, text) in breaks {
        broken(text, semantics);
        assert!(direct(text, semantics), "{text}");
    }
    assert!(!direct(lower_after_an_unknown, Semantics::REENTRANT_FENCED), "it may be nested");
}
