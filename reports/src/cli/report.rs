//! `locklab report`: any face of a report, made later from its file.

use super::compare::page;
use super::exit::Exit;
use super::faces::Faces;
use super::output;
use super::trouble::Trouble;
use crate::markdown;
use crate::report::Report as Record;
use crate::terminal::Terminal;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Shows a report that was written before.
#[derive(Args, Debug)]
pub(super) struct Report {
    /// A report, as `compare --json` or `run --json` writes it
    #[arg(value_name = "REPORT.json")]
    report: PathBuf,
    #[command(flatten)]
    faces: Faces,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// How results are printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Format {
    /// Tables for a terminal
    Table,
    /// The record itself, for programs
    Json,
    /// Text for a pull request
    Markdown,
}

impl Report {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let name = self.report.display();
        let wrong = |what: String| Trouble::File(format!("{name}: {what}"));
        let bytes = std::fs::read(&self.report)
            .map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is no text".to_owned()))?;
        let report = Record::from_json(&text).map_err(|why| wrong(why.to_string()))?;
        let comparison = report.comparison().map_err(|why| wrong(why.to_string()))?;
        let open = self.faces.open()?;
        open.write(&report)?;
        let text = match self.format {
            Format::Json => report.to_json(),
            Format::Markdown => markdown::markdown(&report),
            Format::Table => page(&comparison, &report, terminal),
        };
        output::print(&text)?;
        Ok(Exit::of(&comparison.cells))
    }
}
