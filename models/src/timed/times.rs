//! How much time there is: ticks, clocks, pauses and delays as numbers.

use locklab_protocols::contract::Span;
use locklab_protocols::time::nanos;
use std::fmt;
use std::time::Duration;

/// What lasts for so many half ticks, or for more, never ends.
pub(crate) const NEVER: u16 = u16::MAX;

/// The bounds of time in a model.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Times {
    /// How long a tick is, for nodes that measure durations.
    pub tick: Duration,
    /// By how many percent a clock may run fast or slow.
    pub rate_percent: u32,
    /// How long a client may stand still, in ticks.
    pub pause: u16,
    /// How long a message may take, in ticks; `None` for as long as it likes.
    pub delay: Option<u16>,
}

/// How soon something may happen, and how soon it must, in half ticks from now on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Window {
    pub(crate) earliest: u16,
    /// [`NEVER`], if it need not happen.
    pub(crate) latest: u16,
}

impl Window {
    /// Half a tick later.
    pub(crate) fn sooner(self) -> Self {
        Self { earliest: self.earliest.saturating_sub(1), latest: sooner(self.latest) }
    }
}

/// Half a tick less; what never happens stays so.
pub(crate) fn sooner(left: u16) -> u16 {
    if left == NEVER { NEVER } else { left.saturating_sub(1) }
}

impl Times {
    fn half(&self) -> u128 {
        u128::from(nanos(self.tick) / 2)
    }

    /// When a timer fires that runs for as long as this by a clock of its node.
    ///
    /// # Panics
    ///
    /// If that is more half ticks than a state has room for: the tick is too short.
    pub(crate) fn window(&self, span: Span, must: bool) -> Window {
        let rate = u128::from(self.rate_percent);
        let shortest = u128::from(nanos(span.shortest)) * 100;
        let longest = u128::from(nanos(span.longest)) * 100;
        let earliest = shortest / ((100 + rate) * self.half());
        let latest = longest.div_ceil((100 - rate) * self.half());
        let room = |halves: u128| {
            let halves = u16::try_from(halves).ok().filter(|halves| *halves < NEVER);
            halves.expect("a timer runs for fewer than 65,535 half ticks")
        };
        Window { earliest: room(earliest), latest: if must { room(latest) } else { NEVER } }
    }

    /// How long a client may stand still, in half ticks.
    pub(crate) fn pause_halves(&self) -> u16 {
        2 * self.pause
    }

    /// How long a message may take, in half ticks.
    pub(crate) fn delay_halves(&self) -> u16 {
        self.delay.map_or(NEVER, |delay| 2 * delay)
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tick, rate_percent, pause, delay } = self;
        write!(f, "clock rates within {rate_percent} %, pauses of clients up to {pause} ticks, ")?;
        match delay {
            Some(delay) => write!(f, "messages that take up to {delay} ticks, ")?,
            None => f.write_str("messages that take as long as they like, ")?,
        }
        write!(f, "a tick of {tick:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(rate_percent: u32) -> Times {
        Times { tick: Duration::from_secs(1), rate_percent, pause: 2, delay: None }
    }

    #[test]
    fn a_true_clock_leaves_no_choice() {
        let window = times(0).window(Duration::from_secs(8).into(), true);
        assert_eq!(window, Window { earliest: 16, latest: 16 });
    }

    #[test]
    fn a_window_is_rounded_outwards() {
        // 10 s come to 8 s on the fastest clock, and to 13.33 s on the slowest.
        let window = times(25).window(Duration::from_secs(10).into(), true);
        assert_eq!(window, Window { earliest: 16, latest: 27 });
        let window = times(0).window(Duration::from_millis(7_998).into(), true);
        assert_eq!(window, Window { earliest: 15, latest: 16 });
    }

    #[test]
    fn what_need_not_happen_need_never() {
        let mut window = times(0).window(Duration::from_secs(1).into(), false);
        for _ in 0..5 {
            window = window.sooner();
        }
        assert_eq!(window, Window { earliest: 0, latest: NEVER });
    }
}
