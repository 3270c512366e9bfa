//! The lock service on a replicated log, with elections, a transfer, changes of the configuration
//! and snapshots in the calm run.

use super::host::{CrashAt, Host, Hosted};
use locklab_protocols::contract::Span;
use locklab_protocols::prelude::*;
use locklab_protocols::raft::{Raft, RaftTimer, Settings};

impl Hosted for Raft {
    const HOLD: Duration = Duration::from_millis(100);
    const AFTER_REFUSAL: Duration = Duration::from_millis(50);
    const AGAIN: Option<Duration> = Some(Duration::from_millis(50));

    /// The servers campaign one after the other.
    fn server_timer(id: ServerId, timer: &RaftTimer, span: Span) -> Duration {
        match timer {
            RaftTimer::Election => span.shortest + (span.longest - span.shortest) * id.0 / 4,
            _ => span.shortest,
        }
    }
}

const END: Duration = Duration::from_secs(5);

/// Slow heartbeats, so that a run has few effects; everything else happens often.
fn protocol() -> Raft {
    let settings = Settings {
        lease: Duration::from_secs(2),
        heartbeat: Duration::from_millis(200),
        election_timeout: Duration::from_millis(600),
        request_timeout: Duration::from_millis(250),
        snapshot_every: 6,
        snapshot_chunk: 2,
        transfer_every: Some(Duration::from_millis(1_700)),
        reconfigure_every: Some(Duration::from_millis(450)),
        ..Settings::default()
    };
    Raft { servers: 3, settings }
}

fn crash_at_every_effect(power_failure: bool, back_after: Duration) {
    let mut calm = Host::new(protocol(), None);
    calm.run_until(END);
    let served = |host: &Host<Raft>| host.granted.iter().all(|granted| *granted > 2);
    assert!(served(&calm), "{:?}", calm.granted);
    assert!(calm.effects > 500, "{} effects", calm.effects);
    for effect in 0..calm.effects {
        let crash = CrashAt { effect, power_failure, back_after: Some(back_after) };
        let mut host = Host::new(protocol(), Some(crash));
        host.run_until(END + back_after * 2 + Duration::from_secs(2));
        assert!(served(&host), "{crash:?}: {:?}", host.granted);
    }
}

#[test]
fn a_process_that_dies_at_any_effect_and_restarts_breaks_nothing() {
    crash_at_every_effect(false, Duration::ZERO);
}

#[test]
fn a_power_failure_at_any_effect_breaks_nothing() {
    crash_at_every_effect(true, Duration::ZERO);
}

#[test]
fn a_server_that_is_away_from_any_effect_on_breaks_nothing() {
    crash_at_every_effect(true, Duration::from_secs(2));
}
