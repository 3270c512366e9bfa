//! What the model checker says, in the report of a comparison.
//!
//! The two look at the same locks in different ways: a comparison samples runs, a search exhausts
//! what can happen within bounds. A report keeps both, and never mixes them: the cells of searches
//! say that they are ([`Source::Model`]), no table of runs counts them, and the checks of which
//! they were made stand beside them, with bounds and stories. A cell that is not what its check
//! says makes the report contradict itself.

#[cfg(test)]
mod tests;

use super::{NoReport, Report, ReportCell, Source};
use crate::checks::{self, Checked, Commands, sound};
use crate::cli::Exit;

/// What became of checks that were to join a report.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Joined {
    /// How many joined it.
    pub added: usize,
    /// How many it had already.
    pub known: usize,
    /// Locks that the report does not have, whose checks were left out; each once.
    pub left_out: Vec<String>,
}

impl Report {
    /// The cells of runs, of the simulator or of real processes.
    pub fn sampled(&self) -> impl Iterator<Item = &ReportCell> {
        self.cells.iter().filter(|cell| cell.source != Source::Model)
    }

    /// The cells of searches of the model checker.
    pub fn modelled(&self) -> impl Iterator<Item = &ReportCell> {
        self.cells.iter().filter(|cell| cell.source == Source::Model)
    }

    /// The cells of one check, in the order of its guarantees.
    pub fn cells_of<'a>(&'a self, check: &'a Checked) -> impl Iterator<Item = &'a ReportCell> {
        let scenario = check.scenario();
        self.modelled()
            .filter(move |cell| cell.protocol == check.protocol && cell.scenario == scenario)
    }

    /// The checks of a protocol.
    pub fn checks_of<'a>(&'a self, protocol: &'a str) -> impl Iterator<Item = &'a Checked> {
        self.checks.iter().filter(move |check| check.protocol == protocol)
    }

    /// What the searches come to: the worst of them.
    pub fn model_exit(&self) -> Exit {
        self.checks.iter().map(Checked::exit).max().unwrap_or(Exit::Fine)
    }

    /// Takes in what the model checker found of the report's protocols. What it has already it
    /// does not take twice, so that a step of a pipeline may be run again.
    ///
    /// # Errors
    ///
    /// If the report is a part of one, or has another check of the same configuration: of two that
    /// do not agree one is out of date, and only who made them knows which.
    pub fn join(&mut self, found: checks::Report) -> Result<Joined, String> {
        if let Some(shard) = self.shard {
            let (number, of) = (shard.number, shard.of);
            return Err(format!(
                "the report is part {number}/{of} of one; `locklab merge` makes it whole, and then \
                 checks can join it"
            ));
        }
        let mut joined = Joined::default();
        let mut new = Vec::new();
        for check in found.checks {
            let same = |known: &&Checked| {
                (&known.protocol, &known.about) == (&check.protocol, &check.about)
            };
            if !self.protocols.iter().any(|protocol| protocol.name == check.protocol) {
                if !joined.left_out.contains(&check.protocol) {
                    joined.left_out.push(check.protocol);
                }
            } else if let Some(known) = self.checks.iter().find(same) {
                if *known != check {
                    return Err(format!(
                        "the report has {} already, and it says something else; join it to the \
                         report as it was before that",
                        check.name()
                    ));
                }
                joined.known += 1;
            } else {
                new.push(check);
            }
        }
        joined.added = new.len();
        let commands = Commands::all();
        self.cells.extend(new.iter().flat_map(|check| check.cells(commands.of(check))));
        self.checks.extend(new);
        Ok(joined)
    }

    /// That its checks can be, that they are of its protocols, and that its cells say what they do.
    pub(super) fn model_is_sound(&self) -> Result<(), NoReport> {
        let wrong = |what: String| Err(NoReport(format!("it contradicts itself: {what}")));
        sound(&self.checks).map_err(NoReport)?;
        let known = |name: &String| self.protocols.iter().any(|protocol| protocol.name == *name);
        if let Some(check) = self.checks.iter().find(|check| !known(&check.protocol)) {
            return wrong(format!("{} is of none of its protocols", check.name()));
        }
        let mut cells = self.modelled();
        for check in &self.checks {
            for mut expected in check.cells(None) {
                let name = expected.name();
                // Other versions may come to the same check by another command.
                let found = cells.next();
                expected.replay = found.and_then(|cell| cell.replay.clone());
                if found != Some(&expected) {
                    return wrong(format!("it does not say what the check says of {name}"));
                }
            }
        }
        match cells.next() {
            None => Ok(()),
            Some(cell) => wrong(format!("there is no check for {}", cell.name())),
        }
    }
}
