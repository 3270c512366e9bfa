//! The configurations that are checked, by name.
//!
//! Each has a small size, which the tests exhaust, and a larger one for the command line. Leases
//! end by the monotonic clock and disks are left out where no crash needs them: in a world in
//! which any timer fires at any moment, the kind of clock makes no difference.

use crate::anyone::Anyone;
use crate::bounds::Bounds;
use crate::configuration::{Configuration, Landmark, Reach};
use locklab_protocols::application::Workload;
use locklab_protocols::contract::{Clock, Protocol};
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
    configuration.bounds = Bounds { crashes, expiries: 0, ..configuration.bounds };
    configuration.watch.retain(|guarantee| !ABOUT_TOKENS.contains(guarantee));
    configuration.goals = vec![Goal::Granted, Goal::Contention];
    if crashes == 0 {
        configuration.breaks.clear();
    }
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

/// Two-phase commit with so many participants, while so many servers die and lose what they have
/// not synced. Nobody's lease ends, so that nothing but the two phases decides who has the lock.
pub fn two_phase(participants: usize, clients: usize, crashes: u8) -> Configuration<TwoPhase> {
    let usual = two_phase::Settings::default();
    let settings = two_phase::Settings { participants, lease: None, ..usual };
    let mut configuration = configuration(TwoPhase { settings }, clients, 1, Fencing::Writes);
    configuration.bounds = Bounds {
        crashes,
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
    configuration.goals = vec![Goal::Granted, Goal::Contention];
    if crashes > 0 {
        configuration.landmarks = vec![BLOCKED];
    }
    configuration
}

/// The coordinator is gone, and all participants of an attempt have voted yes: whatever they tell
/// each other, none of them can decide (Skeen 1981).
const BLOCKED: Landmark<TwoPhase> = Landmark {
    name: "all participants are in doubt, and the coordinator is gone",
    is_here: |servers| {
        let gone = servers.get(two_phase::COORDINATOR).is_none();
        let mut ledgers = servers.live().filter_map(|(_, server)| server.as_participant());
        gone && ledgers.all(|participant| participant.ledger().prepared().next().is_some())
    },
};

/// How far servers of the replicated log go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RaftReach {
    /// The last term.
    pub terms: u64,
    /// The last index of a log.
    pub entries: u64,
    /// How many times a leader sends to everybody.
    pub rounds: u64,
}

impl RaftReach {
    fn reach(self) -> Reach<Raft> {
        let Self { terms, entries, rounds } = self;
        let within = move |server: &raft::Server| {
            let round = match server.state() {
                raft::State::Leader(leader) => leader.round(),
                _ => 0,
            };
            server.current_term().0 <= terms
                && server.log().last().index.0 <= entries
                && round <= rounds
        };
        let about =
            format!("{terms} terms, {entries} log entries, {rounds} broadcasts of a leader");
        Reach { about, within: Arc::new(within) }
    }
}

/// The replicated log, with a network that has room for few messages and loses what it likes.
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
    configuration.watch =
        vec![Guarantee::TokenOrder, Guarantee::FencedWrites, Guarantee::Agreement];
    configuration.breaks.clear();
    configuration.goals =
        if clients > 0 { vec![Goal::Granted, Goal::Contention] } else { Vec::new() };
    configuration.landmarks = vec![SUCCEEDED];
    configuration
}

/// A leader has committed what a leader before it had begun.
const SUCCEEDED: Landmark<Raft> = Landmark {
    name: "a second leader has committed an entry of its own term",
    is_here: |servers| {
        let mut live = servers.live();
        live.any(|(_, server)| server.current_term().0 > 1 && server.knows_what_is_committed())
    },
};
