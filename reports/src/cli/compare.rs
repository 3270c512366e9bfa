//! `locklab compare`: every lock in every scenario on the same seeds.

use super::exit::Exit;
use super::faces::Faces;
use super::output::{self, Output};
use super::play::Played;
use super::report::Format;
use super::trouble::Trouble;
use super::{choose, heading, note};
use crate::checks;
use crate::markdown::markdown;
use crate::merge::Shard;
use crate::report::{Ran, Report, ReportShard, Seeds};
use crate::tables::{Board, detail, findings, glance, measures, models};
use crate::terminal::{Terminal, many};
use clap::{Args, value_parser};
use locklab_scenarios::judge::{Cell, Judgement, Wish};
use locklab_scenarios::search::failure_rate_at_most;
use locklab_scenarios::suite::Comparison;
use std::path::PathBuf;

/// So many seeds find what the catalogue expects.
const USUAL_SEEDS: u64 = 20;

fn is_blind(cell: &Cell) -> bool {
    matches!(cell.as_wished, Wish::Blind(_))
}

/// Lets locks meet scenarios on the same seeds.
#[derive(Args, Debug)]
pub(super) struct Compare {
    /// A lock; may be given several times [default: all]
    #[arg(long = "protocol", value_name = "PROTOCOL")]
    protocols: Vec<String>,
    /// A scenario of the catalogue or the path of a scenario file; may be given several times
    /// [default: the whole catalogue]
    #[arg(long = "scenario", value_name = "SCENARIO")]
    scenarios: Vec<String>,
    /// How many seeds each pair is run with
    #[arg(long, value_name = "N", default_value_t = USUAL_SEEDS, value_parser = value_parser!(u64).range(1..=1_000_000))]
    seeds: u64,
    /// The first of these seeds
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = value_parser!(u64).range(..=1 << 62))]
    first_seed: u64,
    /// Run one part of so many, such as `3/8`: a share of the seeds. `locklab merge` makes a whole
    /// of the reports of all parts, to the byte. A part is not judged
    #[arg(long, value_name = "I/N", requires = "json")]
    shard: Option<Shard>,
    /// Write the report for programs to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    faces: Faces,
    /// What to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// No progress and no notes
    #[arg(long, short)]
    quiet: bool,
}

impl Compare {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let contestants = choose::protocols(&self.protocols)?;
        let (scenarios, calls) = choose::scenarios(&self.scenarios)?;
        let json = self.json.as_deref().map(Output::at).transpose()?;
        let faces = self.faces.open()?;
        let seeds = self.share();
        let range = seeds.first..seeds.first + seeds.count;
        let played = Played::of(&contestants, &scenarios, range, self.quiet)?;
        let comparison = &played.comparison;
        if comparison.measures.is_empty() && !played.is_stopped() {
            let message = "none of these scenarios is for any of these protocols".to_owned();
            return Err(Trouble::Asked(message));
        }
        let missing = missing(comparison, seeds);
        let ran = Ran { contestants: &contestants, scenarios: &scenarios, seeds, calls: &calls };
        let mut report = Report::of(comparison, &ran);
        report.shard = self.shard.map(|Shard { number, of }| {
            let whole = Seeds { first: self.first_seed, count: self.seeds };
            ReportShard { number, of, whole }
        });
        let (faced, told) = faces.wants();
        if missing > 0 {
            note(false, &format!("stopped: {missing} runs are missing; no report is written"));
        } else {
            if json.is_some() || told {
                report = report.with_failures(comparison, &ran);
            }
            if faced {
                faces.write(&report)?;
            }
            if let Some(json) = json {
                let text = report.to_json();
                json.write(|file| file.write_all(text.as_bytes()))?;
            }
        }
        if let Some(shard) = self.shard {
            if missing == 0 {
                let Seeds { first, count } = seeds;
                output::print(&format!("part {shard}: {count} seeds from {first}\n"))?;
            }
            return Ok(if missing > 0 { Exit::Stopped } else { Exit::Fine });
        }
        if self.seeds < USUAL_SEEDS && comparison.cells.iter().any(is_blind) {
            let text = "with so few seeds a rare break may not be found; the catalogue knows what \
                        the usual 20 seeds find";
            note(self.quiet, text);
        }
        let text = match self.format {
            Format::Table => page(comparison, &report, terminal),
            Format::Json => report.to_json(),
            Format::Markdown => markdown(&report),
        };
        output::print(&text)?;
        Ok(if missing > 0 { Exit::Stopped } else { Exit::of(&comparison.cells) })
    }

    /// The seeds that are run here.
    fn share(&self) -> Seeds {
        let shard = self.shard.unwrap_or(Shard { number: 1, of: 1 });
        let (first, count) = shard.share(self.first_seed, self.seeds);
        Seeds { first, count }
    }
}

/// How many runs were asked for and not made.
fn missing(comparison: &Comparison, seeds: Seeds) -> u64 {
    comparison.measures.iter().map(|row| seeds.count.saturating_sub(row.runs)).sum()
}

/// In how many scenarios costs are shown: of few all are of interest.
const FEW: usize = 4;

/// What a comparison says at a terminal. Costs are shown in all scenarios, if they are few, or else
/// in the first without faults.
pub(super) fn page(comparison: &Comparison, report: &Report, terminal: &Terminal) -> String {
    let board = Board::of(comparison);
    let mut measured = board.scenarios.clone();
    if measured.len() > FEW {
        let calm = |name: &&str| {
            report.scenarios.iter().any(|known| known.name == *name && known.faults.is_empty())
        };
        measured.retain(calm);
        measured.truncate(2);
    }
    if measured.is_empty() {
        measured.extend(board.scenarios.first());
    }
    let live = report.is_of_processes();
    let mut page = heading(terminal, "What holds");
    page += &glance(&board, terminal);
    if board.scenarios.len() > 1 {
        page += &format!("\n{}", heading(terminal, "What breaks where"));
        page += &detail(&board, terminal);
    }
    let time = if live { "real" } else { "simulated" };
    page += &format!("\n{}", heading(terminal, &format!("What it costs ({time} time)")));
    page += &measures(&board, terminal, &measured);
    page += &findings(&board, &report.calls(), terminal);
    if !report.checks.is_empty() {
        page = format!("{}\n\n{}\n", page.trim_end(), models(report, terminal).trim_end());
    }
    let Seeds { first, count } = report.seeds;
    let last = first.saturating_add(count.saturating_sub(1));
    let ran = if live { "live".to_owned() } else { format!("seeds {first} to {last}") };
    page += &format!("\n{}\n", summary(comparison, &board, (&ran, count)));
    if !report.checks.is_empty() {
        page += &format!("The model checker: {}\n", checks::summary(&report.checks));
    }
    page
}

fn summary(comparison: &Comparison, board: &Board<'_>, (ran, count): (&str, u64)) -> String {
    let runs: u64 = comparison.measures.iter().map(|row| row.runs).sum();
    let broken = |cell: &&Cell| cell.verdict == Judgement::Broken;
    let found = comparison.cells.iter().filter(broken).count();
    let complaints = comparison.cells.iter().filter(|cell| !cell.as_wished.is_fine()).count();
    let protocols = many(board.protocols.len(), "protocol");
    let scenarios = many(board.scenarios.len(), "scenario");
    let outcome = match complaints {
        0 => "all is as promised and expected".to_owned(),
        1 => "1 is NOT as it should be".to_owned(),
        _ => format!("{complaints} are NOT as they should be"),
    };
    let room = failure_rate_at_most(count) * 100.0;
    format!(
        "{runs} runs: {protocols}, {scenarios}, {ran}.\n\
         {found} of {} cells broke; {outcome}.\n\
         What held in {} may break in up to {room:.1} % of such runs (95 % confidence).",
        comparison.cells.len(),
        many(count, "run")
    )
}
