//! The clocks of a live node: the machine's, and what faults have made of them.
//!
//! All processes of a run count time from one epoch. True time is the machine's monotonic clock,
//! which is one for all processes; the wall clock is the machine's wall clock, so that setting it
//! is felt. Between them and the node lies the layer by which a clock is set wrong, runs fast or
//! slow, or stands still: the same lines that the simulator has.

use locklab_protocols::contract::{Clock, Reading};
use locklab_protocols::time::Time;
use locklab_sim::clock::Clocks;
use locklab_sim::text::Shift;
use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When a run began, by the two clocks of the machine, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Epoch {
    monotonic: u64,
    wall: u64,
}

/// A moment, by the two clocks of the machine, counted from the epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// By the monotonic clock: true time.
    pub monotonic: Time,
    /// By the wall clock.
    pub wall: Time,
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock).expect("the machine has this clock");
    let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(time.tv_nsec()).unwrap_or(0)
}

impl Epoch {
    /// From now on.
    pub fn now() -> Self {
        let (monotonic, wall) = (read(ClockId::CLOCK_MONOTONIC), read(ClockId::CLOCK_REALTIME));
        Self { monotonic, wall }
    }

    /// As far back as the clocks of the machine go: for nodes whose disks outlive every run.
    pub fn of_the_machine() -> Self {
        Self { monotonic: 0, wall: 0 }
    }

    /// The moment.
    pub fn moment(self) -> Moment {
        Moment {
            monotonic: self.time(),
            wall: Time(read(ClockId::CLOCK_REALTIME).saturating_sub(self.wall)),
        }
    }

    /// True time.
    pub fn time(self) -> Time {
        Time(read(ClockId::CLOCK_MONOTONIC).saturating_sub(self.monotonic))
    }
}

/// The clocks of one node.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct NodeClocks {
    monotonic: Clocks,
    wall: Clocks,
}

impl NodeClocks {
    /// What a clock shows.
    pub fn read(&self, clock: Clock, now: Moment) -> Reading {
        match clock {
            Clock::Monotonic => self.monotonic.read(clock, now.monotonic),
            Clock::Wall => self.wall.read(clock, now.wall),
        }
    }

    /// How long it takes until a clock shows at least this; `None` if it never will.
    pub fn until(&self, clock: Clock, reading: Reading, now: Moment) -> Option<Duration> {
        match clock {
            Clock::Monotonic => Some(self.monotonic.due(clock, reading)?.since(now.monotonic)),
            Clock::Wall => Some(self.wall.due(clock, reading)?.since(now.wall)),
        }
    }

    /// Both clocks count so many seconds in 100 true seconds from now on.
    pub fn set_rate(&mut self, now: Moment, percent: u32) {
        self.monotonic.set_rate(now.monotonic, percent);
        self.wall.set_rate(now.wall, percent);
    }

    /// The wall clock is set forward or back.
    pub fn jump(&mut self, now: Moment, by: Shift) {
        self.wall.jump(now.wall, by);
    }

    /// The wall clock stands still.
    pub fn freeze(&mut self, now: Moment) {
        self.wall.freeze(now.wall);
    }

    /// The wall clock goes on, set forward by the time that it missed.
    pub fn thaw(&mut self, now: Moment) {
        self.wall.thaw(now.wall);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall: u64) -> Moment {
        Moment { monotonic: Time(5_000_000_000), wall: Time(wall) }
    }

    #[test]
    fn who_sets_the_clock_of_the_machine_sets_the_wall_clock_of_its_nodes() {
        let clocks = NodeClocks::default();
        let second = Duration::from_secs(1);
        let deadline = clocks.read(Clock::Wall, at(0)) + 10 * second;
        assert_eq!(clocks.until(Clock::Wall, deadline, at(0)), Some(10 * second));
        assert_eq!(clocks.until(Clock::Wall, deadline, at(8_000_000_000)), Some(2 * second));
        assert_eq!(clocks.until(Clock::Wall, deadline, at(99_000_000_000)), Some(Duration::ZERO));
    }

    #[test]
    fn true_time_is_the_same_for_all_and_goes_on() {
        let epoch = Epoch::now();
        let (before, after) = (epoch.time(), epoch.moment());
        assert!(before <= after.monotonic);
        std::thread::sleep(Duration::from_millis(2));
        assert!(epoch.time().since(before) >= Duration::from_millis(2));
    }
}
