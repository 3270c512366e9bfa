//! A client that looks for the primary.

use super::super::TtlReplicated;
use super::*;
use crate::contract::Effect;
use crate::ttl::message::Value;

const LOCK: LockId = LockId(1);
const NOTHING: [String; 0] = [];

struct Stage(ReplicatedClient);

impl Stage {
    /// A client in this life.
    fn in_life(life: u32) -> Self {
        let mut stage = Self(TtlReplicated::default().client(ClientId(1), &()));
        stage.step(Input::Started(Incarnation(life)));
        stage
    }

    /// A client that has asked the first server for the lock.
    fn asking() -> Self {
        let mut stage = Self::in_life(1);
        assert_eq!(stage.acquires(), ["to s1: SET L1 c1#1 NX PX 10s and INCR"]);
        stage
    }

    fn step(&mut self, input: InputOf<ReplicatedClient>) -> Vec<String> {
        let mut fx = Effects::<ReplicatedClient>::default();
        self.0.step(input, &mut fx);
        let words = fx.as_slice().iter().filter_map(|effect| match effect {
            Effect::Send { to, body: ReplicatedMessage::Client(Message::Request(request)) } => {
                Some(format!("to {to}: {request}"))
            }
            _ => None,
        });
        words.collect()
    }

    fn acquires(&mut self) -> Vec<String> {
        self.step(Input::Command(Command::Acquire { locks: LOCK.into() }))
    }

    fn read_only(&mut self, from: u32, serial: u32) -> Vec<String> {
        let value = Value { owner: Owner::first(ClientId(1)), serial };
        let reply = Reply { lock: LOCK, value, answer: Answer::ReadOnly };
        let body = ReplicatedMessage::Client(Message::Reply(reply));
        self.step(Input::Message { from: ServerId(from).into(), body })
    }
}

#[test]
fn it_follows_a_redirection_of_the_server_that_it_asks_once() {
    let mut stage = Stage::asking();
    assert_eq!(stage.read_only(1, 7), NOTHING, "an answer to another request");
    assert_eq!(stage.read_only(2, 1), NOTHING, "of a server that it does not ask");
    assert_eq!(stage.read_only(1, 1), ["to s2: SET L1 c1#1 NX PX 10s and INCR"]);
    assert_eq!(stage.read_only(2, 1), NOTHING, "both are replicas: it waits");
    let repeat = ClientTimer::Repeat(LOCK, 1);
    assert_eq!(stage.step(Input::Fired(repeat)), ["to s1: SET L1 c1#1 NX PX 10s and INCR"]);
    assert_eq!(stage.read_only(1, 1), ["to s2: SET L1 c1#1 NX PX 10s and INCR"]);
}

#[test]
fn it_shows_what_it_does_about_each_lock() {
    assert_eq!(Stage::in_life(1).0.claims().count(), 0);
    let stage = Stage::asking();
    let claims: Vec<(LockId, u32)> =
        stage.0.claims().map(|(lock, one)| (lock, one.serial)).collect();
    assert_eq!(claims, [(LOCK, 1)]);
}

#[test]
fn each_life_has_its_own_values() {
    assert_eq!(Stage::in_life(2).acquires(), ["to s1: SET L1 c1'2#1 NX PX 10s and INCR"]);
}
