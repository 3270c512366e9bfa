//! A client alone, whose coordinator is slow.

mod holdings;

use super::super::TwoPhase;
use super::super::testing::{tokens, words};
use super::*;
use crate::contract::Protocol;
use crate::id::{Incarnation, ServerId};

const LOCK: LockId = LockId(1);
const NOTHING: [String; 0] = [];

struct Stage(Client);

impl Stage {
    /// A client that has asked for the lock.
    fn asking() -> Self {
        let mut stage = Self(TwoPhase::default().client(ClientId(1), &()));
        stage.step(Input::Started(Incarnation(1)));
        let acquire = Command::Acquire { locks: LOCK.into() };
        assert_eq!(stage.step(Input::Command(acquire)), ["to s1: Acquire c1#1: L1"]);
        stage
    }

    fn step(&mut self, input: InputOf<Client>) -> Vec<String> {
        let mut fx = Effects::<Client>::default();
        self.0.step(input, &mut fx);
        words(&fx)
    }

    fn fires(&mut self, timer: ClientTimer) -> Vec<String> {
        self.step(Input::Fired(timer))
    }

    fn granted(&mut self, number: u32, copy: u32) -> Vec<String> {
        let request = self.0.request(number);
        let body = Message::Granted { request, tokens: tokens(), copy, newest: 1 };
        self.step(Input::Message { from: NodeId::Server(ServerId(1)), body })
    }
}

/// What was sent so long ago that a lease which began then is over is given up for a new request,
/// once every copy is as old.
#[test]
fn a_request_whose_copies_are_all_too_old_is_given_up_for_a_new_one() {
    let mut stage = Stage::asking();
    let again = ["to s1: Acquire c1#1, copy 2: L1"];
    assert_eq!(stage.fires(ClientTimer::Repeat(1)), again);
    assert_eq!(stage.fires(ClientTimer::Validity(LOCK, 1, 1)), NOTHING, "there is a younger copy");
    let anew = stage.fires(ClientTimer::Validity(LOCK, 1, 2));
    assert_eq!(anew.first().map(String::as_str), Some("to s1: Cancel c1#1"));
    assert_eq!(anew.last().map(String::as_str), Some("to s1: Acquire c1#2: L1"));

    let mut alone = Stage::asking();
    let anew = ["to s1: Cancel c1#1", "to s1: Acquire c1#2: L1"];
    assert_eq!(alone.fires(ClientTimer::Validity(LOCK, 1, 1)), anew);
}

#[test]
fn a_grant_counts_from_the_copy_that_it_names() {
    let mut late = Stage::asking();
    late.fires(ClientTimer::Repeat(1));
    late.fires(ClientTimer::Validity(LOCK, 1, 1));
    let gives_up = late.granted(1, 1);
    assert_eq!(gives_up.first().map(String::as_str), Some("to s1: Cancel c1#1"), "{gives_up:?}");
    let mut in_time = Stage::asking();
    in_time.fires(ClientTimer::Repeat(1));
    in_time.fires(ClientTimer::Validity(LOCK, 1, 1));
    let granted = "Granted { lock: LockId(1), token: Some(Token(7)) }";
    assert!(in_time.granted(1, 2).contains(&granted.to_owned()));
}
