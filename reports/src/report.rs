//! The report for programs: `locklab/report/1`.
//!
//! These types are the format, and nothing else is; the values inside the program may change
//! without it. Times are simulated nanoseconds, shares are thousandths, everything is a whole
//! number, and nothing depends on the machine, the clock or the number of threads: equal inputs
//! give equal bytes.

use crate::Calls;
use locklab_protocols::time::nanos;
use locklab_scenarios::judge::{Cell, Latencies, MeasureRow};
use locklab_scenarios::suite::Comparison;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The name and the version of the format.
pub const SCHEMA: &str = "locklab/report/1";

/// What came out of a comparison.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// One for each guarantee of each protocol in each scenario.
    pub cells: Vec<ReportCell>,
    /// One for each protocol in each scenario.
    pub measures: Vec<ReportMeasures>,
}

/// What became of one guarantee of one protocol in one scenario.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportCell {
    /// The protocol.
    pub protocol: String,
    /// The scenario.
    pub scenario: String,
    /// The guarantee.
    pub guarantee: String,
    /// `held`, `broken`, `unknown` or `not-exercised`.
    pub verdict: String,
    /// What the scenario says about it, in the same words, if it does.
    pub expected: Option<String>,
    /// Whether the protocol promises it under assumptions that the scenario keeps.
    pub promised: bool,
    /// How many runs there were.
    pub runs: u64,
    /// How many of them broke it.
    pub broken_runs: u64,
    /// The smallest seed that broke it.
    pub first_broken_seed: Option<u64>,
    /// The command that plays that run again.
    pub replay: Option<String>,
}

/// What was counted for one protocol in one scenario.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportMeasures {
    /// The protocol.
    pub protocol: String,
    /// The scenario.
    pub scenario: String,
    /// How many runs there were.
    pub runs: u64,
    /// How many locks were granted.
    pub grants: u64,
    /// How long clients waited for a grant, in nanoseconds.
    pub acquire_latency: Option<Quantiles>,
    /// Of the time in which somebody waited, the share in which he was granted within the bound,
    /// in thousandths.
    pub availability_permille: Option<u32>,
    /// Thousandths of a message for each grant.
    pub messages_per_grant_permille: Option<u64>,
    /// Thousandths of a disk write for each grant.
    pub disk_writes_per_grant_permille: Option<u64>,
    /// How many operations the storage refused for an old token.
    pub rejected_stale: u64,
    /// How long after the heal the first grant came, over the runs, in nanoseconds.
    pub recovery: Option<Quantiles>,
    /// How often the faults of each kind were felt.
    pub bites: BTreeMap<String, u64>,
}

/// Quantiles of durations, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantiles {
    /// Half of them are no longer.
    pub p50: u64,
    /// Nine of ten are no longer.
    pub p90: u64,
    /// 99 of a hundred are no longer.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

/// Why a text is no report.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NoReport(String);

impl fmt::Display for NoReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NoReport {}

impl Report {
    /// The report of a comparison of scenarios that are called so.
    pub fn of(comparison: &Comparison, calls: &Calls) -> Self {
        let cell = |cell: &Cell| ReportCell::of(cell, calls);
        Self {
            schema: SCHEMA.to_owned(),
            cells: comparison.cells.iter().map(cell).collect(),
            measures: comparison.measures.iter().map(ReportMeasures::from).collect(),
        }
    }

    /// The text of the report.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a report has a form in JSON");
        text.push('\n');
        text
    }

    /// Reads a report back.
    ///
    /// # Errors
    ///
    /// If the text is cut short, is no JSON, or is another program's or version's.
    pub fn from_json(text: &str) -> Result<Self, NoReport> {
        #[derive(Deserialize)]
        struct Label {
            schema: Option<String>,
        }
        let broken = |error: serde_json::Error| {
            let why = if error.is_eof() { "it is cut short" } else { "it is no report of Locklab" };
            NoReport(format!("{why}: {error}"))
        };
        let label: Label = serde_json::from_str(text).map_err(broken)?;
        match label.schema.as_deref() {
            Some(SCHEMA) => serde_json::from_str(text).map_err(broken),
            Some(other) => {
                Err(NoReport(format!("its schema is `{other}`; this program reads `{SCHEMA}`")))
            }
            None => Err(NoReport(format!("it has no schema; a report begins with `{SCHEMA}`"))),
        }
    }
}

impl ReportCell {
    fn of(cell: &Cell, calls: &Calls) -> Self {
        let replayed = |seed| calls.replay(&cell.scenario, &cell.protocol, seed);
        Self {
            protocol: cell.protocol.clone(),
            scenario: cell.scenario.clone(),
            guarantee: cell.guarantee.name().to_owned(),
            verdict: cell.verdict.name().to_owned(),
            expected: cell.expected.map(|expected| expected.name().to_owned()),
            promised: cell.promised,
            runs: cell.runs,
            broken_runs: cell.broken_runs,
            first_broken_seed: cell.first_broken_seed,
            replay: cell.first_broken_seed.map(replayed),
        }
    }
}

impl From<&MeasureRow> for ReportMeasures {
    fn from(row: &MeasureRow) -> Self {
        Self {
            protocol: row.protocol.clone(),
            scenario: row.scenario.clone(),
            runs: row.runs,
            grants: row.grants,
            acquire_latency: row.acquire_latency.map(Quantiles::from),
            availability_permille: row.availability_permille,
            messages_per_grant_permille: row.messages_per_grant_milli,
            disk_writes_per_grant_permille: row.disk_writes_per_grant_milli,
            rejected_stale: row.rejected_stale,
            recovery: row.recovery.map(Quantiles::from),
            bites: row.bites.clone(),
        }
    }
}

impl From<Latencies> for Quantiles {
    fn from(of: Latencies) -> Self {
        Self { p50: nanos(of.p50), p90: nanos(of.p90), p99: nanos(of.p99), max: nanos(of.max) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Report {
        Report::of(&Comparison::default(), &Calls::default())
    }

    #[test]
    fn a_report_is_read_back() {
        assert_eq!(Report::from_json(&empty().to_json()), Ok(empty()));
    }

    #[test]
    fn what_is_no_report_is_said_to_be_none() {
        let why = |text: &str| Report::from_json(text).unwrap_err().to_string();
        let text = empty().to_json();
        assert!(why(&text[..text.len() / 2]).starts_with("it is cut short: "));
        assert!(why("").starts_with("it is cut short: "));
        assert!(why("hello").starts_with("it is no report of Locklab: "));
        assert!(why("[]").starts_with("it is no report of Locklab: "));
        assert_eq!(why("{}"), "it has no schema; a report begins with `locklab/report/1`");
        assert_eq!(
            why(r#"{"schema": "locklab/report/9"}"#),
            "its schema is `locklab/report/9`; this program reads `locklab/report/1`"
        );
        let more = text.replacen("\"cells\"", "\"seed\": 1, \"cells\"", 1);
        assert!(why(&more).contains("unknown field `seed`"));
    }
}
