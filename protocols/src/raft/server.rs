//! A server: what it is, and who takes which of its inputs.
//!
//! The rules are those of figure 2 of the paper; each concern has a file of its own. What a step
//! leaves behind has one order: what the entries that are now applied mean to an observer, then
//! the writes with one sync, and only then timers and messages, so that nothing is said that
//! rests on what a power failure can still take back.

use super::disk::{RaftChange, RaftDisk};
use super::election::State;
use super::lock_table::{LockTable, SessionId};
use super::log::{Configuration, Index, Log, Term};
use super::message::Message;
use super::read::Answered;
use super::settings::Settings;
use super::snapshot::Installing;
use crate::contract::{Clock, Disk, Effects, Input, InputOf, LeaseEvent, Node, Span};
use crate::id::{Incarnation, NodeId, ServerId};
use serde::{Deserialize, Serialize};

/// The timers of a server, all on its monotonic clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum RaftTimer {
    /// Nothing was heard of a leader (section 5.2).
    Election,
    /// Followers must hear of the leader (section 5.2).
    Heartbeat,
    /// The leader must have heard of a majority (dissertation, section 6.2).
    CheckQuorum,
    /// What was proposed goes into the log together.
    Append,
    /// The time of a session is over, by the leader's clock, if it still has this version. Whoever
    /// hears of a timer that was replaced in the meantime must not end what was prolonged.
    Session(SessionId, u64),
    /// The leader hands over.
    Transfer,
    /// The leader changes the configuration.
    Reconfigure,
}

/// A server.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Server {
    pub(super) id: ServerId,
    pub(super) settings: Settings,
    /// All servers that there are, voters or not.
    pub(super) everybody: Configuration,
    pub(super) life: Incarnation,
    /// Persistent state (figure 2): what is on the disk, or will be before the step is over.
    pub(super) kept: RaftDisk,
    /// The latest configuration in the log, committed or not, and its index.
    pub(super) configuration: (Index, Configuration),
    pub(super) commit_index: Index,
    pub(super) last_applied: Index,
    /// The state machine.
    pub(super) table: LockTable,
    pub(super) state: State,
    /// A snapshot of which not all has come.
    pub(super) installing: Option<Installing>,
    /// The last read that it answered, for those who watch it.
    pub(super) answered: Option<Answered>,
}

/// What a step leaves behind, sorted.
#[derive(Default)]
pub(super) struct Outbox {
    pub(super) events: Vec<LeaseEvent>,
    changes: Vec<RaftChange>,
    timers: Vec<(RaftTimer, Option<Span>)>,
    messages: Vec<(NodeId, Message)>,
}

impl Outbox {
    pub(super) fn send(&mut self, to: impl Into<NodeId>, message: Message) {
        self.messages.push((to.into(), message));
    }

    pub(super) fn arm(&mut self, timer: RaftTimer, after: impl Into<Span>) {
        self.timers.push((timer, Some(after.into())));
    }

    pub(super) fn disarm(&mut self, timer: RaftTimer) {
        self.timers.push((timer, None));
    }

    fn leave(self, fx: &mut Effects<Server>) {
        for event in self.events {
            fx.notify(event);
        }
        if !self.changes.is_empty() {
            for change in self.changes {
                fx.write(change);
            }
            fx.sync();
        }
        for (timer, after) in self.timers {
            match after {
                Some(after) => fx.arm(timer, Clock::Monotonic, after),
                None => fx.disarm(timer),
            }
        }
        for (to, message) in self.messages {
            fx.send(to, message);
        }
    }
}

impl Server {
    /// Builds a server from what is left of its disk. Everything else begins at what the
    /// snapshot says: what is committed beyond it, a leader will tell.
    pub(super) fn new(
        id: ServerId,
        everybody: Configuration,
        settings: Settings,
        disk: &RaftDisk,
    ) -> Self {
        let snapshot = disk.snapshot.as_deref();
        let applied = snapshot.map_or_else(Index::default, |snapshot| snapshot.last.index);
        let mut server = Self {
            id,
            settings,
            configuration: (Index::default(), everybody.clone()),
            everybody,
            life: Incarnation::default(),
            kept: disk.clone(),
            commit_index: applied,
            last_applied: applied,
            table: snapshot.map_or_else(LockTable::default, |snapshot| snapshot.table.clone()),
            state: State::Follower { leader: None },
            installing: None,
            answered: None,
        };
        server.find_configuration();
        server
    }

    /// The term that it is in.
    pub fn current_term(&self) -> Term {
        self.kept.current_term
    }

    /// Whom it voted for in this term.
    pub fn voted_for(&self) -> Option<ServerId> {
        self.kept.voted_for
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.kept.log
    }

    /// The last entry that it knows to be committed.
    pub fn commit_index(&self) -> Index {
        self.commit_index
    }

    /// The last entry that it applied.
    pub fn last_applied(&self) -> Index {
        self.last_applied
    }

    /// Its lock table.
    pub fn table(&self) -> &LockTable {
        &self.table
    }

    /// Which part it plays.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Who votes, by its log.
    pub fn configuration(&self) -> &Configuration {
        &self.configuration.1
    }

    /// Whether it leads and has committed an entry of its own term, so that it knows everything
    /// that was committed before (section 8).
    pub fn knows_what_is_committed(&self) -> bool {
        match &self.state {
            State::Leader(leader) => leader.first <= self.commit_index,
            _ => false,
        }
    }

    /// Makes a change in memory and on disk.
    pub(super) fn keep(&mut self, change: RaftChange, out: &mut Outbox) {
        self.kept.apply(change.clone());
        out.changes.push(change);
    }

    fn hear(&mut self, from: ServerId, message: Message, out: &mut Outbox) {
        // All servers: a term larger than mine makes me a follower in it (section 5.1).
        if let Some(term) = message.term().filter(|term| *term > self.kept.current_term) {
            self.follow(term, None, out);
        }
        match message {
            Message::RequestVote(request) => self.vote(from, request, out),
            Message::Vote(vote) => self.count_vote(from, vote, out),
            Message::AppendEntries(append) => self.append_entries(from, append, out),
            Message::Appended(appended) => self.appended(from, appended, out),
            Message::InstallSnapshot(install) => self.install_snapshot(from, install, out),
            Message::Installed(installed) => self.installed(from, installed, out),
            Message::TimeoutNow(term) => self.timeout_now(term, out),
            _ => {}
        }
    }

    fn fire(&mut self, timer: RaftTimer, out: &mut Outbox) {
        match timer {
            RaftTimer::Election => self.election_timeout(out),
            RaftTimer::Heartbeat => self.heartbeat(out),
            RaftTimer::CheckQuorum => self.check_quorum(out),
            RaftTimer::Append => self.append_proposals(out),
            RaftTimer::Session(session, version) => self.session_is_over(session, version, out),
            RaftTimer::Transfer => self.begin_transfer(out),
            RaftTimer::Reconfigure => self.reconfigure(out),
        }
    }
}

impl Node for Server {
    type Message = Message;
    type Timer = RaftTimer;
    type Disk = RaftDisk;

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        let mut out = Outbox::default();
        match input {
            Input::Started(life) => {
                self.life = life;
                out.arm(RaftTimer::Election, self.settings.election_timeout);
            }
            Input::Message { from: NodeId::Server(from), body } => {
                self.hear(from, body, &mut out);
            }
            Input::Message { from: NodeId::Client(from), body: Message::Propose(operation) } => {
                self.propose(from, operation, &mut out);
            }
            Input::Message { from: NodeId::Client(from), body: Message::Query(query) } => {
                self.query(from, query, &mut out);
            }
            Input::Fired(timer) => self.fire(timer, &mut out),
            _ => {}
        }
        out.leave(fx);
    }
}
