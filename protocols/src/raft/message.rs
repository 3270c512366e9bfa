//! What servers and clients say to each other: the RPCs of figures 2 and 13 as messages, with
//! what the dissertation adds.

mod text;

use super::lock_table::{Operation, Reply, Row, Sequence, SessionId};
use super::log::{Configuration, Entry, Index, Position, Term};
use crate::id::{LockId, Owner, ServerId, Token};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A message.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Message {
    /// Candidate to server: be for me.
    RequestVote(RequestVote),
    /// The answer to it.
    Vote(Vote),
    /// Leader to server: these entries come next; or none, as a heartbeat.
    AppendEntries(AppendEntries),
    /// The answer to it.
    Appended(Appended),
    /// Leader to server: a part of my snapshot.
    InstallSnapshot(InstallSnapshot),
    /// The answer to it.
    Installed(Installed),
    /// Leader to server: begin an election now, in this term (dissertation, section 3.10).
    TimeoutNow(Term),
    /// Client to server: put this into the log.
    Propose(Operation),
    /// Client to server: who holds this lock?
    Query(Query),
    /// Leader to client: what became of what you asked for.
    Reply(Reply),
    /// Leader to client: who holds it.
    Holder(Holder),
    /// Server to client: ask this one, if I know of any.
    Redirect(Option<ServerId>),
}

/// `RequestVote` (section 5.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct RequestVote {
    /// The candidate's term; in a pre-vote the term that it would begin.
    pub term: Term,
    /// Its last entry.
    pub last_log_index: Index,
    /// The term of its last entry.
    pub last_log_term: Term,
    /// Why it asks.
    pub kind: Election,
}

/// What kind of election it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Election {
    /// Would you vote for me (dissertation, section 9.6)?
    PreVote,
    /// Vote for me.
    Vote,
    /// Vote for me, your leader wants it: it hands over (dissertation, section 3.10).
    Transfer,
}

/// The answer to `RequestVote`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Vote {
    /// The term of a vote that is granted, or the voter's own.
    pub term: Term,
    /// Whether it is granted.
    pub granted: bool,
    /// Whether it is a pre-vote.
    pub pre_vote: bool,
}

/// `AppendEntries` (section 5.3).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct AppendEntries {
    /// The leader's term.
    pub term: Term,
    /// The entry right before the new ones.
    pub prev_log_index: Index,
    /// Its term.
    pub prev_log_term: Term,
    /// The new ones.
    pub entries: Vec<Arc<Entry>>,
    /// The leader's commit index.
    pub leader_commit: Index,
    /// The leader's broadcast of which this is a part: its answer confirms that it leads.
    pub round: u64,
}

/// The answer to `AppendEntries`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Appended {
    /// The server's term.
    pub term: Term,
    /// The round that it answers.
    pub round: u64,
    /// What became of it.
    pub result: Result<Index, Conflict>,
}

/// Why entries do not fit: where the leader should go on (section 5.3, the optimization).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Conflict {
    /// The `prev_log_index` that did not match.
    pub prev_log_index: Index,
    /// The first index of the term that is there instead, or the end of the log.
    pub index: Index,
    /// The term that is there instead, if there is an entry.
    pub term: Option<Term>,
}

/// `InstallSnapshot` (section 7). Its offset and its data are in rows of the lock table.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct InstallSnapshot {
    /// The leader's term.
    pub term: Term,
    /// The last entry that the snapshot covers.
    pub last: Position,
    /// The configuration at that entry.
    pub configuration: Configuration,
    /// The number of the first of these rows.
    pub offset: usize,
    /// The rows.
    pub rows: Vec<Row>,
    /// Whether these are the last.
    pub done: bool,
    /// As in `AppendEntries`.
    pub round: u64,
}

/// The answer to `InstallSnapshot`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Installed {
    /// The server's term.
    pub term: Term,
    /// The round that it answers.
    pub round: u64,
    /// The last entry that the snapshot covers.
    pub last: Index,
    /// The row that the server wants next; `None` once it has everything up to `last`.
    pub wants: Option<usize>,
}

/// A client's question.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Query {
    /// The number of the question at this client.
    pub number: u64,
    /// About which lock.
    pub lock: LockId,
}

/// The answer to it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Holder {
    /// The number of the question.
    pub number: u64,
    /// About which lock.
    pub lock: LockId,
    /// Who holds it, since which request, with which token.
    pub holder: Option<(Owner, SessionId, Sequence, Token)>,
}

impl Message {
    /// The term that its sender is in, for the rule that is first for all servers (figure 2). A
    /// request for a vote and a pre-vote that is granted name a term that need not be anybody's.
    pub(super) fn term(&self) -> Option<Term> {
        match self {
            Self::Vote(vote) if vote.pre_vote && vote.granted => None,
            Self::Vote(vote) => Some(vote.term),
            Self::AppendEntries(append) => Some(append.term),
            Self::Appended(appended) => Some(appended.term),
            Self::InstallSnapshot(install) => Some(install.term),
            Self::Installed(installed) => Some(installed.term),
            Self::TimeoutNow(term) => Some(*term),
            _ => None,
        }
    }
}
