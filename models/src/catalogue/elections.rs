//! Elections of the replicated log, from the start of all servers on.
//!
//! Without clients it is about who leads and about the entry with which every leader begins, and
//! says nothing of tokens. The network has room for two messages and loses what it likes; any
//! server stands for election as often as it likes, within so many terms.

use super::configuration;
use super::raft::led;
use crate::bounds::Bounds;
use crate::configuration::{Configuration, Reach};
use locklab_protocols::id::ServerId;
use locklab_protocols::raft::{self, Raft};
use locklab_protocols::spec::Guarantee;
use locklab_protocols::storage::Fencing;
use std::sync::Arc;

/// How far servers go that have no clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RaftReach {
    /// The last term.
    pub terms: u64,
    /// The last index of a log.
    pub entries: u64,
    /// How many times a leader sends to everybody.
    pub rounds: u64,
    /// How many of the servers, from the first on, stand for election.
    pub candidates: usize,
}

impl RaftReach {
    fn reach(self) -> Reach<Raft> {
        let Self { terms, entries, rounds, candidates } = self;
        let within = move |id: ServerId, server: &raft::Server| {
            let round = match server.state() {
                raft::State::Leader(leader) => leader.round(),
                _ => 0,
            };
            server.current_term().0 <= terms
                && server.log().last().index.0 <= entries
                && round <= rounds
                && (id.index() < candidates
                    || matches!(server.state(), raft::State::Follower { .. }))
        };
        let about = format!(
            "{terms} terms, {entries} log entries, {rounds} broadcasts of a leader, \
             {candidates} candidates"
        );
        Reach { about, within: Arc::new(within), fires: Arc::new(|_| true) }
    }
}

/// Elections among so many servers, of which so many die and lose what they have not synced.
pub fn elections(servers: usize, crashes: u8, reach: RaftReach) -> Configuration<Raft> {
    let usual = raft::Settings::default();
    let settings = raft::Settings { snapshot_every: u64::MAX, append_limit: 1, ..usual };
    let mut configuration = configuration(Raft { servers, settings }, 0, 1, Fencing::Writes);
    configuration.bounds = Bounds {
        server_timers: u8::MAX,
        crashes,
        only_servers_die: true,
        power_failures: crashes,
        drops: u8::MAX,
        in_flight: 2,
        in_order: true,
        ..configuration.bounds
    };
    configuration.reach = Some(reach.reach());
    configuration.watch = vec![Guarantee::Agreement];
    configuration.breaks.clear();
    configuration.goals.clear();
    configuration.landmarks = vec![led(1, "a leader has committed an entry of its own term")];
    if reach.terms > 1 {
        let name = "a second leader has committed an entry of its own term";
        configuration.landmarks.push(led(2, name));
    }
    configuration
}
