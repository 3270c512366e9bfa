//! Reads: who holds a lock, answered without an entry in the log (section 8; `ReadIndex` in the
//! dissertation, section 6.4).
//!
//! A leader answers from its own table, and must be sure of two things: that it knows everything
//! that was committed before the question came, which it does once an entry of its own term is
//! committed; and that it was still the leader when the question came, which a majority confirms
//! by answering a broadcast that was sent after that.

use super::election::State;
use super::log::Index;
use super::message::{Holder, Message, Query};
use super::server::{Outbox, Server};
use crate::id::{ClientId, ServerId};

/// A question that waits for its answer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Read {
    /// Who asks.
    pub client: ClientId,
    /// What.
    pub query: Query,
    /// The round that must be answered by a majority.
    pub round: u64,
    /// What was committed when the question came; `None` while the leader does not know.
    pub read_index: Option<Index>,
}

/// An answer that was given.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Answered {
    /// To whom.
    pub client: ClientId,
    /// To which of its questions.
    pub number: u64,
    /// The last entry that the answer took into account.
    pub applied: Index,
}

impl Server {
    /// Questions that wait for their answers.
    pub fn reads(&self) -> &[Read] {
        match &self.state {
            State::Leader(leader) => &leader.reads,
            _ => &[],
        }
    }

    /// A client asks who holds a lock.
    pub(super) fn query(&mut self, client: ClientId, query: Query, out: &mut Outbox) {
        let commit_index = self.commit_index;
        let Some(leader) = self.leader() else {
            out.send(client, Message::Redirect(self.leader_hint()));
            return;
        };
        let read_index = (commit_index >= leader.first).then_some(commit_index);
        // The next broadcast is the first that is sent after the question came.
        let round = leader.round + 1;
        leader.reads.retain(|read| read.client != client);
        leader.reads.push(Read { client, query, round, read_index });
    }

    /// Answers the questions whose time has come.
    pub(super) fn answer_reads(&mut self, out: &mut Outbox) {
        let (id, commit_index, applied) = (self.id, self.commit_index, self.last_applied);
        let State::Leader(leader) = &mut self.state else {
            return;
        };
        if leader.reads.is_empty() {
            return;
        }
        let answered = |server: &ServerId| match leader.followers.get(server) {
            Some(progress) => progress.round,
            None if *server == id => leader.round,
            None => 0,
        };
        let mut rounds: Vec<u64> = self.configuration.1.iter().map(answered).collect();
        rounds.sort_unstable();
        let confirmed = rounds[(rounds.len() - 1) / 2];
        if commit_index >= leader.first {
            for read in &mut leader.reads {
                read.read_index.get_or_insert(commit_index);
            }
        }
        let is_due = |read: &Read| {
            read.round <= confirmed && read.read_index.is_some_and(|index| index <= applied)
        };
        let due: Vec<Read> = leader.reads.iter().copied().filter(is_due).collect();
        leader.reads.retain(|read| !is_due(read));
        for Read { client, query: Query { number, lock }, .. } in due {
            self.answered = Some(Answered { client, number, applied });
            let owner = self.table.owner(lock);
            let hold = self.table.hold(lock);
            let holder = owner
                .zip(hold)
                .map(|(owner, hold)| (owner, hold.session, hold.sequence, hold.token));
            out.send(client, Message::Holder(Holder { number, lock, holder }));
        }
    }
}
