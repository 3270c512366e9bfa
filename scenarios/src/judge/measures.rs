//! What was counted in many runs, as one row of a report. All numbers are whole.

use super::Tally;
use super::estimate::{Estimate, middle, ratio};
use super::pooled::{Pooled, RunCounts};
use crate::contestant::Contestant;
use crate::scenario::Scenario;
use locklab_protocols::spec::Goal;
use locklab_protocols::time::nanos;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What was counted over all runs of one protocol in one scenario. Times are simulated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MeasureRow {
    /// The protocol.
    pub protocol: String,
    /// The scenario.
    pub scenario: String,
    /// How many runs there were.
    pub runs: u64,
    /// How many more were asked for and not made.
    pub missing_runs: u64,
    /// What some run of this protocol here should reach.
    pub goals: BTreeSet<Goal>,
    /// The goals that some run reached.
    pub reached: BTreeSet<Goal>,
    /// How many locks were granted.
    pub grants: u64,
    /// How long clients waited for a grant, to a thirty-second; `None` without a grant.
    pub acquire_latency: Option<Latencies>,
    /// Where these quantiles lie in the middle run; `None` with too few runs to say.
    pub acquire_latency_of_runs: Option<LatencyRanges>,
    /// Of the time in which somebody waited, the share in which he was granted within the bound,
    /// in thousandths; `None` if nobody waited.
    pub availability_permille: Option<Estimate>,
    /// How many messages each grant took, in thousandths of a message; `None` without a grant.
    pub messages_per_grant_milli: Option<Estimate>,
    /// How many disk writes each grant took, in thousandths of a write; `None` without a grant.
    pub disk_writes_per_grant_milli: Option<Estimate>,
    /// How many operations the storage refused for an old token.
    pub rejected_stale: u64,
    /// How long after the heal the first grant came, by runs; `None` if none came in any.
    pub recovery: Option<Latencies>,
    /// Where the recovery of the middle run lies, in nanoseconds; `None` with too few to say.
    pub recovery_of_runs: Option<(u64, u64)>,
    /// What all of this is made of.
    pub pooled: Pooled,
}

/// Quantiles of durations: the smallest duration that so large a share does not exceed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Latencies {
    /// Half of them are no longer.
    pub p50: Duration,
    /// Nine of ten are no longer.
    pub p90: Duration,
    /// 99 of a hundred are no longer.
    pub p99: Duration,
    /// The longest.
    pub max: Duration,
}

/// For each quantile, where that of the middle run lies with 95 % confidence, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct LatencyRanges {
    /// Of the medians.
    pub p50: (u64, u64),
    /// Of the 90th percentiles.
    pub p90: (u64, u64),
    /// Of the 99th percentiles.
    pub p99: (u64, u64),
    /// Of the longest.
    pub max: (u64, u64),
}

impl Latencies {
    /// The quantiles of durations that are counted by their nanoseconds, none over this longest.
    pub(super) fn of(counted: &BTreeMap<u64, u64>, longest: Option<Duration>) -> Option<Self> {
        let total: u128 = counted.values().map(|count| u128::from(*count)).sum();
        let (last, _) = counted.last_key_value()?;
        let max = longest.unwrap_or(Duration::from_nanos(*last));
        let quantile = |percent: u64| {
            let rank = (total * u128::from(percent)).div_ceil(100);
            let mut seen = 0_u128;
            let found = counted.iter().find(|(_, count)| {
                seen += u128::from(**count);
                seen >= rank
            });
            found.map_or(max, |(nanos, _)| Duration::from_nanos(*nanos).min(max))
        };
        Some(Self { p50: quantile(50), p90: quantile(90), p99: quantile(99), max })
    }
}

impl LatencyRanges {
    fn of(runs: &BTreeMap<u64, RunCounts>) -> Option<Self> {
        let range = |of: fn(&Latencies) -> Duration| {
            middle(
                runs.values().filter_map(|run| Some(nanos(of(run.latencies.as_ref()?)))).collect(),
            )
        };
        Some(Self {
            p50: range(|latencies| latencies.p50)?,
            p90: range(|latencies| latencies.p90)?,
            p99: range(|latencies| latencies.p99)?,
            max: range(|latencies| latencies.max)?,
        })
    }
}

impl MeasureRow {
    /// The row of one contestant in one scenario.
    pub fn of(contestant: &dyn Contestant, scenario: &Scenario, tally: &Tally) -> Self {
        let (protocol, goals) = (contestant.name(), scenario.goals(contestant.name()));
        Self::pooled(protocol, &scenario.name, goals, tally)
    }

    /// The row of a protocol in a scenario, both called so, where these goals should be reached.
    pub fn pooled(protocol: &str, scenario: &str, goals: BTreeSet<Goal>, tally: &Tally) -> Self {
        let pooled = &tally.measures;
        let runs = &pooled.runs;
        let longest = runs.values().filter_map(|run| run.latencies.map(|of| of.max)).max();
        let recoveries: Vec<u64> =
            runs.values().filter_map(|run| run.recovery.map(nanos)).collect();
        let mut counted: BTreeMap<u64, u64> = BTreeMap::new();
        for recovery in &recoveries {
            *counted.entry(*recovery).or_default() += 1;
        }
        let sum = |of: fn(&RunCounts) -> u64| runs.values().map(of).fold(0, u64::saturating_add);
        let sums = |of: fn(&RunCounts) -> (u64, u64)| {
            ratio(&runs.values().map(of).collect::<Vec<(u64, u64)>>())
        };
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let availability = ratio(
            &runs
                .values()
                .map(|run| (micros(run.served), micros(run.waited)))
                .collect::<Vec<(u64, u64)>>(),
        );
        Self {
            protocol: protocol.to_owned(),
            scenario: scenario.to_owned(),
            runs: tally.runs(),
            missing_runs: tally.missing(),
            goals,
            reached: tally.reached().clone(),
            grants: sum(|run| run.grants),
            acquire_latency: Latencies::of(&pooled.latencies, longest),
            acquire_latency_of_runs: LatencyRanges::of(runs),
            availability_permille: availability.map(Estimate::at_most_whole),
            messages_per_grant_milli: sums(|run| (run.messages, run.grants)),
            disk_writes_per_grant_milli: sums(|run| (run.disk_writes, run.grants)),
            rejected_stale: sum(|run| run.rejected_stale),
            recovery: Latencies::of(&counted, None),
            recovery_of_runs: middle(recoveries),
            pooled: pooled.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_millis(millis: impl IntoIterator<Item = u64>) -> Option<Latencies> {
        let mut counted = BTreeMap::new();
        for one in millis {
            *counted.entry(one * 1_000_000).or_default() += 1;
        }
        Latencies::of(&counted, None)
    }

    #[test]
    fn quantiles_are_the_smallest_that_enough_do_not_exceed() {
        let latencies = of_millis(1..=200).expect("there are some");
        assert_eq!(latencies.p50, Duration::from_millis(100));
        assert_eq!(latencies.p90, Duration::from_millis(180));
        assert_eq!(latencies.p99, Duration::from_millis(198));
        assert_eq!(latencies.max, Duration::from_millis(200));
        assert_eq!(of_millis([]), None);
        let one = of_millis([7]).expect("there is one");
        assert_eq!((one.p50, one.max), (Duration::from_millis(7), Duration::from_millis(7)));
    }
}
