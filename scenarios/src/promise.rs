//! Promises held against scenarios: is what a lock assumes true there?
//!
//! The answer errs on one side only. A role that anybody of a kind can have may be had by
//! whoever is worst; faults that can add up do; a process that is slow may stand still for as
//! long as it is slow. So a scenario that is *inside* the assumptions surely keeps them, and a
//! break there is a fault of the lock or of this laboratory.

mod reach;
#[cfg(test)]
mod tests;

use crate::scenario::Scenario;
use locklab_protocols::contract::{Assumption, Promise};
use locklab_protocols::storage::Fencing;
use locklab_sim::fault::{Crash, DiskLoss, Fault, Kind, Lasting};
use locklab_sim::network::Delay;
use reach::{Part, reaches, standstill};
use std::time::Duration;

/// Whether the scenario keeps every assumption of the promise.
///
/// # Errors
///
/// Which assumption is broken, and by what.
pub fn inside(promise: &Promise, scenario: &Scenario) -> Result<(), String> {
    promise.assumes.iter().try_for_each(|assumption| {
        keeps(*assumption, scenario).map_err(|by| format!("{assumption}: {by}"))
    })
}

/// The parts of the system that a fault of nodes can strike: `clients`, `servers`, `storage`. None
/// for a fault of links.
pub fn strikes(fault: &Fault) -> Vec<&'static str> {
    let parts =
        [(Part::Clients, "clients"), (Part::Servers, "servers"), (Part::Storage, "storage")];
    parts.into_iter().filter(|(part, _)| reaches(fault, *part)).map(|(_, name)| name).collect()
}

/// Whether the scenario keeps one assumption; if not, what breaks it.
fn keeps(assumption: Assumption, scenario: &Scenario) -> Result<(), String> {
    match assumption {
        Assumption::ClientPauseAtMost(most) => {
            within(most, standstill(scenario, Part::Clients), "a client may stand still for")
        }
        Assumption::ServerPauseAtMost(most) => {
            let stands = standstill(scenario, Part::Servers).max(scenario.sync_time);
            within(most, stands, "a server may stand still for")
        }
        Assumption::SyncAtMost(most) => within(most, scenario.sync_time, "a sync takes"),
        Assumption::DelayAtMost(most) => within(most, delay(scenario), "a message may take"),
        Assumption::UsualDelayAtMost(most) => {
            within(most, slowest(scenario, Delay::usual), "a message may usually take")
        }
        Assumption::ClockRateWithinPercent(percent) => none(scenario, |fault| match &fault.kind {
            Kind::ClockRate(rate) => rate.percent.abs_diff(100) > percent,
            _ => false,
        }),
        Assumption::ClocksDoNotJump => none(scenario, |fault| {
            let jumps = matches!(
                fault.kind,
                Kind::ClockJump(_) | Kind::ClockStrobe(_) | Kind::ClockFreeze(_)
            );
            jumps && (reaches(fault, Part::Servers) || reaches(fault, Part::Clients))
        }),
        Assumption::DisksKeepSyncedWrites => {
            // A lie about a sync is found out by a power failure.
            let lie = |fault: &Fault| matches!(fault.kind, Kind::DiskLie(_));
            let lies =
                scenario.faults.iter().any(|fault| lie(fault) && reaches(fault, Part::Servers));
            none(scenario, |fault| match loss(fault) {
                DiskLoss::Kept => false,
                DiskLoss::UnsyncedLost => lies,
                DiskLoss::Wiped => true,
            })
        }
        Assumption::DisksKeepUnsyncedWrites => {
            none(scenario, |fault| loss(fault) != DiskLoss::Kept)
        }
        Assumption::ServersStayUp => none(scenario, |fault| crashes(fault, Part::Servers)),
        Assumption::ServersComeBack => none(scenario, |fault| {
            crashes(fault, Part::Servers) && fault.kind.lasting() == Lasting::ForEver
        }),
        Assumption::ClientsStayUp => none(scenario, |fault| crashes(fault, Part::Clients)),
        Assumption::NoPartition => {
            none(scenario, |fault| matches!(fault.kind, Kind::Cut(_) | Kind::Partition(_)))
        }
        Assumption::NoLoss => {
            share(scenario, 0, |percents| percents.0, "are lost")?;
            // What is on its way to a process that dies is lost with it.
            none(scenario, |fault| matches!(fault.kind, Kind::Loss(_) | Kind::Crash(_)))
        }
        Assumption::UsualLossAtMostPercent(most) => {
            share(scenario, most, |percents| percents.0, "are lost")
        }
        Assumption::NoDuplication => {
            share(scenario, 0, |percents| percents.1, "arrive twice")?;
            none(scenario, |fault| matches!(fault.kind, Kind::Duplicate(_)))
        }
        Assumption::FencingAtLeast(least) => fenced(least, scenario.fencing),
        Assumption::HoldAtMost(most) => hold(most, scenario),
        Assumption::ClientsAtMost(most) => match scenario.clients {
            clients if clients <= most as usize => Ok(()),
            clients => Err(format!("there are {clients}")),
        },
    }
}

fn within(most: Duration, found: Duration, what: &str) -> Result<(), String> {
    if found <= most {
        return Ok(());
    }
    Err(format!("{what} {}", humantime::format_duration(found)))
}

/// No fault of the scenario is like this.
fn none(scenario: &Scenario, like: impl Fn(&Fault) -> bool) -> Result<(), String> {
    match scenario.faults.iter().find(|fault| like(fault)) {
        None => Ok(()),
        Some(fault) => Err(format!("there is a fault, {}", fault.kind)),
    }
}

/// What a fault does to the disks of servers.
fn loss(fault: &Fault) -> DiskLoss {
    match &fault.kind {
        Kind::Crash(Crash { disk, .. }) if reaches(fault, Part::Servers) => *disk,
        _ => DiskLoss::Kept,
    }
}

fn crashes(fault: &Fault, part: Part) -> bool {
    matches!(fault.kind, Kind::Crash(_)) && reaches(fault, part)
}

/// No link loses or doubles more than `most` percent of its messages by itself.
fn share(
    scenario: &Scenario,
    most: u32,
    of: impl Fn((u32, u32)) -> u32,
    what: &str,
) -> Result<(), String> {
    let network = &scenario.network;
    let links = network.links.iter().map(|link| (link.loss_percent, link.duplicate_percent));
    let all = links.chain([(network.loss_percent, network.duplicate_percent)]);
    match all.map(of).max() {
        Some(percent) if percent > most => Err(format!("{percent} % of the messages {what}")),
        _ => Ok(()),
    }
}

/// How long a message may take: the slowest link, and every fault that holds it back. One to the
/// storage also waits while the storage stands still.
fn delay(scenario: &Scenario) -> Duration {
    let more = scenario.faults.iter().map(|fault| match &fault.kind {
        Kind::Delay(slow) => slow.by.most(),
        Kind::Reorder(reorder) => reorder.by,
        _ => Duration::ZERO,
    });
    slowest(scenario, Delay::most) + more.sum::<Duration>() + standstill(scenario, Part::Storage)
}

/// How long a message may take on the slowest link, without any fault.
fn slowest(scenario: &Scenario, of: impl Fn(Delay) -> Duration) -> Duration {
    let network = &scenario.network;
    let links = network.links.iter().map(|link| of(link.delay));
    links.fold(of(network.delay), Duration::max)
}

fn fenced(least: Fencing, fencing: Fencing) -> Result<(), String> {
    if fencing >= least {
        return Ok(());
    }
    Err(match fencing {
        Fencing::None => "it does not".to_owned(),
        Fencing::Writes | Fencing::ReadsAndWrites => "it fences writes alone".to_owned(),
    })
}

fn hold(most: Duration, scenario: &Scenario) -> Result<(), String> {
    let workload = &scenario.workload;
    if workload.locks_at_once > 1 {
        return Err("a client holds one lock while it waits for another".to_owned());
    }
    within(most, workload.hold.longest, "a section may take")
}
