//! What the model checker said, beside what it says.
//!
//! A search has no chance in it and no rates: a guarantee is exhausted or it is not, so there is
//! nothing to weigh. And its catalogue says of every configuration what is to come out, so what
//! the baseline does not know is judged too: a new check that is not as it should be is red.

#[cfg(test)]
mod tests;

use super::baseline::Baseline;
use super::change::{Change, Why};
use crate::checks::Checked;
use crate::report::{Report, ReportCell, ReportVerdict, Standing};
use locklab_protocols::spec::Guarantee;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is known of a configuration of the model checker.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineModel {
    /// The protocol.
    pub protocol: String,
    /// What the configuration is about.
    pub about: String,
    /// How far the search went.
    pub bounds: String,
    /// How many different states it has seen.
    pub states: u64,
    /// What became of each guarantee.
    pub cells: BTreeMap<Guarantee, ReportVerdict>,
}

impl BaselineModel {
    /// What is known from now on of each check that joined a report.
    pub(super) fn all_of(report: &Report) -> Vec<Self> {
        let known = |check: &Checked| Self {
            protocol: check.protocol.clone(),
            about: check.about.clone(),
            bounds: check.bounds.clone(),
            states: check.states,
            cells: report
                .cells_of(check)
                .filter_map(|cell| Some((cell.guarantee().ok()?, cell.verdict)))
                .collect(),
        };
        report.checks.iter().map(known).collect()
    }

    pub(super) fn key(&self) -> (&str, &str) {
        (&self.protocol, &self.about)
    }

    fn scenario(&self) -> String {
        format!("model: {}", self.about)
    }

    fn change(&self, what: &str, why: Why) -> Change {
        Change::of((&self.protocol, &self.scenario()), what, why)
    }
}

/// Everything that changed of the model checker, in the order of the baseline.
pub(super) fn of_models(baseline: &Baseline, report: &Report) -> Vec<Change> {
    let mut changes = Vec::new();
    for model in &baseline.models {
        let same = |check: &&Checked| (check.protocol.as_str(), &*check.about) == model.key();
        match report.checks.iter().find(same) {
            Some(check) => changes.extend(of_model(model, check, report)),
            None => {
                let note = "`--check` takes in what `locklab check --json` wrote";
                let change = Change::gone(Some(&model.protocol), &model.scenario());
                changes.push(change.between("was checked", "is in no check").noted(note));
            }
        }
    }
    for check in &report.checks {
        let key = (check.protocol.as_str(), check.about.as_str());
        if !baseline.models.iter().any(|model| model.key() == key) {
            changes.push(Change::new_pair(&check.protocol, &check.scenario()));
            let wrong = report.cells_of(check).filter(|cell| cell.standing != Standing::AsExpected);
            changes.extend(wrong.map(|cell| of_cell(None, cell)));
        }
    }
    changes
}

fn of_model(model: &BaselineModel, check: &Checked, report: &Report) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut seen = Vec::new();
    for cell in report.cells_of(check) {
        let was = Guarantee::ALL.into_iter().find(|known| known.name() == cell.guarantee);
        let was = was.and_then(|guarantee| {
            seen.push(guarantee);
            model.cells.get(&guarantee).copied()
        });
        let is_news = was.is_some() || cell.standing != Standing::AsExpected;
        if was != Some(cell.verdict) && is_news {
            changes.push(of_cell(was, cell));
        }
    }
    for (guarantee, was) in model.cells.iter().filter(|(known, _)| !seen.contains(known)) {
        let change = model.change(guarantee.name(), Why::NotExercised);
        changes.push(change.between(word(*was), "the check says nothing of it"));
    }
    if model.bounds != check.bounds {
        let change = model.change("bounds", Why::Text).between(&model.bounds, &check.bounds);
        changes.push(change.noted("what is exhausted is so within these"));
    } else if model.states != check.states {
        let states = |number: u64| format!("{number}");
        let change = model.change("states", Why::Moved);
        changes.push(change.between(states(model.states), states(check.states)));
    }
    changes
}

/// A guarantee that came out otherwise, or of which the baseline says nothing.
fn of_cell(was: Option<ReportVerdict>, is: &ReportCell) -> Change {
    use ReportVerdict::{Broken, Held, NotExercised, Unknown};
    let why = match (was, is.verdict) {
        (Some(Held | Unknown | NotExercised), Broken) => Why::Breaks,
        (Some(Broken), Held) => Why::Blind,
        (Some(_), Held) => Why::Better,
        (Some(_), Unknown) => Why::Unknown,
        (Some(_), NotExercised) => Why::NotExercised,
        (Some(Broken), Broken) => Why::Moved,
        (None, _) if is.standing == Standing::AsExpected => Why::New,
        // It breaks as it should, and yet the search has not looked.
        (None, Broken) if is.standing == Standing::Undecided => Why::NotExercised,
        (None, Broken) => Why::Breaks,
        (None, Held) => Why::Blind,
        (None, Unknown) => Why::Unknown,
        (None, NotExercised) => Why::NotExercised,
    };
    let was = was.map_or("not in the baseline", word);
    let change = Change::of((&is.protocol, &is.scenario), &is.guarantee, why);
    let change = change.between(was, word(is.verdict)).replayed(is.replay.clone());
    match is.verdict {
        Held => change,
        Broken | Unknown | NotExercised => change.noted(is.reason.clone()),
    }
}

fn word(verdict: ReportVerdict) -> &'static str {
    match verdict {
        ReportVerdict::Held => "exhausted",
        ReportVerdict::Broken => "broken",
        ReportVerdict::Unknown => "unknown",
        ReportVerdict::NotExercised => "not proved",
    }
}
