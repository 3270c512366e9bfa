//! Leader election (section 5.2), with pre-votes (dissertation, section 9.6), votes that are
//! withheld while there is a leader (section 4.2.3), and leaders that step down when they hear of
//! no majority (section 6.2).

#[cfg(test)]
mod tests;

use super::disk::RaftChange;
use super::log::Term;
use super::message::{Election, Message, RequestVote, Vote};
use super::replication::Leader;
use super::server::{Outbox, RaftTimer, Server};
use crate::id::ServerId;
use std::collections::BTreeSet;

/// Which part a server plays (section 5.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum State {
    /// It answers leaders and candidates.
    Follower {
        /// The leader of whom it has heard within an election timeout.
        leader: Option<ServerId>,
    },
    /// It asks who would vote for it.
    PreCandidate {
        /// Who would.
        votes: BTreeSet<ServerId>,
    },
    /// It asks for votes.
    Candidate {
        /// Who voted for it.
        votes: BTreeSet<ServerId>,
    },
    /// It leads.
    Leader(Box<Leader>),
}

impl Server {
    /// Whether it leads, by its own belief.
    pub fn is_leader(&self) -> bool {
        matches!(self.state, State::Leader(_))
    }

    /// Whether these are more than half of those who vote.
    pub(super) fn is_majority(&self, servers: &BTreeSet<ServerId>) -> bool {
        let voters = self.configuration();
        2 * voters.intersection(servers).count() > voters.len()
    }

    /// Becomes a follower in this term, which is not older than its own.
    pub(super) fn follow(&mut self, term: Term, leader: Option<ServerId>, out: &mut Outbox) {
        if term > self.kept.current_term {
            // One vote for each term, and a new one only in a new term.
            self.keep(RaftChange::Vote { current_term: term, voted_for: None }, out);
        }
        if self.is_leader() {
            for timer in [
                RaftTimer::Heartbeat,
                RaftTimer::CheckQuorum,
                RaftTimer::Append,
                RaftTimer::Transfer,
                RaftTimer::Reconfigure,
            ] {
                out.disarm(timer);
            }
            // Others end the sessions now. If it leads again, it begins their time anew, and until
            // then nobody needs these.
            for (id, session) in self.table.sessions() {
                out.disarm(RaftTimer::Session(id, session.version));
            }
        }
        match leader {
            Some(_) => out.arm(RaftTimer::Election, self.settings.election_timeout),
            None => out.arm(RaftTimer::Election, self.settings.retry()),
        }
        self.state = State::Follower { leader };
    }

    /// Nothing was heard of a leader for an election timeout. A follower first ceases to believe
    /// in it, so that it can vote; it campaigns a random while later, so that servers do not all
    /// do so at once (section 5.2).
    pub(super) fn election_timeout(&mut self, out: &mut Outbox) {
        match self.state {
            State::Leader(_) => {}
            State::Follower { leader: leader @ Some(_) } => {
                debug_assert!(leader != Some(self.id), "it would be a leader");
                self.state = State::Follower { leader: None };
                out.arm(RaftTimer::Election, self.settings.campaign());
            }
            _ if self.configuration().contains(&self.id) => self.campaign(out),
            // Who has no vote does not campaign.
            _ => out.arm(RaftTimer::Election, self.settings.retry()),
        }
    }

    /// Asks who would vote for it. Only who has a majority of those begins a new term, so that a
    /// server that comes back from a partition disturbs nobody (dissertation, section 9.6).
    fn campaign(&mut self, out: &mut Outbox) {
        self.state = State::PreCandidate { votes: BTreeSet::from([self.id]) };
        self.request_votes(self.kept.current_term.next(), Election::PreVote, out);
    }

    /// Begins a new term and asks for votes in it (section 5.2).
    fn elect(&mut self, kind: Election, out: &mut Outbox) {
        let current_term = self.kept.current_term.next();
        self.keep(RaftChange::Vote { current_term, voted_for: Some(self.id) }, out);
        self.state = State::Candidate { votes: BTreeSet::from([self.id]) };
        self.request_votes(current_term, kind, out);
    }

    fn request_votes(&mut self, term: Term, kind: Election, out: &mut Outbox) {
        let last = self.kept.log.last();
        let (last_log_index, last_log_term) = (last.index, last.term);
        let request = RequestVote { term, last_log_index, last_log_term, kind };
        for server in self.configuration.1.iter().filter(|server| **server != self.id) {
            out.send(*server, Message::RequestVote(request));
        }
        out.arm(RaftTimer::Election, self.settings.retry());
    }

    /// `RequestVote`, as its receiver has it (figure 2).
    pub(super) fn vote(&mut self, from: ServerId, request: RequestVote, out: &mut Outbox) {
        let has_leader = match self.state {
            State::Follower { leader } => leader.is_some(),
            State::Leader(_) => true,
            _ => false,
        };
        if has_leader && request.kind != Election::Transfer {
            // Who was removed, or cut off, must not depose a leader that does its work
            // (dissertation, section 4.2.3).
            return;
        }
        let pre_vote = request.kind == Election::PreVote;
        if !pre_vote && request.term > self.kept.current_term {
            self.follow(request.term, None, out);
        }
        // The candidate's log is at least as up to date as mine (section 5.4.1).
        let last = self.kept.log.last();
        let up_to_date = (request.last_log_term, request.last_log_index) >= (last.term, last.index);
        let Self { kept, .. } = self;
        let granted = up_to_date
            && if pre_vote {
                request.term > kept.current_term
            } else {
                let free = kept.voted_for.is_none_or(|voted_for| voted_for == from);
                request.term == kept.current_term && free
            };
        if granted && !pre_vote {
            if self.kept.voted_for.is_none() {
                let current_term = self.kept.current_term;
                self.keep(RaftChange::Vote { current_term, voted_for: Some(from) }, out);
            }
            out.arm(RaftTimer::Election, self.settings.retry());
        }
        let term = if granted { request.term } else { self.kept.current_term };
        out.send(from, Message::Vote(Vote { term, granted, pre_vote }));
    }

    /// The answer to `RequestVote`, as the candidate has it.
    pub(super) fn count_vote(&mut self, from: ServerId, vote: Vote, out: &mut Outbox) {
        let current_term = self.kept.current_term;
        let votes = match &mut self.state {
            State::PreCandidate { votes } if vote.pre_vote && vote.term == current_term.next() => {
                votes
            }
            State::Candidate { votes } if !vote.pre_vote && vote.term == current_term => votes,
            _ => return,
        };
        if vote.granted {
            votes.insert(from);
            let votes = votes.clone();
            match (self.is_majority(&votes), vote.pre_vote) {
                (true, true) => self.elect(Election::Vote, out),
                (true, false) => self.lead(out),
                (false, _) => {}
            }
        }
    }

    /// The leader of this term wants this server to take over (dissertation, section 3.10).
    pub(super) fn timeout_now(&mut self, term: Term, out: &mut Outbox) {
        let voter = self.configuration().contains(&self.id);
        if term == self.kept.current_term && voter && !self.is_leader() {
            self.elect(Election::Transfer, out);
        }
    }

    /// A leader that has not heard of a majority for an election timeout steps down: perhaps
    /// another one leads, and its clients had better look for it (dissertation, section 6.2).
    pub(super) fn check_quorum(&mut self, out: &mut Outbox) {
        let State::Leader(leader) = &mut self.state else {
            return;
        };
        let mut heard = BTreeSet::from([self.id]);
        for (server, progress) in &mut leader.followers {
            if std::mem::take(&mut progress.heard) {
                heard.insert(*server);
            }
        }
        // Whoever was to take over has had his time.
        leader.transfer = None;
        if self.is_majority(&heard) {
            out.arm(RaftTimer::CheckQuorum, self.settings.election_timeout);
        } else {
            self.follow(self.kept.current_term, None, out);
        }
    }
}
