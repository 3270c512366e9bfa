//! The claims of one client, and answers and timers that come late.

use super::super::message::Message;
use super::super::testing::words;
use super::*;
use std::time::Duration;

const LOCK: LockId = LockId(1);

/// Eight requests fit into half of a lease.
fn settings() -> Settings {
    Settings {
        lease: Duration::from_secs(8),
        request_timeout: Duration::from_millis(500),
        ..Settings::default()
    }
}

struct Stage(Claims);

impl Stage {
    fn new() -> Self {
        Self(Claims::new(settings(), ClientId(1)))
    }

    /// The messages that follow and what the application hears.
    fn then(&mut self, act: impl FnOnce(&mut Claims, &mut Fx<Message>)) -> Vec<String> {
        let mut fx = Fx::default();
        act(&mut self.0, &mut fx);
        words(&fx)
    }

    fn acquires(&mut self) -> Vec<String> {
        self.then(|claims, fx| claims.acquire(LOCK, fx))
    }

    fn hears(&mut self, serial: u32, answer: Answer) -> Vec<String> {
        let value = self.0.value(serial);
        self.hears_of(value, answer)
    }

    fn hears_of(&mut self, value: Value, answer: Answer) -> Vec<String> {
        self.then(|claims, fx| {
            claims.hear(&Reply { lock: LOCK, value, answer }, fx);
        })
    }

    fn fires(&mut self, timer: ClientTimer) -> Vec<String> {
        self.then(|claims, fx| claims.fire(timer, fx))
    }

    /// The lock is its own by the first request.
    fn holding() -> Self {
        let mut stage = Self::new();
        stage.acquires();
        assert_eq!(stage.hears(1, TAKEN), ["Granted { lock: LockId(1), token: Some(Token(5)) }"]);
        stage
    }

    fn phase(&self) -> Option<Phase> {
        self.0.claims.get(&LOCK).map(|claim| claim.phase)
    }

    /// Neither says nor changes anything.
    #[track_caller]
    fn ignores(&mut self, timer: ClientTimer) {
        let before = self.0.clone();
        assert_eq!(self.fires(timer), NOTHING);
        assert_eq!(self.0, before);
    }
}

const TAKEN: Answer = Answer::Taken { token: Some(Token(5)) };
const NOTHING: [String; 0] = [];

#[test]
fn it_waits_for_the_answer_to_its_newest_request_alone() {
    let mut stage = Stage::new();
    let waits = |stage: &Stage, serial| stage.0.waits(LOCK, stage.0.value(serial));
    assert!(!waits(&stage, 1), "it has asked for nothing");
    stage.acquires();
    assert!(waits(&stage, 1) && !waits(&stage, 2));
    stage.hears(1, TAKEN);
    assert!(!waits(&stage, 1), "it has the lock");
    stage.then(|claims, fx| claims.release(LOCK, fx));
    assert!(waits(&stage, 1) && !waits(&stage, 2));
}

#[test]
fn a_late_grant_goes_back_unless_it_runs_out_by_itself() {
    let goes_back = ["DEL L1 if it is c1#1"];
    let mut releasing = Stage::holding();
    releasing.then(|claims, fx| claims.release(LOCK, fx));
    let mut once = Stage(releasing.0.clone());
    assert_eq!(releasing.hears(1, TAKEN), goes_back, "once more");
    let released = |outcome| [format!("Released {{ lock: LockId(1), outcome: {outcome} }}")];
    let gone = Answer::Deleted(false);
    assert_eq!(releasing.hears(1, gone), released("Unknown"), "the first may have done it");
    assert_eq!(once.hears(1, gone), released("Failed"), "there was no other");

    let mut given_up = Stage::new();
    given_up.acquires();
    let gives_up = ["DEL L1 if it is c1#1", "Refused { lock: LockId(1), definite: false }"];
    assert_eq!(given_up.fires(ClientTimer::GiveUp(LOCK, 1)), gives_up);
    assert_eq!(given_up.hears(1, TAKEN), goes_back);

    let mut lost = Stage::holding();
    assert_eq!(lost.fires(ClientTimer::Validity(LOCK, 1, 0)), ["Lost { lock: LockId(1) }"]);
    assert_eq!(lost.hears(1, TAKEN), NOTHING, "it runs out by itself");
    assert_eq!(lost.hears(2, TAKEN), ["DEL L1 if it is c1#2"], "another request");

    let mut reborn = Stage::new();
    let former = reborn.0.value(1);
    reborn.0.start(Incarnation(2));
    assert_eq!(reborn.hears_of(former, TAKEN), NOTHING, "that of a former life, too");
    assert_eq!(Stage::holding().hears(1, TAKEN), NOTHING, "it is no news");
}

/// What was sent half a lease ago is not worth a renewal, if it should be answered at last.
#[test]
fn a_lock_that_renews_asks_anew_after_half_a_lease() {
    let mut renewing = Stage(Claims::new(settings(), ClientId(1)).renewing());
    renewing.acquires();
    for _ in 1..8 {
        let again = renewing.fires(ClientTimer::Repeat(LOCK, 1));
        assert_eq!(again, ["SET L1 c1#1 NX PX 8s and INCR"]);
    }
    let anew = ["DEL L1 if it is c1#1", "SET L1 c1#2 NX PX 8s and INCR"];
    assert_eq!(renewing.fires(ClientTimer::Repeat(LOCK, 1)), anew);

    let mut plain = Stage::new();
    plain.acquires();
    for _ in 0..9 {
        let again = plain.fires(ClientTimer::Repeat(LOCK, 1));
        assert_eq!(again, ["SET L1 c1#1 NX PX 8s and INCR"]);
    }
}

#[test]
fn a_timer_of_another_request_changes_nothing() {
    let mut stage = Stage::new();
    stage.acquires();
    stage.hears(1, Answer::Held);
    assert_eq!(stage.phase(), Some(Phase::Waiting));
    for late in [ClientTimer::Repeat(LOCK, 1), ClientTimer::ReleaseOver(LOCK, 1)] {
        stage.ignores(late);
    }
    stage.ignores(ClientTimer::Retry(LOCK, 2));
    assert_eq!(stage.fires(ClientTimer::Retry(LOCK, 1)), ["SET L1 c1#2 NX PX 8s and INCR"]);
    for late in [
        ClientTimer::Repeat(LOCK, 1),
        ClientTimer::Retry(LOCK, 1),
        ClientTimer::GiveUp(LOCK, 2),
        ClientTimer::Validity(LOCK, 1, 0),
        ClientTimer::Validity(LOCK, 2, 1),
        ClientTimer::Renew(LOCK, 1),
    ] {
        stage.ignores(late);
    }
    stage.hears(2, TAKEN);
    stage.ignores(ClientTimer::Validity(LOCK, 1, 0));
    stage.ignores(ClientTimer::Validity(LOCK, 2, 1));
    stage.then(|claims, _| claims.renewed(LOCK, 1, &mut Fx::<Message>::default()));
    stage.ignores(ClientTimer::Validity(LOCK, 2, 0));
    stage.then(|claims, fx| claims.release(LOCK, fx));
    stage.ignores(ClientTimer::ReleaseOver(LOCK, 1));
    stage.ignores(ClientTimer::Repeat(LOCK, 1));
    let over = ["Released { lock: LockId(1), outcome: Unknown }"];
    assert_eq!(stage.fires(ClientTimer::ReleaseOver(LOCK, 2)), over);
    stage.ignores(ClientTimer::ReleaseOver(LOCK, 2));
}

#[test]
fn a_renewal_that_comes_due_while_it_asks_is_remembered() {
    let mut stage = Stage(Claims::new(settings(), ClientId(1)).renewing());
    stage.acquires();
    stage.ignores(ClientTimer::Renew(LOCK, 2));
    assert_eq!(stage.fires(ClientTimer::Renew(LOCK, 1)), NOTHING);
    assert!(stage.0.claims[&LOCK].due);
}
