//! How much of a lease is left when clocks are wrong: the arithmetic that every lock with leases
//! needs for what it promises.

use crate::time::nanos;
use std::time::Duration;

/// `duration * numerator / denominator`, rounded down to nanoseconds.
pub(crate) fn percent(duration: Duration, numerator: u32, denominator: u32) -> Duration {
    let whole = u128::from(nanos(duration)) * u128::from(numerator) / u128::from(denominator);
    Duration::from_nanos(u64::try_from(whole).unwrap_or(u64::MAX))
}

/// What a holder uses of a lease, and how long it runs: what is between them is the margin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Margin {
    /// How long the holder relies on the lease, by his clock.
    pub(crate) validity: Duration,
    /// How long the lease runs, by the clock of whoever ends it.
    pub(crate) lease: Duration,
}

impl Margin {
    /// How much true time is left between the end of the validity and the end of the lease if the
    /// holder's clock is slow and the other one is fast by `rate` percent; `None` if the lease may
    /// end first.
    ///
    /// A clock that is slow by a rate `r` counts the validity `V` in `V / (1 - r)` of true time,
    /// one that is fast counts the lease `L` in `L / (1 + r)`.
    pub(crate) fn slack(self, rate: u32) -> Option<Duration> {
        let slowest = percent(self.validity, 100, 100_u32.checked_sub(rate)?);
        percent(self.lease, 100, 100 + rate).checked_sub(slowest)
    }

    /// The largest error of clock rates, in percent, that the margin covers.
    pub(crate) fn rate_bound(self) -> u32 {
        (0..100).take_while(|rate| self.slack(*rate).is_some()).last().unwrap_or(0)
    }

    /// Pairs of a rate and the slack that it leaves, best clocks first: none, half of the bound,
    /// and the bound.
    pub(crate) fn trade(self) -> impl Iterator<Item = (u32, Duration)> {
        let bound = self.rate_bound();
        let mut rates = vec![0, bound / 2, bound];
        rates.dedup();
        rates.into_iter().filter_map(move |rate| Some((rate, self.slack(rate)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_margin_shrinks_as_clocks_get_worse() {
        let seconds = Duration::from_secs;
        let margin = Margin { validity: seconds(8), lease: seconds(10) };
        assert_eq!(margin.slack(0), Some(seconds(2)));
        // 10 / 1.11 = 9.009 and 8 / 0.89 = 8.988, but 10 / 1.12 = 8.929 and 8 / 0.88 = 9.091.
        assert_eq!(margin.rate_bound(), 11);
        assert_eq!(margin.slack(12), None);
        let rates: Vec<u32> = margin.trade().map(|(rate, _)| rate).collect();
        assert_eq!(rates, [0, 5, 11]);
        let none = Margin { validity: seconds(10), lease: seconds(10) };
        assert_eq!(none.trade().collect::<Vec<_>>(), [(0, Duration::ZERO)]);
        let too_much = Margin { validity: seconds(11), lease: seconds(10) };
        assert_eq!(too_much.trade().next(), None);
    }
}
