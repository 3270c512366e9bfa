//! `locklab check --out`: what breaks in the model, as artifacts that the simulator plays.

use crate::cli::output;
use crate::cli::trouble::Trouble;
use crate::staging::{self, Play, Rates};
use locklab_models::{Finding, Report, Subject};
use std::path::Path;

/// Writes one folder for each break that can be staged, and says so of each that cannot.
pub(super) fn write(folder: &Path, subject: &dyn Subject, report: &Report) -> Result<(), Trouble> {
    for (guarantee, finding) in &report.findings {
        let Finding::Broken { story, route, .. } = finding else { continue };
        let guarantee = *guarantee;
        let stage = staging::scenery(subject, guarantee, story);
        let protocol = subject.protocol();
        let play = Play { protocol, guarantee, route, stage, rates: Rates::default() };
        let text = match staging::stage(&play) {
            Ok((artifact, outcome)) => {
                let folder = folder.join(&artifact.scenario.name);
                artifact
                    .save(&folder, &outcome)
                    .map_err(|error| Trouble::unwritable(&folder, &error))?;
                format!("{guarantee} breaks in the simulator too: {}\n", folder.display())
            }
            Err(why) => format!("{guarantee} is not staged: {why}\n"),
        };
        output::print(&text)?;
    }
    output::print("\n")
}
