//! A run that broke something, told.

use super::Ran;
use crate::diagram::Diagram;
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_protocols::time::Time;
use locklab_scenarios::sim::{Outcome, Record};
use locklab_scenarios::story::{self, Detail, Line, Mark};
use locklab_scenarios::suite::Comparison;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A run that broke something, told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportFailure {
    /// The protocol.
    pub protocol: String,
    /// The scenario.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// What broke in it, in the order in which it broke.
    pub breaks: Vec<ReportBreak>,
    /// Its story.
    pub story: Vec<ReportLine>,
    /// The same as a picture.
    pub diagram: Option<Diagram>,
    /// The command that plays it again.
    pub replay: String,
}

/// That a guarantee broke in a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportBreak {
    /// The guarantee.
    pub guarantee: String,
    /// When.
    pub at: u64,
    /// How.
    pub reason: String,
}

/// A line of a story.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportLine {
    /// When it happened.
    pub at: u64,
    /// At which node; `null` for what concerns several or none.
    pub node: Option<String>,
    /// What sort of line it is: `event`, `consequence`, `fault`, `break` or `fold`.
    pub mark: String,
    /// What happened.
    pub text: String,
}

impl ReportFailure {
    /// A run that was recorded, told; `replay` is the command that plays it again. With `whole`
    /// its diagram has everything that happened, and else the time around its breaks.
    pub fn of(
        outcome: &Outcome,
        (protocol, scenario): (&str, &str),
        replay: String,
        whole: bool,
    ) -> Self {
        let story = story::tell(outcome, Detail::Brief);
        let diagram = Diagram::of(outcome, &story);
        let diagram = if whole { diagram } else { diagram.narrowed(&story) };
        let broken = outcome.verdicts.iter().filter_map(|(guarantee, verdict)| match verdict {
            Verdict::Broken { at, reason } => Some((*at, *guarantee, reason)),
            _ => None,
        });
        let mut broken: Vec<(Time, Guarantee, &String)> = broken.collect();
        broken.sort();
        let breaks = broken.into_iter().map(|(at, guarantee, reason)| ReportBreak {
            guarantee: guarantee.name().to_owned(),
            at: at.0,
            reason: reason.clone(),
        });
        Self {
            protocol: protocol.to_owned(),
            scenario: scenario.to_owned(),
            seed: outcome.seed,
            breaks: breaks.collect(),
            story: story.iter().map(ReportLine::from).collect(),
            diagram: Some(diagram),
            replay,
        }
    }

    /// Plays every run again that some cell names as the first that broke it, and tells it. In
    /// the order of the cells; each run once.
    pub fn all(comparison: &Comparison, ran: &Ran<'_>) -> Vec<Self> {
        let mut seen = BTreeSet::new();
        let first = comparison.cells.iter().filter_map(|cell| {
            let run = (&cell.protocol, &cell.scenario, cell.first_broken_seed?);
            seen.insert(run).then_some(run)
        });
        let runs: Vec<(&String, &String, u64)> = first.collect();
        let tell = |(protocol, name, seed): &(&String, &String, u64)| {
            let scenario = ran.scenarios.iter().find(|known| known.name == **name)?;
            let contestant = ran.contestants.build(protocol, scenario).ok()?;
            let outcome = contestant.run(scenario, *seed, Record::Everything);
            let replay = ran.calls.replay(name, protocol, *seed);
            Some(Self::of(&outcome, (protocol, name), replay, false))
        };
        runs.par_iter().filter_map(tell).collect()
    }
}

impl From<&Line> for ReportLine {
    fn from(line: &Line) -> Self {
        let mark = match line.mark {
            Mark::Event => "event",
            Mark::Consequence => "consequence",
            Mark::Fault => "fault",
            Mark::Break => "break",
            Mark::Fold => "fold",
        };
        Self {
            at: line.at.0,
            node: line.node.map(|node| node.to_string()),
            mark: mark.to_owned(),
            text: line.text.clone(),
        }
    }
}
