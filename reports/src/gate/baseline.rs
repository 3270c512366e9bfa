//! The baseline: what is known to come out, `locklab/baseline/1`.
//!
//! A report tells a reader everything; a baseline holds what the gate compares, one line for each
//! protocol and scenario, so that a change of it can be read in a review.

use super::Pair;
use super::measures::{Gauge, Tolerances};
use super::models::BaselineModel;
use crate::report::{Report, ReportCell, ReportVerdict, Seeds};
use locklab_protocols::spec::Guarantee;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The name and the version of the format.
pub const SCHEMA: &str = "locklab/baseline/1";

/// What is known to come out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Always `locklab/baseline/1`.
    pub schema: String,
    /// The version of Locklab that made it.
    pub version: String,
    /// How much worse each measure may be.
    pub tolerances: Tolerances,
    /// With which seeds every pair was run.
    pub seeds: Seeds,
    /// The protocols, in the order of reports.
    pub protocols: Vec<String>,
    /// The scenarios, in the order of reports.
    pub scenarios: Vec<BaselineScenario>,
    /// What is known of each protocol in each scenario.
    pub pairs: Vec<BaselinePair>,
    /// What is known of each configuration of the model checker, if checks joined the report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<BaselineModel>,
}

/// A scenario that is run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineScenario {
    /// Its name.
    pub name: String,
    /// The hash of its text.
    pub hash: String,
    /// The path of its file, if it is not one of the catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What is known of a protocol in a scenario.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselinePair {
    /// The protocol.
    pub protocol: String,
    /// The scenario.
    pub scenario: String,
    /// What became of each guarantee. Those that were never put to the test, and of which nobody
    /// expected it, are left out.
    pub cells: BTreeMap<Guarantee, BaselineCell>,
    /// What was measured. What cannot be told (a latency without a grant) is left out.
    pub measures: BTreeMap<Gauge, BaselineMeasure>,
}

/// What became of a guarantee.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineCell {
    /// What all runs together say.
    pub verdict: ReportVerdict,
    /// In how many runs it held.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub held: u64,
    /// In how many it broke.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub broken: u64,
    /// The smallest seed that broke it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Whether it is promised there.
    #[serde(default, skip_serializing_if = "is_false")]
    pub promised: bool,
}

/// A measure, and where it lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineMeasure {
    /// The number.
    pub value: u64,
    /// At least and at most this, with 95 % confidence, if that can be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<(u64, u64)>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_false(truth: &bool) -> bool {
    !truth
}

/// Why a text is no baseline.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoBaseline(String);

impl fmt::Display for NoBaseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoBaseline {}

impl BaselinePair {
    pub(super) fn key(&self) -> Pair<'_> {
        (&self.protocol, &self.scenario)
    }
}

impl BaselineCell {
    fn of(cell: &ReportCell) -> Self {
        Self {
            verdict: cell.verdict,
            held: cell.held_runs,
            broken: cell.broken_runs,
            seed: cell.first_broken_seed,
            promised: cell.promised,
        }
    }
}

impl Baseline {
    /// What a report found, as what is known from now on.
    pub fn of(report: &Report, tolerances: Tolerances) -> Self {
        let scenario = |scenario: &crate::report::ReportScenario| BaselineScenario {
            name: scenario.name.clone(),
            hash: scenario.hash.clone(),
            path: (scenario.call != scenario.name).then(|| scenario.call.clone()),
        };
        let mut cells: BTreeMap<Pair<'_>, BTreeMap<Guarantee, BaselineCell>> = BTreeMap::new();
        for cell in report.sampled() {
            let idle = cell.verdict == ReportVerdict::NotExercised && cell.expected.is_none();
            if let Ok(guarantee) = cell.guarantee()
                && !idle
            {
                let of_pair = cells.entry((&cell.protocol, &cell.scenario)).or_default();
                of_pair.insert(guarantee, BaselineCell::of(cell));
            }
        }
        let pairs = report.measures.iter().map(|row| BaselinePair {
            protocol: row.protocol.clone(),
            scenario: row.scenario.clone(),
            cells: cells
                .remove(&(row.protocol.as_str(), row.scenario.as_str()))
                .unwrap_or_default(),
            measures: Gauge::all_of(row),
        });
        Self {
            schema: SCHEMA.to_owned(),
            version: report.version.clone(),
            tolerances,
            seeds: report.seeds,
            protocols: report.protocols.iter().map(|protocol| protocol.name.clone()).collect(),
            scenarios: report.scenarios.iter().map(scenario).collect(),
            pairs: pairs.collect(),
            models: BaselineModel::all_of(report),
        }
    }

    /// The text of the file: one line for each protocol and scenario.
    pub fn to_json(&self) -> String {
        crate::report::text_of(self)
    }

    /// Reads a baseline.
    ///
    /// # Errors
    ///
    /// If the text is cut short, is no baseline, is another version's, or contradicts itself.
    pub fn from_json(text: &str) -> Result<Self, NoBaseline> {
        #[derive(Deserialize)]
        struct Label {
            schema: Option<String>,
        }
        let broken = |error: serde_json::Error| {
            let why = if error.is_eof() { "it is cut short" } else { "it is no baseline" };
            NoBaseline(format!("{why}: {error}"))
        };
        let label: Label = serde_json::from_str(text).map_err(broken)?;
        match label.schema.as_deref() {
            Some(SCHEMA) => {}
            Some(other) => {
                let what = format!("its schema is `{other}`; this program reads `{SCHEMA}`");
                return Err(NoBaseline(what));
            }
            None => {
                let what = format!("it has no schema; a baseline begins with `{SCHEMA}`");
                return Err(NoBaseline(what));
            }
        }
        let baseline: Self = serde_json::from_str(text).map_err(broken)?;
        baseline.checked().map_err(NoBaseline)?;
        Ok(baseline)
    }

    /// A file that was edited by hand, or put together by a merge, may say what cannot be.
    fn checked(&self) -> Result<(), String> {
        let Seeds { first, count } = self.seeds;
        if count == 0 || first.checked_add(count).is_none() {
            return Err(format!("its seeds are {count} from {first}"));
        }
        let mut seen: BTreeSet<Pair<'_>> = BTreeSet::new();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        if let Some(twice) = self.scenarios.iter().find(|one| !names.insert(&one.name)) {
            return Err(format!("it has the scenario {} twice", twice.name));
        }
        for pair in &self.pairs {
            let (protocol, scenario) = pair.key();
            let place = format!("{protocol} in {scenario}");
            if !self.protocols.contains(&pair.protocol) || !names.contains(scenario) {
                return Err(format!("it has {place}, and not both of them in its lists"));
            }
            if !seen.insert(pair.key()) {
                return Err(format!("it has {place} twice"));
            }
            for (guarantee, cell) in &pair.cells {
                if !cell.can_be(self.seeds) {
                    return Err(format!("{guarantee} of {place} contradicts itself"));
                }
            }
        }
        let mut seen: BTreeSet<Pair<'_>> = BTreeSet::new();
        for model in &self.models {
            let (protocol, about) = model.key();
            if !self.protocols.contains(&model.protocol) {
                return Err(format!("it has a check of {protocol}, and not that in its list"));
            }
            if !seen.insert(model.key()) {
                return Err(format!("it has the check of {protocol} with {about} twice"));
            }
            if model.cells.is_empty() || model.states == 0 {
                return Err(format!("the check of {protocol} with {about} says nothing"));
            }
        }
        Ok(())
    }
}

impl BaselineCell {
    fn can_be(&self, seeds: Seeds) -> bool {
        let counts = self.held.checked_add(self.broken).is_some_and(|sum| sum <= seeds.count);
        let seed = match self.seed {
            Some(seed) => seed >= seeds.first && seed - seeds.first < seeds.count,
            None => true,
        };
        let broken = self.verdict == ReportVerdict::Broken;
        let held = self.verdict != ReportVerdict::Held || self.held > 0;
        counts && seed && held && broken == (self.broken > 0) && broken == self.seed.is_some()
    }
}
