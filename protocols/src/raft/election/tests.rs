//! One of three servers: votes and summons that come late count for nothing.

use crate::contract::Input;
use crate::id::ServerId;
use crate::raft::log::{Configuration, Term};
use crate::raft::message::Message;
use crate::raft::testing::{hears, server, step, vote};
use crate::raft::{RaftTimer, Server, State};

/// Hears this vote and does nothing.
#[track_caller]
fn ignores(server: &mut Server, body: &Message) {
    let before = server.clone();
    assert_eq!(hears(server, 2, body.clone()), Vec::<String>::new(), "{body}");
    assert_eq!(*server, before, "{body}");
}

#[test]
fn only_votes_for_what_it_asks_now_count() {
    let mut server = server(4);
    ignores(&mut server, &vote(5, true));
    step(&mut server, Input::Fired(RaftTimer::Election));
    assert!(matches!(server.state(), State::PreCandidate { .. }));
    for late in [vote(4, true), vote(3, true), vote(4, false)] {
        ignores(&mut server, &late);
    }
    let elects = [
        "to s2: RequestVote term 5, last 0.0".to_owned(),
        "to s3: RequestVote term 5, last 0.0".to_owned(),
    ];
    assert_eq!(hears(&mut server, 2, vote(5, true)), elects);
    assert!(matches!(server.state(), State::Candidate { .. }));
    for late in [vote(5, true), vote(4, false)] {
        ignores(&mut server, &late);
    }
    hears(&mut server, 3, vote(5, false));
    assert!(server.is_leader());
}

#[test]
fn only_a_voter_of_this_term_that_does_not_lead_takes_over() {
    let mut follower = server(4);
    ignores(&mut follower, &Message::TimeoutNow(Term(3)));
    let mut summoned = follower.clone();
    hears(&mut summoned, 2, Message::TimeoutNow(Term(4)));
    assert!(matches!(summoned.state(), State::Candidate { .. }));
    assert_eq!(summoned.current_term(), Term(5));

    let mut removed = follower.clone();
    removed.configuration.1 = Configuration::from([ServerId(2), ServerId(3)]);
    ignores(&mut removed, &Message::TimeoutNow(Term(4)));

    let mut leader = summoned;
    hears(&mut leader, 2, vote(5, false));
    assert!(leader.is_leader());
    ignores(&mut leader, &Message::TimeoutNow(Term(5)));
    ignores(&mut leader, &Message::TimeoutNow(Term(4)));
}
