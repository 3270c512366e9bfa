//! `locklab gate`: is everything as it was?

use super::exit::Exit;
use super::join::Join;
use super::output::{self, Output};
use super::play::Played;
use super::trouble::Trouble;
use super::{choose, heading, load_simulated, note, read_text};
use crate::Calls;
use crate::gate::{Baseline, Change, Tolerances, Why, changes};
use crate::report::{Ran, Report, Seeds};
use crate::terminal::{Paint, Terminal, many};
use clap::Args;
use locklab_scenarios::catalogue;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use std::fmt::Write as _;
use std::path::PathBuf;

/// So many news are shown unless all are asked for.
const SHOWN: usize = 20;

/// Compares with what is known to come out, and fails where something got worse.
#[derive(Args, Debug)]
pub(super) struct Gate {
    /// The baseline: which protocols, scenarios and seeds to run, what comes out, and how much
    /// worse it may be
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,
    /// The report of a comparison that has been made already, instead of making one
    #[arg(long, value_name = "REPORT")]
    json: Option<PathBuf>,
    #[command(flatten)]
    join: Join,
    /// Take what comes out now as the baseline, and show how it changes. Its tolerances stay. If
    /// there is no such file, it is made of the report, or of the whole catalogue with 20 seeds
    #[arg(long)]
    update: bool,
    /// Show all news, however many
    #[arg(long)]
    all: bool,
    /// No progress and no notes
    #[arg(long, short)]
    quiet: bool,
}

impl Gate {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let baseline = self.baseline()?;
        let output = self.update.then(|| Output::at(&self.baseline)).transpose()?;
        let mut report = match &self.json {
            Some(path) => load_simulated(path)?,
            None => match self.played(baseline.as_ref())? {
                Some(report) => report,
                None => return Ok(Exit::Stopped),
            },
        };
        self.join.to(&mut report, self.quiet)?;
        let changes = match &baseline {
            Some(baseline) if self.update && baseline.seeds != report.seeds => {
                note(self.quiet, "the seeds are others, so the two cannot be compared");
                Vec::new()
            }
            Some(baseline) => changes(baseline, &report).map_err(Trouble::Asked)?,
            None => Vec::new(),
        };
        output::print(&self.page(&changes, &report, terminal))?;
        if let Some(output) = output {
            let tolerances = baseline.map_or_else(Tolerances::default, |old| old.tolerances);
            let text = Baseline::of(&report, tolerances).to_json();
            output.write(|file| file.write_all(text.as_bytes()))?;
            return Ok(Exit::Fine);
        }
        let is_red = changes.iter().any(|change| change.why.is_regression());
        Ok(if is_red { Exit::Broken } else { Exit::Fine })
    }

    /// The baseline; none if one is about to be made.
    fn baseline(&self) -> Result<Option<Baseline>, Trouble> {
        if self.update && !self.baseline.exists() {
            return Ok(None);
        }
        let text = read_text(&self.baseline)?;
        let read = Baseline::from_json(&text);
        read.map(Some).map_err(|why| Trouble::unfit("a baseline", &self.baseline, &why))
    }

    /// Runs what the baseline ran; `None` if somebody stopped it.
    fn played(&self, baseline: Option<&Baseline>) -> Result<Option<Report>, Trouble> {
        let (contestants, scenarios, calls) = match baseline {
            Some(baseline) => self.named(baseline)?,
            None => (Contestants::shelf(), catalogue::all(), Calls::default()),
        };
        let seeds = baseline.map_or(Seeds { first: 1, count: 20 }, |baseline| baseline.seeds);
        let range = seeds.first..seeds.first + seeds.count;
        let played = Played::of(&contestants, &scenarios, range, self.quiet)?;
        if played.is_stopped() {
            note(false, "stopped: runs are missing; nothing is compared");
            return Ok(None);
        }
        let ran = Ran { contestants: &contestants, scenarios: &scenarios, seeds, calls: &calls };
        Ok(Some(Report::of(&played.comparison, &ran)))
    }

    /// What the baseline names, as far as it is still there.
    fn named(&self, baseline: &Baseline) -> Result<(Contestants, Vec<Scenario>, Calls), Trouble> {
        let shelf = Contestants::shelf();
        let mut calls = Calls::default();
        let mut scenarios = Vec::new();
        for known in &baseline.scenarios {
            let name = known.path.as_deref().unwrap_or(&known.name);
            match choose::scenario(name, &mut calls) {
                Ok(scenario) => scenarios.push(scenario),
                Err(why) => note(self.quiet, &format!("{}: {why}", known.name)),
            }
        }
        let there = |name: &&String| {
            let there = shelf.entry(name);
            if let Err(why) = &there {
                note(self.quiet, &format!("{name}: {why}"));
            }
            there.is_ok()
        };
        let names: Vec<&String> = baseline.protocols.iter().filter(there).collect();
        Ok((shelf.only(&names).map_err(Trouble::Asked)?, scenarios, calls))
    }

    fn page(&self, changes: &[Change], report: &Report, terminal: &Terminal) -> String {
        let (red, news): (Vec<&Change>, Vec<&Change>) =
            changes.iter().partition(|change| change.why.is_regression());
        let mut page = String::new();
        if !red.is_empty() {
            page += &heading(terminal, "What must not change");
            page += &listed(&red, terminal);
        }
        if !news.is_empty() {
            page += &heading(terminal, "News");
            let shown = if self.all { news.len() } else { news.len().min(SHOWN) };
            page += &listed(&news[..shown], terminal);
            if shown < news.len() {
                let _ = writeln!(page, "and {} more; `--all` shows them\n", news.len() - shown);
            }
        }
        let outcome = match (self.update, red.is_empty()) {
            (true, _) => "the baseline is written anew",
            (false, true) => "the gate is green",
            (false, false) => "the gate is RED",
        };
        let pairs = report.measures.len();
        let checks = match report.checks.len() {
            0 => String::new(),
            number => format!(", {} of the model checker", many(number, "configuration")),
        };
        let _ = writeln!(
            page,
            "{pairs} pairs of a protocol and a scenario{checks}, {} regressions, {} news: {outcome}.",
            red.len(),
            news.len()
        );
        if !self.update && !red.is_empty() {
            let path = self.baseline.display();
            let _ = writeln!(
                page,
                "If this is meant: locklab gate --baseline {path} --update, and read the difference."
            );
        }
        page
    }
}

/// Changes by their places, one line each.
fn listed(changes: &[&Change], terminal: &Terminal) -> String {
    let mut page = String::new();
    for of_place in changes.chunk_by(|one, other| one.place() == other.place()) {
        let _ = writeln!(page, "{}", terminal.paint(Paint::Bold, &of_place[0].place()));
        for change in of_place {
            let Change { what, was, is, note, .. } = change;
            let what = what.as_deref().unwrap_or("");
            let note = note.as_ref().map(|note| format!("  ({note})")).unwrap_or_default();
            let text = format!("  {:<11} {what:<17} {was} -> {is}{note}", change.why.name());
            let paint = match change.why {
                why if why.is_regression() => Paint::Bad,
                Why::Better => Paint::Good,
                _ => Paint::Plain,
            };
            let _ = writeln!(page, "{}", terminal.paint(paint, &terminal.wrap(&text, 32)));
            if let Some(replay) = &change.replay
                && change.why.is_regression()
            {
                let _ = writeln!(page, "              {replay}");
            }
        }
        page.push('\n');
    }
    page
}
