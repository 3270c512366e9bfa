//! Messages, entries and operations as people read them: the paper's names, entries as
//! `index.term`.

use super::super::lock_table::{Answer, Operation, Reply, Request};
use super::super::log::{Configuration, Proposal};
use super::{AppendEntries, Appended, Election, Holder, InstallSnapshot, Installed, Message};
use super::{RequestVote, Vote};
use crate::contract::LockSet;
use std::fmt::{Display, Formatter, Result, Write};

fn join<T: Display>(parts: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for part in parts {
        let space = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{space}{part}");
    }
    text
}

fn locks(locks: &LockSet) -> String {
    join(locks.iter())
}

fn voters(configuration: &Configuration) -> String {
    join(configuration)
}

impl Display for Operation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::OpenSession { owner, attempt, instead_of: None } => {
                write!(f, "open a session for {owner}, attempt {attempt}")
            }
            Self::OpenSession { owner, attempt, instead_of: Some(before) } => {
                write!(f, "open a session for {owner} instead of {before}, attempt {attempt}")
            }
            Self::KeepAlive { session, number, .. } => {
                write!(f, "keep {session} alive, attempt {number}")
            }
            Self::Command { session, sequence, request, .. } => {
                write!(f, "{session}{sequence} {request}")
            }
            Self::ExpireSession { session, version } => {
                write!(f, "expire {session} at version {version}")
            }
            Self::CloseSession { session } => write!(f, "close {session}"),
        }
    }
}

impl Display for Request {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Acquire { locks: set, wait: true } => write!(f, "acquire {}", locks(set)),
            Self::Acquire { locks: set, wait: false } => write!(f, "try {}", locks(set)),
            Self::Release { lock } => write!(f, "release {lock}"),
            Self::Cancel { acquire } => write!(f, "cancel {acquire}"),
        }
    }
}

impl Display for Answer {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Granted { token } => write!(f, "granted, token {token}"),
            Self::Queued => f.write_str("queued"),
            Self::Refused => f.write_str("refused"),
            Self::Released => f.write_str("released"),
            Self::NotHeld => f.write_str("not held"),
            Self::Cancelled => f.write_str("cancelled"),
        }
    }
}

impl Display for Reply {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Opened { owner, attempt, session } => {
                write!(f, "{session} is open for {owner}, attempt {attempt}")
            }
            Self::Alive { session, number } => write!(f, "{session} is alive, attempt {number}"),
            Self::Answer { session, sequence, answer } => {
                write!(f, "{session}{sequence} {answer}")
            }
            Self::Gone { session } => write!(f, "{session} has ended"),
        }
    }
}

impl Display for Proposal {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::NoOp => f.write_str("no-op"),
            Self::Configuration(configuration) => write!(f, "voters {}", voters(configuration)),
            Self::Table(operation) => operation.fmt(f),
        }
    }
}

impl Display for RequestVote {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { term, last_log_index, last_log_term, kind } = self;
        let kind = match kind {
            Election::PreVote => "RequestVote (pre-vote)",
            Election::Vote => "RequestVote",
            Election::Transfer => "RequestVote (transfer)",
        };
        write!(f, "{kind} term {term}, last {last_log_index}.{last_log_term}")
    }
}

impl Display for Vote {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let kind = if self.pre_vote { "pre-vote" } else { "vote" };
        let granted = if self.granted { "granted" } else { "denied" };
        write!(f, "{kind} {granted}, term {}", self.term)
    }
}

impl Display for AppendEntries {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { term, prev_log_index, prev_log_term, entries, leader_commit, round } = self;
        write!(f, "AppendEntries term {term}, after {prev_log_index}.{prev_log_term}")?;
        for (index, entry) in (prev_log_index.0 + 1..).zip(entries) {
            write!(f, ", {index}.{} {}", entry.term, entry.proposal)?;
        }
        write!(f, ", commit {leader_commit}, round {round}")
    }
}

impl Display for Appended {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { term, round, result } = self;
        match result {
            Ok(index) => write!(f, "matches up to {index}")?,
            Err(conflict) => {
                write!(f, "does not match at {}, ", conflict.prev_log_index)?;
                match conflict.term {
                    Some(term) => write!(f, "has term {term} from {}", conflict.index)?,
                    None => write!(f, "ends before {}", conflict.index)?,
                }
            }
        }
        write!(f, ", term {term}, round {round}")
    }
}

impl Display for InstallSnapshot {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { term, last, offset, rows, done, round, .. } = self;
        let rest = if *done { "the last" } else { "more to come" };
        write!(
            f,
            "InstallSnapshot term {term}, up to {}.{}, {} rows from {offset}, {rest}, round {round}",
            last.index,
            last.term,
            rows.len()
        )
    }
}

impl Display for Installed {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { term, round, last, wants } = self;
        match wants {
            Some(row) => write!(f, "wants row {row} of the snapshot up to {last}")?,
            None => write!(f, "has everything up to {last}")?,
        }
        write!(f, ", term {term}, round {round}")
    }
}

impl Display for Holder {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let Self { number, lock, holder } = self;
        match holder {
            Some((owner, session, sequence, token)) => {
                write!(f, "{lock} is held by {owner} ({session}{sequence}), token {token}")?;
            }
            None => write!(f, "{lock} is free")?,
        }
        write!(f, ", question {number}")
    }
}

impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::RequestVote(request) => request.fmt(f),
            Self::Vote(vote) => vote.fmt(f),
            Self::AppendEntries(append) => append.fmt(f),
            Self::Appended(appended) => appended.fmt(f),
            Self::InstallSnapshot(install) => install.fmt(f),
            Self::Installed(installed) => installed.fmt(f),
            Self::TimeoutNow(term) => write!(f, "TimeoutNow term {term}"),
            Self::Propose(operation) => operation.fmt(f),
            Self::Query(query) => {
                write!(f, "who holds {}? question {}", query.lock, query.number)
            }
            Self::Reply(reply) => reply.fmt(f),
            Self::Holder(holder) => holder.fmt(f),
            Self::Redirect(Some(leader)) => write!(f, "ask {leader}"),
            Self::Redirect(None) => f.write_str("ask another"),
        }
    }
}
