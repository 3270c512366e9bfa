//! The clocks of a node: what they show, and when they will show something.
//!
//! A clock is a line: from a moment on it counts at a rate. Every change (a new rate, a jump, a
//! freeze) starts a new line, and the world asks again when each timer on it is due. Rates are
//! whole percents and readings whole nanoseconds, so nothing is ever rounded differently.

use crate::text::Shift;
use locklab_protocols::contract::{Clock, Reading};
use locklab_protocols::time::{Time, nanos};
use serde::{Deserialize, Serialize};

/// What a wall clock shows when a run begins. Only that it leaves room to jump back matters.
const WALL_START: u64 = 1_000_000_000_000_000_000;

/// One clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
struct Line {
    since: Time,
    shown: u64,
    rate_percent: u32,
}

impl Line {
    fn read(self, now: Time) -> u64 {
        let passed = now.0.saturating_sub(self.since.0);
        if self.rate_percent == 100 {
            return self.shown.saturating_add(passed);
        }
        let counted = u128::from(passed) * u128::from(self.rate_percent) / 100;
        self.shown.saturating_add(u64::try_from(counted).unwrap_or(u64::MAX))
    }

    /// When it shows at least `reading`; `None` if it never will.
    fn due(self, reading: u64) -> Option<Time> {
        let missing = reading.saturating_sub(self.shown);
        let passed = match (missing, self.rate_percent) {
            (missing, 100) => missing,
            (0, _) => 0,
            (_, 0) => return None,
            (missing, rate) => {
                let passed = (u128::from(missing) * 100).div_ceil(u128::from(rate));
                u64::try_from(passed).ok()?
            }
        };
        self.since.0.checked_add(passed).map(Time)
    }

    fn bend(&mut self, now: Time, shown: u64, rate_percent: u32) {
        *self = Self { since: now, shown, rate_percent };
    }
}

/// The monotonic and the wall clock of one node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Clocks {
    monotonic: Line,
    wall: Line,
    rate_percent: u32,
    frozen: bool,
}

impl Default for Clocks {
    fn default() -> Self {
        let line = |shown| Line { since: Time::ZERO, shown, rate_percent: 100 };
        Self { monotonic: line(0), wall: line(WALL_START), rate_percent: 100, frozen: false }
    }
}

impl Clocks {
    fn line(&self, clock: Clock) -> Line {
        match clock {
            Clock::Monotonic => self.monotonic,
            Clock::Wall => self.wall,
        }
    }

    /// What a clock shows.
    pub fn read(&self, clock: Clock, now: Time) -> Reading {
        Reading(self.line(clock).read(now))
    }

    /// When a clock shows at least `reading`, as it runs now; `None` if it never will. Never
    /// before the clock was last changed.
    pub fn due(&self, clock: Clock, reading: Reading) -> Option<Time> {
        self.line(clock).due(reading.0)
    }

    /// Both clocks count so many seconds in 100 true seconds from now on.
    pub fn set_rate(&mut self, now: Time, percent: u32) {
        self.rate_percent = percent;
        let shown = self.monotonic.read(now);
        self.monotonic.bend(now, shown, percent);
        let shown = self.wall.read(now);
        self.wall.bend(now, shown, if self.frozen { 0 } else { percent });
    }

    /// The wall clock is set forward or back.
    pub fn jump(&mut self, now: Time, by: Shift) {
        let shown = self.wall.read(now);
        let distance = nanos(by.by);
        let shown =
            if by.back { shown.saturating_sub(distance) } else { shown.saturating_add(distance) };
        let rate = self.wall.rate_percent;
        self.wall.bend(now, shown, rate);
    }

    /// The wall clock stands still.
    pub fn freeze(&mut self, now: Time) {
        self.frozen = true;
        let shown = self.wall.read(now);
        self.wall.bend(now, shown, 0);
    }

    /// The wall clock goes on, set forward by the time that it missed.
    pub fn thaw(&mut self, now: Time) {
        self.frozen = false;
        let missed = u128::from(now.0 - self.wall.since.0) * u128::from(self.rate_percent) / 100;
        let shown = self.wall.shown.saturating_add(u64::try_from(missed).unwrap_or(u64::MAX));
        let rate = self.rate_percent;
        self.wall.bend(now, shown, rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const SECOND: u64 = 1_000_000_000;

    fn at(seconds: u64) -> Time {
        Time(seconds * SECOND)
    }

    fn forward(seconds: u64) -> Shift {
        Shift { back: false, by: Duration::from_secs(seconds) }
    }

    #[test]
    fn a_fast_clock_is_due_early_and_shows_so_when_it_is() {
        let mut clocks = Clocks::default();
        clocks.set_rate(at(10), 110);
        let deadline = Reading(clocks.read(Clock::Monotonic, at(10)).0 + 11 * SECOND);
        assert_eq!(clocks.due(Clock::Monotonic, deadline), Some(at(20)));
        assert_eq!(clocks.read(Clock::Monotonic, at(20)), deadline);
    }

    #[test]
    fn a_jump_moves_the_wall_clock_alone() {
        let mut clocks = Clocks::default();
        let deadline = Reading(WALL_START + 10 * SECOND);
        assert_eq!(clocks.due(Clock::Wall, deadline), Some(at(10)));
        clocks.jump(at(1), forward(11));
        assert_eq!(clocks.due(Clock::Wall, deadline), Some(at(1)), "due at once");
        assert_eq!(clocks.due(Clock::Monotonic, Reading(10 * SECOND)), Some(at(10)));
        clocks.jump(at(2), forward(11).reversed());
        assert_eq!(clocks.due(Clock::Wall, deadline), Some(at(10)));
    }

    #[test]
    fn a_frozen_wall_clock_is_never_due_and_then_catches_up() {
        let mut clocks = Clocks::default();
        clocks.freeze(at(3));
        let deadline = Reading(WALL_START + 10 * SECOND);
        assert_eq!(clocks.due(Clock::Wall, deadline), None);
        assert_eq!(clocks.read(Clock::Wall, at(8)), Reading(WALL_START + 3 * SECOND));
        clocks.thaw(at(8));
        assert_eq!(clocks.read(Clock::Wall, at(8)), Reading(WALL_START + 8 * SECOND));
        assert_eq!(clocks.due(Clock::Wall, deadline), Some(at(10)));
    }

    #[test]
    fn what_is_due_has_been_shown_at_every_rate() {
        for percent in [1, 33, 90, 101, 250] {
            let mut clocks = Clocks::default();
            clocks.set_rate(at(1), percent);
            let deadline = Reading(clocks.read(Clock::Monotonic, at(1)).0 + 12_345_678_901);
            let due = clocks.due(Clock::Monotonic, deadline).expect("it runs");
            assert!(clocks.read(Clock::Monotonic, due) >= deadline);
            assert!(clocks.read(Clock::Monotonic, Time(due.0 - 1)) < deadline);
        }
    }
}
