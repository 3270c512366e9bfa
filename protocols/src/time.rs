//! True time, as only the observer of a run knows it.
//!
//! Nodes never see it: what they see of time are fired timers and readings of their own clocks.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

/// A moment of true time: nanoseconds since the run began.
///
/// In the untimed model it counts steps instead; monitors only ever compare it and subtract it.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub u64);

impl Time {
    /// The moment at which the run begins.
    pub const ZERO: Self = Self(0);

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A duration in whole nanoseconds; longer than 584 years is cut to that.
pub fn nanos(duration: Duration) -> u64 {
    let seconds = duration.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(u64::from(duration.subsec_nanos()))
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(duration)))
    }
}

impl fmt::Display for Time {
    /// Seconds with millisecond precision: `12.345 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0 / 1_000_000;
        write!(f, "{}.{:03} s", millis / 1000, millis % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_moves_both_ways_and_stops_at_its_ends() {
        let second = Duration::from_secs(1);
        assert_eq!(Time(2_000_000_005) - second, Time(1_000_000_005));
        assert_eq!(Time(5) + second, Time(1_000_000_005));
        assert_eq!(Time(5) - second, Time(0));
        assert_eq!(Time(u64::MAX) + second, Time(u64::MAX));
        assert_eq!(nanos(Duration::new(3, 4)), 3_000_000_004);
        assert_eq!(nanos(Duration::MAX), u64::MAX);
    }

    #[test]
    fn a_time_reads_as_seconds() {
        assert_eq!(Time(12_345_678_901).to_string(), "12.345 s");
    }
}
