//! Two-phase-commit locking: nobody is left in doubt, and nobody in disagreement.

use super::host::{CrashAt, Host, Hosted};
use locklab_protocols::contract::Span;
use locklab_protocols::prelude::*;
use locklab_protocols::two_phase::{Conflict, Placement, Server, Settings, TwoPhase};

impl Hosted for TwoPhase {
    const HOLD: Duration = Duration::from_millis(200);
    const AFTER_REFUSAL: Duration = Duration::from_millis(100);
    const AGAIN: Option<Duration> = None;

    /// The second client is a little slower, so that the two do not refuse each other for ever.
    fn client_timer(id: ClientId, span: Span) -> Duration {
        let slower = if id == ClientId(2) { Duration::from_millis(37) } else { Duration::ZERO };
        span.shortest + slower
    }
}

const SOON: Duration = Duration::from_secs(40);

/// Whether nobody votes, nobody is in doubt and nobody is still to be told.
fn is_at_rest(host: &Host<TwoPhase>) -> bool {
    host.servers.iter().all(|machine| match machine.node() {
        None => true,
        Some(Server::Coordinator(coordinator)) => {
            coordinator.voting().next().is_none() && coordinator.log().commits().is_empty()
        }
        Some(Server::Participant(participant)) => {
            participant.ledger().prepared().next().is_none() && participant.waiting().is_empty()
        }
    })
}

/// With one coordinator and with two, replicated and spread.
fn protocols(conflict: Conflict) -> impl Iterator<Item = TwoPhase> {
    let usual = TwoPhase::with(conflict).settings;
    [1, 2].into_iter().flat_map(move |coordinators| {
        [Placement::Everywhere, Placement::Spread].map(|placement| {
            let settings = Settings { coordinators, participants: 2, placement, ..usual };
            TwoPhase { settings }
        })
    })
}

/// How many effects the servers have in the calm run.
fn effects_of(protocol: TwoPhase) -> usize {
    let mut calm = Host::new(protocol, None);
    calm.run_until(SOON);
    assert_eq!(calm.granted, [2, 2], "both are served, once");
    assert!(is_at_rest(&calm) && calm.agreed);
    calm.effects
}

/// Plays every crash that comes back after so long, or never; says how many there were.
fn crashes(back_after: Option<Duration>, served: bool) -> usize {
    let policies = [Conflict::Refuse, Conflict::WaitDie, Conflict::WoundWait, Conflict::Wait];
    let mut played = 0;
    for conflict in policies {
        for protocol in protocols(conflict) {
            for effect in 0..effects_of(protocol) {
                for power_failure in [false, true] {
                    let crash = CrashAt { effect, power_failure, back_after };
                    let mut host = Host::new(protocol, Some(crash));
                    host.run_until(SOON);
                    played += 1;
                    if served {
                        let fine = is_at_rest(&host) && host.granted.iter().all(|locks| *locks > 1);
                        assert!(fine, "{protocol:?}, {crash:?}: {:?}", host.granted);
                    }
                }
            }
        }
    }
    played
}

#[test]
fn a_crash_at_any_effect_that_comes_back_at_once_breaks_nothing() {
    assert!(crashes(Some(Duration::ZERO), true) > 1_000);
}

#[test]
fn a_crash_at_any_effect_that_comes_back_late_breaks_nothing() {
    assert!(crashes(Some(Duration::from_secs(3)), true) > 1_000);
}

/// Whoever is gone for good may leave the others blocked, and never in disagreement.
#[test]
fn a_crash_at_any_effect_for_good_breaks_no_agreement() {
    assert!(crashes(None, false) > 1_000);
}
