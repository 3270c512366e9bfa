//! The faults over which an envelope is drawn, and the scenario of each amount.

use crate::scenario::{Scenario, at, pause};
use locklab_protocols::application::Workload;
use locklab_protocols::contract::Trigger;
use locklab_sim::fault::{ClockJump, ClockRate, Cut, Kind, Lasting, OnLinks, SlowLinks};
use locklab_sim::fault::{Target, Targets, When};
use locklab_sim::network::Delay;
use locklab_sim::text::Shift;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What the names of these scenarios begin with.
pub const NAME: &str = "envelope-";

/// A kind of fault of which there can be more and less.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Over {
    /// The holder stands still between its check and its write.
    Pause,
    /// The clocks of servers are fast, and those of clients slow, by so much each.
    ClockRate,
    /// The wall clocks of all servers are set forward, right after a grant.
    ClockJump,
    /// Every message takes longer, by anything up to so long.
    Delay,
    /// So many of a hundred messages are lost.
    Loss,
    /// The holder is cut off from the servers, and not from the storage.
    Partition,
}

/// What an amount counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    /// Milliseconds.
    Millis,
    /// Hundredths.
    Percent,
}

/// All faults end here, however much there is of one.
const HEAL_AT: Duration = Duration::from_secs(60);

impl Over {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pause, Self::ClockRate, Self::ClockJump, Self::Delay, Self::Loss, Self::Partition];

    /// Its name on the command line: that of its kind of fault.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::ClockRate => "clock-rate",
            Self::ClockJump => "clock-jump",
            Self::Delay => "delay",
            Self::Loss => "loss",
            Self::Partition => "partition",
        }
    }

    /// What happens, without how much of it.
    pub fn about(self) -> &'static str {
        match self {
            Self::Pause => "the holder stands still between its check and its write, for",
            Self::ClockRate => "the clocks of servers are fast and those of clients slow, by",
            Self::ClockJump => {
                "right after a grant the wall clocks of all servers are set forward, by"
            }
            Self::Delay => "every message takes longer, by anything up to",
            Self::Loss => "of all messages there are lost",
            Self::Partition => {
                "right after a grant the holder is cut off from the servers, not from the \
                 storage, for"
            }
        }
    }

    /// What an amount of it counts.
    pub fn unit(self) -> Unit {
        match self {
            Self::ClockRate | Self::Loss => Unit::Percent,
            Self::Pause | Self::ClockJump | Self::Delay | Self::Partition => Unit::Millis,
        }
    }

    /// The largest amount that is tried: four leases of the locks on the shelf, or nearly all.
    pub fn most(self) -> u64 {
        match self {
            Self::ClockRate => 80,
            Self::Loss => 96,
            Self::Pause | Self::ClockJump | Self::Delay | Self::Partition => 40_000,
        }
    }

    /// How close the two sides of a border are brought.
    pub fn step(self) -> u64 {
        match self.unit() {
            Unit::Percent => 1,
            Unit::Millis => 50,
        }
    }

    /// An amount as people read it.
    pub fn amount(self, amount: u64) -> String {
        match self.unit() {
            Unit::Percent => format!("{amount} %"),
            Unit::Millis => format!("{}.{:02} s", amount / 1000, amount % 1000 / 10),
        }
    }

    /// The scenario with so much of it. Its name says which it is, so that it can be
    /// [found](Self::find) again.
    pub fn scenario(self, amount: u64) -> Scenario {
        let about = format!("How much a lock tolerates: {} {}.", self.about(), self.amount(amount));
        let scenario = Scenario::new(format!("{NAME}{}-{amount}", self.name()))
            .about(about)
            .workload(self.workload())
            .heal_at(HEAL_AT)
            .settle(Duration::from_secs(90))
            .progress_within(Duration::from_secs(60));
        if amount == 0 {
            return scenario;
        }
        let faults = self.faults(amount).into_iter();
        faults.fold(scenario, |scenario, (when, kind)| scenario.fault(when, kind))
    }

    /// The scenario with this name, if it is one of these.
    pub fn find(name: &str) -> Option<Scenario> {
        let (kind, amount) = name.strip_prefix(NAME)?.rsplit_once('-')?;
        let over = Self::ALL.into_iter().find(|over| over.name() == kind)?;
        let amount: u64 = amount.parse().ok().filter(|amount| *amount <= over.most())?;
        let scenario = over.scenario(amount);
        (scenario.name == name).then_some(scenario)
    }

    /// Sections that use up what the fault is about: those that a pause strikes end before their
    /// lease does; those that clocks and partitions strike do not.
    fn workload(self) -> Workload {
        let millis = |least, most| Duration::from_millis(least)..=Duration::from_millis(most);
        let hold: RangeInclusive<Duration> = match self {
            Self::Pause => millis(100, 8_000),
            Self::ClockRate | Self::ClockJump | Self::Partition => millis(4_000, 14_000),
            Self::Delay | Self::Loss => return Workload::default(),
        };
        Workload { hold: hold.into(), ..Workload::default() }
    }

    fn faults(self, amount: u64) -> Vec<(When, Kind)> {
        let lasts = Duration::from_millis(amount);
        let percent = u32::try_from(amount).unwrap_or(u32::MAX);
        let until_heal = Lasting::UntilHeal;
        // The second, so that there is somebody who waits; it comes soon enough for the longest
        // fault to end before the heal.
        let second =
            |event| When::Event { event, nth: 2, at: Targets::default(), after: Duration::ZERO };
        let begin = Duration::from_secs(2);
        match self {
            Self::Pause => vec![(second(Trigger::Checked), pause(Target::Subject, lasts))],
            Self::ClockRate => {
                let rate = |target: Target, percent| {
                    let fault = ClockRate { target: target.into(), percent, lasting: until_heal };
                    (at(Duration::ZERO), Kind::ClockRate(fault))
                };
                vec![rate(Target::Servers, 100 + percent), rate(Target::Clients, 100 - percent)]
            }
            Self::ClockJump => {
                let by = Shift { back: false, by: lasts };
                let jump = ClockJump { target: Target::Servers.into(), by, lasting: until_heal };
                vec![(second(Trigger::Granted), Kind::ClockJump(jump))]
            }
            Self::Delay => {
                let by = Delay::Uniform(Duration::ZERO, lasts);
                let (from, to) = (Targets::default(), Targets::default());
                let slow = SlowLinks { from, to, by, lasting: until_heal };
                vec![(at(begin), Kind::Delay(slow))]
            }
            Self::Loss => {
                let (from, to) = (Targets::default(), Targets::default());
                let loss = OnLinks { from, to, percent, lasting: until_heal };
                vec![(at(begin), Kind::Loss(loss))]
            }
            Self::Partition => {
                let (from, to) = (Target::Subject.into(), Target::Servers.into());
                let cut = Cut { from, to, one_way: false, lasting: Lasting::For(lasts) };
                vec![(second(Trigger::Granted), Kind::Cut(cut))]
            }
        }
    }
}

impl fmt::Display for Over {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_keeps_the_rules_of_a_file_and_is_found_by_its_name() {
        for over in Over::ALL {
            for amount in [0, 1, over.most() / 2, over.most()] {
                let scenario = over.scenario(amount);
                assert_eq!(Over::find(&scenario.name), Some(scenario.clone()));
                let checked = scenario.clone().checked(&["ttl"]);
                assert_eq!(checked.map_err(|wrong| wrong.to_string()), Ok(scenario));
            }
        }
    }

    #[test]
    fn what_is_no_such_name_finds_nothing() {
        for name in ["envelope-", "envelope-pause", "envelope-pause-", "envelope-pause-40001"] {
            assert_eq!(Over::find(name), None, "{name}");
        }
        for name in ["envelope-pause-007", "envelope-paus-7", "pause-7", "envelope-pause-+7"] {
            assert_eq!(Over::find(name), None, "{name}");
        }
    }
}
