//! The record of a comparison: `locklab/report/2`.
//!
//! One record, many faces: the table of a terminal, the HTML page, the JUnit file and the text for
//! a pull request are all made from a [`Report`], now or later from its file. These types are the
//! format, and nothing else is; the values inside the program may change without it. A JSON Schema
//! of it ([`schema`]) is checked in as `reports/schema/report-2.json`.
//!
//! Times are nanoseconds unless their names say otherwise, shares are thousandths or millionths,
//! and everything is a whole number. Times are simulated, and nothing depends on the machine, the
//! clock or the number of threads: equal inputs give equal bytes. Only where real processes ran
//! ([`Source::Live`]) times are those of the machine, and no two runs are alike. A report holds
//! what its numbers are made of, run by run, so that what was run apart can be
//! [put together](Report::comparison) again. What the model checker found may [join](Report::join)
//! it; that is told apart from runs everywhere.

mod about;
mod cell;
mod failure;
mod layout;
mod measures;
mod model;
#[cfg(test)]
mod tests;

pub use about::{Ran, ReportAssumption, ReportFault, ReportPromise, ReportProtocol};
pub use about::{ReportScenario, Seeds};
pub use cell::{Rate, ReportCell, ReportVerdict, RunReason, Source, Standing};
pub use failure::{ReportBreak, ReportFailure, ReportLine};
pub use measures::{Amount, Amounts, Quantiles, ReportMeasures, ReportRuns, ReportSeconds};
pub use model::Joined;

pub(crate) use cell::guarantee;

use crate::Calls;
use crate::checks::Checked;
use locklab_scenarios::judge::{Cell, MeasureRow};
use locklab_scenarios::suite::Comparison;
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name and the version of the format.
pub const SCHEMA: &str = "locklab/report/2";

/// What came out of a comparison.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Always `locklab/report/2`.
    pub schema: String,
    /// The version of Locklab that made it.
    pub version: String,
    /// With which seeds every pair of a protocol and a scenario was run.
    pub seeds: Seeds,
    /// Of which whole this is a part; left out of a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ReportShard>,
    /// The protocols, in the order of reports.
    pub protocols: Vec<ReportProtocol>,
    /// The scenarios, in the order of reports.
    pub scenarios: Vec<ReportScenario>,
    /// One for each guarantee of each protocol in each scenario.
    pub cells: Vec<ReportCell>,
    /// One for each protocol in each scenario.
    pub measures: Vec<ReportMeasures>,
    /// One for each run that a cell names as the first that broke it.
    pub failures: Vec<ReportFailure>,
    /// One for each configuration in which the model checker looked, if that joined the report;
    /// left out without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Checked>,
}

/// A part of a comparison that is run in parts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportShard {
    /// Which part, counted from 1.
    pub number: u64,
    /// Of how many.
    pub of: u64,
    /// The seeds of the whole.
    pub whole: Seeds,
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

/// JSON with one line for each record.
pub(crate) fn text_of(value: &impl Serialize) -> String {
    layout::text(value)
}

/// The JSON Schema of a report, made from its types.
pub fn schema() -> Schema {
    schema_for!(Report)
}

impl Report {
    /// The report of a comparison. Without its failures, which have to be played again:
    /// [`with_failures`](Self::with_failures).
    pub fn of(comparison: &Comparison, ran: &Ran<'_>) -> Self {
        let cell = |cell: &Cell| ReportCell::of(cell, ran.calls);
        Self {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seeds: ran.seeds,
            shard: None,
            protocols: ran.protocols(),
            scenarios: ran.scenarios(),
            cells: comparison.cells.iter().map(cell).collect(),
            measures: comparison.measures.iter().map(ReportMeasures::from).collect(),
            failures: Vec::new(),
            checks: Vec::new(),
        }
    }

    /// The same with the story and the diagram of each failure.
    #[must_use]
    pub fn with_failures(mut self, comparison: &Comparison, ran: &Ran<'_>) -> Self {
        self.failures = ReportFailure::all(comparison, ran);
        self
    }

    /// The same, when it was real processes that were run, by this command.
    #[must_use]
    pub fn of_processes(mut self, command: &str) -> Self {
        for cell in &mut self.cells {
            cell.source = Source::Live;
            cell.replay = cell.first_broken_seed.map(|_| command.to_owned());
        }
        self
    }

    /// Whether it is of real processes.
    pub fn is_of_processes(&self) -> bool {
        self.cells.iter().any(|cell| cell.source == Source::Live)
    }

    /// The comparison of which this is the report: its runs, and not what the model checker says.
    ///
    /// # Errors
    ///
    /// If the report contradicts itself, or names what this version does not know.
    pub fn comparison(&self) -> Result<Comparison, NoReport> {
        let row = |row: &ReportMeasures| -> Result<MeasureRow, NoReport> {
            let same = |cell: &&ReportCell| {
                (&cell.protocol, &cell.scenario) == (&row.protocol, &row.scenario)
            };
            row.row(self.sampled().filter(same))
        };
        Ok(Comparison {
            cells: self.sampled().map(ReportCell::cell).collect::<Result<Vec<Cell>, NoReport>>()?,
            measures: self.measures.iter().map(row).collect::<Result<Vec<_>, NoReport>>()?,
        })
    }

    /// How its scenarios are called.
    pub fn calls(&self) -> Calls {
        let mut calls = Calls::default();
        for scenario in self.scenarios.iter().filter(|one| one.call != one.name) {
            calls.by_path(&scenario.name, &scenario.call);
        }
        let live = self.cells.iter().filter(|cell| cell.source == Source::Live);
        if let Some(command) = live.filter_map(|cell| cell.replay.as_deref()).next() {
            calls.by_command(command);
        }
        calls
    }

    /// The text of the report: one line for each record.
    pub fn to_json(&self) -> String {
        layout::text(self)
    }

    /// Reads a report back.
    ///
    /// # Errors
    ///
    /// If the text is cut short, is no JSON, contradicts itself, or is another program's or
    /// version's.
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
        let report: Self = match label.schema.as_deref() {
            Some(SCHEMA) => serde_json::from_str(text).map_err(broken)?,
            Some("locklab/report/1") => {
                let why = "its schema is `locklab/report/1`, of an older Locklab; run the \
                           comparison again with this one";
                return Err(NoReport(why.to_owned()));
            }
            Some(other) => {
                let why = format!("its schema is `{other}`; this program reads `{SCHEMA}`");
                return Err(NoReport(why));
            }
            None => {
                let why = format!("it has no schema; a report begins with `{SCHEMA}`");
                return Err(NoReport(why));
            }
        };
        let whole = report.shard.map_or(report.seeds, |shard| shard.whole);
        report.seeds.end().and_then(|_| whole.end()).map_err(NoReport)?;
        report.comparison()?;
        report.model_is_sound()?;
        Ok(report)
    }
}
