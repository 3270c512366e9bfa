//! Answers to renewals that come late.

use super::super::testing::words;
use super::*;

const LOCK: LockId = LockId(1);
const NOTHING: [String; 0] = [];

struct Stage(WatchdogClient);

impl Stage {
    /// A client that was granted the lock at its first request.
    fn holding() -> Self {
        let mut stage = Self(TtlWatchdog::default().client(ClientId(1), &()));
        stage.step(Input::Started(Incarnation(1)));
        stage.step(Input::Command(Command::Acquire { locks: LOCK.into() }));
        let granted = stage.hears(Answer::Taken { token: Some(Token(5)) });
        assert_eq!(granted, ["Granted { lock: LockId(1), token: Some(Token(5)) }"]);
        stage
    }

    fn step(&mut self, input: InputOf<WatchdogClient>) -> Vec<String> {
        let mut fx = Effects::<WatchdogClient>::default();
        self.0.step(input, &mut fx);
        words(&fx)
    }

    fn hears(&mut self, answer: Answer) -> Vec<String> {
        let body = Message::Reply(Reply { lock: LOCK, value: self.0.claims.value(1), answer });
        self.step(Input::Message { from: ServerId(1).into(), body })
    }

    fn prolonged(&mut self, renewal: u32) -> Vec<String> {
        self.hears(Answer::Prolonged { renewal, mine: true })
    }

    fn renews(&mut self) -> Vec<String> {
        self.step(Input::Fired(ClientTimer::Renew(LOCK, 1)))
    }

    /// The renewal that its validity counts from.
    fn counted(&self) -> u32 {
        self.0.claims.held(LOCK).expect("it holds it").0.renewal
    }
}

#[test]
fn only_the_answer_to_the_newest_renewal_counts() {
    let mut stage = Stage::holding();
    assert_eq!(stage.renews(), ["PEXPIRE L1 10s if it is c1#1, renewal 1"]);
    assert_eq!(stage.renews(), ["PEXPIRE L1 10s if it is c1#1, renewal 2"]);
    assert_eq!(stage.prolonged(1), NOTHING);
    assert_eq!(stage.counted(), 0);
    stage.prolonged(2);
    assert_eq!(stage.counted(), 2);
    stage.prolonged(1);
    assert_eq!(stage.counted(), 2);
}

#[test]
fn an_answer_after_its_time_counts_for_nothing() {
    let mut stage = Stage::holding();
    stage.renews();
    assert_eq!(stage.step(Input::Fired(ClientTimer::Validity(LOCK, 1, 1))), NOTHING);
    stage.prolonged(1);
    assert_eq!(stage.counted(), 0);
    let lost = ["Lost { lock: LockId(1) }"];
    assert_eq!(stage.step(Input::Fired(ClientTimer::Validity(LOCK, 1, 0))), lost);

    let mut stage = Stage::holding();
    stage.renews();
    assert_eq!(stage.step(Input::Fired(ClientTimer::Validity(LOCK, 1, 7))), NOTHING);
    stage.prolonged(1);
    assert_eq!(stage.counted(), 1, "the time of another one was over");
}
