//! What is counted in a run.
//!
//! A run may go on for ever, so nothing here grows with it: of the durations the first few thousand
//! are kept to the nanosecond, and if there are more, all of them are only counted by their rounded
//! lengths; of the seconds of a run the first hour has one by one, and the rest together.

use locklab_protocols::time::{Time, nanos};
use std::collections::BTreeMap;
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
const MILLI: u64 = 1_000_000;

/// The last second that is told from those after it: a simulated hour.
const LAST_SECOND: u64 = 3_600;

/// So many durations are kept to the nanosecond, at the most.
const EXACT: usize = 4_096;

/// What was counted in a run. Times are simulated.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Measures {
    /// For each grant, how long its client had waited.
    pub acquire_latencies: Durations,
    /// Who waited in each second of the run, from the first one on; everything after the first
    /// hour is in one last second.
    pub seconds: Vec<Waited>,
    /// How many messages were handed to the network, those of the storage left out.
    pub messages: u64,
    /// How many disk writes the servers made.
    pub disk_writes: u64,
    /// How many operations the storage refused for an old token.
    pub rejected_stale: u64,
    /// For how much of the time in which somebody waited, he was granted within the bound.
    pub served: Duration,
    /// For how much of the time somebody waited.
    pub waited: Duration,
    /// How long after the heal the first grant of a lock came, if one came.
    pub recovery: Option<Duration>,
}

impl Measures {
    /// A wait for a lock is over, because it was granted or because the run ends. Within this bound
    /// a client must be granted.
    pub fn wait_ended(&mut self, since: Time, until: Time, granted: bool, bound: Duration) {
        let latency = until.since(since);
        let served = latency <= bound;
        self.waited += latency;
        if served {
            self.served += latency;
        }
        if granted {
            self.acquire_latencies.add(latency);
        }
        for (second, millis) in parts(since, until) {
            let second = usize::try_from(second).expect("an hour is not long");
            if self.seconds.len() <= second {
                self.seconds.resize(second + 1, Waited::default());
            }
            self.seconds[second].waited += millis;
            self.seconds[second].served += if served { millis } else { 0 };
        }
    }
}

/// Who waited in one second of a run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Waited {
    /// For how many milliseconds clients waited in it.
    pub waited: u64,
    /// How many of them belong to waits that were no longer than the bound.
    pub served: u64,
}

/// The second of a run in which this moment is counted.
pub fn second_of(moment: Time) -> u64 {
    (moment.0 / SECOND).min(LAST_SECOND)
}

/// The seconds from one moment to another, each with how many milliseconds of it. What is cut off
/// a millisecond in one second is counted in the next.
fn parts(since: Time, until: Time) -> impl Iterator<Item = (u64, u64)> {
    let (first, last) = (second_of(since), second_of(until));
    let (since, until) = (since.0 / MILLI, until.0 / MILLI);
    (first..=last).filter_map(move |second| {
        let ends = if second == LAST_SECOND { u64::MAX } else { (second + 1) * 1000 };
        let (from, to) = (since.max(second * 1000), until.min(ends));
        (to > from).then_some((second, to - from))
    })
}

/// Any number of durations.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Durations {
    /// In nanoseconds, in the order in which they came.
    exact: Vec<u64>,
    /// How many took so many nanoseconds, [rounded]; empty until there are too many.
    rounded: BTreeMap<u64, u64>,
    /// The longest.
    longest: Duration,
}

impl Durations {
    /// One more.
    pub fn add(&mut self, duration: Duration) {
        if self.exact.len() == EXACT {
            for duration in self.exact.drain(..) {
                *self.rounded.entry(rounded(duration)).or_default() += 1;
            }
        }
        self.exact.push(nanos(duration));
        self.longest = self.longest.max(duration);
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.exact.len() as u64 + self.rounded.values().sum::<u64>()
    }

    /// The longest, to the nanosecond; `None` of none.
    pub fn longest(&self) -> Option<Duration> {
        (self.count() > 0).then_some(self.longest)
    }

    /// How many took so many nanoseconds: to the nanosecond if there are few, [rounded]
    /// if there are more than about four thousand.
    pub fn by_length(&self) -> BTreeMap<u64, u64> {
        let few = self.rounded.is_empty();
        let mut counts = self.rounded.clone();
        for duration in &self.exact {
            let length = if few { *duration } else { rounded(*duration) };
            *counts.entry(length).or_default() += 1;
        }
        counts
    }
}

/// A duration in nanoseconds of which the first six binary digits are kept, rounded up: at most a
/// thirty-second more than it was. So few values are left that any number of runs stays small.
pub fn rounded(nanos: u64) -> u64 {
    let spare = (64 - nanos.leading_zeros()).saturating_sub(6);
    let unit = 1_u64 << spare;
    nanos.checked_next_multiple_of(unit).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_secs(2);

    fn waited(since: u64, until: u64) -> Measures {
        let mut measures = Measures::default();
        measures.wait_ended(Time(since * MILLI), Time(until * MILLI), true, BOUND);
        measures
    }

    #[test]
    fn a_wait_falls_into_its_seconds() {
        let served = waited(500, 2_000);
        let half = Waited { waited: 500, served: 500 };
        assert_eq!(served.seconds, [half, Waited { waited: 1000, served: 1000 }]);
        let late = waited(0, 2_500);
        assert_eq!(late.seconds[0], Waited { waited: 1000, served: 0 });
        assert_eq!((late.served, late.waited), (Duration::ZERO, Duration::from_millis(2_500)));
    }

    #[test]
    fn after_an_hour_everything_falls_into_one_second() {
        let mut measures = waited(3_599_000, 3_602_000);
        measures.wait_ended(Time(10_000 * SECOND), Time(10_001 * SECOND), false, BOUND);
        assert_eq!(measures.seconds.len(), 3_601);
        assert_eq!(measures.seconds[3_599], Waited { waited: 1000, served: 0 });
        assert_eq!(measures.seconds[3_600], Waited { waited: 3000, served: 1000 });
        assert_eq!(measures.acquire_latencies.count(), 1);
    }

    #[test]
    fn few_durations_are_kept_to_the_nanosecond_and_many_are_rounded() {
        let mut durations = Durations::default();
        assert_eq!(durations.longest(), None);
        for length in 0..EXACT as u64 {
            durations.add(Duration::from_nanos(1_000_003 + length));
        }
        assert_eq!(durations.by_length().len(), EXACT);
        assert_eq!(durations.by_length().first_key_value(), Some((&1_000_003, &1)));
        durations.add(Duration::from_nanos(1_000_003));
        assert_eq!(durations.by_length(), BTreeMap::from([(rounded(1_000_003), EXACT as u64 + 1)]));
        assert_eq!(durations.count(), EXACT as u64 + 1);
        assert_eq!(durations.longest(), Some(Duration::from_nanos(1_000_003 + EXACT as u64 - 1)));
    }

    #[test]
    fn any_number_of_durations_takes_little_room() {
        let mut durations = Durations::default();
        for length in 0..1_000_000_u64 {
            durations.add(Duration::from_nanos(length * 15_000));
        }
        assert!(durations.exact.capacity() <= EXACT, "{}", durations.exact.capacity());
        assert!(durations.rounded.len() < 1_000, "{}", durations.rounded.len());
        assert_eq!(durations.count(), 1_000_000);
    }

    #[test]
    fn a_rounded_duration_is_at_most_a_thirty_second_more() {
        for nanos in [0, 1, 63, 64, 65, 999, 1_000_003, 14_999_999_999, u64::MAX] {
            let rounded = rounded(nanos);
            assert!(rounded >= nanos && rounded - nanos <= nanos / 32, "{nanos} to {rounded}");
        }
        assert_eq!((rounded(63), rounded(65)), (63, 66));
    }
}
