//! What became of one guarantee of one protocol in one scenario.

use super::NoReport;
use crate::Calls;
use locklab_protocols::spec::Guarantee;
use locklab_scenarios::judge::{Cell, Judgement, Says, Wish, wilson};
use locklab_scenarios::scenario::Expected;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of one guarantee of one protocol in one scenario.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportCell {
    /// The protocol.
    pub protocol: String,
    /// The scenario; of the model checker, `model: ` and what its configuration is about.
    pub scenario: String,
    /// The guarantee.
    pub guarantee: String,
    /// Who looked: the simulator, which samples runs, the model checker, which exhausts them, or
    /// the live host, which runs real processes.
    pub source: Source,
    /// What all runs together say.
    pub verdict: ReportVerdict,
    /// What the scenario says about it, if it does; of the model checker, what is known of its
    /// configuration.
    pub expected: Option<ReportVerdict>,
    /// Whether the protocol promises it under assumptions that the scenario keeps. Not said of the
    /// model checker: in its models time is anything.
    pub promised: bool,
    /// Whether the verdict is as promised and expected.
    pub standing: Standing,
    /// Why the standing is not `as-expected`; empty if it is.
    pub why: String,
    /// How many runs there were; of the model checker, how many states.
    pub runs: u64,
    /// How many of them put it to the test without a break.
    pub held_runs: u64,
    /// How many of them broke it; of the model checker, 1 if some way breaks it.
    pub broken_runs: u64,
    /// How many of them could not decide.
    pub unknown_runs: u64,
    /// How many of them did not put it to the test.
    pub not_exercised_runs: u64,
    /// How many more runs were asked for and not made.
    pub missing_runs: u64,
    /// Where the share of seeds that break it lies, with 95 % confidence; of the model checker,
    /// which has no seeds, anywhere.
    pub break_rate: Rate,
    /// In one line: how it broke first, why it is unknown, or what did not happen; of the model
    /// checker also the bounds within which it holds.
    pub reason: String,
    /// The smallest seed that broke it.
    pub first_broken_seed: Option<u64>,
    /// How that run broke it.
    pub first_broken: Option<RunReason>,
    /// The first run that could not decide, and why.
    pub first_unknown: Option<RunReason>,
    /// The first run that did not put it to the test, and what did not happen.
    pub first_not_exercised: Option<RunReason>,
    /// The command that plays the run of the first broken seed again; of the model checker, the
    /// one that does the check again.
    pub replay: Option<String>,
}

/// Who looked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Runs of the simulator.
    Simulation,
    /// A run of real processes on some machine: no seed makes it come out the same again.
    Live,
    /// A search of the model checker; its runs are states. What it is made of stands among the
    /// `checks`.
    Model,
}

/// What runs say of a guarantee.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReportVerdict {
    /// Some run put it to the test, and none broke it.
    Held,
    /// Some run broke it.
    Broken,
    /// No run broke it, and some run could not decide.
    Unknown,
    /// No run put it to the test.
    NotExercised,
}

/// Whether a verdict is as promised and expected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// As promised and expected, or nothing was asked.
    AsExpected,
    /// Something broke that should have held, or holds that should not.
    Regression,
    /// An expected break was not found, or what should hold was never put to the test.
    Blind,
    /// It cannot be said.
    Undecided,
}

/// A share, in millionths.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// At least this.
    pub least: u32,
    /// At most this.
    pub most: u32,
}

/// What one run says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunReason {
    /// Its seed.
    pub seed: u64,
    /// In words.
    pub reason: String,
}

impl ReportCell {
    pub(crate) fn of(cell: &Cell, calls: &Calls) -> Self {
        let replayed = |seed| calls.replay(&cell.scenario, &cell.protocol, seed);
        let reason = |first: &Option<(u64, String)>| {
            first.as_ref().map(|(seed, reason)| RunReason { seed: *seed, reason: reason.clone() })
        };
        let says = &cell.says;
        Self {
            protocol: cell.protocol.clone(),
            scenario: cell.scenario.clone(),
            guarantee: cell.guarantee.name().to_owned(),
            source: Source::Simulation,
            verdict: Expected::from(cell.verdict).into(),
            expected: cell.expected.map(ReportVerdict::from),
            promised: cell.promised,
            standing: Standing::from(&cell.as_wished),
            why: cell.as_wished.why().to_owned(),
            runs: cell.runs,
            held_runs: says.held,
            broken_runs: cell.broken_runs,
            unknown_runs: cell.unknown_runs,
            not_exercised_runs: cell.not_exercised_runs,
            missing_runs: cell.missing_runs,
            break_rate: Rate { least: cell.break_rate.least, most: cell.break_rate.most },
            reason: cell.reason.clone(),
            first_broken_seed: cell.first_broken_seed,
            first_broken: reason(&says.first_broken),
            first_unknown: reason(&says.first_unknown),
            first_not_exercised: reason(&says.first_not_exercised),
            replay: cell.first_broken_seed.map(replayed),
        }
    }

    /// What its runs say.
    pub(super) fn says(&self) -> Says {
        let first = |first: &Option<RunReason>| {
            first.as_ref().map(|first| (first.seed, first.reason.clone()))
        };
        Says {
            held: self.held_runs,
            broken: self.broken_runs,
            unknown: self.unknown_runs,
            not_exercised: self.not_exercised_runs,
            first_broken: first(&self.first_broken),
            first_unknown: first(&self.first_unknown),
            first_not_exercised: first(&self.first_not_exercised),
        }
    }

    /// Which guarantee it is about.
    pub(crate) fn guarantee(&self) -> Result<Guarantee, NoReport> {
        guarantee(&self.guarantee)
    }

    /// What it calls itself in messages.
    pub(super) fn name(&self) -> String {
        format!("{} of {} in {}", self.guarantee, self.protocol, self.scenario)
    }

    /// The cell of which this is the record.
    pub(crate) fn cell(&self) -> Result<Cell, NoReport> {
        let says = self.says();
        let parts = [says.held, says.broken, says.unknown, says.not_exercised];
        let sum = parts.iter().fold(0_u64, |sum, part| sum.saturating_add(*part));
        let wrong = |what: &str| Err(NoReport(format!("it contradicts itself: {what}")));
        if sum > self.runs {
            return wrong(&format!("{} has {} runs and {sum} verdicts", self.name(), self.runs));
        }
        if (self.verdict == ReportVerdict::Broken) != (self.broken_runs > 0)
            || self.first_broken_seed != self.first_broken.as_ref().map(|first| first.seed)
            || self.first_broken_seed.is_some() != (self.broken_runs > 0)
        {
            return wrong(&format!("{} is not as broken as it says", self.name()));
        }
        if self.verdict == ReportVerdict::Held && (says.held == 0 || says.unknown > 0) {
            return wrong(&format!("{} did not hold", self.name()));
        }
        Ok(Cell {
            protocol: self.protocol.clone(),
            scenario: self.scenario.clone(),
            guarantee: self.guarantee()?,
            verdict: self.verdict.into(),
            expected: self.expected.map(Expected::from),
            promised: self.promised,
            runs: self.runs,
            broken_runs: self.broken_runs,
            unknown_runs: self.unknown_runs,
            not_exercised_runs: self.not_exercised_runs,
            missing_runs: self.missing_runs,
            says,
            first_broken_seed: self.first_broken_seed,
            reason: self.reason.clone(),
            break_rate: wilson(self.broken_runs, self.runs),
            as_wished: match self.standing {
                Standing::AsExpected => Wish::AsExpected,
                Standing::Regression => Wish::Regression(self.why.clone()),
                Standing::Blind => Wish::Blind(self.why.clone()),
                Standing::Undecided => Wish::Undecided(self.why.clone()),
            },
        })
    }
}

/// The guarantee with this name.
pub(crate) fn guarantee(name: &str) -> Result<Guarantee, NoReport> {
    let found = Guarantee::ALL.into_iter().find(|known| known.name() == name);
    found.ok_or_else(|| NoReport(format!("it names a guarantee that there is not: `{name}`")))
}

impl ReportVerdict {
    /// Its name.
    pub fn name(self) -> &'static str {
        Expected::from(self).name()
    }
}

impl From<Expected> for ReportVerdict {
    fn from(expected: Expected) -> Self {
        match expected {
            Expected::Held => Self::Held,
            Expected::Broken => Self::Broken,
            Expected::Unknown => Self::Unknown,
            Expected::NotExercised => Self::NotExercised,
        }
    }
}

impl From<ReportVerdict> for Expected {
    fn from(verdict: ReportVerdict) -> Self {
        match verdict {
            ReportVerdict::Held => Self::Held,
            ReportVerdict::Broken => Self::Broken,
            ReportVerdict::Unknown => Self::Unknown,
            ReportVerdict::NotExercised => Self::NotExercised,
        }
    }
}

impl From<ReportVerdict> for Judgement {
    fn from(verdict: ReportVerdict) -> Self {
        match verdict {
            ReportVerdict::Held => Self::Held,
            ReportVerdict::Broken => Self::Broken,
            ReportVerdict::Unknown => Self::Unknown,
            ReportVerdict::NotExercised => Self::NotExercised,
        }
    }
}

impl From<&Wish> for Standing {
    fn from(wish: &Wish) -> Self {
        match wish {
            Wish::AsExpected => Self::AsExpected,
            Wish::Regression(_) => Self::Regression,
            Wish::Blind(_) => Self::Blind,
            Wish::Undecided(_) => Self::Undecided,
        }
    }
}
