//! One of three servers: when a change may begin, and when a leader that is removed ceases to lead.

use crate::contract::Input;
use crate::id::ServerId;
use crate::raft::log::{Configuration, Index, Position, Proposal, Term};
use crate::raft::message::{
    AppendEntries, Appended, Election, InstallSnapshot, Installed, Message, RequestVote, Vote,
};
use crate::raft::server::Outbox;
use crate::raft::testing::{hears, leader, step};
use crate::raft::{RaftTimer, Server, State};

/// The second server has everything up to this entry.
fn has_up_to(server: &mut Server, index: u64) -> Vec<String> {
    let State::Leader(leader) = server.state() else { panic!("it leads") };
    let appended = Appended { term: Term(1), round: leader.round(), result: Ok(Index(index)) };
    hears(server, 2, Message::Appended(appended))
}

#[test]
fn a_change_waits_for_the_one_before_and_for_an_entry_of_the_leader() {
    let mut server = leader();
    assert!(!server.may_change(), "its own entry is not committed");
    has_up_to(&mut server, 1);
    assert!(server.may_change());
    let mut hands_over = server.clone();
    hands_over.leader().expect("it leads").transfer = Some(ServerId(2));
    assert!(!hands_over.may_change(), "it hands over");
    let voters = Configuration::from([ServerId(1), ServerId(2)]);
    server.propose_soon(Proposal::Configuration(voters), &mut Outbox::default());
    step(&mut server, Input::Fired(RaftTimer::Append));
    assert!(!server.may_change(), "the last change is not committed");
    has_up_to(&mut server, 2);
    assert!(server.may_change());
    server.state = State::Follower { leader: None };
    assert!(!server.may_change(), "it does not lead");
}

#[test]
fn a_leader_that_is_removed_leads_until_that_is_committed() {
    let mut server = leader();
    has_up_to(&mut server, 1);
    let voters = Configuration::from([ServerId(2), ServerId(3)]);
    for proposal in [Proposal::NoOp, Proposal::Configuration(voters)] {
        server.propose_soon(proposal, &mut Outbox::default());
    }
    step(&mut server, Input::Fired(RaftTimer::Append));
    let third_has = |server: &mut Server, index| {
        let appended = Appended { term: Term(1), round: 1, result: Ok(Index(index)) };
        hears(server, 3, Message::Appended(appended))
    };
    has_up_to(&mut server, 3);
    assert!(server.is_leader(), "one of two has it");
    third_has(&mut server, 2);
    assert_eq!(server.commit_index(), Index(2));
    assert!(server.is_leader(), "what is committed came before it");
    let sent = third_has(&mut server, 3);
    assert!(sent.iter().any(|sent| sent.ends_with("TimeoutNow term 1")), "{sent:?}");
    assert!(!server.is_leader());
}

#[test]
fn a_leader_counts_its_broadcasts() {
    let mut server = leader();
    let round = |server: &Server| match server.state() {
        State::Leader(leader) => leader.round(),
        _ => 0,
    };
    assert_eq!(round(&server), 1);
    for more in 2..=3 {
        step(&mut server, Input::Fired(RaftTimer::Heartbeat));
        assert_eq!(round(&server), more);
    }
}

/// Whatever tells of a newer term makes a follower of a leader (figure 2, all servers).
#[test]
fn a_newer_term_deposes() {
    let (term, round) = (Term(9), 1);
    let tell = [
        Message::Vote(Vote { term, granted: true, pre_vote: false }),
        Message::Vote(Vote { term, granted: false, pre_vote: true }),
        Message::AppendEntries(AppendEntries {
            term,
            prev_log_index: Index(0),
            prev_log_term: Term(0),
            entries: Vec::new(),
            leader_commit: Index(0),
            round,
        }),
        Message::Appended(Appended { term, round, result: Ok(Index(0)) }),
        Message::InstallSnapshot(InstallSnapshot {
            term,
            last: Position::default(),
            offset: 0,
            rows: Vec::new(),
            done: false,
            configuration: Configuration::new(),
            round,
        }),
        Message::Installed(Installed { term, round, last: Index(0), wants: None }),
        Message::TimeoutNow(term),
    ];
    for message in tell {
        assert_eq!(message.term(), Some(term), "{message}");
        let mut server = leader();
        hears(&mut server, 2, message.clone());
        assert!(!server.is_leader(), "{message}");
        assert!(server.current_term() >= term, "{message}");
    }
    let (last_log_index, last_log_term) = (Index(0), Term(0));
    let kind = Election::PreVote;
    let asks = Message::RequestVote(RequestVote { term, last_log_index, last_log_term, kind });
    let would = Message::Vote(Vote { term, granted: true, pre_vote: true });
    for message in [asks, would] {
        assert_eq!(message.term(), None, "{message}");
        let mut server = leader();
        hears(&mut server, 2, message);
        assert!(server.is_leader());
    }
}
