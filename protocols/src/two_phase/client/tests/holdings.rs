//! What a client holds, at three guards.

use super::*;

impl Stage {
    /// A client that has the lock by its first request.
    fn holding() -> Self {
        let mut stage = Self::asking();
        let granted = ["Granted { lock: LockId(1), token: Some(Token(7)) }"];
        assert_eq!(stage.granted(1, 1), granted);
        stage
    }

    fn hears(&mut self, from: u32, body: Message) -> Vec<String> {
        self.step(Input::Message { from: NodeId::Server(ServerId(from)), body })
    }

    fn renewed(&mut self, from: u32, renewal: u32, kept: bool) -> Vec<String> {
        let request = self.0.request(1);
        self.hears(from, Message::Renewed { request, lock: LOCK, renewal, kept })
    }

    fn released(&mut self, from: u32, freed: bool) -> Vec<String> {
        let request = self.0.request(1);
        self.hears(from, Message::Released { request, lock: LOCK, freed })
    }

    fn releases(&mut self) -> Vec<String> {
        self.step(Input::Command(Command::Release { lock: LOCK }))
    }
}

const LOST: [&str; 1] = ["Lost { lock: LockId(1) }"];

fn to_guards(message: &str) -> Vec<String> {
    (2..=4).map(|guard| format!("to s{guard}: {message}")).collect()
}

fn ended(outcome: &str) -> Vec<String> {
    vec![format!("Released {{ lock: LockId(1), outcome: {outcome} }}")]
}

#[test]
fn a_lock_is_lost_when_the_time_of_what_was_answered_last_is_over() {
    let mut stage = Stage::holding();
    assert_eq!(stage.fires(ClientTimer::Validity(LOCK, 1, 2)), NOTHING, "that of another");
    assert_eq!(stage.fires(ClientTimer::Validity(LOCK, 2, 1)), NOTHING, "of another request");
    assert_eq!(stage.fires(ClientTimer::Renew(LOCK, 1)), to_guards("Renew L1 of c1#1, renewal 2"));
    assert_eq!(stage.renewed(3, 2, true), NOTHING);
    assert_eq!(stage.fires(ClientTimer::Validity(LOCK, 1, 1)), NOTHING, "it was prolonged");
    assert_eq!(stage.fires(ClientTimer::Validity(LOCK, 1, 2)), LOST);
    assert_eq!(Stage::holding().fires(ClientTimer::Validity(LOCK, 1, 1)), LOST);
}

#[test]
fn an_answer_to_a_renewal_whose_time_is_over_counts_for_nothing() {
    let mut stage = Stage::holding();
    stage.fires(ClientTimer::Renew(LOCK, 1));
    assert_eq!(stage.fires(ClientTimer::Validity(LOCK, 1, 2)), NOTHING);
    stage.renewed(2, 2, true);
    assert_eq!(stage.fires(ClientTimer::Validity(LOCK, 1, 1)), LOST, "it was not prolonged");

    let mut stage = Stage::holding();
    stage.fires(ClientTimer::Renew(LOCK, 1));
    assert_eq!(stage.fires(ClientTimer::Validity(LOCK, 1, 3)), NOTHING);
    stage.renewed(2, 2, true);
    assert_eq!(stage.fires(ClientTimer::Validity(LOCK, 1, 1)), NOTHING, "it was prolonged");
}

#[test]
fn a_lock_is_lost_when_no_guard_has_it_any_more() {
    let mut stage = Stage::holding();
    stage.fires(ClientTimer::Renew(LOCK, 1));
    assert_eq!(stage.renewed(2, 2, false), NOTHING);
    assert_eq!(stage.renewed(2, 2, false), NOTHING, "the same once more");
    assert_eq!(stage.renewed(3, 2, false), NOTHING);
    assert_eq!(stage.renewed(4, 1, false), NOTHING, "about another renewal");
    assert_eq!(stage.fires(ClientTimer::Again(LOCK, 1)), ["to s4: Renew L1 of c1#1, renewal 2"]);
    assert_eq!(stage.renewed(4, 2, false), LOST);
    assert_eq!(stage.releases(), ended("Failed"), "it was lost before");
}

#[test]
fn a_release_ends_when_all_guards_have_answered() {
    let ends = |answers: &[bool], copies: usize| {
        let mut stage = Stage::holding();
        assert_eq!(stage.releases(), to_guards("Release L1 of c1#1"));
        for _ in 1..copies {
            stage.fires(ClientTimer::Again(LOCK, 1));
        }
        let mut last = Vec::new();
        for (guard, freed) in (2..).zip(answers) {
            last = stage.released(guard, *freed);
        }
        last
    };
    assert_eq!(ends(&[true, false], 1), NOTHING);
    assert_eq!(ends(&[true, false, false], 1), ended("Done"));
    assert_eq!(ends(&[false, false, false], 1), ended("Failed"));
    assert_eq!(ends(&[false, false, false], 2), ended("Unknown"), "an earlier copy may have");
}

#[test]
fn a_release_that_takes_too_long_is_over() {
    let mut stage = Stage::holding();
    assert_eq!(
        stage.fires(ClientTimer::ReleaseOver(LOCK, 1)),
        NOTHING,
        "it is not being given back"
    );
    stage.releases();
    assert_eq!(stage.fires(ClientTimer::ReleaseOver(LOCK, 2)), NOTHING, "of another request");
    assert_eq!(stage.fires(ClientTimer::Validity(LOCK, 1, 1)), NOTHING, "it is not lost any more");
    assert_eq!(stage.fires(ClientTimer::ReleaseOver(LOCK, 1)), ended("Unknown"));
    assert!(stage.0.holdings().is_empty());
}
