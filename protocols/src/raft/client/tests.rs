//! A client alone, and answers that come late or from a server that knows no better.

use super::*;
use crate::contract::Effect;
use crate::id::{Incarnation, Token};

const LOCK: LockId = LockId(1);

struct Stage(RaftClient);

impl Stage {
    /// A client of three servers that has asked for a lock, and of these the first.
    fn asking() -> Self {
        let mut stage = Self(RaftClient::new(ClientId(1), 3, Settings::default()));
        assert_eq!(stage.step(Input::Started(Incarnation(1))), Vec::<String>::new());
        let sent = stage.step(Input::Command(Command::Acquire { locks: LOCK.into() }));
        assert_eq!(sent, ["to s1: open a session for c1, attempt 1"]);
        stage
    }

    /// The same with a session, in which the lock is its own.
    fn with_a_lock() -> Self {
        let mut stage = Self::asking();
        let opened = Reply::Opened { owner: stage.0.me, attempt: 1, session: SessionId(7) };
        assert_eq!(stage.told(opened), ["to s1: #7.1 acquire L1"]);
        let granted = stage.told(answer(7, 1, Answer::Granted { token: Token(9) }));
        assert_eq!(granted, ["Granted { lock: LockId(1), token: Some(Token(9)) }"]);
        stage
    }

    /// What it sends and tells its application; its timers are none of these tests' business.
    fn step(&mut self, input: InputOf<RaftClient>) -> Vec<String> {
        let mut fx = Effects::<RaftClient>::default();
        self.0.step(input, &mut fx);
        let words = fx.as_slice().iter().filter_map(|effect| match effect {
            Effect::Send { to, body } => Some(format!("to {to}: {body}")),
            Effect::Notify(crate::contract::Event::Lock(event)) => Some(format!("{event:?}")),
            _ => None,
        });
        words.collect()
    }

    fn hears(&mut self, from: u32, body: Message) -> Vec<String> {
        self.step(Input::Message { from: NodeId::Server(ServerId(from)), body })
    }

    fn told(&mut self, reply: Reply) -> Vec<String> {
        self.hears(1, Message::Reply(reply))
    }
}

fn answer(session: u64, sequence: u64, answer: Answer) -> Reply {
    Reply::Answer { session: SessionId(session), sequence: Sequence(sequence), answer }
}

#[test]
fn an_answer_about_another_session_changes_nothing() {
    let mut stage = Stage::with_a_lock();
    let before = stage.0.clone();
    let nothing: [String; 0] = [];
    assert_eq!(stage.told(Reply::Gone { session: SessionId(6) }), nothing);
    assert_eq!(stage.0.session(), Some(SessionId(7)));
    assert_eq!(stage.0.held(), before.held());
    stage.step(Input::Command(Command::Release { lock: LOCK }));
    assert_eq!(stage.told(answer(6, 2, Answer::Released)), nothing);
    assert_eq!(stage.0.asked().get(&Sequence(2)), Some(&Asked::Release(LOCK)));
    let released = ["Released { lock: LockId(1), outcome: Done }"];
    assert_eq!(stage.told(answer(7, 2, Answer::Released)), released);
    assert_eq!(stage.told(Reply::Gone { session: SessionId(7) }), nothing);
    assert_eq!(stage.0.session(), None);
}

/// Each of them names the next one: it goes round once and no further, until it has waited.
#[test]
fn servers_that_know_no_better_do_not_send_it_in_a_circle() {
    let mut stage = Stage::asking();
    let redirect = |to| Message::Redirect(Some(ServerId(to)));
    for (from, to) in [(1, 2), (2, 3), (3, 1)] {
        let sent = stage.hears(from, redirect(to));
        assert_eq!(sent, [format!("to s{to}: open a session for c1, attempt 1")]);
    }
    let nothing: [String; 0] = [];
    assert_eq!(stage.hears(1, redirect(2)), nothing);
    assert_eq!(stage.0.leader(), ServerId(1));
    // Nobody answered in the meantime, so the next is asked; and it may follow again.
    assert_eq!(
        stage.step(Input::Fired(ClientTimer::Retry)),
        ["to s2: open a session for c1, attempt 2"]
    );
    assert_eq!(stage.hears(2, redirect(3)), ["to s3: open a session for c1, attempt 2"]);
    assert_eq!(stage.hears(1, redirect(2)), nothing, "s1 is not the one that it asks");
}

/// A session is taken only while it asks for one, and of an attempt whose time is not over.
#[test]
fn a_session_that_comes_too_late_is_closed() {
    let opened = |stage: &Stage, attempt, session| Reply::Opened {
        owner: stage.0.me,
        attempt,
        session: SessionId(session),
    };
    let mut late = Stage::asking();
    late.step(Input::Fired(ClientTimer::Validity(1)));
    let session = opened(&late, 1, 7);
    assert_eq!(late.told(session), ["to s1: close #7"]);
    assert_eq!(late.0.session(), None);

    let mut second = Stage::with_a_lock();
    assert_eq!(second.step(Input::Fired(ClientTimer::Renew)), ["to s1: keep #7 alive, attempt 2"]);
    let session = opened(&second, 2, 8);
    assert_eq!(second.told(session), ["to s1: close #8"]);
    assert_eq!(second.0.session(), Some(SessionId(7)));
}

/// The grant itself was lost on its way. Another life of its own, or another session, is not it.
#[test]
fn a_grant_may_be_learnt_from_the_answer_to_a_question() {
    let mut stage = Stage::asking();
    let me = stage.0.me;
    stage.told(Reply::Opened { owner: me, attempt: 1, session: SessionId(7) });
    stage.told(answer(7, 1, Answer::Queued));
    let holder = |number, owner, session| {
        let holder = Some((owner, SessionId(session), Sequence(1), Token(9)));
        Message::Holder(Holder { number, lock: LOCK, holder })
    };
    let before = Owner { incarnation: Incarnation(0), ..me };
    let granted = ["Granted { lock: LockId(1), token: Some(Token(9)) }"];
    for (owner, session, learns) in [(before, 7, false), (me, 6, false), (me, 7, true)] {
        assert_eq!(stage.step(Input::Fired(ClientTimer::Query)).len(), 1);
        let number = stage.0.question;
        let nothing: [String; 0] = [];
        assert_eq!(stage.hears(1, holder(number - 1, me, 7)), nothing, "an older question");
        let heard = stage.hears(1, holder(number, owner, session));
        assert_eq!(heard, if learns { &granted[..] } else { &[] }, "{owner} in #{session}");
    }
}
