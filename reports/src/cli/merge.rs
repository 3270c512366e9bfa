//! `locklab merge`: the parts of a comparison or of a search, put together.

use super::compare::page;
use super::exit::Exit;
use super::output::{self, Output};
use super::trouble::Trouble;
use super::{load_simulated, read_text};
use crate::merge::{Part, merge};
use crate::summary::{self, Summary};
use crate::terminal::Terminal;
use clap::Args;
use std::path::PathBuf;

/// How the name of the form of every summary of a search begins.
const OF_A_SEARCH: &str = "locklab/search/";

/// Puts the parts of a comparison or of a search together: the same bytes as from one machine.
#[derive(Args, Debug)]
pub(super) struct Merge {
    /// The reports of all parts, in any order, or the summaries of all parts of a search
    #[arg(value_name = "REPORT", required = true)]
    parts: Vec<PathBuf>,
    /// Write the report of the whole to this file
    #[arg(long, short = 'o', value_name = "FILE")]
    output: PathBuf,
    /// No notes
    #[arg(long, short)]
    quiet: bool,
}

impl Merge {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let output = Output::at(&self.output)?;
        if self.is_of_a_search() {
            return self.merge_searches(output);
        }
        let read = |path: &PathBuf| Ok((path.display().to_string(), load_simulated(path)?));
        let parts = self.parts.iter().map(read).collect::<Result<Vec<Part>, Trouble>>()?;
        let report = merge(parts).map_err(Trouble::Asked)?;
        let comparison = report.comparison().map_err(|why| Trouble::Asked(why.to_string()))?;
        let text = report.to_json();
        output.write(|file| file.write_all(text.as_bytes()))?;
        super::note(self.quiet, &format!("{} parts make one whole", self.parts.len()));
        output::print(&page(&comparison, &report, terminal))?;
        Ok(Exit::of(&comparison.cells))
    }

    /// Whether the first part is of a search; what is of neither is refused later. One that is cut
    /// short still says of what it was.
    fn is_of_a_search(&self) -> bool {
        #[derive(serde::Deserialize)]
        struct Label {
            schema: String,
        }
        let Some(text) = self.parts.first().and_then(|path| read_text(path).ok()) else {
            return false;
        };
        match serde_json::from_str::<Label>(&text) {
            Ok(label) => label.schema.starts_with(OF_A_SEARCH),
            Err(_) => text.contains(&format!("\"{OF_A_SEARCH}")),
        }
    }

    fn merge_searches(&self, output: Output) -> Result<Exit, Trouble> {
        let read = |path: &PathBuf| {
            let summary = Summary::from_json(&read_text(path)?);
            let unfit = |why| Trouble::unfit("the summary of a search", path, &why);
            Ok((path.display().to_string(), summary.map_err(unfit)?))
        };
        let parts = self.parts.iter().map(read).collect::<Result<Vec<summary::Part>, Trouble>>()?;
        let whole = summary::merge(parts).map_err(Trouble::Asked)?;
        let text = whole.to_json();
        output.write(|file| file.write_all(text.as_bytes()))?;
        super::note(self.quiet, &format!("{} parts make one whole", self.parts.len()));
        let mut page = String::new();
        for finding in &whole.findings {
            let summary::FindingRow { protocol, guarantee, seed, run, times, reason, .. } = finding;
            page += &format!(
                "{protocol}: {guarantee} is promised and broke in {times} of {} runs, first in \
                 run {run} (seed {seed}): {reason}\n",
                whole.runs
            );
        }
        page += &format!("{} runs, {} findings.\n", whole.runs, whole.findings.len());
        output::print(&page)?;
        Ok(match whole.findings.is_empty() {
            false => Exit::Broken,
            true if whole.is_blind() => Exit::Undecided,
            true => Exit::Fine,
        })
    }
}
