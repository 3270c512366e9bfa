//! The lock service on a replicated log, on stage.

use super::cast::Shown;
use super::stage::{Play, Stage};
use crate::prelude::*;
use crate::raft::log::{Entry, Index, Log, Proposal, Term};
use crate::raft::message::{Message, Query};
use crate::raft::{Asked, Raft, RaftChange, RaftClient, Server, Settings, State};
use std::sync::Arc;

impl Shown for Raft {
    fn show_server(server: &Server) -> String {
        let part = match server.state() {
            State::Follower { leader: Some(leader) } => format!("follower of {leader}"),
            State::Follower { leader: None } => "follower".to_owned(),
            State::PreCandidate { .. } => "pre-candidate".to_owned(),
            State::Candidate { .. } => "candidate".to_owned(),
            State::Leader(_) => "leader".to_owned(),
        };
        let log = server.log();
        let base = log.base();
        let mut terms = if base.index > Index(0) {
            format!("{}.{} | ", base.index, base.term)
        } else {
            String::new()
        };
        let kept = base.index.0 + 1..=log.last().index.0;
        let of = |index| log.term(Index(index)).map_or(String::new(), |term| term.to_string());
        terms += &kept.map(of).collect::<Vec<_>>().join(" ");
        let held = server.table().locks().filter_map(|(lock, _)| {
            let (owner, hold) = (server.table().owner(lock)?, server.table().hold(lock)?);
            Some(format!(", {lock} is {owner}'s, token {}", hold.token))
        });
        let held: String = held.collect();
        let (term, commit) = (server.current_term(), server.commit_index());
        format!("{part} in term {term}, log {terms}, commit {commit}{held}")
    }

    fn show_client(client: &RaftClient) -> String {
        let session =
            client.session().map_or("no session".to_owned(), |id| format!("session {id}"));
        let held = client.held().iter().map(|(lock, depth)| format!(", holds {lock} x{depth}"));
        let asked = client.asked().iter().map(|(sequence, asked)| match asked {
            Asked::Acquire(_) => format!(", {sequence} asks for a lock"),
            Asked::Waits(_) => format!(", {sequence} waits"),
            Asked::GivenUp(_) => format!(", {sequence} is given up"),
            Asked::Release(lock) => format!(", {sequence} gives {lock} back"),
            Asked::Cancel(acquire) => format!(", {sequence} cancels {acquire}"),
        });
        let rest: String = held.chain(asked).collect();
        format!("{session} at {}{rest}", client.leader())
    }

    fn query(lock: LockId) -> Option<Message> {
        Some(Message::Query(Query { number: 1, lock }))
    }

    fn disk(words: &[&str]) -> Result<Vec<RaftChange>, String> {
        let number = |word: &str| word.parse().map(Term).map_err(|_| format!("no term {word}"));
        let mut current_term = Term::default();
        let mut entries = Vec::new();
        for word in words {
            match word.strip_prefix("term=") {
                Some(term) => current_term = number(term)?,
                None => {
                    let (term, proposal) = (number(word)?, Proposal::NoOp);
                    entries.push(Arc::new(Entry { term, proposal }));
                }
            }
        }
        let after = Index::default();
        let slots = Log::default().chained(after, entries);
        let vote = RaftChange::Vote { current_term, voted_for: None };
        Ok(vec![vote, RaftChange::Append { after, slots }])
    }
}

/// Builds the stage for a `lock raft` command.
pub(super) fn stage(words: &[&str]) -> Result<Box<dyn Play>, String> {
    let mut settings = Settings::default();
    let (mut servers, mut clients) = (3, 2);
    for word in words {
        let (name, value) = word.split_once('=').ok_or_else(|| format!("no setting {word}"))?;
        let value: usize = value.parse().map_err(|_| format!("no number {value}"))?;
        let seconds = Duration::from_secs(value as u64);
        match name {
            "servers" => servers = value,
            "clients" => clients = value,
            "transfer-every" => settings.transfer_every = Some(seconds),
            "reconfigure-every" => settings.reconfigure_every = Some(seconds),
            "acquire-timeout" => settings.acquire_timeout = seconds,
            "append-limit" => settings.append_limit = value,
            "snapshot-every" => settings.snapshot_every = value as u64,
            "chunk" => settings.snapshot_chunk = value,
            _ => return Err(format!("no setting {word}")),
        }
    }
    Ok(Box::new(Stage::new(Raft { servers, settings }, clients)))
}
