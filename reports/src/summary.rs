//! The summary of a search for programs, `locklab/search/2`, and how summaries of parts become
//! that of the whole.
//!
//! A search can be run in parts that know nothing of each other: `--shard 3/8` makes the third
//! eighth of its runs. What a summary says is counted over runs, so the parts add up to what one
//! machine would have written, to the byte. Everything in it is a whole number.

mod merge;

pub use merge::{Part, merge};

use crate::merge::Shard;
use locklab_protocols::spec::Goal;
use locklab_scenarios::search::{FaultReach, Found, failure_rate_at_most};
use locklab_scenarios::sim::fault::Kind;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name and the version of the format.
pub const SCHEMA: &str = "locklab/search/2";

/// What came out of a search.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The version of Locklab that made it.
    pub version: String,
    /// The number of the first scenario of each lock.
    pub first_seed: u64,
    /// Of which whole this is a part; left out of a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<SearchShard>,
    /// How many runs were made.
    pub runs: u64,
    /// How many of them were without faults.
    pub controls: u64,
    /// What was promised and broke, the first of each sort, in the order of their runs.
    pub findings: Vec<FindingRow>,
    /// What earlier searches found, and this one did not.
    pub gone: Vec<GoneRow>,
    /// One for each lock.
    pub protocols: Vec<ProtocolRow>,
    /// One for each promise.
    pub promises: Vec<PromiseRow>,
    /// How many runs reached each goal.
    pub goals: Vec<GoalRow>,
    /// One for each kind of fault.
    pub faults: Vec<FaultRow>,
    /// The corpus, if there was one.
    pub corpus: Option<CorpusRow>,
}

/// A part of a search that is run in parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchShard {
    /// Which part, counted from 1.
    pub number: u64,
    /// Of how many.
    pub of: u64,
    /// The runs of the whole.
    pub whole: u64,
}

/// Something that was promised and broke.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingRow {
    /// The lock.
    pub protocol: String,
    /// What broke.
    pub guarantee: String,
    /// How, without the names and numbers of one run.
    pub shape: String,
    /// The seed of the first run that showed it, which is also the number of its scenario.
    pub seed: u64,
    /// The how many-th run of the whole search that was, counted from 1.
    pub run: u64,
    /// How many runs showed it.
    pub times: u64,
    /// Whether that run breaks without any fault, too.
    pub without_faults: bool,
    /// How it broke there.
    pub reason: String,
}

/// Something that an earlier search found, and this one did not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoneRow {
    /// The folder of the finding.
    pub folder: String,
    /// The lock.
    pub protocol: String,
    /// How many runs the lock had now.
    pub clean_runs: u64,
    /// The chance that it is still there, given how often it was found.
    pub chance_still_there_permille: u64,
}

/// What a lock went through.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtocolRow {
    /// The lock.
    pub protocol: String,
    /// How many runs it had.
    pub runs: u64,
    /// With 95 % confidence at most so many runs of a million break a promise; none if some did.
    pub failure_rate_at_most_per_million: Option<u64>,
}

/// How often a promise was put to the test.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromiseRow {
    /// The lock.
    pub protocol: String,
    /// The guarantee.
    pub guarantee: String,
    /// In how many runs it was promised.
    pub promised: u64,
    /// In how many of them it held or broke.
    pub tested: u64,
    /// In how many of them the check could not decide.
    pub unknown: u64,
    /// Why, in the first of these.
    pub first_unknown: Option<String>,
}

/// How often a goal was reached.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalRow {
    /// The goal.
    pub goal: String,
    /// In how many runs.
    pub runs: u64,
}

/// What the faults of one kind did, in numbers of runs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRow {
    /// The kind.
    pub kind: String,
    /// They were part of the plan.
    pub drawn: u64,
    /// One was felt.
    pub bit: u64,
    /// One was felt while somebody held a lock.
    pub while_held: u64,
    /// One was felt while somebody waited for a lock.
    pub while_awaited: u64,
}

/// The plans that are kept because they reached something.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusRow {
    /// How many there are.
    pub plans: usize,
    /// How many of them are new.
    pub new: usize,
}

/// Why a text is no summary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoSummary(String);

impl fmt::Display for NoSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Summary {
    /// What was found; of each finding, whether it breaks without any fault too.
    pub fn of(found: &Found, first_seed: u64, without_faults: &[bool]) -> Self {
        let findings = found.findings.iter().zip(without_faults);
        let findings = findings.map(|(finding, without_faults)| FindingRow {
            protocol: finding.protocol.clone(),
            guarantee: finding.guarantee.name().to_owned(),
            shape: finding.shape.clone(),
            seed: finding.seed,
            run: finding.run,
            times: finding.times,
            without_faults: *without_faults,
            reason: finding.reason.clone(),
        });
        let reach = &found.reach;
        let protocols = reach.runs.iter().map(|(protocol, runs)| ProtocolRow {
            protocol: protocol.clone(),
            runs: *runs,
            failure_rate_at_most_per_million: None,
        });
        let promises = reach.promised.iter().map(|(key, promised)| {
            let (protocol, guarantee) = key;
            let unknown = reach.unknown.get(key);
            PromiseRow {
                protocol: protocol.clone(),
                guarantee: guarantee.name().to_owned(),
                promised: *promised,
                tested: reach.tested.get(key).copied().unwrap_or(0),
                unknown: unknown.map_or(0, |(runs, _)| *runs),
                first_unknown: unknown.map(|(_, reason)| reason.clone()),
            }
        });
        let goals = Goal::ALL.into_iter().map(|goal| GoalRow {
            goal: goal.name().to_owned(),
            runs: reach.goals.get(&goal).copied().unwrap_or(0),
        });
        let faults = Kind::NAMES.into_iter().map(|kind| {
            let reach = reach.faults.get(kind).copied().unwrap_or_default();
            let FaultReach { drawn, bit, while_held, while_awaited } = reach;
            FaultRow { kind: kind.to_owned(), drawn, bit, while_held, while_awaited }
        });
        let summary = Self {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            first_seed,
            shard: None,
            runs: found.runs,
            controls: reach.controls,
            findings: findings.collect(),
            gone: Vec::new(),
            protocols: protocols.collect(),
            promises: promises.collect(),
            goals: goals.collect(),
            faults: faults.collect(),
            corpus: None,
        };
        summary.with_bounds()
    }

    /// The same as a part of so many runs.
    #[must_use]
    pub fn part(self, shard: Shard, whole: u64) -> Self {
        let Shard { number, of } = shard;
        Self { shard: Some(SearchShard { number, of, whole }), ..self }
    }

    /// The bound on the failure rate of each lock, from its runs.
    fn with_bounds(mut self) -> Self {
        for row in &mut self.protocols {
            let broke = self.findings.iter().any(|finding| finding.protocol == row.protocol);
            let bound = || (failure_rate_at_most(row.runs) * 1e6).round() as u64;
            row.failure_rate_at_most_per_million = (!broke).then(bound);
        }
        self
    }

    /// Whether something that should have been looked at was not: then nothing found says nothing.
    pub fn is_blind(&self) -> bool {
        self.runs == 0
            || self.controls == 0
            || self.promises.iter().any(|row| row.tested == 0 || row.unknown > 0)
            || self.goals.iter().any(|row| row.runs == 0)
            || self.faults.iter().any(|row| row.bit == 0)
    }

    /// The text of it.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a summary has a form in JSON");
        text.push('\n');
        text
    }

    /// Reads a summary.
    ///
    /// # Errors
    ///
    /// If the text is cut short, is no summary, or is of another version.
    pub fn from_json(text: &str) -> Result<Self, NoSummary> {
        let summary: Self = serde_json::from_str(text).map_err(|error| {
            let why = if error.is_eof() { "it is cut short" } else { "it is no summary" };
            NoSummary(format!("{why}: {error}"))
        })?;
        if summary.schema != SCHEMA {
            let other = &summary.schema;
            return Err(NoSummary(format!(
                "its schema is `{other}`; this program reads `{SCHEMA}`"
            )));
        }
        Ok(summary)
    }
}
