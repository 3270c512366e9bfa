//! What is tried to make a scenario smaller. Each pass proposes scenarios, the boldest first.

use super::faults;
use crate::scenario::{LockSettings, Scenario};
use locklab_protocols::application::{Choice, LockOrder, Workload};
use locklab_protocols::contract::Span;
use locklab_sim::network::{Delay, Network};
use std::time::Duration;

/// Proposes smaller scenarios.
pub(super) type Pass = fn(&Scenario) -> Vec<Scenario>;

/// All passes, in the order in which they are made.
pub(super) const ALL: [Pass; 10] = [
    fewer_clients,
    fewer_servers,
    fewer_locks,
    fewer_sections,
    usual_lock,
    faults::simpler,
    shorter_run,
    faults::rounder,
    calmer_network,
    plain_times,
];

/// Those that leave chance its part.
pub(super) const WITH_CHANCE: &[Pass] = ALL.split_at(8).0;

const SECOND: Duration = Duration::from_secs(1);

/// The scenario with one thing changed.
pub(super) fn with(scenario: &Scenario, change: impl FnOnce(&mut Scenario)) -> Scenario {
    let mut smaller = scenario.clone();
    change(&mut smaller);
    smaller
}

fn fewer_clients(scenario: &Scenario) -> Vec<Scenario> {
    (1..scenario.clients)
        .map(|clients| with(scenario, |smaller| smaller.clients = clients))
        .collect()
}

fn fewer_servers(scenario: &Scenario) -> Vec<Scenario> {
    let most = scenario.servers.unwrap_or(1);
    (1..most).map(|servers| with(scenario, |smaller| smaller.servers = Some(servers))).collect()
}

fn of_workload(scenario: &Scenario, changes: &[fn(&mut Workload)]) -> Vec<Scenario> {
    changes.iter().map(|change| with(scenario, |smaller| change(&mut smaller.workload))).collect()
}

fn fewer_locks(scenario: &Scenario) -> Vec<Scenario> {
    of_workload(
        scenario,
        &[
            |work| (work.locks, work.locks_at_once) = (1, 1),
            |work| {
                (work.locks, work.locks_at_once) = (work.locks.min(2), work.locks_at_once.min(2))
            },
            |work| work.locks_at_once = 1,
            |work| work.depth = 1,
            |work| work.choice = Choice::Uniform,
            |work| work.order = LockOrder::Global,
        ],
    )
}

fn fewer_sections(scenario: &Scenario) -> Vec<Scenario> {
    let now = scenario.workload.sections.unwrap_or(u32::MAX);
    let fewer = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32].into_iter().filter(|sections| *sections < now);
    fewer
        .map(|sections| with(scenario, |smaller| smaller.workload.sections = Some(sections)))
        .collect()
}

fn calmer_network(scenario: &Scenario) -> Vec<Scenario> {
    let calm = Network { delay: Delay::Constant(Duration::from_millis(5)), ..Network::default() };
    let calmer: Vec<Network> = [calm, Network::default()]
        .into_iter()
        .take_while(|calmer| *calmer != scenario.network)
        .collect();
    let calmer = calmer.into_iter();
    let mut smaller: Vec<Scenario> =
        calmer.map(|network| with(scenario, |smaller| smaller.network = network)).collect();
    smaller.extend([
        with(scenario, |smaller| smaller.network.links.clear()),
        with(scenario, |smaller| smaller.network.loss_percent = 0),
        with(scenario, |smaller| smaller.network.duplicate_percent = 0),
        with(scenario, |smaller| smaller.sync_time = Scenario::default().sync_time),
    ]);
    smaller
}

/// The lock's own settings, one after the other.
fn usual_lock(scenario: &Scenario) -> Vec<Scenario> {
    let changes: [fn(&mut LockSettings); 16] = [
        |lock| *lock = LockSettings { lease: lock.lease, ..LockSettings::default() },
        |lock| lock.lock_delay = None,
        |lock| lock.expiry = None,
        |lock| lock.persist = None,
        |lock| lock.acquire_timeout = None,
        |lock| lock.wait_for_replica = None,
        |lock| lock.restart_delay = None,
        |lock| lock.spread = None,
        |lock| lock.without_lease = None,
        |lock| lock.drift_percent = None,
        |lock| lock.snapshot_every = None,
        |lock| lock.transfer_every = None,
        |lock| lock.reconfigure_every = None,
        |lock| lock.snapshot_chunk = None,
        |lock| lock.append_limit = None,
        |lock| lock.query_every = None,
    ];
    changes.iter().map(|change| with(scenario, |smaller| change(&mut smaller.lock))).collect()
}

/// The heal comes sooner, and the run ends sooner after it. The bound of progress stays: a lock
/// that is given less time than it promises to need breaks nothing.
fn shorter_run(scenario: &Scenario) -> Vec<Scenario> {
    let (heal_at, settle) = (scenario.heal_at, scenario.settle);
    let halves = [heal_at / 4, heal_at / 2, heal_at * 3 / 4];
    let mut smaller: Vec<Scenario> = halves
        .into_iter()
        .map(|heal_at| rounded(heal_at, SECOND).max(SECOND))
        .filter(|sooner| *sooner < heal_at)
        .map(|heal_at| with(scenario, |smaller| smaller.heal_at = heal_at))
        .collect();
    let least = scenario.progress_within + SECOND;
    if settle > least {
        smaller.push(with(scenario, |smaller| smaller.settle = least));
    }
    smaller
}

/// Everybody takes the same time for everything.
fn plain_times(scenario: &Scenario) -> Vec<Scenario> {
    let Workload { think, hold, retry, .. } = scenario.workload;
    let exactly = |time: Duration| Span { shortest: time, longest: time };
    let mut smaller = Vec::new();
    for time in [think.shortest, think.longest].into_iter().flat_map(rounder) {
        smaller.push(with(scenario, |scenario| scenario.workload.think = exactly(time)));
    }
    for time in [hold.shortest, hold.longest].into_iter().flat_map(rounder) {
        smaller.push(with(scenario, |scenario| scenario.workload.hold = exactly(time)));
    }
    for time in rounder(retry.shortest) {
        smaller.push(with(scenario, |scenario| scenario.workload.retry = exactly(time)));
    }
    smaller.push(with(scenario, |scenario| scenario.heal_at = rounded(scenario.heal_at, SECOND)));
    let plainer = |smaller: &Scenario| plainness(smaller) < plainness(scenario);
    smaller.into_iter().filter(plainer).collect()
}

/// How much there is to read in the times of a workload.
fn plainness(scenario: &Scenario) -> u32 {
    let Workload { think, hold, retry, .. } = scenario.workload;
    let of_span = |span: Span| {
        let width = if span.shortest == span.longest { 0 } else { 10 };
        width + digits(span.shortest) + digits(span.longest)
    };
    of_span(think) + of_span(hold) + of_span(retry) + digits(scenario.heal_at)
}

/// How many digits of a time in seconds stand behind the point.
fn digits(time: Duration) -> u32 {
    let nanos = time.subsec_nanos();
    (0..=9).find(|digits| nanos.is_multiple_of(10_u32.pow(9 - digits))).unwrap_or(9)
}

/// A time in fewer digits, the fewest first; never zero.
pub(super) fn rounder(time: Duration) -> Vec<Duration> {
    let units = [1_000_000_000, 100_000_000, 10_000_000, 1_000_000].map(Duration::from_nanos);
    let mut rounder: Vec<Duration> = units.into_iter().map(|unit| rounded(time, unit)).collect();
    rounder.push(time);
    rounder.dedup();
    rounder.retain(|rounded| !rounded.is_zero());
    rounder
}

/// To the nearest whole number of units.
fn rounded(time: Duration, unit: Duration) -> Duration {
    let (time, unit) = (time.as_nanos(), unit.as_nanos());
    Duration::from_nanos(u64::try_from((time + unit / 2) / unit * unit).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_get_rounder_by_steps() {
        let millis = Duration::from_millis;
        let expected = [millis(1_000), millis(1_200), millis(1_230), millis(1_234)];
        assert_eq!(rounder(millis(1_234)), expected);
        assert_eq!(rounder(millis(3)), [millis(3)]);
        assert_eq!((digits(millis(1_200)), digits(millis(2_000))), (1, 0));
    }
}
