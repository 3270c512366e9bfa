//! One client of five servers: votes, and timers that come late.

use super::*;
use crate::ttl::testing::words;

const LOCK: LockId = LockId(1);
const NOTHING: [String; 0] = [];
const TAKEN: Answer = Answer::Taken { token: None };

struct Play(RedlockClient);

impl Play {
    /// A client that has asked all servers.
    fn asking() -> Self {
        let mut play = Self(Redlock::default().client(ClientId(1), &()));
        play.step(Input::Started(Incarnation(1)));
        let acquire = Command::Acquire { locks: LOCK.into() };
        assert_eq!(play.step(Input::Command(acquire)), vec!["SET L1 c1#1 NX PX 10s"; 5]);
        play
    }

    /// The same with three votes of five.
    fn holding() -> Self {
        let mut play = Self::asking();
        assert_eq!(play.hears(1, 1, TAKEN), NOTHING);
        assert_eq!(play.hears(2, 1, TAKEN), NOTHING);
        assert_eq!(play.hears(3, 1, TAKEN), ["Granted { lock: LockId(1), token: None }"]);
        play
    }

    fn releasing() -> Self {
        let mut play = Self::holding();
        let deletes = play.step(Input::Command(Command::Release { lock: LOCK }));
        assert_eq!(deletes, vec!["DEL L1 if it is c1#1"; 5]);
        play
    }

    fn step(&mut self, input: InputOf<RedlockClient>) -> Vec<String> {
        let mut fx = Effects::<RedlockClient>::default();
        self.0.step(input, &mut fx);
        words(&fx)
    }

    fn hears(&mut self, server: u32, serial: u32, answer: Answer) -> Vec<String> {
        let body = Message::Reply(Reply { lock: LOCK, value: self.0.value(serial), answer });
        self.step(Input::Message { from: ServerId(server).into(), body })
    }

    fn fires(&mut self, timer: RedlockTimer) -> Vec<String> {
        self.step(Input::Fired(timer))
    }

    #[track_caller]
    fn ignores(&mut self, timers: &[RedlockTimer]) {
        for timer in timers {
            let before = self.0.clone();
            assert_eq!(self.fires(*timer), NOTHING, "{timer:?}");
            assert_eq!(self.0, before, "{timer:?}");
        }
    }
}

#[test]
fn a_vote_is_there_until_it_is_taken_out() {
    let mut votes = Votes::default();
    assert_eq!(votes.count(), 0);
    for server in [1, 2, 64] {
        votes.insert(ServerId(server));
        votes.insert(ServerId(server));
    }
    assert_eq!(votes.count(), 3);
    assert!(votes.contains(ServerId(2)) && !votes.contains(ServerId(3)));
    votes.remove(ServerId(2));
    votes.remove(ServerId(3));
    assert!(!votes.contains(ServerId(2)) && votes.contains(ServerId(1)));
    assert_eq!(votes.count(), 2);
}

#[test]
fn three_of_five_win_and_three_of_five_lose() {
    Play::holding();
    let mut loses = Play::asking();
    assert_eq!(loses.hears(1, 1, Answer::Held), NOTHING);
    assert_eq!(loses.hears(1, 1, Answer::Held), NOTHING, "the same once more");
    assert_eq!(loses.hears(2, 1, Answer::Held), NOTHING);
    assert_eq!(loses.hears(3, 1, Answer::Held), vec!["DEL L1 if it is c1#1"; 5]);
}

#[test]
fn a_vote_that_nobody_waits_for_goes_back() {
    let mut held = Play::holding();
    assert_eq!(held.hears(4, 1, TAKEN), NOTHING, "it has the lock");
    let goes_back = ["DEL L1 if it is c1#1"];
    let mut releasing = Play::releasing();
    assert_eq!(releasing.hears(4, 1, TAKEN), goes_back);
    assert!(releasing.0.ballots[&LOCK].again.contains(ServerId(4)));
    let mut lost = Play::holding();
    assert_eq!(lost.fires(RedlockTimer::Validity(LOCK, 1)), ["Lost { lock: LockId(1) }"]);
    assert_eq!(lost.hears(4, 1, TAKEN), NOTHING, "it runs out by itself");
    assert_eq!(lost.hears(4, 2, TAKEN), ["DEL L1 if it is c1#2"], "of another ballot");
}

#[test]
fn a_timer_of_another_ballot_changes_nothing() {
    use RedlockTimer::{Answers, GiveUp, ReleaseOver, Retry, Validity};
    let mut play = Play::asking();
    play.ignores(&[Answers(LOCK, 2), Validity(LOCK, 2), GiveUp(LOCK, 2)]);
    play.ignores(&[Retry(LOCK, 1), ReleaseOver(LOCK, 1)]);
    assert_eq!(play.fires(Answers(LOCK, 1)), vec!["DEL L1 if it is c1#1"; 5]);
    play.ignores(&[Retry(LOCK, 2), GiveUp(LOCK, 2), Answers(LOCK, 1), Validity(LOCK, 1)]);
    assert_eq!(play.fires(Retry(LOCK, 1)), vec!["SET L1 c1#2 NX PX 10s"; 5]);
    play.ignores(&[Answers(LOCK, 1), Validity(LOCK, 1), GiveUp(LOCK, 2), Retry(LOCK, 2)]);
    for server in 1..=3 {
        play.hears(server, 2, TAKEN);
    }
    play.ignores(&[Answers(LOCK, 2), Validity(LOCK, 1), GiveUp(LOCK, 1), Retry(LOCK, 2)]);
    play.step(Input::Command(Command::Release { lock: LOCK }));
    play.ignores(&[Answers(LOCK, 1), ReleaseOver(LOCK, 1), Validity(LOCK, 2)]);
    let over = ["Released { lock: LockId(1), outcome: Unknown }"];
    assert_eq!(play.fires(ReleaseOver(LOCK, 2)), over);
    play.ignores(&[Answers(LOCK, 2), ReleaseOver(LOCK, 2)]);
}

#[test]
fn a_release_ends_as_its_answers_say() {
    let ended = |outcome| vec![format!("Released {{ lock: LockId(1), outcome: {outcome} }}")];
    let answers = |all: &[bool]| {
        let mut play = Play::releasing();
        let mut last = Vec::new();
        for (server, done) in (1..).zip(all) {
            last = play.hears(server, 1, Answer::Deleted(*done));
        }
        last
    };
    assert_eq!(answers(&[true, true]), NOTHING);
    assert_eq!(answers(&[true, true, true]), ended("Done"));
    assert_eq!(answers(&[false, false, false, true]), NOTHING, "not all have answered");
    assert_eq!(answers(&[false, false, false, true, true]), ended("Unknown"));
    assert_eq!(answers(&[false; 5]), ended("Failed"));
}

#[test]
fn who_does_not_answer_is_asked_again_while_a_majority_may_delete() {
    let mut play = Play::releasing();
    play.hears(1, 1, Answer::Deleted(true));
    play.hears(2, 1, Answer::Deleted(false));
    play.hears(3, 1, Answer::Deleted(false));
    assert_eq!(play.fires(RedlockTimer::Answers(LOCK, 1)), vec!["DEL L1 if it is c1#1"; 2]);
    play.hears(4, 1, Answer::Deleted(false));
    let unknown = ["Released { lock: LockId(1), outcome: Unknown }"];
    assert_eq!(play.fires(RedlockTimer::Answers(LOCK, 1)), unknown);

    // One that was asked twice and has nothing may have deleted it at the first time.
    let mut twice = Play::releasing();
    for server in 1..=4 {
        twice.hears(server, 1, Answer::Deleted(false));
        if server == 1 {
            twice.fires(RedlockTimer::Answers(LOCK, 1));
        }
    }
    assert_eq!(twice.hears(5, 1, Answer::Deleted(false)), unknown);
    // A deletion that comes after "there was none" counts.
    let mut corrected = Play::releasing();
    corrected.hears(1, 1, Answer::Deleted(false));
    corrected.hears(1, 1, Answer::Deleted(true));
    corrected.hears(1, 1, Answer::Deleted(false));
    corrected.hears(2, 1, Answer::Deleted(true));
    let done = ["Released { lock: LockId(1), outcome: Done }"];
    assert_eq!(corrected.hears(3, 1, Answer::Deleted(true)), done);
}

#[test]
fn who_gives_up_knows_whether_a_majority_may_still_be_found() {
    let refused = |definite| format!("Refused {{ lock: LockId(1), definite: {definite} }}");
    let mut unheard = Play::asking();
    assert_eq!(unheard.fires(RedlockTimer::GiveUp(LOCK, 1)).last(), Some(&refused(false)));
    let mut beaten = Play::asking();
    for server in 1..=3 {
        beaten.hears(server, 1, Answer::Held);
    }
    assert_eq!(beaten.fires(RedlockTimer::GiveUp(LOCK, 1)), [refused(true)]);
    let mut two_against = Play::asking();
    two_against.hears(1, 1, Answer::Held);
    two_against.hears(2, 1, Answer::Held);
    assert_eq!(two_against.fires(RedlockTimer::GiveUp(LOCK, 1)).last(), Some(&refused(false)));
}
