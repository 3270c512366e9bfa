//! The configurations of the timed model.
//!
//! Only what decides over mutual exclusion is measured: the end of a lease at the servers, and the
//! end of the validity at the holder. Everything else fires at any moment.

use super::model::Configuration;
use super::times::Times;
use crate::bounds::Bounds;
use crate::catalogue::configuration;
use locklab_protocols::contract::Protocol;
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::storage::Fencing;
use locklab_protocols::system::SystemTimer;
use locklab_protocols::ttl::{
    ClientTimer, Persist, Redis, RedisTimer, Redlock, RedlockTimer, Settings, StoreTimer, Ttl,
};
use std::sync::Arc;
use std::time::Duration;

/// How long a tick is, for people.
pub const TICK: Duration = Duration::from_secs(1);

/// Clocks within this many percent, clients that stand still for up to so many ticks, and messages
/// that take as long as they like.
pub fn times(rate_percent: u32, pause: u16) -> Times {
    Times { tick: TICK, rate_percent, pause, delay: None }
}

/// A lock with a lease, on servers like Redis.
pub trait Leased: Protocol<Server = Redis> {
    /// Whether a timer ends what a client relies on.
    fn ends_validity(timer: &<Self::Client as locklab_protocols::contract::Node>::Timer) -> bool;
}

impl Leased for Ttl {
    fn ends_validity(timer: &ClientTimer) -> bool {
        matches!(timer, ClientTimer::Validity(..))
    }
}

impl Leased for Redlock {
    fn ends_validity(timer: &RedlockTimer) -> bool {
        matches!(timer, RedlockTimer::Validity(..))
    }
}

/// Settings with a lease of so many ticks, of which so many percent are margin. Leases end by the
/// clock that is usual, the wall clock, and nothing is written down: nobody crashes.
pub fn settings(lease: u32, margin_percent: u32) -> Settings {
    Settings {
        lease: TICK * lease,
        drift_percent: margin_percent,
        persist: Persist::Never,
        ..Settings::default()
    }
}

/// A lock with a lease, with two clients, each of which asks once.
pub fn leased<P: Leased>(protocol: P, times: Times) -> Configuration<P> {
    let mut untimed = configuration(protocol, 2, 1, Fencing::None);
    untimed.watch = vec![Guarantee::MutualExclusion];
    untimed.breaks = Vec::new();
    // Several servers answer at once, and in every order: one request at a time is enough to look at.
    let servers = untimed.setting.protocol.servers() as u8;
    let in_flight = if servers > 1 { servers + 1 } else { 12 };
    untimed.bounds = Bounds { in_flight, ..untimed.bounds };
    untimed.goals = vec![Goal::Granted, Goal::Contention, Goal::LeaseExpired, Goal::LossTold];
    if times.pause > 0 {
        untimed.goals.push(Goal::HolderPaused);
    }
    let measured = |timer: &locklab_protocols::system::TimerOf<P>| match timer {
        SystemTimer::Server(RedisTimer::Store(timer)) => {
            matches!(timer, StoreTimer::Expire(..) | StoreTimer::Unblock(..))
        }
        SystemTimer::Client(timer) => P::ends_validity(timer),
        _ => false,
    };
    Configuration { untimed, times, measured: Arc::new(measured) }
}

/// `ttl` with a lease of so many ticks.
pub fn ttl(lease: u32, margin_percent: u32, times: Times) -> Configuration<Ttl> {
    leased(Ttl { settings: settings(lease, margin_percent) }, times)
}

/// `redlock` on so many servers, with a lease of so many ticks.
pub fn redlock(
    servers: usize,
    lease: u32,
    margin_percent: u32,
    times: Times,
) -> Configuration<Redlock> {
    let settings = settings(lease, margin_percent);
    leased(Redlock { settings, servers, restart_delay: Duration::ZERO }, times)
}
