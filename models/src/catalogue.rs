//! The configurations that are checked, by name.
//!
//! Each has a small size, which the tests exhaust, and a larger one for the command line. Leases
//! end by the monotonic clock and disks are left out where no crash needs them: in a world in
//! which any timer fires at any moment, the kind of clock makes no difference.

use crate::anyone::Anyone;
use crate::bounds::Bounds;
use crate::configuration::Configuration;
use locklab_protocols::application::Workload;
use locklab_protocols::contract::{Clock, Protocol};
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::storage::Fencing;
use locklab_protocols::system::Setting;
use locklab_protocols::ttl::{Persist, Redlock, Settings, Ttl, TtlNaive};
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
        readings: Vec::new(),
        watch: VIEWS.to_vec(),
        goals: CONTENTION.to_vec(),
    }
}

fn settings() -> Settings {
    Settings { expiry: Clock::Monotonic, persist: Persist::Never, ..Settings::default() }
}

/// `ttl` with a storage that checks tokens so.
pub fn ttl(clients: usize, sections: u8, fencing: Fencing) -> Configuration<Ttl> {
    configuration(Ttl { settings: settings() }, clients, sections, fencing)
}

/// `ttl-naive`, whose grants have no tokens.
pub fn ttl_naive(clients: usize, sections: u8) -> Configuration<TtlNaive> {
    let protocol = TtlNaive { settings: settings() };
    let mut configuration = configuration(protocol, clients, sections, Fencing::None);
    configuration.watch.retain(|guarantee| !ABOUT_TOKENS.contains(guarantee));
    // Its holders never learn that their lease is over.
    configuration.goals.retain(|goal| *goal != Goal::LossTold);
    configuration
}

/// `redlock` on three servers, none of which keeps anything on disk, while so many of them die.
/// No lease ends: what breaks, breaks by the crash.
pub fn redlock(clients: usize, crashes: u8) -> Configuration<Redlock> {
    let protocol = Redlock { settings: settings(), servers: 3, restart_delay: Duration::ZERO };
    let mut configuration = configuration(protocol, clients, 1, Fencing::None);
    configuration.bounds = Bounds { crashes, expiries: 0, ..configuration.bounds };
    configuration.watch.retain(|guarantee| !ABOUT_TOKENS.contains(guarantee));
    configuration.goals = vec![Goal::Granted, Goal::Contention];
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
    configuration.goals = vec![Goal::Granted];
    if fencing != Fencing::None {
        configuration.goals.push(Goal::StaleWriteRejected);
    }
    configuration
}
