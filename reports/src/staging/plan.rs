//! Faults, delays and lengths of timers for steps that have their times.

use super::times::{MOMENT, RunEnd, Times, last_step, step_before};
use super::{APART, Play, Rates};
use locklab_models::{Left, Reason, Stop};
use locklab_protocols::id::NodeId;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::sim::Schedule;
use locklab_scenarios::sim::fault::{
    ClockRate, Crash, DiskLoss, Fault, Kind, Lasting, OnNodes, Target, When,
};
use locklab_scenarios::sim::network::{Delay, Network};
use std::collections::BTreeMap;
use std::time::Duration;

/// So long after the last step the faults are over.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// The scenario and the schedule of a play.
///
/// # Errors
///
/// Which step no fault can bring about.
pub(super) fn plan(play: &Play<'_>, times: &Times) -> Result<(Scenario, Schedule), String> {
    let end = duration(times.at.iter().copied().max().unwrap_or(0)) + AFTERWARDS;
    let mut faults = wrong_clocks(play.rates);
    faults.extend(pauses(play.route, times, end));
    faults.extend(crashes(play.route, times)?);
    let schedule = Schedule {
        messages: messages(play.route, &times.at)?,
        timers: lengths(play.route, times),
        draws: BTreeMap::new(),
    };
    let scenario = Scenario {
        network: Network { delay: Delay::Constant(APART), ..Network::default() },
        sync_time: Duration::ZERO,
        heal_at: end,
        progress_within: AFTERWARDS,
        settle: AFTERWARDS * 2,
        faults,
        ..play.stage.clone()
    };
    Ok((scenario.only_for(play.protocol), schedule))
}

fn duration(nanos: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

fn wrong_clocks(rates: Rates) -> Vec<Fault> {
    let wrong = |target: Target, percent: u32| {
        let kind = Kind::ClockRate(ClockRate {
            target: target.into(),
            percent,
            lasting: Lasting::UntilHeal,
        });
        (percent != 100).then_some(Fault { when: When::At(Duration::ZERO), kind })
    };
    let wrong = [wrong(Target::Servers, rates.servers), wrong(Target::Clients, rates.clients)];
    wrong.into_iter().flatten().collect()
}

/// Whoever is late stands still until its time has come; and whoever has taken its last step, for
/// as long as there is one of its timers that would make it take another.
fn pauses(route: &[Stop], times: &Times, end: Duration) -> Vec<Fault> {
    let mut spans: Vec<(NodeId, i64, i64)> = Vec::new();
    for timer in &times.timers {
        let node = route[timer.armed].node;
        let due = times.at[timer.armed] + timer.most;
        match timer.end {
            RunEnd::Fires(fires) if times.at[fires] > due => {
                let before = step_before(route, fires).unwrap_or(timer.armed);
                spans.push((node, times.at[before] + MOMENT / 2, times.at[fires]));
            }
            RunEnd::Runs if due < end.as_nanos() as i64 => {
                let last = last_step(route, node).unwrap_or(timer.armed);
                spans.push((node, times.at[last] + MOMENT / 2, end.as_nanos() as i64));
            }
            _ => {}
        }
    }
    spans.sort_unstable();
    spans.dedup();
    let pause = |(node, from, until): (NodeId, i64, i64)| {
        let target = Target::from(node).into();
        let lasting = Lasting::For(duration(until - from));
        Fault { when: When::At(duration(from)), kind: Kind::Pause(OnNodes { target, lasting }) }
    };
    spans.into_iter().map(pause).collect()
}

fn crashes(route: &[Stop], times: &Times) -> Result<Vec<Fault>, String> {
    let mut faults = Vec::new();
    for (place, stop) in route.iter().enumerate() {
        let Some(death) = stop.death else { continue };
        let node = stop.node;
        if death.torn {
            return Err(format!("{node} dies in the middle of a step, where no fault can strike"));
        }
        let back = route[place..]
            .iter()
            .position(|later| later.node == node && later.reason == Reason::Started);
        let lasting = match back {
            Some(steps) => Lasting::For(duration(times.at[place + steps] - times.at[place])),
            None => Lasting::UntilHeal,
        };
        let disk = if death.power { DiskLoss::UnsyncedLost } else { DiskLoss::Kept };
        let crash = Crash { target: Target::from(node).into(), lasting, disk };
        let when = When::At(duration(times.at[place]));
        faults.push(Fault { when, kind: Kind::Crash(crash) });
    }
    Ok(faults)
}

/// A message that was sent, and when it arrives.
struct Sent {
    at: i64,
    key: (NodeId, NodeId, u32),
    text: String,
    arrives: Vec<Duration>,
    open: bool,
}

/// When each message arrives, by its sender, its receiver and how many that one sent before.
type Arrivals = BTreeMap<(NodeId, NodeId, u32), Vec<Duration>>;

/// When each message arrives. Those that say the same from one node to another arrive in the order
/// in which they were sent: nobody can tell.
fn messages(route: &[Stop], at: &[i64]) -> Result<Arrivals, String> {
    let mut sent: Vec<Sent> = Vec::new();
    let mut counts: BTreeMap<(NodeId, NodeId), u32> = BTreeMap::new();
    for (stop, at) in route.iter().zip(at.iter().copied()) {
        if let Reason::Delivered { from, message, again } = &stop.reason {
            let fits = |one: &&mut Sent| {
                one.open && (one.key.0, one.key.1) == (*from, stop.node) && one.text == *message
            };
            let one = sent.iter_mut().find(fits).ok_or_else(|| {
                format!("{} hears what {from} has not sent: {message}", stop.node)
            })?;
            one.arrives.push(duration(at - one.at));
            one.open = *again;
            if one.arrives.len() > 2 {
                return Err(format!("{message} arrives more than twice"));
            }
        }
        for left in &stop.left {
            if let Left::Sent { to, message } = left {
                let count = counts.entry((stop.node, *to)).or_default();
                *count += 1;
                let key = (stop.node, *to, *count);
                let text = message.clone();
                sent.push(Sent { at, key, text, arrives: Vec::new(), open: true });
            }
        }
    }
    Ok(sent.into_iter().map(|one| (one.key, one.arrives)).collect())
}

/// How long each timer runs whose length is left to chance.
fn lengths(route: &[Stop], times: &Times) -> BTreeMap<(NodeId, u32), Duration> {
    let mut counts: BTreeMap<NodeId, u32> = BTreeMap::new();
    let mut lengths = BTreeMap::new();
    for timer in times.timers.iter().filter(|timer| timer.by_chance) {
        let node = route[timer.armed].node;
        let count = counts.entry(node).or_default();
        *count += 1;
        let length = match timer.end {
            RunEnd::Fires(fires) => {
                (times.at[fires] - times.at[timer.armed]).clamp(timer.least, timer.most)
            }
            RunEnd::Stops(_) | RunEnd::Runs => timer.most,
        };
        // A schedule counts by the clock of the node.
        let counted = i128::from(length) * i128::from(timer.rate) / 100;
        lengths.insert((node, *count), duration(i64::try_from(counted).unwrap_or(i64::MAX)));
    }
    lengths
}
