//! A lock service on a replicated log.
//!
//! Every decision about a lock is an entry of a log that a majority of the servers has, and every
//! server applies the same entries in the same order to the same [lock table](lock_table). It is
//! meant to be read beside the paper: D. Ongaro and J. Ousterhout, *In Search of an
//! Understandable Consensus Algorithm (Extended Version)*, 2014, from which the sections, figures
//! and names are, and D. Ongaro's dissertation, *Consensus: Bridging Theory and Practice*, 2014,
//! where a comment says so.
//!
//! # What it promises
//!
//! That the servers never contradict each other, under any pause, loss, delay, partition, clock
//! error or crash, as long as no disk loses what was synced to it. A server that comes back with
//! an empty disk under its old name can vote twice and undo what was acknowledged. A lock is
//! granted to one owner at a time; its token is the index of the granting entry in the log, so it
//! grows over failovers and restarts.
//!
//! It does not promise that a *holder* is right. His lease runs by his own clock, so a holder who
//! stands still past the end of his lease believes in a lock that is another's by now, as does one
//! whose clock is slower, against the leader's, than the margin allows. Only a fence at the
//! storage saves the data then.
//!
//! # What it costs
//!
//! A renewal is an entry, so that the log decides between a renewal and the end of a session. A
//! new leader does not know how old sessions are and gives each its full time again, once: the
//! lock of a dead owner comes free later by up to a lease for each change of the leader. A waiter
//! who dies keeps his place, and may even be granted, until his own session ends.
//!
//! # Who does what
//!
//! | module | concern |
//! | --- | --- |
//! | `election` | terms, votes, pre-votes, stepping down |
//! | `replication` | entries and conflicts |
//! | `commitment` | what is committed, and what becomes of it |
//! | [`log`] | the log, its digests |
//! | `snapshot` | compaction, `InstallSnapshot` |
//! | `read` | `ReadIndex` |
//! | `membership` | configurations, leadership transfer |
//! | [`lock_table`] | the replicated state machine: sessions, locks, queues |
//! | `client` | sessions, leases, finding the leader |
//! | `agreement` | what must never break |

mod agreement;
mod client;
mod commitment;
mod disk;
mod election;
pub mod lock_table;
pub mod log;
mod membership;
pub mod message;
mod read;
mod replication;
mod server;
mod settings;
mod snapshot;
#[cfg(test)]
mod testing;

pub use client::{Asked, ClientTimer, RaftClient};
pub use disk::{RaftChange, RaftDisk};
pub use election::State;
pub use read::{Answered, Read};
pub use replication::{Leader, Progress};
pub use server::{RaftTimer, Server};
pub use settings::Settings;
pub use snapshot::{Installing, Sending, Snapshot};

use crate::contract::{Accord, Promise, Protocol, Role, Semantics, Servers};
use crate::id::{ClientId, LockId, Owner, ServerId};
use crate::spec::Facts;
use message::Message;

/// A lock service on a replicated log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Raft {
    /// How many servers there are: 3, 5 or 7.
    pub servers: usize,
    /// Its settings.
    pub settings: Settings,
}

impl Default for Raft {
    fn default() -> Self {
        Self { servers: 5, settings: Settings::default() }
    }
}

impl Raft {
    /// The leader whose lock table counts, if one is sure to know everything that was
    /// acknowledged: it has committed an entry of its own, and a majority of those who vote is up
    /// and in no later term, so that nobody can have been elected after it. Another leader of an
    /// older term may believe in itself for a while, but commits nothing.
    fn leader<'a>(&self, servers: Servers<'a, Self>) -> Option<&'a Server> {
        let leaders = servers.live().map(|(_, server)| server).filter(|server| server.is_leader());
        let newest = leaders.max_by_key(|leader| leader.current_term())?;
        let term = newest.current_term();
        let voters = newest.configuration();
        let up = voters.iter().filter_map(|voter| servers.get(*voter));
        let with_it = up.filter(|server| server.current_term() <= term).count();
        (newest.knows_what_is_committed() && 2 * with_it > voters.len()).then_some(newest)
    }
}

impl Protocol for Raft {
    type Message = Message;
    type Server = Server;
    type Client = RaftClient;

    fn name(&self) -> &'static str {
        "raft"
    }

    fn servers(&self) -> usize {
        self.servers
    }

    fn server(&self, id: ServerId, disk: &RaftDisk) -> Server {
        let everybody = (0..self.servers).map(ServerId::at).collect();
        Server::new(id, everybody, self.settings, disk)
    }

    fn client(&self, id: ClientId, (): &()) -> RaftClient {
        RaftClient::new(id, self.servers, self.settings)
    }

    fn has_account(&self, servers: Servers<'_, Self>) -> bool {
        self.leader(servers).is_some()
    }

    /// The owner in the leader's lock table; and in the tables of those who have applied as much,
    /// which must not differ.
    fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
        let Some(leader) = self.leader(servers) else {
            return Vec::new();
        };
        let applied = leader.last_applied();
        let level = servers.live().filter(|(_, server)| server.last_applied() == applied);
        let mut owners: Vec<Owner> =
            level.filter_map(|(_, server)| server.table().owner(lock)).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    fn promises(&self) -> Vec<Promise> {
        self.settings.promises()
    }

    fn agreement(
        &self,
        servers: Servers<'_, Self>,
        stepped: ServerId,
        facts: &mut Facts,
    ) -> Accord {
        agreement::look(servers, stepped, facts)
    }

    fn semantics(&self) -> Semantics {
        Semantics { reentrant: true, fenced: true, renews: true }
    }

    fn takes_sets(&self) -> bool {
        true
    }

    fn in_role(&self, role: Role, servers: Servers<'_, Self>) -> Vec<ServerId> {
        let Role::Leader = role;
        servers.live().filter(|(_, server)| server.is_leader()).map(|(id, _)| id).collect()
    }
}
