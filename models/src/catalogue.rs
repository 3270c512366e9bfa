//! The configurations that are checked, by name.
//!
//! Each has a small size, which the tests exhaust, and a larger one for the command line. Leases
//! end by the monotonic clock and disks are left out where no crash needs them: in a world in
//! which any timer fires at any moment, the kind of clock makes no difference.

mod elections;
mod raft;

pub use elections::{RaftReach, elections};
pub use raft::{RaftSize, figure_8, raft};

use crate::anyone::Anyone;
use crate::bounds::Bounds;
use crate::configuration::{Configuration, Landmark};
use locklab_protocols::application::Workload;
use locklab_protocols::contract::{Clock, Protocol, Servers};
use locklab_protocols::id::{ClientId, NodeId, ServerId};
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
        servers: None,
        bounds: Bounds { acquires: sections, ..Bounds::default() },
        reach: None,
        prelude: None,
        alike: Vec::new(),
        readings: Vec::new(),
        watch: VIEWS.to_vec(),
        breaks: vec![Guarantee::MutualExclusion],
        goals: CONTENTION.to_vec(),
        landmarks: Vec::new(),
    }
}

/// The same, with all clients alike, and the servers from this number on.
pub fn reduced<P: Protocol>(
    mut configuration: Configuration<P>,
    servers_from: usize,
) -> Configuration<P> {
    let Setting { protocol, clients, .. } = &configuration.setting;
    let clients = (0..*clients).map(|index| NodeId::Client(ClientId::at(index)));
    let servers = servers_from.saturating_sub(1)..protocol.servers();
    let servers = servers.map(|index| NodeId::Server(ServerId::at(index)));
    configuration.alike = vec![clients.collect(), servers.collect()];
    configuration
}

/// The same on connections: what a node says to another arrives in order, what comes next pushes
/// out what stood still on its way, and work that takes no time is done at once. That leaves out
/// what only messages do that overtake each other or pile up, and makes room for more clients and
/// crashes.
pub fn connected<P: Protocol>(mut configuration: Configuration<P>) -> Configuration<P> {
    let bounds = configuration.bounds;
    configuration.bounds = Bounds { in_order: true, link_room: 1, prompt: true, ..bounds };
    work_at_once(&mut configuration);
    configuration
}

/// Work between read and write is done at once: what is slow is the network.
fn work_at_once<P: Protocol>(configuration: &mut Configuration<P>) {
    let workload = &*configuration.setting.workload;
    let workload = Workload { hold: Duration::ZERO.into(), ..workload.clone() };
    configuration.setting.workload = Arc::new(workload);
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

/// `ttl` with three clients or more, on connections, while at most two leases end.
pub fn ttl_crowded(clients: usize, sections: u8, fencing: Fencing) -> Configuration<Ttl> {
    let mut configuration = connected(reduced(ttl(clients, sections, fencing), 2));
    configuration.bounds.expiries = 2;
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
    let request_timeout = Redlock::default().settings.request_timeout;
    let settings = Settings { request_timeout, ..settings() };
    let protocol = Redlock { settings, servers, restart_delay: Duration::ZERO };
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
    if coordinators > 1 {
        configuration.servers = Some(format!("{coordinators} of them coordinators"));
    }
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
    if usize::from(crashes) >= coordinators && server_timers == 0 {
        configuration.landmarks = vec![blocked(participants)];
    }
    configuration
}

/// Two-phase commit with two coordinators and three participants, on connections, while so many
/// servers die. Its client asks so many times again: the same coordinator, or after a refusal the
/// other one.
pub fn two_phase_connected(crashes: u8, retries: u8) -> Configuration<TwoPhase> {
    let size = TwoPhaseSize {
        coordinators: 2,
        participants: 3,
        clients: 1,
        crashes,
        ..TwoPhaseSize::default()
    };
    let mut configuration = connected(reduced(two_phase(size), size.coordinators + 1));
    configuration.bounds.retries = retries;
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
