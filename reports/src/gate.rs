//! The gate: what changed since the baseline, and which of it must not pass.
//!
//! Runs are deterministic, so where nothing changed in the code, nothing changes here: any
//! difference is real. But not every difference is worse. A change that shifts a single message
//! plays every seed another way, and then counts and latencies move a little, as they would with
//! other seeds. So the differences are told apart:
//!
//! - *Regressions* make the gate red. A guarantee that held breaks. A break that was found is
//!   not found: the laboratory has gone blind, or the lock was repaired, and only a person can
//!   say which. A rate moved so far that the intervals of before and after do not meet. A measure
//!   is worse by more than its tolerance, and not by what runs scatter anyway. Something is no
//!   longer run, or no longer put to the test. Something that was known is unknown.
//!   A check of the model, if one joined the report, says of a guarantee what it did not say, or
//!   is not as it should be.
//! - *News* are told, and pass: what is better, what is new, what moved as chance moves it, and
//!   what the promises and the texts of the scenarios say now.
//!
//! A baseline is taken over from a report by [`Baseline::of`], and a person reads the difference
//! before he checks it in.

mod baseline;
mod cells;
mod change;
mod measures;
mod models;
#[cfg(test)]
mod tests;

pub use baseline::{Baseline, BaselineCell, BaselineMeasure, BaselinePair, BaselineScenario};
pub use baseline::{NoBaseline, SCHEMA};
pub use change::{Change, Why};
pub use measures::{Gauge, Tolerances};
pub use models::BaselineModel;

use crate::Calls;
use crate::report::{Report, ReportCell, ReportMeasures, Standing};
use std::collections::BTreeMap;

/// One protocol in one scenario.
type Pair<'a> = (&'a str, &'a str);

/// What a report says of its pairs.
struct Said<'a> {
    measures: BTreeMap<Pair<'a>, &'a ReportMeasures>,
    cells: BTreeMap<Pair<'a>, Vec<&'a ReportCell>>,
}

/// Everything that changed from a baseline to a report, in the order of the baseline.
///
/// # Errors
///
/// If the two cannot be compared: they are of different seeds, or the report is a part of one.
pub fn changes(baseline: &Baseline, report: &Report) -> Result<Vec<Change>, String> {
    fits(baseline, report)?;
    let said = Said::of(report);
    let mut calls = Calls::default();
    for scenario in &baseline.scenarios {
        if let Some(path) = &scenario.path {
            calls.by_path(&scenario.name, path);
        }
    }
    let mut changes = of_the_whole(baseline, report);
    for scenario in &baseline.scenarios {
        let pairs: Vec<&BaselinePair> =
            baseline.pairs.iter().filter(|pair| pair.scenario == scenario.name).collect();
        let gone = |pair: &&BaselinePair| !said.measures.contains_key(&pair.key());
        if !pairs.is_empty() && pairs.iter().all(gone) {
            changes.push(Change::gone(None, &scenario.name));
            continue;
        }
        for pair in pairs {
            if gone(&pair) {
                changes.push(Change::gone(Some(&pair.protocol), &scenario.name));
            } else {
                changes.extend(of_pair(baseline, pair, &said, &calls));
            }
        }
    }
    let known: BTreeMap<Pair<'_>, &BaselinePair> =
        baseline.pairs.iter().map(|pair| (pair.key(), pair)).collect();
    for measures in &report.measures {
        let pair = (measures.protocol.as_str(), measures.scenario.as_str());
        if !known.contains_key(&pair) {
            changes.extend(of_new_pair(pair, &said));
        }
    }
    changes.extend(models::of_models(baseline, report));
    Ok(changes)
}

fn fits(baseline: &Baseline, report: &Report) -> Result<(), String> {
    if let Some(shard) = report.shard {
        let (number, of) = (shard.number, shard.of);
        return Err(format!(
            "it is part {number}/{of} of a report; `locklab merge` makes it whole"
        ));
    }
    let (was, is) = (baseline.seeds, report.seeds);
    if was != is {
        return Err(format!(
            "the report is of {} seeds from {}, the baseline of {} from {}; other seeds are other \
             runs",
            is.count, is.first, was.count, was.first
        ));
    }
    match report.measures.iter().find(|row| row.missing_runs > 0) {
        None => Ok(()),
        Some(row) => {
            let (protocol, scenario) = (&row.protocol, &row.scenario);
            Err(format!("the report is not whole: runs of {protocol} in {scenario} are missing"))
        }
    }
}

/// What concerns no pair alone.
fn of_the_whole(baseline: &Baseline, report: &Report) -> Vec<Change> {
    let mut changes = Vec::new();
    if baseline.version != report.version {
        changes.push(Change::version(&baseline.version, &report.version));
    }
    for scenario in &baseline.scenarios {
        let now = report.scenarios.iter().find(|now| now.name == scenario.name);
        if now.is_some_and(|now| now.hash != scenario.hash) {
            changes.push(Change::scenario_text(&scenario.name));
        }
    }
    changes
}

fn of_pair(
    baseline: &Baseline,
    pair: &BaselinePair,
    said: &Said<'_>,
    calls: &Calls,
) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut cells = said.cells.get(&pair.key()).cloned().unwrap_or_default();
    for (guarantee, was) in &pair.cells {
        let found = cells.iter().position(|cell| cell.guarantee == guarantee.name());
        let is = found.map(|position| cells.remove(position));
        changes.extend(cells::of_cell(pair, *guarantee, (was, is), calls));
    }
    changes.extend(cells.into_iter().filter_map(cells::of_new_cell));
    if let Some(measures) = said.measures.get(&pair.key()) {
        changes.extend(measures::of_measures(pair, measures, &baseline.tolerances));
    }
    changes
}

/// A pair that the baseline does not know: news, but what breaks its promise there is no better
/// for being new.
fn of_new_pair(pair: Pair<'_>, said: &Said<'_>) -> Vec<Change> {
    let (protocol, scenario) = pair;
    let cells = said.cells.get(&pair).into_iter().flatten();
    let wrong = cells.filter(|cell| cell.standing == Standing::Regression);
    let wrong = wrong.filter_map(|cell| cells::of_new_cell(cell));
    std::iter::once(Change::new_pair(protocol, scenario)).chain(wrong).collect()
}

impl<'a> Said<'a> {
    fn of(report: &'a Report) -> Self {
        let measures = report
            .measures
            .iter()
            .map(|row| ((row.protocol.as_str(), row.scenario.as_str()), row))
            .collect();
        let mut cells: BTreeMap<Pair<'a>, Vec<&ReportCell>> = BTreeMap::new();
        for cell in report.sampled() {
            cells.entry((&cell.protocol, &cell.scenario)).or_default().push(cell);
        }
        Self { measures, cells }
    }
}
