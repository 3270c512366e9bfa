//! A crash at every effect of every step, one after the other, not at random.
//!
//! Two clients want the same two locks. The calm run is played once and its effects are counted;
//! then it is played again for each of them, with the server that is about to have it crashing
//! right before it, with and without what it had not synced, coming back at once, later or never.

mod two_phase {
    pub(crate) mod host;
}

use locklab_protocols::prelude::*;
use locklab_protocols::two_phase::{Conflict, Placement, Settings, TwoPhase};
use two_phase::host::{CrashAt, Host};

const SOON: Duration = Duration::from_secs(40);

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
    assert!(calm.is_at_rest() && calm.agreed);
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
                        let fine = host.is_at_rest() && host.granted.iter().all(|locks| *locks > 1);
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
