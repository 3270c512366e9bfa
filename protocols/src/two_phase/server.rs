//! A server: the first ones are coordinators, the others are participants.

use super::coordinator::{Coordinator, CoordinatorTimer, Log, LogChange};
use super::message::{Decision, Message};
use super::participant::{Ledger, LedgerChange, Participant, ParticipantTimer};
use super::settings::Settings;
use crate::contract::{Disk, EffectList, Effects, Input, InputOf, Node};
use crate::id::{NodeId, ServerId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The effects of a server.
pub(super) type Fx = EffectList<Message, ServerTimer, ServerChange>;

/// A server.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Server {
    /// Decides.
    Coordinator(Coordinator),
    /// Guards locks.
    Participant(Participant),
}

/// A timer of a server.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ServerTimer {
    /// Of a coordinator.
    Coordinator(CoordinatorTimer),
    /// Of a participant.
    Participant(ParticipantTimer),
}

/// As the timer that it is: a server is only one of the two.
impl fmt::Debug for ServerTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coordinator(timer) => timer.fmt(f),
            Self::Participant(timer) => timer.fmt(f),
        }
    }
}

/// What a server keeps on disk; each uses the part that is its own.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct ServerDisk {
    log: Log,
    ledger: Ledger,
}

/// A write of a server.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ServerChange {
    /// Of a coordinator.
    Coordinator(LogChange),
    /// Of a participant.
    Participant(LedgerChange),
}

impl Disk for ServerDisk {
    type Change = ServerChange;

    fn apply(&mut self, change: ServerChange) {
        match change {
            ServerChange::Coordinator(change) => self.log.apply(change),
            ServerChange::Participant(change) => self.ledger.apply(change),
        }
    }
}

impl Server {
    /// The server of this number with what is on its disk.
    pub(super) fn new(settings: Settings, id: ServerId, disk: &ServerDisk) -> Self {
        if settings.coordinates(id) {
            Self::Coordinator(Coordinator::new(settings, id, &disk.log))
        } else {
            Self::Participant(Participant::new(settings, id, &disk.ledger))
        }
    }

    /// The coordinator, if this is it.
    pub fn as_coordinator(&self) -> Option<&Coordinator> {
        match self {
            Self::Coordinator(coordinator) => Some(coordinator),
            Self::Participant(_) => None,
        }
    }

    /// The participant, if this is one.
    pub fn as_participant(&self) -> Option<&Participant> {
        match self {
            Self::Coordinator(_) => None,
            Self::Participant(participant) => Some(participant),
        }
    }
}

impl Node for Server {
    type Message = Message;
    type Timer = ServerTimer;
    type Disk = ServerDisk;

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match self {
            Self::Coordinator(coordinator) => step_coordinator(coordinator, input, fx),
            Self::Participant(participant) => step_participant(participant, input, fx),
        }
    }
}

fn step_coordinator(coordinator: &mut Coordinator, input: InputOf<Server>, fx: &mut Fx) {
    match input {
        Input::Started(life) => coordinator.start(life, fx),
        Input::Fired(ServerTimer::Coordinator(timer)) => coordinator.fire(timer, fx),
        Input::Message { from: NodeId::Client(_), body } => match body {
            Message::Acquire { request, age, locks, copy } => {
                coordinator.acquire(request, age, locks, copy, fx);
            }
            Message::Cancel(request) => coordinator.cancel(request, fx),
            _ => {}
        },
        Input::Message { from: NodeId::Server(from), body } => match body {
            Message::Vote(attempt, vote) => coordinator.vote(from, attempt, vote, fx),
            Message::Wound(attempt) => coordinator.wound(attempt, fx),
            Message::Acknowledge(attempt) => coordinator.acknowledge(from, attempt, fx),
            Message::Inquire(attempt) => coordinator.inquire(from, attempt, fx),
            _ => {}
        },
        _ => {}
    }
}

fn step_participant(participant: &mut Participant, input: InputOf<Server>, fx: &mut Fx) {
    match input {
        Input::Started(life) => participant.start(life, fx),
        Input::Fired(ServerTimer::Participant(timer)) => participant.fire(timer, fx),
        Input::Message { from, body } => match (from, body) {
            (_, Message::Prepare(preparation)) => participant.prepare(preparation, fx),
            (_, Message::Decide(attempt, Decision::Commit(tokens))) => {
                participant.commit(attempt, tokens, fx);
            }
            (_, Message::Decide(attempt, Decision::Abort)) => participant.abort(attempt, fx),
            (NodeId::Server(from), Message::Inquire(attempt)) => {
                participant.inquire(from, attempt, fx);
            }
            (_, Message::Renew { request, lock, renewal }) => {
                participant.renew(from, request, lock, renewal, fx);
            }
            (_, Message::Release { request, lock }) => {
                participant.release(from, request, lock, fx);
            }
            _ => {}
        },
        _ => {}
    }
}
