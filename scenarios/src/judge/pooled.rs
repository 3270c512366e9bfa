//! What many runs add up to, in a form that can be added up again: parts that were run apart come
//! to the same as the whole.

use super::Latencies;
use locklab_protocols::spec::Guarantee;
use locklab_protocols::time::Time;
use locklab_sim::measures::{Measures, Waited, rounded, second_of};
use locklab_sim::outcome::Bites;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What was counted in many runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Pooled {
    /// Every run by its seed.
    pub runs: BTreeMap<u64, RunCounts>,
    /// How many grants took so many nanoseconds, [rounded].
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
    /// How long clients waited for a grant: to the nanosecond, unless there are thousands of
    /// grants; then [rounded], but for the longest.
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
        let latencies = &measures.acquire_latencies;
        let by_length = latencies.by_length();
        for (latency, count) in &by_length {
            *pooled.latencies.entry(rounded(*latency)).or_default() += count;
        }
        let run = RunCounts {
            grants: latencies.count(),
            messages: measures.messages,
            disk_writes: measures.disk_writes,
            rejected_stale: measures.rejected_stale,
            served: measures.served,
            waited: measures.waited,
            latencies: Latencies::of(&by_length, latencies.longest()),
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
        let waited = (0..).zip(&measures.seconds).filter(|(_, second)| second.waited > 0);
        self.seconds.extend(waited.map(|(number, second)| {
            let Waited { waited, served } = *second;
            (number, Second { waited, served, faulty: 0 })
        }));
        let mut faulty: BTreeSet<u64> = BTreeSet::new();
        for bites in bites {
            let Some(struck) = bites.struck else { continue };
            let ended = bites.ended.unwrap_or(end);
            faulty.extend(second_of(struck)..=second_of(ended));
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

fn add_all<K: Ord>(counts: &mut BTreeMap<K, u64>, more: BTreeMap<K, u64>) {
    for (key, count) in more {
        *counts.entry(key).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64, latency: u64, recovery: Option<u64>) -> Pooled {
        let bound = Duration::from_secs(2);
        let mut measures = Measures::default();
        measures.wait_ended(Time::ZERO, Time(latency * 1_000_000), true, bound);
        measures.recovery = recovery.map(Duration::from_millis);
        let struck = Some(Time(1_000_000_000));
        let bites = [Bites { kind: "pause", struck, count: latency, ..Bites::default() }];
        Pooled::of(seed, &measures, &bites, BTreeSet::new(), Time(2_000_000_000))
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
}
