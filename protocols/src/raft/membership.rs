//! Membership changes, one server at a time, and leadership transfer (dissertation, chapter 4 and
//! section 3.10).
//!
//! Two configurations that differ by one server have no disjoint majorities, so a server may
//! follow the newest configuration in its log as soon as it is there, committed or not, and no
//! two leaders can be elected in one term by majorities of different ones. That holds only for
//! neighbours: a change waits until the one before it is committed, and until the leader has
//! committed an entry of its own term (Ongaro on the raft-dev list, 2015: without this, two
//! leaders in turn could each begin a change that the other never saw). Joint consensus allows
//! any change at once, and would need a second rule for every majority; one server at a time is
//! enough to replace servers, and is what most implementations do.

#[cfg(test)]
mod tests;

use super::election::State;
use super::log::{Configuration, Index, Proposal};
use super::message::Message;
use super::replication::Progress;
use super::server::{Outbox, RaftTimer, Server};
use crate::id::ServerId;

impl Server {
    /// The latest configuration in the log counts, committed or not (section 4.1).
    pub(super) fn find_configuration(&mut self) {
        let found = self.kept.log.configuration(self.kept.log.last().index);
        self.configuration = match (found, &self.kept.snapshot) {
            (Some((index, configuration)), _) => (index, configuration.clone()),
            (None, Some(snapshot)) => (snapshot.last.index, snapshot.configuration.clone()),
            (None, None) => (Index::default(), self.everybody.clone()),
        };
    }

    /// The configuration that was in force at an entry which is applied.
    pub(super) fn configuration_at(&self, index: Index) -> Configuration {
        match (self.kept.log.configuration(index), &self.kept.snapshot) {
            (Some((_, configuration)), _) => configuration.clone(),
            (None, Some(snapshot)) => snapshot.configuration.clone(),
            (None, None) => self.everybody.clone(),
        }
    }

    /// The leader replicates to those who vote, and to one who may vote soon.
    pub(super) fn meet_followers(&mut self) {
        let (id, last) = (self.id, self.kept.log.last().index);
        let State::Leader(leader) = &mut self.state else {
            return;
        };
        let voters = &self.configuration.1;
        leader.learner = leader.learner.filter(|learner| !voters.contains(learner));
        let learner = leader.learner;
        leader.followers.retain(|server, _| voters.contains(server) || learner == Some(*server));
        for server in voters.iter().copied().chain(learner).filter(|server| *server != id) {
            leader.followers.entry(server).or_insert_with(|| Progress::after(last));
        }
    }

    /// Whether another change may begin: the last one is committed, and so is an entry of the
    /// leader's own term.
    fn may_change(&self) -> bool {
        let committed = self.configuration.0 <= self.commit_index;
        let State::Leader(leader) = &self.state else {
            return false;
        };
        committed && leader.first <= self.commit_index && leader.transfer.is_none()
    }

    /// Takes one server out of the configuration, or lets the one that is out catch up, to be
    /// taken in again (section 4.2.1).
    pub(super) fn reconfigure(&mut self, out: &mut Outbox) {
        if let Some(every) = self.settings.reconfigure_every.filter(|_| self.is_leader()) {
            out.arm(RaftTimer::Reconfigure, every);
        }
        if !self.may_change() {
            return;
        }
        let voters = &self.configuration.1;
        let outside = self.everybody.difference(voters).next().copied();
        match outside {
            Some(server) => {
                if let Some(leader) = self.leader() {
                    leader.learner = Some(server);
                }
                self.meet_followers();
                self.replicate(server, out);
            }
            None => {
                let next = self.commit_index.0 as usize % voters.len();
                let removed = voters.iter().nth(next).copied();
                let left = voters.iter().copied().filter(|server| Some(*server) != removed);
                self.propose_soon(Proposal::Configuration(left.collect()), out);
            }
        }
    }

    /// A server has come further: perhaps as far as it must, to vote or to take over.
    pub(super) fn caught_up(&mut self, from: ServerId, out: &mut Outbox) {
        let last = self.kept.log.last().index;
        let State::Leader(leader) = &self.state else {
            return;
        };
        let Some(progress) = leader.followers.get(&from) else {
            return;
        };
        let matched = progress.match_index;
        if leader.transfer == Some(from) && matched == last {
            out.send(from, Message::TimeoutNow(self.kept.current_term));
        }
        let change = |proposal: &_| matches!(proposal, Proposal::Configuration(_));
        let pending = leader.proposals.iter().any(change);
        let learner = leader.learner == Some(from);
        if learner && !pending && matched >= self.commit_index && self.may_change() {
            let mut voters = self.configuration.1.clone();
            voters.insert(from);
            self.propose_soon(Proposal::Configuration(voters), out);
        }
    }

    /// A leader that has left the configuration leads until that is committed (section 4.2.2).
    pub(super) fn configuration_committed(&mut self, out: &mut Outbox) {
        let (index, voters) = &self.configuration;
        if !self.is_leader() || voters.contains(&self.id) || *index > self.commit_index {
            return;
        }
        if let Some(successor) = self.furthest() {
            out.send(successor, Message::TimeoutNow(self.kept.current_term));
        }
        self.follow(self.kept.current_term, None, out);
    }

    /// The voter that has come furthest.
    fn furthest(&mut self) -> Option<ServerId> {
        let voters = self.configuration.1.clone();
        let followers = &self.leader()?.followers;
        let voting = followers.iter().filter(|(server, _)| voters.contains(server));
        voting.max_by_key(|(_, progress)| progress.match_index).map(|(server, _)| *server)
    }

    /// Begins to hand over to the next server (section 3.10): takes no more proposals, and tells
    /// it to begin an election once it has the whole log.
    pub(super) fn begin_transfer(&mut self, out: &mut Outbox) {
        let (id, voters) = (self.id, self.configuration.1.clone());
        let every = self.settings.transfer_every;
        let Some(leader) = self.leader() else { return };
        if let Some(every) = every {
            out.arm(RaftTimer::Transfer, every);
        }
        let later = voters.range(id..).chain(voters.range(..id));
        let target = later.copied().find(|server| *server != id);
        leader.transfer = target;
        if let Some(target) = target {
            self.caught_up(target, out);
        }
    }
}
