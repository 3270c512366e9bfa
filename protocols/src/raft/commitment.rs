//! Commitment (section 5.4.2), and what becomes of an entry that is committed.

use super::election::State;
use super::lock_table::{Consequence, Operation, SessionId};
use super::log::{Index, Proposal};
use super::message::Message;
use super::server::{Outbox, RaftTimer, Server};
use crate::contract::LeaseEvent;
use crate::id::ServerId;

impl Server {
    /// Commits what a majority has, if it is of the current term: an entry of an older one could
    /// still be overwritten, and is committed with what follows it (section 5.4.2, figure 8).
    pub(super) fn advance(&mut self, out: &mut Outbox) {
        let State::Leader(leader) = &self.state else {
            return;
        };
        let last = self.kept.log.last().index;
        let matched = |server: &ServerId| match leader.followers.get(server) {
            Some(progress) => progress.match_index,
            None if *server == self.id => last,
            None => Index::default(),
        };
        let mut matches: Vec<Index> = self.configuration.1.iter().map(matched).collect();
        matches.sort_unstable();
        // More than half of them are there or further.
        let majority = matches[(matches.len() - 1) / 2];
        if majority > self.commit_index
            && self.kept.log.term(majority) == Some(self.kept.current_term)
        {
            self.commit_index = majority;
            self.apply(out);
        }
    }

    /// Applies what is committed (figure 2, rules for all servers).
    pub(super) fn apply(&mut self, out: &mut Outbox) {
        let mut then = Vec::new();
        while self.last_applied < self.commit_index {
            let index = self.last_applied.next();
            let Some(entry) = self.kept.log.entry(index).cloned() else {
                break;
            };
            self.last_applied = index;
            match &entry.proposal {
                Proposal::Table(operation) => {
                    self.table.apply(index, operation, &mut then);
                    for consequence in then.drain(..) {
                        if self.is_leader() {
                            self.tell(consequence, out);
                        }
                    }
                }
                Proposal::NoOp if self.leader().is_some_and(|leader| leader.first == index) => {
                    self.begin_leases(out);
                }
                Proposal::NoOp | Proposal::Configuration(_) => {}
            }
        }
        self.configuration_committed(out);
        self.compact(out);
    }

    /// The leader tells what follows from an entry.
    fn tell(&mut self, consequence: Consequence, out: &mut Outbox) {
        let lease = Some(self.settings.lease);
        match consequence {
            Consequence::Answered(owner, reply) => out.send(owner.client, Message::Reply(reply)),
            Consequence::Prolonged(session, version) => {
                if let Some(before) = version.checked_sub(1) {
                    out.disarm(RaftTimer::Session(session, before));
                }
                out.arm(RaftTimer::Session(session, version), self.settings.lease);
            }
            Consequence::Ended(session, version) => {
                out.disarm(RaftTimer::Session(session, version));
            }
            Consequence::Granted(lock, owner) => {
                out.events.push(LeaseEvent::Granted { lock, owner, lease });
            }
            Consequence::Renewed(lock, owner) => {
                out.events.push(LeaseEvent::Renewed { lock, owner, lease });
            }
            Consequence::Released(lock, owner) => {
                out.events.push(LeaseEvent::Released { lock, owner, by: owner });
            }
            Consequence::Expired(lock, owner) => {
                out.events.push(LeaseEvent::Expired { lock, owner });
            }
        }
    }

    /// A new leader does not know how long ago sessions were prolonged, so each has its full time
    /// again, once: from when the leader knows all of them. That is safe, for a session never
    /// ends too early by it, and the price is that the lock of a dead owner comes free later, by
    /// up to one lease for each change of the leader.
    fn begin_leases(&mut self, out: &mut Outbox) {
        let lease = Some(self.settings.lease);
        for (id, session) in self.table.sessions() {
            out.arm(RaftTimer::Session(id, session.version), self.settings.lease);
            let owner = session.owner;
            let renewed = |lock: &_| LeaseEvent::Renewed { lock: *lock, owner, lease };
            out.events.extend(session.holds.iter().map(renewed));
        }
    }

    /// By the leader's clock the time of a session is over. The clock only proposes: the log
    /// decides, and a renewal that comes first there makes the proposal void.
    pub(super) fn session_is_over(&mut self, session: SessionId, version: u64, out: &mut Outbox) {
        if self.table.session(session).is_some_and(|session| session.version == version) {
            let expire = Operation::ExpireSession { session, version };
            self.propose_soon(Proposal::Table(expire), out);
        }
    }
}
