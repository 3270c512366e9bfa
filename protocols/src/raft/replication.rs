//! Log replication (section 5.3).

#[cfg(test)]
mod tests;

use super::disk::RaftChange;
use super::election::State;
use super::lock_table::Operation;
use super::log::{Entry, Index, Proposal};
use super::message::{AppendEntries, Appended, Conflict, Message};
use super::read::Read;
use super::server::{Outbox, RaftTimer, Server};
use super::snapshot::Sending;
use crate::id::{ClientId, ServerId};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What a leader knows besides (figure 2, volatile state on leaders).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Leader {
    /// What it knows of each server to which it replicates.
    pub(super) followers: BTreeMap<ServerId, Progress>,
    /// Its first entry. Once that is committed it knows what is committed (section 8).
    pub(super) first: Index,
    /// Counts its broadcasts.
    pub(super) round: u64,
    /// What goes into the log with the next write.
    pub(super) proposals: Vec<Proposal>,
    /// Questions that wait for their answer.
    pub(super) reads: Vec<Read>,
    /// The server to which it hands over.
    pub(super) transfer: Option<ServerId>,
    /// A server without a vote that catches up before it gets one.
    pub(super) learner: Option<ServerId>,
}

/// How far a server has come, as its leader knows it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Progress {
    /// The next entry to send to it.
    pub next_index: Index,
    /// The last entry that it is known to have.
    pub match_index: Index,
    /// The newest round that it answered.
    pub round: u64,
    /// Whether it was heard since quorum was last checked.
    pub heard: bool,
    /// The snapshot that it is being sent.
    pub sending: Option<Sending>,
}

impl Leader {
    /// How many times it has sent to everybody since it leads.
    pub fn round(&self) -> u64 {
        self.round
    }
}

impl Progress {
    /// Of a server of which nothing is known but where the leader's log ends.
    pub(super) fn after(last: Index) -> Self {
        Self {
            next_index: last.next(),
            match_index: Index::default(),
            round: 0,
            heard: false,
            sending: None,
        }
    }
}

impl Server {
    /// The state of a leader; `None` if it does not lead.
    pub(super) fn leader(&mut self) -> Option<&mut Leader> {
        match &mut self.state {
            State::Leader(leader) => Some(leader),
            _ => None,
        }
    }

    /// It has won: a heartbeat to everybody (section 5.2), with an entry of its own term, for
    /// only by committing one does it learn what is committed (section 8).
    pub(super) fn lead(&mut self, out: &mut Outbox) {
        let last = self.kept.log.last().index;
        self.state = State::Leader(Box::new(Leader {
            followers: BTreeMap::new(),
            first: last.next(),
            round: 0,
            proposals: Vec::new(),
            reads: Vec::new(),
            transfer: None,
            learner: None,
        }));
        self.meet_followers();
        out.disarm(RaftTimer::Election);
        out.arm(RaftTimer::CheckQuorum, self.settings.election_timeout);
        if let Some(every) = self.settings.transfer_every {
            out.arm(RaftTimer::Transfer, every);
        }
        if let Some(every) = self.settings.reconfigure_every {
            out.arm(RaftTimer::Reconfigure, every);
        }
        self.append(vec![Proposal::NoOp], out);
        self.heartbeat(out);
    }

    /// Whom a client had better ask.
    pub(super) fn leader_hint(&self) -> Option<ServerId> {
        match &self.state {
            State::Follower { leader } => *leader,
            State::Leader(leader) => leader.transfer,
            _ => None,
        }
    }

    /// A client wants something put into the log.
    pub(super) fn propose(&mut self, from: ClientId, operation: Operation, out: &mut Outbox) {
        match self.leader() {
            Some(leader) if leader.transfer.is_none() => {
                self.propose_soon(Proposal::Table(operation), out);
            }
            _ => out.send(from, Message::Redirect(self.leader_hint())),
        }
    }

    /// What comes while the disk is busy goes into the log with one write.
    pub(super) fn propose_soon(&mut self, proposal: Proposal, out: &mut Outbox) {
        if let Some(leader) = self.leader() {
            if leader.proposals.is_empty() {
                out.arm(RaftTimer::Append, Duration::ZERO);
            }
            leader.proposals.push(proposal);
        }
    }

    pub(super) fn append_proposals(&mut self, out: &mut Outbox) {
        let Some(leader) = self.leader() else { return };
        let proposals = std::mem::take(&mut leader.proposals);
        if !proposals.is_empty() {
            self.append(proposals, out);
            self.broadcast(out);
        }
    }

    /// Leader append-only: a leader never overwrites or deletes entries of its log (section 5.3).
    fn append(&mut self, proposals: Vec<Proposal>, out: &mut Outbox) {
        let term = self.kept.current_term;
        let entry = |proposal| Arc::new(Entry { term, proposal });
        let after = self.kept.log.last().index;
        self.append_after(after, proposals.into_iter().map(entry).collect(), out);
    }

    /// These entries take the place of whatever comes after an index.
    fn append_after(&mut self, after: Index, entries: Vec<Arc<Entry>>, out: &mut Outbox) {
        let new = |entry: &Arc<Entry>| matches!(entry.proposal, Proposal::Configuration(_));
        let log = &self.kept.log;
        let reconfigured = after < log.last().index || entries.iter().any(new);
        let slots = log.chained(after, entries);
        self.keep(RaftChange::Append { after, slots }, out);
        if reconfigured {
            self.find_configuration();
            self.meet_followers();
        }
    }

    pub(super) fn heartbeat(&mut self, out: &mut Outbox) {
        if self.is_leader() {
            self.broadcast(out);
            out.arm(RaftTimer::Heartbeat, self.settings.heartbeat);
        }
    }

    fn broadcast(&mut self, out: &mut Outbox) {
        let Some(leader) = self.leader() else { return };
        leader.round += 1;
        let followers: Vec<ServerId> = leader.followers.keys().copied().collect();
        for follower in followers {
            self.replicate(follower, out);
        }
    }

    /// Sends a server what comes next for it; if that is no longer in the log, the snapshot.
    /// Entries are taken for received until the server says otherwise.
    pub(super) fn replicate(&mut self, to: ServerId, out: &mut Outbox) {
        let State::Leader(leader) = &mut self.state else {
            return;
        };
        let round = leader.round;
        let Some(progress) = leader.followers.get_mut(&to) else {
            return;
        };
        let log = &self.kept.log;
        let previous = log.position(progress.next_index.previous());
        let Some(previous) = previous.filter(|_| progress.sending.is_none()) else {
            self.send_snapshot(to, out);
            return;
        };
        let entries = log.from(progress.next_index, self.settings.append_limit);
        progress.next_index = Index(previous.index.0 + entries.len() as u64).next();
        out.send(
            to,
            Message::AppendEntries(AppendEntries {
                term: self.kept.current_term,
                prev_log_index: previous.index,
                prev_log_term: previous.term,
                entries,
                leader_commit: self.commit_index,
                round,
            }),
        );
    }

    /// `AppendEntries`, as its receiver has it (figure 2).
    pub(super) fn append_entries(
        &mut self,
        from: ServerId,
        append: AppendEntries,
        out: &mut Outbox,
    ) {
        let (term, round) = (self.kept.current_term, append.round);
        // 1. Not for a leader of an older term.
        let result = if append.term < term {
            let (index, term) = (Index::default(), None);
            Err(Conflict { prev_log_index: append.prev_log_index, index, term })
        } else {
            self.follow(append.term, Some(from), out);
            self.match_entries(append, out)
        };
        let term = self.kept.current_term;
        out.send(from, Message::Appended(Appended { term, round, result }));
    }

    /// Rules 2 to 5 of `AppendEntries`; answers with the last entry that is known to match.
    fn match_entries(
        &mut self,
        append: AppendEntries,
        out: &mut Outbox,
    ) -> Result<Index, Conflict> {
        let AppendEntries { prev_log_index, prev_log_term, mut entries, leader_commit, .. } =
            append;
        let log = &self.kept.log;
        let last_new = Index(prev_log_index.0 + entries.len() as u64);
        // What the log has discarded is committed, so it is the same there.
        let discarded = log.base().index.0.saturating_sub(prev_log_index.0) as usize;
        let mut after = prev_log_index;
        if discarded > 0 {
            entries.drain(..discarded.min(entries.len()));
            after = log.base().index;
        } else if log.term(prev_log_index) != Some(prev_log_term) {
            // 2. The entry before does not match.
            return Err(self.conflict_at(prev_log_index));
        }
        // 3. An entry that conflicts goes, and all that follow it. One that matches stays, for
        // this may be an old message, and what came later must not be lost.
        let known = entries
            .iter()
            .zip(after.0 + 1..)
            .take_while(|(entry, index)| log.term(Index(*index)) == Some(entry.term))
            .count();
        entries.drain(..known);
        after = Index(after.0 + known as u64);
        // 4. Those that are new are appended.
        if !entries.is_empty() {
            self.append_after(after, entries, out);
        }
        // 5. What the leader has committed is committed, as far as the logs are known to match.
        let last_new = last_new.max(self.kept.log.base().index);
        self.commit_index = self.commit_index.max(leader_commit.min(last_new));
        self.apply(out);
        Ok(last_new)
    }

    fn conflict_at(&self, prev_log_index: Index) -> Conflict {
        let log = &self.kept.log;
        match log.term(prev_log_index) {
            None => Conflict { prev_log_index, index: log.last().index.next(), term: None },
            term => Conflict { prev_log_index, index: log.first_of_term_at(prev_log_index), term },
        }
    }

    /// The answer to `AppendEntries`, as the leader has it (figure 2).
    pub(super) fn appended(&mut self, from: ServerId, appended: Appended, out: &mut Outbox) {
        let State::Leader(leader) = &mut self.state else {
            return;
        };
        let Some(progress) = leader.followers.get_mut(&from) else {
            return;
        };
        if appended.term != self.kept.current_term {
            return;
        }
        progress.heard = true;
        progress.round = progress.round.max(appended.round);
        // Whoever answers is sent what comes next, but only for the newest broadcast. Each
        // broadcast begins such a chain; if those of all before it went on, a follower that stays
        // behind would be sent more and more, until it does nothing but refuse.
        let newest = appended.round == leader.round;
        let log = &self.kept.log;
        match appended.result {
            Ok(matched) => {
                progress.match_index = progress.match_index.max(matched);
                progress.next_index = progress.next_index.max(matched.next());
                let behind = progress.next_index <= log.last().index;
                self.advance(out);
                if behind && newest {
                    self.replicate(from, out);
                }
            }
            Err(conflict) if conflict.prev_log_index > progress.match_index => {
                // Back to where the logs may match: one term at a time, not one entry (5.3).
                let term = conflict.term;
                let mine = term.and_then(|term| log.last_of_term(term, conflict.prev_log_index));
                let next_index = mine.map_or(conflict.index, Index::next);
                progress.next_index = next_index.max(progress.match_index.next());
                if newest {
                    self.replicate(from, out);
                }
            }
            Err(_) => {}
        }
        self.caught_up(from, out);
        self.answer_reads(out);
    }
}
