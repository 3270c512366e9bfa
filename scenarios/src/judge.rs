//! Judging: many runs of one lock in one scenario become one verdict for each guarantee.
//!
//! A guarantee is *broken* if any run broke it; else *unknown* if any run could not decide; else
//! *held* if at least one run put it to the test; else *not exercised*. A goal of the scenario
//! that no run reached makes what would be held not exercised: nothing was looked at.
//!
//! The verdict is then held against what was wished for ([`Wish`]). What the lock promises under
//! assumptions that the scenario keeps must hold, whether or not the scenario expects it; what
//! the scenario expects to hold must hold on every seed that puts it to the test; what it expects
//! to break must break on some seed, or the harness has gone blind.

mod estimate;
mod interval;
mod measures;
mod pooled;
mod tally;
#[cfg(test)]
mod tests;
mod wish;

pub use estimate::Estimate;
pub use interval::{Interval, wilson};
pub use measures::{Latencies, LatencyRanges, MeasureRow};
pub use pooled::{Pooled, RunCounts, Second};
pub use tally::{Says, Tally};
pub use wish::Wish;

use crate::contestant::Contestant;
use crate::promise;
use crate::scenario::{Expected, Scenario};
use locklab_protocols::spec::{Goal, Guarantee};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// One guarantee of one protocol in one scenario, over many runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// The protocol.
    pub protocol: String,
    /// The scenario.
    pub scenario: String,
    /// The guarantee.
    pub guarantee: Guarantee,
    /// What the runs together say.
    pub verdict: Judgement,
    /// What the scenario expects, if it says.
    pub expected: Option<Expected>,
    /// Whether the protocol promises it under assumptions that the scenario keeps.
    pub promised: bool,
    /// How many runs there were.
    pub runs: u64,
    /// In how many of them it broke.
    pub broken_runs: u64,
    /// In how many of them the check could not decide.
    pub unknown_runs: u64,
    /// In how many of them it was not put to the test.
    pub not_exercised_runs: u64,
    /// How many runs were asked for and not made, because somebody stopped the suite.
    pub missing_runs: u64,
    /// What each kind of run says of it.
    pub says: Says,
    /// The smallest seed with which it broke.
    pub first_broken_seed: Option<u64>,
    /// How it broke with that seed, why it is unknown, or what did not happen; empty if held.
    pub reason: String,
    /// The share of runs that break it: with 95 % confidence it is in here.
    pub break_rate: Interval,
    /// Whether that is as it should be.
    pub as_wished: Wish,
}

impl Cell {
    /// The command that shows it: the run that broke it first, or all runs.
    pub fn replay(&self) -> String {
        let Self { protocol, scenario, runs, .. } = self;
        let which = match self.first_broken_seed {
            Some(seed) => format!("--seed {seed}"),
            None => format!("--seeds {runs}"),
        };
        format!("cargo run --release -- run {scenario} --protocol {protocol} {which}")
    }
}

/// What many runs together say of a guarantee.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Judgement {
    /// Some run put it to the test, and no run broke it or left it open.
    Held,
    /// A run broke it.
    Broken,
    /// No run broke it, and some run could not decide.
    Unknown,
    /// No run put it to the test, or a goal was never reached.
    NotExercised,
}

impl Judgement {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        Expected::from(self).name()
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl From<Judgement> for Expected {
    fn from(judgement: Judgement) -> Self {
        match judgement {
            Judgement::Held => Self::Held,
            Judgement::Broken => Self::Broken,
            Judgement::Unknown => Self::Unknown,
            Judgement::NotExercised => Self::NotExercised,
        }
    }
}

/// Judges the runs of one contestant in one scenario: one cell for each guarantee that any run
/// speaks of or the scenario expects something of, in the order of [`Guarantee::ALL`].
pub fn judge(contestant: &dyn Contestant, scenario: &Scenario, tally: &Tally) -> Vec<Cell> {
    let promises = contestant.promises();
    let protocol = contestant.name();
    let missed = tally.missed(&scenario.goals(protocol));
    let judged = |guarantee: Guarantee| {
        let mut of_it = promises.iter().filter(|promise| promise.guarantee == guarantee);
        let promised = of_it.any(|promise| promise::inside(promise, scenario).is_ok());
        let expected = scenario.expected(protocol, guarantee);
        let missed = missed.clone();
        let scenario = scenario.name.as_str();
        Found { protocol, scenario, expected, promised, missed, tally }.cell(guarantee)
    };
    Guarantee::ALL.into_iter().filter_map(judged).collect()
}

/// Judges runs of a protocol in a scenario, both called so, that were judged in parts before:
/// `wished` is what was expected of each guarantee there, and whether it was promised.
pub fn judge_again(
    (protocol, scenario): (&str, &str),
    wished: &BTreeMap<Guarantee, (Option<Expected>, bool)>,
    goals: &BTreeSet<Goal>,
    tally: &Tally,
) -> Vec<Cell> {
    let missed = tally.missed(goals);
    let judged = |guarantee: Guarantee| {
        let (expected, promised) = wished.get(&guarantee).copied()?;
        let missed = missed.clone();
        Found { protocol, scenario, expected, promised, missed, tally }.cell(guarantee)
    };
    Guarantee::ALL.into_iter().filter_map(judged).collect()
}

/// What was found of one protocol in one scenario, before it is judged.
struct Found<'a> {
    protocol: &'a str,
    scenario: &'a str,
    expected: Option<Expected>,
    promised: bool,
    missed: Vec<Goal>,
    tally: &'a Tally,
}

impl Found<'_> {
    /// The cell of a guarantee, if anything is said of it.
    fn cell(&self, guarantee: Guarantee) -> Option<Cell> {
        let Self { protocol, scenario, expected, promised, missed, tally } = self;
        let expected = *expected;
        let pooled = tally.of_guarantee(guarantee);
        if pooled.is_empty() && expected.is_none() {
            return None;
        }
        let (verdict, reason) = pooled.verdict(missed);
        let break_rate = wilson(pooled.broken, tally.runs());
        let mut cell = Cell {
            protocol: (*protocol).to_owned(),
            scenario: (*scenario).to_owned(),
            guarantee,
            verdict,
            expected,
            promised: *promised,
            runs: tally.runs(),
            broken_runs: pooled.broken,
            unknown_runs: pooled.unknown,
            not_exercised_runs: pooled.not_exercised,
            missing_runs: tally.missing(),
            first_broken_seed: pooled.first_broken.as_ref().map(|(seed, _)| *seed),
            says: pooled,
            reason,
            break_rate,
            as_wished: Wish::AsExpected,
        };
        cell.as_wished = Wish::of(&cell);
        Some(cell)
    }
}
