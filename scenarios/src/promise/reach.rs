//! Whom a fault can reach, and for how long nodes can stand still.

use crate::scenario::Scenario;
use locklab_protocols::contract::Trigger;
use locklab_sim::fault::{Fault, Kind, Lasting, Target, Targets, When};
use std::time::Duration;

/// A part of the system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Part {
    Clients,
    Servers,
    Storage,
}

/// Whether a fault of nodes can strike one of this part. Faults of links strike no node.
pub(super) fn reaches(fault: &Fault, part: Part) -> bool {
    struck(&fault.kind)
        .is_some_and(|targets| targets.0.iter().any(|target| can_be(*target, &fault.when, part)))
}

/// Whom a fault of nodes strikes.
fn struck(kind: &Kind) -> Option<&Targets> {
    match kind {
        Kind::Pause(on) | Kind::ClockFreeze(on) | Kind::DiskStall(on) | Kind::DiskLie(on) => {
            Some(&on.target)
        }
        Kind::Slow(fault) => Some(&fault.target),
        Kind::Crash(fault) => Some(&fault.target),
        Kind::ClockJump(fault) => Some(&fault.target),
        Kind::ClockRate(fault) => Some(&fault.target),
        Kind::ClockStrobe(fault) => Some(&fault.target),
        Kind::Cut(_)
        | Kind::Partition(_)
        | Kind::Loss(_)
        | Kind::Duplicate(_)
        | Kind::Delay(_)
        | Kind::Reorder(_) => None,
    }
}

fn can_be(target: Target, when: &When, part: Part) -> bool {
    match target {
        Target::Holder | Target::NextWaiter | Target::Client(_) | Target::Clients => {
            part == Part::Clients
        }
        Target::Leader
        | Target::Server(_)
        | Target::Minority
        | Target::Majority
        | Target::Servers
        | Target::Followers
        | Target::LeaderMinority
        | Target::OtherMajority
        | Target::LeaderMajority
        | Target::OtherMinority => part == Part::Servers,
        Target::Storage => part == Part::Storage,
        Target::All => true,
        Target::Subject => match when {
            When::At(_) => true,
            When::Event { event, .. } => part == seen_at(*event),
        },
    }
}

/// Where an event is seen.
fn seen_at(event: Trigger) -> Part {
    match event {
        Trigger::Acquires
        | Trigger::Granted
        | Trigger::Refused
        | Trigger::Lost
        | Trigger::Released
        | Trigger::Checked => Part::Clients,
        Trigger::LeaseGranted
        | Trigger::Renewed
        | Trigger::Expired
        | Trigger::Began
        | Trigger::Prepared
        | Trigger::Voted
        | Trigger::Decided
        | Trigger::InDoubt => Part::Servers,
        Trigger::Read | Trigger::Written | Trigger::Rejected => Part::Storage,
    }
}

/// For how long a node of this part can stand still. A fault that waits for an event may follow
/// right on another one; those at known times do so only where they touch.
pub(super) fn standstill(scenario: &Scenario, part: Part) -> Duration {
    let stands = |fault: &&Fault| {
        matches!(fault.kind, Kind::Pause(_) | Kind::Slow(_) | Kind::DiskStall(_))
            && reaches(fault, part)
    };
    let standing: Vec<(Option<Duration>, Duration)> =
        scenario.faults.iter().filter(stands).map(|fault| window(fault, scenario)).collect();
    if standing.iter().any(|(begins, _)| begins.is_none()) {
        return standing.iter().map(|(_, lasts)| *lasts).sum();
    }
    let mut known: Vec<(Duration, Duration)> = standing
        .into_iter()
        .filter_map(|(begins, lasts)| begins.map(|begins| (begins, begins + lasts)))
        .collect();
    known.sort_unstable();
    let mut longest = Duration::ZERO;
    let mut chain = (Duration::ZERO, Duration::ZERO);
    for (begins, ends) in known {
        chain = if begins <= chain.1 { (chain.0, chain.1.max(ends)) } else { (begins, ends) };
        longest = longest.max(chain.1 - chain.0);
    }
    longest
}

/// When a fault begins, if that is known, and how long it lasts at the most.
fn window(fault: &Fault, scenario: &Scenario) -> (Option<Duration>, Duration) {
    let begins = match fault.when {
        When::At(moment) => Some(moment),
        When::Event { .. } => None,
    };
    let left = scenario.heal_at.saturating_sub(begins.unwrap_or_default());
    let lasts = match fault.kind.lasting() {
        Lasting::For(lasting) => lasting.min(left),
        Lasting::UntilHeal | Lasting::ForEver => left,
    };
    (begins, lasts)
}
