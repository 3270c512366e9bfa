//! The border between what a lock excludes and what it does not: drift, pauses, and the margin.
//!
//! One search for each combination. What the settings of a lock cover at a rate is their own word
//! ([`Settings::slack`]); the search knows nothing of it, so the two must agree from two sides: every
//! combination that is covered must be exhausted, and every pause that is longer by a tick must
//! break the lock.

use super::catalogue::{self, Leased, TICK, leased, settings};
use super::check::{Report, check};
use super::times::Times;
use crate::bounds::Bounds;
use crate::check::Progress;
use locklab_protocols::ttl::{Redlock, Settings, Ttl};
use std::time::Duration;

/// The locks whose border can be drawn.
pub const PROTOCOLS: [&str; 2] = ["ttl", "redlock"];

/// What is combined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Axes {
    /// How many servers a lock with several has.
    pub servers: usize,
    /// The lease, in ticks.
    pub lease: u32,
    /// The margins, in percent of the lease.
    pub margins: Vec<u32>,
    /// By how many percent clocks may run fast or slow.
    pub rates: Vec<u32>,
    /// How long clients may stand still, in ticks.
    pub pauses: Vec<u16>,
    /// How long messages take at most, in ticks; `None` for as long as they like.
    pub delay: Option<u16>,
}

impl Axes {
    /// What is combined for this lock, if nothing else is said.
    pub fn of(protocol: &str) -> Self {
        match protocol {
            "redlock" => Self {
                servers: 3,
                lease: 5,
                margins: vec![10, 30, 50],
                rates: vec![0, 10],
                pauses: vec![0, 1, 2, 3],
                // With several servers, messages that take as long as they like are too many.
                delay: Some(0),
            },
            _ => Self {
                servers: 1,
                lease: 10,
                margins: vec![15, 25, 35],
                rates: vec![0, 5, 10],
                pauses: vec![0, 1, 2, 3, 4],
                delay: None,
            },
        }
    }

    /// How many searches that are.
    pub fn cells(&self) -> usize {
        self.margins.len() * self.rates.len() * self.pauses.len()
    }
}

/// On which side of the border a combination is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Side {
    /// Every run within the bounds excludes.
    Holds,
    /// Some run does not.
    Breaks,
    /// The search stopped before its end, or has not looked.
    Unknown,
}

/// One combination.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// The margin, in percent of the lease.
    pub margin_percent: u32,
    /// By how many percent clocks may run fast or slow.
    pub rate_percent: u32,
    /// How long clients may stand still, in ticks.
    pub pause: u16,
    /// How long they may by what the settings cover at this rate; `None` if not at all.
    pub slack: Option<Duration>,
    /// What the search found.
    pub report: Report,
}

impl Cell {
    /// Whether the settings cover it.
    pub fn is_covered(&self) -> bool {
        self.slack.is_some_and(|slack| TICK * u32::from(self.pause) <= slack)
    }

    /// On which side of the border the search finds it.
    pub fn side(&self) -> Side {
        match &self.report.broken {
            Some(_) => Side::Breaks,
            None if self.report.holds() => Side::Holds,
            None => Side::Unknown,
        }
    }

    /// On which side it should be.
    pub fn expected(&self) -> Side {
        if self.is_covered() { Side::Holds } else { Side::Breaks }
    }
}

/// The border of a lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Border {
    /// The lock.
    pub protocol: &'static str,
    /// What was combined.
    pub axes: Axes,
    /// How many clients there are.
    pub clients: usize,
    /// How often everything else may happen.
    pub bounds: Bounds,
    /// One for each combination that was searched: margins, then rates, then pauses.
    pub cells: Vec<Cell>,
}

impl Border {
    /// The combination, if it was searched.
    pub fn cell(&self, margin_percent: u32, rate_percent: u32, pause: u16) -> Option<&Cell> {
        self.cells.iter().find(|cell| {
            (cell.margin_percent, cell.rate_percent, cell.pause)
                == (margin_percent, rate_percent, pause)
        })
    }

    /// The combinations that are not on the side on which they should be.
    pub fn wrong(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|cell| cell.side() != cell.expected())
    }

    /// Whether all was searched and is as it should be.
    pub fn is_as_promised(&self) -> bool {
        self.cells.len() == self.axes.cells() && self.wrong().next().is_none()
    }
}

/// Draws the border of a lock; `None` if there is no model of it. A search stops after `most`
/// states. `watch` hears which combination is being searched and how far that has come, and says
/// whether to go on.
pub fn border(
    protocol: &str,
    axes: &Axes,
    most: usize,
    watch: impl FnMut(usize, Progress) -> bool,
) -> Option<Border> {
    match protocol {
        "ttl" => Some(drawn(|settings| Ttl { settings }, axes, most, watch)),
        "redlock" => {
            let servers = axes.servers;
            let lock = |settings| Redlock { settings, servers, restart_delay: Duration::ZERO };
            Some(drawn(lock, axes, most, watch))
        }
        _ => None,
    }
}

/// Draws the border of a lock with a lease, of one's own perhaps.
pub fn drawn<P: Leased>(
    lock: impl Fn(Settings) -> P,
    axes: &Axes,
    most: usize,
    mut watch: impl FnMut(usize, Progress) -> bool,
) -> Border {
    let any = leased(lock(settings(axes.lease, 0)), catalogue::times(0, 0)).untimed;
    let mut border = Border {
        protocol: any.setting.protocol.name(),
        axes: axes.clone(),
        clients: any.setting.clients,
        bounds: any.bounds,
        cells: Vec::new(),
    };
    for margin_percent in axes.margins.iter().copied() {
        let settings = settings(axes.lease, margin_percent);
        for rate_percent in axes.rates.iter().copied() {
            for pause in axes.pauses.iter().copied() {
                let delay = axes.delay;
                let times = Times { delay, ..catalogue::times(rate_percent, pause) };
                let place = border.cells.len();
                let mut goes_on = true;
                let report = check(&leased(lock(settings), times), most, |progress| {
                    goes_on = watch(place, progress);
                    goes_on
                });
                if !goes_on {
                    return border;
                }
                let slack = settings.slack(rate_percent);
                border.cells.push(Cell { margin_percent, rate_percent, pause, slack, report });
            }
        }
    }
    border
}
