//! `locklab report`: any face of a report, made later from its file.

use super::compare::page;
use super::exit::Exit;
use super::faces::Faces;
use super::join::Join;
use super::output::Output;
use super::trouble::Trouble;
use super::{load_report, output};
use crate::markdown;
use crate::terminal::Terminal;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Shows a report that was written before.
#[derive(Args, Debug)]
pub(super) struct Report {
    /// A report, as `compare --json`, `run --json` or `live --json` writes it
    #[arg(value_name = "REPORT.json")]
    report: PathBuf,
    #[command(flatten)]
    join: Join,
    /// Write the report for programs to this file, with the checks that joined it
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
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
        let mut report = load_report(&self.report)?;
        self.join.to(&mut report, false)?;
        let unfit = |why| Trouble::unfit("a report", &self.report, &why);
        let comparison = report.comparison().map_err(unfit)?;
        let json = self.json.as_deref().map(Output::at).transpose()?;
        let open = self.faces.open()?;
        let (_, wants_page) = open.wants();
        if wants_page && report.is_of_processes() {
            let why = "real processes were run; `locklab live --html` makes a page of a run";
            return Err(Trouble::unfit("a report that a page can be made of", &self.report, &why));
        }
        if let Some(json) = json {
            let text = report.to_json();
            json.write(|file| file.write_all(text.as_bytes()))?;
        }
        open.write(&report)?;
        let text = match self.format {
            Format::Json => report.to_json(),
            Format::Markdown => markdown::markdown(&report),
            Format::Table => page(&comparison, &report, terminal),
        };
        output::print(&text)?;
        Ok(Exit::of(&comparison.cells).max(report.model_exit()))
    }
}
