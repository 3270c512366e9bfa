//! Answers and timers that come late.

use super::super::testing::words;
use super::*;

const LOCK: LockId = LockId(1);
const NOTHING: [String; 0] = [];

struct Stage(NaiveClient);

impl Stage {
    /// A client that has asked for the lock.
    fn asking() -> Self {
        let mut stage = Self(TtlNaive::default().client(ClientId(1), &()));
        stage.step(Input::Started(Incarnation(1)));
        assert_eq!(stage.acquires(), ["SETNX L1 c1#1"]);
        stage
    }

    fn step(&mut self, input: InputOf<NaiveClient>) -> Vec<String> {
        let mut fx = Effects::<NaiveClient>::default();
        self.0.step(input, &mut fx);
        words(&fx)
    }

    fn acquires(&mut self) -> Vec<String> {
        self.step(Input::Command(Command::Acquire { locks: LOCK.into() }))
    }

    fn hears_of(&mut self, value: Value, answer: Answer) -> Vec<String> {
        let body = Message::Reply(Reply { lock: LOCK, value, answer });
        self.step(Input::Message { from: ServerId(1).into(), body })
    }

    fn hears(&mut self, serial: u32, answer: Answer) -> Vec<String> {
        self.hears_of(self.0.value(serial), answer)
    }
}

const TAKEN: Answer = Answer::Taken { token: None };

#[test]
fn a_key_that_comes_too_late_goes_back_if_it_is_its_own() {
    let mut stage = Stage::asking();
    let refused = ["Refused { lock: LockId(1), definite: false }"];
    assert_eq!(stage.step(Input::Fired(ClientTimer::GiveUp(LOCK, 1))), refused);
    assert_eq!(stage.hears(1, TAKEN), ["DEL L1 for c1#1"]);
    let former = stage.0.value(1);
    stage.step(Input::Started(Incarnation(2)));
    assert_eq!(stage.hears_of(former, TAKEN), NOTHING, "that of a former life runs out");
}

#[test]
fn a_timer_of_another_pass_changes_nothing() {
    let mut stage = Stage::asking();
    assert_eq!(stage.hears(1, Answer::Held), NOTHING);
    let ignores = |stage: &mut Stage, timer| {
        let before = stage.0.clone();
        assert_eq!(stage.step(Input::Fired(timer)), NOTHING, "{timer:?}");
        assert_eq!(stage.0, before, "{timer:?}");
    };
    ignores(&mut stage, ClientTimer::Retry(LOCK, 2));
    ignores(&mut stage, ClientTimer::Repeat(LOCK, 1));
    assert_eq!(stage.step(Input::Fired(ClientTimer::Retry(LOCK, 1))), ["SETNX L1 c1#2"]);
    ignores(&mut stage, ClientTimer::Repeat(LOCK, 1));
    ignores(&mut stage, ClientTimer::GiveUp(LOCK, 2));
    assert_eq!(stage.step(Input::Fired(ClientTimer::Repeat(LOCK, 2))), ["SETNX L1 c1#2"]);
    assert_eq!(stage.hears(2, TAKEN), ["EXPIRE L1 10s for c1#2"]);
    let granted = ["Granted { lock: LockId(1), token: None }"];
    assert_eq!(stage.hears(2, Answer::Expiring(true)), granted);
    assert_eq!(stage.step(Input::Command(Command::Release { lock: LOCK })), ["DEL L1 for c1#2"]);
    ignores(&mut stage, ClientTimer::ReleaseOver(LOCK, 1));
    let over = ["Released { lock: LockId(1), outcome: Unknown }"];
    assert_eq!(stage.step(Input::Fired(ClientTimer::ReleaseOver(LOCK, 2))), over);
}
