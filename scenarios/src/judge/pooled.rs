//! What many runs add up to, in a form that can be added up again: parts that were run apart come
//! to the same as the whole.

use super::Latencies;
use locklab_protocols::spec::Guarantee;
use locklab_protocols::time::{Time, nanos};
use locklab_sim::outcome::{Bites, Measures, Wait};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What was counted in many runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pooled {
    /// Every run by its seed.
    pub runs: BTreeMap<u64, RunCounts>,
    /// How many grants took so many nanoseconds, [rounded](rounded).
    pub latencies: BTreeMap<u64, u64>,
    /// Who was served when, by seconds of simulated time; seconds in which nobody waited and
    /// nothing was wrong are left out.
    pub seconds: BTreeMap<u64, Second>,
    /// How often the faults of each kind were felt.
    pub bites: BTreeMap<String, u64>,
}

/// What was counted in one run.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct RunCounts {
    /// How many locks were granted.
    pub grants: u64,
    /// How many messages were sent, those of the storage left out.
    pub messages: u64,
    /// How many disk writes the servers made.
    pub disk_writes: u64,
    /// How many operations the storage refused for an old token.
    pub rejected_stale: u64,
    /// For how much of the time in which somebody waited, he was granted within the bound.
    pub served: Duration,
    /// For how much of the time somebody waited.
    pub waited: Duration,
    /// How long clients waited for a grant, to the nanosecond.
    pub latencies: Option<Latencies>,
    /// How long after the heal the first grant came, if one came.
    pub recovery: Option<Duration>,
    /// Which guarantees broke.
    pub broken: BTreeSet<Guarantee>,
}

/// One second of simulated time, over many runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Second {
    /// For how many milliseconds clients waited in it.
    pub waited: u64,
    /// How many of them belong to waits that ended with a grant within the bound.
    pub served: u64,
    /// In how many runs a fault was at work in it.
    pub faulty: u64,
}

/// A latency of which the first six binary digits are kept, rounded up: at most a thirty-second
/// more than it was. So few values are left that any number of runs stays small.
pub fn rounded(nanos: u64) -> u64 {
    let spare = (64 - nanos.leading_zeros()).saturating_sub(6);
    let unit = 1_u64 << spare;
    nanos.checked_next_multiple_of(unit).unwrap_or(u64::MAX)
}

impl Pooled {
    /// One run with its seed.
    pub(super) fn of(
        seed: u64,
        measures: &Measures,
        bites: &[Bites],
        broken: BTreeSet<Guarantee>,
        end: Time,
    ) -> Self {
        let mut pooled = Self::default();
        let mut exact: BTreeMap<u64, u64> = BTreeMap::new();
        for latency in measures.acquire_latencies().map(nanos) {
            *exact.entry(latency).or_default() += 1;
            *pooled.latencies.entry(rounded(latency)).or_default() += 1;
        }
        let run = RunCounts {
            grants: exact.values().sum(),
            messages: measures.messages,
            disk_writes: measures.disk_writes,
            rejected_stale: measures.rejected_stale,
            served: measures.served,
            waited: measures.waited,
            latencies: Latencies::of(&exact, None),
            recovery: measures.recovery,
            broken,
        };
        pooled.runs.insert(seed, run);
        for bites in bites {
            *pooled.bites.entry(bites.kind.to_owned()).or_default() += bites.count;
        }
        pooled.spread(measures, bites, end);
        pooled
    }

    /// Puts the waits and the faults of one run into their seconds.
    fn spread(&mut self, measures: &Measures, bites: &[Bites], end: Time) {
        for Wait { since, until, served, .. } in &measures.waits {
            for (second, millis) in parts(*since, *until) {
                let second = self.seconds.entry(second).or_default();
                second.waited += millis;
                second.served += if *served { millis } else { 0 };
            }
        }
        let mut faulty: BTreeSet<u64> = BTreeSet::new();
        for bites in bites {
            let Some(struck) = bites.struck else { continue };
            let ended = bites.ended.unwrap_or(end);
            faulty.extend(struck.0 / SECOND..=ended.0 / SECOND);
        }
        for second in faulty {
            self.seconds.entry(second).or_default().faulty += 1;
        }
    }

    /// Adds those of others. A seed that both have is counted once, and the rest twice: nobody
    /// should ask for that.
    pub(super) fn merge(&mut self, other: Self) {
        self.runs.extend(other.runs);
        add_all(&mut self.latencies, other.latencies);
        add_all(&mut self.bites, other.bites);
        for (second, more) in other.seconds {
            let second = self.seconds.entry(second).or_default();
            second.waited += more.waited;
            second.served += more.served;
            second.faulty += more.faulty;
        }
    }
}

const SECOND: u64 = 1_000_000_000;
const MILLI: u64 = 1_000_000;

/// The seconds from one moment to another, each with how many milliseconds of it. What is cut off
/// a millisecond in one second is counted in the next.
fn parts(since: Time, until: Time) -> impl Iterator<Item = (u64, u64)> {
    let (since, until) = (since.0 / MILLI, until.0 / MILLI);
    (since / 1000..=until / 1000).filter_map(move |second| {
        let (first, last) = (since.max(second * 1000), until.min((second + 1) * 1000));
        (last > first).then_some((second, last - first))
    })
}

fn add_all<K: Ord>(counts: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *counts.entry(key).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64, latency: u64, recovery: Option<u64>) -> Pooled {
        let (since, until) = (Time::ZERO, Time(latency * MILLI));
        let measures = Measures {
            waits: vec![Wait { since, until, granted: true, served: latency <= 2000 }],
            recovery: recovery.map(Duration::from_millis),
            ..Measures::default()
        };
        let struck = Some(Time(SECOND));
        let bites = [Bites { kind: "pause", struck, count: latency, ..Bites::default() }];
        Pooled::of(seed, &measures, &bites, BTreeSet::new(), Time(2 * SECOND))
    }

    #[test]
    fn pooling_does_not_depend_on_the_order() {
        let mut forth = run(1, 1, Some(3));
        forth.merge(run(2, 2, None));
        let mut back = run(2, 2, None);
        back.merge(run(1, 1, Some(3)));
        assert_eq!(forth, back);
        assert_eq!(forth.bites["pause"], 3);
        assert_eq!(forth.runs.keys().copied().collect::<Vec<u64>>(), [1, 2]);
    }

    #[test]
    fn waits_and_faults_fall_into_their_seconds() {
        let served = run(1, 1500, None).seconds;
        assert_eq!(served[&0], Second { waited: 1000, served: 1000, faulty: 0 });
        assert_eq!(served[&1], Second { waited: 500, served: 500, faulty: 1 });
        assert_eq!(served[&2], Second { waited: 0, served: 0, faulty: 1 });
        let late = run(1, 2500, None).seconds;
        assert_eq!(late[&0], Second { waited: 1000, served: 0, faulty: 0 });
    }

    #[test]
    fn a_rounded_latency_is_at_most_a_thirty_second_more() {
        for nanos in [0, 1, 63, 64, 65, 999, 1_000_003, 14_999_999_999, u64::MAX] {
            let rounded = rounded(nanos);
            assert!(rounded >= nanos && rounded - nanos <= nanos / 32, "{nanos} to {rounded}");
        }
        assert_eq!((rounded(63), rounded(65)), (63, 66));
    }
}
