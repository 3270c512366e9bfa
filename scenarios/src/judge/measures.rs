//! What was counted in many runs, as one row of a report. All numbers are whole.

use super::Tally;
use crate::contestant::Contestant;
use crate::scenario::Scenario;
use locklab_protocols::time::nanos;
use locklab_sim::outcome::{Bites, Measures};
use std::collections::BTreeMap;
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
    /// How many locks were granted.
    pub grants: u64,
    /// How long clients waited for a grant; `None` without a grant.
    pub acquire_latency: Option<Latencies>,
    /// Of the time in which somebody waited, the share in which he was granted within the bound,
    /// in thousandths; `None` if nobody waited.
    pub availability_permille: Option<u32>,
    /// How many messages each grant took, in thousandths of a message; `None` without a grant.
    pub messages_per_grant_milli: Option<u64>,
    /// How many disk writes each grant took, in thousandths of a write; `None` without a grant.
    pub disk_writes_per_grant_milli: Option<u64>,
    /// How many operations the storage refused for an old token.
    pub rejected_stale: u64,
    /// How long after the heal the first grant came, by runs; `None` if none came in any.
    pub recovery: Option<Latencies>,
    /// How often the faults of each kind were felt.
    pub bites: BTreeMap<String, u64>,
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

/// The measures of many runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Pooled {
    /// How many grants took so many nanoseconds: equal whatever the order of the runs.
    latencies: BTreeMap<u64, u64>,
    recoveries: BTreeMap<u64, u64>,
    messages: u64,
    disk_writes: u64,
    rejected_stale: u64,
    served: u128,
    waited: u128,
    bites: BTreeMap<&'static str, u64>,
}

impl Pooled {
    /// The measures of one run.
    pub(super) fn of(measures: Measures, bites: Vec<Bites>) -> Self {
        let mut pooled = Self {
            messages: measures.messages,
            disk_writes: measures.disk_writes,
            rejected_stale: measures.rejected_stale,
            served: measures.served.as_nanos(),
            waited: measures.waited.as_nanos(),
            ..Self::default()
        };
        for latency in measures.acquire_latencies {
            *pooled.latencies.entry(nanos(latency)).or_default() += 1;
        }
        if let Some(recovery) = measures.recovery {
            *pooled.recoveries.entry(nanos(recovery)).or_default() += 1;
        }
        for bites in bites {
            *pooled.bites.entry(bites.kind).or_default() += bites.count;
        }
        pooled
    }

    /// Adds those of others.
    pub(super) fn merge(&mut self, other: Self) {
        add_all(&mut self.latencies, other.latencies);
        add_all(&mut self.recoveries, other.recoveries);
        add_all(&mut self.bites, other.bites);
        self.messages += other.messages;
        self.disk_writes += other.disk_writes;
        self.rejected_stale += other.rejected_stale;
        self.served += other.served;
        self.waited += other.waited;
    }
}

fn add_all<K: Ord>(counts: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *counts.entry(key).or_default() += count;
    }
}

impl Latencies {
    /// The quantiles of durations that are counted by their nanoseconds.
    fn of(counted: &BTreeMap<u64, u64>) -> Option<Self> {
        let total: u64 = counted.values().sum();
        let (max, _) = counted.last_key_value()?;
        let quantile = |percent: u64| {
            let rank = (u128::from(total) * u128::from(percent)).div_ceil(100);
            let mut seen = 0_u128;
            let found = counted.iter().find(|(_, count)| {
                seen += u128::from(**count);
                seen >= rank
            });
            Duration::from_nanos(found.map_or(*max, |(nanos, _)| *nanos))
        };
        let (p50, p90, p99) = (quantile(50), quantile(90), quantile(99));
        Some(Self { p50, p90, p99, max: Duration::from_nanos(*max) })
    }
}

impl MeasureRow {
    /// The row of one contestant in one scenario.
    pub fn of(contestant: &dyn Contestant, scenario: &Scenario, tally: &Tally) -> Self {
        let pooled = &tally.measures;
        let grants: u64 = pooled.latencies.values().sum();
        let per_grant = |count: u64| (count * 1000).checked_div(grants);
        let availability = (pooled.served * 1000).checked_div(pooled.waited);
        let named = pooled.bites.iter().map(|(kind, count)| ((*kind).to_owned(), *count));
        Self {
            protocol: contestant.name().to_owned(),
            scenario: scenario.name.clone(),
            runs: tally.runs(),
            grants,
            acquire_latency: Latencies::of(&pooled.latencies),
            availability_permille: availability.map(|share| share.min(1000) as u32),
            messages_per_grant_milli: per_grant(pooled.messages),
            disk_writes_per_grant_milli: per_grant(pooled.disk_writes),
            rejected_stale: pooled.rejected_stale,
            recovery: Latencies::of(&pooled.recoveries),
            bites: named.collect(),
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
        Latencies::of(&counted)
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

    #[test]
    fn pooling_does_not_depend_on_the_order() {
        let run = |latency: u64, recovery: Option<u64>| {
            let measures = Measures {
                acquire_latencies: vec![Duration::from_millis(latency)],
                recovery: recovery.map(Duration::from_millis),
                ..Measures::default()
            };
            let bites = vec![Bites { kind: "pause", struck: None, count: latency }];
            Pooled::of(measures, bites)
        };
        let mut forth = run(1, Some(3));
        forth.merge(run(2, None));
        let mut back = run(2, None);
        back.merge(run(1, Some(3)));
        assert_eq!(forth, back);
        assert_eq!(forth.bites["pause"], 3);
    }
}
