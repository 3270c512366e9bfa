//! What breaks `linearizable` in a run, and what only looks as if it did.

use super::super::testing::{History, is_idle};
use super::*;

fn plain() -> Linearizable {
    Linearizable::new(Semantics::default())
}

fn of(reentrant: bool, fenced: bool) -> Linearizable {
    Linearizable::new(Semantics { reentrant, fenced, renews: false })
}

/// Client 1 takes and holds L1 until 2 ms.
fn held() -> History {
    let history = History::new().at(1).acquires(1, 1).at(2);
    history.granted(1, 1, None)
}

fn then_granted_to_2(history: History) -> History {
    let history = history.at(20).acquires(2, 1).at(21);
    history.granted(2, 1, None)
}

fn lease_ended(history: History, client: u32) -> History {
    let (lock, owner) = (LockId(1), history.owner(client));
    history.see(ServerId(1), Event::LeaseEnded { lock, owner })
}

#[test]
fn a_second_grant_without_an_end_of_the_first_breaks_it() {
    let reason = then_granted_to_2(held()).break_of(plain());
    assert!(reason.starts_with("0.021 s: "), "{reason}");
    let crash = then_granted_to_2(held().at(5).crashes(1));
    assert!(crash.judge(plain()).is_broken(), "a crash frees nothing");
    let lost = then_granted_to_2(held().at(5).lost(1, 1));
    assert!(lost.judge(plain()).is_broken(), "belief frees nothing");
}

#[test]
fn a_release_that_is_done_or_may_be_done_makes_room() {
    let released = |outcome| {
        let history = held().at(5).releases(1, 1).at(6);
        then_granted_to_2(history.released(1, 1, outcome)).judge(plain())
    };
    assert_eq!(released(Ending::Done), Verdict::Held);
    assert_eq!(released(Ending::Unknown), Verdict::Held);
    assert!(released(Ending::Failed).is_broken());
}

#[test]
fn the_end_of_a_lease_makes_room() {
    let ended = then_granted_to_2(lease_ended(held().at(5), 1));
    assert_eq!(ended.judge(plain()), Verdict::Held);
    let of_another = then_granted_to_2(lease_ended(held().at(5), 3));
    assert!(of_another.judge(plain()).is_broken());
}

#[test]
fn a_client_that_lost_its_lock_may_give_it_back_on_its_own() {
    let frees = |history: History| {
        let (lock, owner) = (LockId(1), history.owner(1));
        let by = owner;
        history.see(ServerId(1), LeaseEvent::Released { lock, owner, by })
    };
    let lost = then_granted_to_2(frees(held().at(5).lost(1, 1).at(6)));
    assert_eq!(lost.judge(plain()), Verdict::Held);
    let believed = then_granted_to_2(frees(held().at(6)));
    assert!(believed.judge(plain()).is_broken());
}

#[test]
fn a_client_that_lost_its_lock_and_asks_again_may_still_give_back_what_it_had() {
    let again = |frees: bool| {
        let mut history = held().at(5).lost(1, 1).at(6).acquires(1, 1).at(7);
        let (lock, owner) = (LockId(1), history.owner(1));
        if frees {
            let by = owner;
            history = history.see(ServerId(1), LeaseEvent::Released { lock, owner, by });
        }
        let history = history.at(8).granted(1, 1, None).at(9).releases(1, 1).at(10);
        then_granted_to_2(history.released(1, 1, Ending::Done).at(11)).judge(plain())
    };
    assert_eq!(again(true), Verdict::Held);
    assert!(again(false).is_broken());
}

#[test]
fn a_lease_that_ended_is_not_prolonged() {
    let lock = LockId(1);
    let renewed = |history: History| {
        let owner = history.owner(1);
        let renewed = LeaseEvent::Renewed { lock, owner, lease: None };
        history.at(9).see(ServerId(1), renewed).judge(plain())
    };
    let expired = |history: History| {
        let owner = history.owner(1);
        history.at(5).see(ServerId(1), LeaseEvent::Expired { lock, owner }).owners(1, [])
    };
    let given = || held().owners(1, [1]);
    assert!(renewed(expired(given())).is_broken());
    assert!(!renewed(given()).is_broken());
    let by_another = expired(given()).at(6).owners(1, [1]);
    assert!(!renewed(by_another).is_broken(), "another server gave it to him again");
    let asks = expired(given()).at(6).acquires(1, 1);
    assert!(!renewed(asks).is_broken(), "another server may have given it to him again");
    let restarted = expired(given()).host(ServerId(1), HostEvent::Crashed);
    assert!(!renewed(restarted).is_broken(), "its disk may not have known");
}

#[test]
fn an_owner_is_not_given_what_he_has() {
    let lock = LockId(1);
    let twice = |monitor, ended: bool| {
        let mut history = held();
        let owner = history.owner(1);
        let given = LeaseEvent::Granted { lock, owner, lease: None };
        history = history.see(ServerId(1), given).owners(1, [1]).at(5);
        if ended {
            let freed = LeaseEvent::Released { lock, owner, by: owner };
            history = history.see(ServerId(1), freed);
        }
        history.see(ServerId(1), given).judge(monitor)
    };
    assert!(twice(plain(), false).is_broken());
    assert!(!twice(plain(), true).is_broken());
    assert!(!twice(of(true, false), false).is_broken());
}

#[test]
fn a_refusal_is_definite_or_not() {
    let refused = |definite| {
        let lock = LockId(1);
        let history = History::new().at(1).acquires(1, 1).at(2);
        let history = history.see(ClientId(1), LockEvent::Refused { lock, definite });
        let history = history.at(3).acquires(2, 1).at(4).granted(2, 1, None);
        let history = history.at(5).releases(2, 1).at(6);
        let history = history.released(2, 1, Ending::Done);
        // Only an acquire that may have taken effect gives client 1 something to release.
        let history = history.at(7).releases(1, 1).at(8);
        history.released(1, 1, Ending::Done).judge(plain())
    };
    assert!(refused(true).is_broken());
    assert!(!refused(false).is_broken());
}

#[test]
fn a_lock_may_be_taken_twice_only_if_it_is_reentrant() {
    let twice = || held().at(3).acquires(1, 1).at(4).granted(1, 1, None);
    assert!(twice().judge(plain()).is_broken());
    assert!(!twice().judge(of(true, false)).is_broken());
}

#[test]
fn tokens_must_grow_if_it_is_fenced() {
    let tokens = |first, second| {
        let history = History::new().at(1).takes(1, 1, first).at(2);
        let history = history.releases(1, 1).at(3);
        let history = history.released(1, 1, Ending::Done).at(4);
        history.acquires(2, 1).at(5).granted(2, 1, second)
    };
    assert_eq!(tokens(1, 2).judge(of(false, true)), Verdict::Held);
    assert!(tokens(2, 2).judge(of(false, true)).is_broken());
}

#[test]
fn a_client_that_died_while_it_asked_may_have_got_the_lock_or_not() {
    let history = History::new().at(1).acquires(1, 1).at(2).crashes(1);
    let history = history.starts(1).at(3).acquires(1, 1).at(4);
    let history = history.granted(1, 1, None).at(5).releases(1, 1).at(6);
    let history = history.released(1, 1, Ending::Done);
    assert_eq!(then_granted_to_2(history).judge(plain()), Verdict::Held);
}

#[test]
fn asking_again_before_the_answer_leaves_the_first_outcome_open() {
    let history = History::new().at(1).acquires(1, 1).at(2).acquires(1, 1);
    let late = history.at(3).refused(1, 1).at(4).granted(1, 1, None);
    let back = late.at(5).releases(1, 1).at(6).released(1, 1, Ending::Done);
    assert_eq!(then_granted_to_2(back).judge(plain()), Verdict::Held);
    let thrice = History::new().at(1).takes(1, 1, None).at(2).granted(1, 1, None);
    assert!(matches!(thrice.judge(plain()), Verdict::Unknown { .. }));
}

#[test]
fn what_is_out_of_order_is_unknown_and_one_owner_proves_nothing() {
    let unasked = History::new().at(1).granted(1, 1, None).judge(plain());
    assert!(matches!(unasked, Verdict::Unknown { .. }), "{unasked:?}");
    assert!(is_idle(&held().judge(plain())));
}
