//! `locklab merge`: the parts of a comparison, put together.

use super::compare::page;
use super::exit::Exit;
use super::load_simulated;
use super::output::{self, Output};
use super::trouble::Trouble;
use crate::merge::{Part, merge};
use crate::terminal::Terminal;
use clap::Args;
use std::path::PathBuf;

/// Puts the parts of a comparison together: the same bytes as from one machine.
#[derive(Args, Debug)]
pub(super) struct Merge {
    /// The reports of all parts, in any order
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
}
