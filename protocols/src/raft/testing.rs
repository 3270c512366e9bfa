//! One server of three by itself, for tests that play the others.

use super::log::Term;
use super::message::{Message, Vote};
use super::{RaftDisk, RaftTimer, Server, Settings};
use crate::contract::{Effect, Effects, Input, Node};
use crate::id::{Incarnation, NodeId, ServerId};

/// The first of three servers, in this term.
pub(super) fn server(term: u64) -> Server {
    let everybody = (0..3).map(ServerId::at).collect();
    let disk = RaftDisk { current_term: Term(term), ..RaftDisk::default() };
    let mut server = Server::new(ServerId(1), everybody, Settings::default(), &disk);
    step(&mut server, Input::Started(Incarnation(1)));
    server
}

/// The first of three servers, which the second has elected in term 1.
pub(super) fn leader() -> Server {
    let mut server = server(0);
    step(&mut server, Input::Fired(RaftTimer::Election));
    hears(&mut server, 2, vote(1, true));
    hears(&mut server, 2, vote(1, false));
    assert!(server.is_leader());
    server
}

/// The messages that a server sends.
pub(super) fn step(server: &mut Server, input: Input<Message, RaftTimer>) -> Vec<String> {
    let mut fx = Effects::<Server>::default();
    server.step(input, &mut fx);
    let sent = fx.as_slice().iter().filter_map(|effect| match effect {
        Effect::Send { to, body } => Some(format!("to {to}: {body}")),
        _ => None,
    });
    sent.collect()
}

/// The same when this is said by another server.
pub(super) fn hears(server: &mut Server, from: u32, body: Message) -> Vec<String> {
    step(server, Input::Message { from: NodeId::Server(ServerId(from)), body })
}

/// A vote that is granted.
pub(super) fn vote(term: u64, pre_vote: bool) -> Message {
    Message::Vote(Vote { term: Term(term), granted: true, pre_vote })
}
