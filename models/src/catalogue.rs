//! The configurations that are checked, by name.
//!
//! Each has a small size, which the tests exhaust, and a larger one for the command line. Leases
//! end by the monotonic clock and disks are left out where no crash needs them: in a world in
//! which any timer fires at any moment, the kind of clock makes no difference.

use crate::anyone::Anyone;
use crate::bounds::Bounds;
use crate::configuration::{Configuration, Landmark, Reach};
use locklab_protocols::application::Workload;
use locklab_protocols::contract::{Clock, Protocol, Servers};
use locklab_protocols::id::ServerId;
use locklab_protocols::raft::{self, Raft};
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::storage::Fencing;
use locklab_protocols::system::Setting;
use locklab_protocols::ttl::{Persist, Redlock, Settings, Ttl, TtlNaive};
use locklab_protocols::two_phase::{self, TwoPhase};
use std::sync::Arc;
use std::time::Duration;

/// What is watched where nothing else is said: the three views of a lock, and its tokens.
const VIEWS: [Guarantee; 5] = [
    Guarantee::GrantExclusion,
    Guarantee::MutualExclusion,
    Guarantee::TokenOrder,
    Guarantee::FencedWrites,
    Guarantee::NoLostUpdate,
];

/// What says nothing of a lock without tokens.
const ABOUT_TOKENS: [Guarantee; 2] = [Guarantee::TokenOrder, Guarantee::FencedWrites];

/// What contention over a lock with leases must reach.
const CONTENTION: [Goal; 5] = [
    Goal::Granted,
    Goal::Contention,
    Goal::LeaseExpired,
    Goal::LeaseExpiredUnderHolder,
    Goal::LossTold,
];

/// A protocol with so many clients, each of which goes through so many sections.
pub fn configuration<P: Protocol>(
    protocol: P,
    clients: usize,
    sections: u8,
    fencing: Fencing,
) -> Configuration<P> {
    let workload = Workload { sections: Some(sections.into()), ..Workload::default() };
    Configuration {
        setting: Setting { protocol, clients, workload: Arc::new(workload), fencing },
        bounds: Bounds { acquires: sections, ..Bounds::default() },
        reach: None,
        readings: Vec::new(),
        watch: VIEWS.to_vec(),
        breaks: vec![Guarantee::MutualExclusion],
        goals: CONTENTION.to_vec(),
        landmarks: Vec::new(),
    }
}

fn settings() -> Settings {
    Settings { expiry: Clock::Monotonic, persist: Persist::Never, ..Settings::default() }
}

/// `ttl` with a storage that checks tokens so.
pub fn ttl(clients: usize, sections: u8, fencing: Fencing) -> Configuration<Ttl> {
    let mut configuration = configuration(Ttl { settings: settings() }, clients, sections, fencing);
    configuration.breaks = match fencing {
        Fencing::None => {
            vec![Guarantee::MutualExclusion, Guarantee::FencedWrites, Guarantee::NoLostUpdate]
        }
        Fencing::Writes => vec![Guarantee::MutualExclusion, Guarantee::NoLostUpdate],
        Fencing::ReadsAndWrites => vec![Guarantee::MutualExclusion],
    };
    configuration
}

/// `ttl-naive`, whose grants have no tokens.
pub fn ttl_naive(clients: usize, sections: u8) -> Configuration<TtlNaive> {
    let protocol = TtlNaive { settings: settings() };
    let mut configuration = configuration(protocol, clients, sections, Fencing::None);
    configuration.watch.retain(|guarantee| !ABOUT_TOKENS.contains(guarantee));
    configuration.breaks.push(Guarantee::NoLostUpdate);
    // Its holders never learn that their lease is over.
    configuration.goals.retain(|goal| *goal != Goal::LossTold);
    configuration
}

/// `redlock` on so many servers, none of which keeps anything on disk, while so many of them die.
/// No lease ends: what breaks, breaks by the crash.
pub fn redlock(servers: usize, clients: usize, crashes: u8) -> Configuration<Redlock> {
    let protocol = Redlock { settings: settings(), servers, restart_delay: Duration::ZERO };
    let mut configuration = configuration(protocol, clients, 1, Fencing::None);
    configuration.bounds =
        Bounds { crashes, only_servers_die: true, expiries: 0, ..configuration.bounds };
    configuration.watch.retain(|guarantee| !ABOUT_TOKENS.contains(guarantee));
    configuration.goals = vec![Goal::Granted, Goal::Contention];
    if crashes > 0 {
        // What the servers make of it is more than was ever exhausted here.
        configuration.watch.retain(|guarantee| *guarantee != Guarantee::GrantExclusion);
    }
    configuration.breaks = match crashes {
        0 => Vec::new(),
        _ => vec![Guarantee::MutualExclusion, Guarantee::NoLostUpdate],
    };
    configuration
}

/// The storage alone, against clients with any tokens, while messages are doubled and processes
/// lose power.
pub fn storage(clients: usize, sections: u8, fencing: Fencing) -> Configuration<Anyone> {
    let many = u32::try_from(clients).expect("a few clients");
    let protocol = Anyone { clients: many, tokens: 2 };
    let mut configuration = configuration(protocol, clients, sections, fencing);
    configuration.bounds =
        Bounds { crashes: 1, power_failures: 1, duplicates: 1, retries: 1, ..configuration.bounds };
    configuration.watch = vec![Guarantee::FencedWrites];
    configuration.breaks.clear();
    configuration.goals = vec![Goal::Granted];
    if fencing != Fencing::None {
        configuration.goals.push(Goal::StaleWriteRejected);
    } else {
        configuration.breaks.push(Guarantee::FencedWrites);
    }
    configuration
}

/// How large a system of two-phase commit is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TwoPhaseSize {
    /// How many coordinators there are.
    pub coordinators: usize,
    /// How many participants there are besides.
    pub participants: usize,
    /// How many clients there are.
    pub clients: usize,
    /// How many servers die and lose what they have not synced.
    pub crashes: u8,
    /// How many times a timer of a server fires and only sends: a coordinator loses its patience, a
    /// participant in doubt asks.
    pub server_timers: u8,
}

impl Default for TwoPhaseSize {
    fn default() -> Self {
        Self { coordinators: 1, participants: 2, clients: 2, crashes: 0, server_timers: 0 }
    }
}

/// Two-phase commit of this size. Nobody's lease ends, so that nothing but the two phases decides
/// who has the lock.
pub fn two_phase(size: TwoPhaseSize) -> Configuration<TwoPhase> {
    let TwoPhaseSize { coordinators, participants, clients, crashes, server_timers } = size;
    let usual = two_phase::Settings::default();
    let settings = two_phase::Settings { coordinators, participants, lease: None, ..usual };
    let mut configuration = configuration(TwoPhase { settings }, clients, 1, Fencing::Writes);
    configuration.bounds = Bounds {
        crashes,
        server_timers,
        only_servers_die: true,
        power_failures: crashes,
        in_order: true,
        ..configuration.bounds
    };
    configuration.watch = vec![
        Guarantee::GrantExclusion,
        Guarantee::MutualExclusion,
        Guarantee::TokenOrder,
        Guarantee::FencedWrites,
        Guarantee::Agreement,
    ];
    configuration.breaks.clear();
    configuration.goals = vec![Goal::Granted];
    if clients > 1 {
        configuration.goals.push(Goal::Contention);
    }
    if crashes > 0 && server_timers == 0 {
        configuration.landmarks = vec![blocked(participants)];
    }
    configuration
}

/// The coordinator is gone, and all participants of an attempt have voted yes: whatever they tell
/// each other, none of them can decide (Skeen 1981). A coordinator that never loses its patience
/// has not told anybody of an abort either.
fn blocked(participants: usize) -> Landmark<TwoPhase> {
    let is_here = move |servers: Servers<'_, TwoPhase>| {
        let in_doubt = servers.live().filter_map(|(_, server)| server.as_participant());
        let in_doubt = in_doubt.filter(|one| one.ledger().prepared().next().is_some());
        let mut up = servers.live();
        let gone = up.all(|(_, server)| server.as_coordinator().is_none());
        gone && in_doubt.count() == participants
    };
    let name = "all participants are in doubt, and the coordinator is gone";
    Landmark { name, is_here: Arc::new(is_here) }
}

/// How far servers of the replicated log go.
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
        Reach { about, within: Arc::new(within) }
    }
}

/// The replicated log, with a network that has room for few messages and loses what it likes.
/// Without clients it is about elections and about the entry with which every leader begins, and
/// says nothing of tokens.
pub fn raft(servers: usize, clients: usize, crashes: u8, reach: RaftReach) -> Configuration<Raft> {
    let usual = raft::Settings::default();
    let settings = raft::Settings { snapshot_every: u64::MAX, append_limit: 1, ..usual };
    let mut configuration = configuration(Raft { servers, settings }, clients, 1, Fencing::Writes);
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
    if clients > 0 {
        configuration.watch.extend([Guarantee::TokenOrder, Guarantee::FencedWrites]);
        configuration.goals.push(Goal::Granted);
    }
    configuration.landmarks = vec![led(1, "a leader has committed an entry of its own term")];
    if reach.terms > 1 {
        let name = "a second leader has committed an entry of its own term";
        configuration.landmarks.push(led(2, name));
    }
    configuration
}

/// A leader has committed an entry of its own, in this term or a later one.
fn led(first: u64, name: &'static str) -> Landmark<Raft> {
    let is_here = move |servers: Servers<'_, Raft>| {
        let mut leaders = servers.live().filter(|(_, server)| server.knows_what_is_committed());
        leaders.any(|(_, server)| server.current_term().0 >= first)
    };
    Landmark { name, is_here: Arc::new(is_here) }
}
