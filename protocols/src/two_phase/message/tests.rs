//! Messages as people read them.

use super::super::testing::{attempt, preparation, request, tokens};
use super::*;

#[test]
fn a_copy_says_which_it_is_from_the_second_on() {
    let Preparation { request, age, locks, .. } = preparation(3, 2, 1);
    let acquire = |copy| Message::Acquire { request, age, locks: locks.clone(), copy }.to_string();
    assert_eq!(acquire(1), "Acquire c2#3: L1");
    assert_eq!(acquire(2), "Acquire c2#3, copy 2: L1");
    let granted =
        |copy| Message::Granted { request, tokens: tokens(), copy, newest: 1 }.to_string();
    assert_eq!(granted(1), "Granted c2#3: L1 with token 7");
    assert_eq!(granted(2), "Granted c2#3, copy 2: L1 with token 7");
}

#[test]
fn messages_read_like_sentences() {
    let (one, two) = (attempt(1), AttemptId { coordinator: ServerId(2), ..attempt(2) });
    let later = AttemptId { life: Incarnation(3), ..attempt(2) };
    let (request, lock, renewal) = (request(2, 3), LockId(1), 4);
    let two_locks = Tokens::from([(LockId(1), Token(7)), (LockId(2), Token(8))]);
    let all = [
        (Message::Cancel(request), "Cancel c2#3"),
        (Message::Refused { request, newest: 1 }, "Refused c2#3"),
        (Message::Prepare(preparation(3, 2, 1)), "Prepare T3 for c2#3: L1"),
        (
            Message::Vote(one, Vote::Yes(two_locks)),
            "Vote yes on T1: L1 with token 7, L2 with token 8",
        ),
        (Message::Vote(two, Vote::No), "Vote no on T2@s2"),
        (Message::Wound(later), "Wound T3.2"),
        (Message::Decide(one, Decision::Commit(tokens())), "Commit T1: L1 with token 7"),
        (Message::Decide(one, Decision::Abort), "Abort T1"),
        (Message::Acknowledge(one), "Acknowledge T1"),
        (Message::Inquire(one), "Inquire T1"),
        (Message::Renew { request, lock, renewal }, "Renew L1 of c2#3, renewal 4"),
        (Message::Renewed { request, lock, renewal, kept: true }, "Renewal 4 of L1 of c2#3: done"),
        (
            Message::Renewed { request, lock, renewal, kept: false },
            "Renewal 4 of L1 of c2#3: not yours",
        ),
        (Message::Release { request, lock }, "Release L1 of c2#3"),
        (Message::Released { request, lock, freed: true }, "Release of L1 of c2#3: done"),
        (Message::Released { request, lock, freed: false }, "Release of L1 of c2#3: not yours"),
    ];
    for (message, text) in all {
        assert_eq!(message.to_string(), text);
    }
}
