//! `locklab check`: every interleaving of a small system, within bounds.

mod artifacts;
mod timed;
mod walks;

use super::exit::Exit;
use super::note;
use super::output::{self, Output};
use super::trouble::Trouble;
use crate::checks::{Checked, Report, page};
use crate::terminal::Terminal;
use clap::{Args, value_parser};
use indicatif::{ProgressBar, ProgressDrawTarget};
use locklab_models::{Limits, MOST_NODES, Progress, Size, Subject, subjects};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::sim::text::parse_duration;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Checks every interleaving of a small system.
#[derive(Args, Debug)]
pub(super) struct Check {
    /// Which locks [default: all that have a model]
    #[arg(value_name = "PROTOCOL")]
    protocols: Vec<String>,
    #[command(flatten)]
    size: SizeArguments,
    /// Give up a configuration after so many million states; what is left is unknown then
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = value_parser!(u16).range(1..))]
    million_states: u16,
    /// Draw the border between what a lease excludes and what it does not: clocks, pauses, margins
    #[arg(long, conflicts_with_all = ["walk", "out"])]
    timed: bool,
    /// Walk at random beyond the bounds, for so long in each configuration, e.g. 30s
    #[arg(long, value_name = "TIME", value_parser = parse_duration, conflicts_with = "out")]
    walk: Option<Duration>,
    /// Make so many walks in each configuration, and look at no clock
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..), conflicts_with = "out")]
    walks: Option<u64>,
    /// Draw the walks from this seed
    #[arg(long, value_name = "K", default_value_t = 1)]
    seed: u64,
    /// Write what breaks into this folder, for `locklab replay`
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write the report for programs to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// No progress and no notes, and no stories
    #[arg(long, short)]
    quiet: bool,
}

/// How large the system is.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct SizeArguments {
    /// How many servers, for locks that may have several [default: 3]
    #[arg(long, value_name = "N", value_parser = value_parser!(u8).range(1..=5))]
    servers: Option<u8>,
    /// How many clients [default: 2]
    #[arg(long, value_name = "N", value_parser = value_parser!(u8).range(2..=3))]
    clients: Option<u8>,
}

impl SizeArguments {
    pub(super) fn size(self) -> Result<Size, Trouble> {
        let (servers, clients) = (self.servers.unwrap_or(3), self.clients.unwrap_or(2));
        // Besides them, the storage.
        let nodes = usize::from(servers) + usize::from(clients) + 1;
        if nodes > MOST_NODES {
            return Err(Trouble::Asked(format!(
                "{servers} servers, {clients} clients and the storage are {nodes} nodes; a model has \
                 room for {MOST_NODES}: ask for fewer servers or clients"
            )));
        }
        Ok(Size { servers: self.servers.map(usize::from), clients: self.clients.map(usize::from) })
    }
}

/// The configurations of these locks, or of all.
pub(super) fn chosen(names: &[String], size: Size) -> Result<Vec<Box<dyn Subject>>, Trouble> {
    let modelled = models(Size::default());
    if let Some(name) = names.iter().find(|name| !modelled.contains(&name.as_str())) {
        if name != "storage" {
            Contestants::shelf().entry(name).map_err(Trouble::Asked)?;
        }
        let there = modelled.join(", ");
        return Err(Trouble::Asked(format!("`{name}` has no model; there are: {there}")));
    }
    let sized = models(size);
    if let Some(name) = names.iter().find(|name| !sized.contains(&name.as_str())) {
        let servers = size.servers.unwrap_or_default();
        return Err(Trouble::Asked(format!("`{name}` does not come with --servers {servers}")));
    }
    let mut chosen = subjects(size);
    chosen.retain(|one| names.is_empty() || names.iter().any(|name| name == one.protocol()));
    Ok(chosen)
}

fn models(size: Size) -> Vec<&'static str> {
    let mut names: Vec<&str> = subjects(size).iter().map(|subject| subject.protocol()).collect();
    names.dedup();
    names
}

impl Check {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        if self.timed {
            return self.run_timed(terminal);
        }
        let subjects = chosen(&self.protocols, self.size.size()?)?;
        if self.walk.is_some() || self.walks.is_some() {
            return self.run_walks(&subjects);
        }
        let json = self.json.as_deref().map(Output::at).transpose()?;
        let stop = Arc::new(AtomicBool::new(false));
        super::on_ctrl_c(&stop)?;
        let mut report = Report::default();
        for (place, subject) in subjects.iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            let watch = Watch::new(self.quiet, (place + 1, subjects.len()), subject.protocol());
            let found = watch.over(|progress| subject.check(self.limits(), progress), &stop);
            let checked = Checked::of(subject.as_ref(), &found);
            output::print(&page(&checked, terminal, !self.quiet))?;
            if let Some(folder) = &self.out {
                artifacts::write(folder, subject.as_ref(), &found)?;
            }
            report.checks.push(checked);
        }
        let missing = subjects.len() - report.checks.len();
        if stop.load(Ordering::Relaxed) {
            note(false, &format!("stopped: {missing} checks are missing; no report is written"));
            return Ok(Exit::Stopped);
        }
        if let Some(json) = json {
            let text = report.to_json();
            json.write(|file| file.write_all(text.as_bytes()))?;
        }
        output::print(&format!("{}\n", report.summary()))?;
        Ok(report.exit())
    }

    fn limits(&self) -> Limits {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let states = usize::from(self.million_states) * 1_000_000;
        Limits { threads, breadth: states.min(3_000_000), states }
    }
}

/// The line that tells how far a check has come, on a terminal.
struct Watch {
    bar: ProgressBar,
    /// What is counted beside moves.
    counted: &'static str,
    /// How long it may take.
    budget: Option<Duration>,
}

impl Watch {
    fn new(quiet: bool, (place, all): (usize, usize), protocol: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if !quiet && std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.set_prefix(format!("{place}/{all} {protocol}"));
            let template = "{prefix}: {wide_msg}";
            bar.set_style(
                indicatif::ProgressStyle::with_template(template).expect("a good template"),
            );
        }
        Self { bar, counted: "states", budget: None }
    }

    /// Over random walks, not states, for so long.
    fn of_walks(self, budget: Option<Duration>) -> Self {
        Self { counted: "walks", budget, ..self }
    }

    fn over<T>(
        self,
        check: impl FnOnce(&mut dyn FnMut(Progress) -> bool) -> T,
        stop: &AtomicBool,
    ) -> T {
        let mut told = Duration::ZERO;
        let mut watch = |progress: Progress| {
            let now = self.bar.elapsed();
            if !self.bar.is_hidden() && now > told + Duration::from_millis(200) {
                told = now;
                self.bar.set_message(self.words(progress));
            }
            !stop.load(Ordering::Relaxed) && self.budget.is_none_or(|budget| now < budget)
        };
        let found = check(&mut watch);
        self.bar.finish_and_clear();
        found
    }

    fn words(&self, progress: Progress) -> String {
        let Progress { generated, unique, depth, queue } = progress;
        let seconds = self.bar.elapsed().as_secs().max(1);
        let rate = generated as u64 / seconds;
        let queue = queue.map_or_else(String::new, |queue| format!(", {queue} in the queue"));
        let memory = memory().map_or_else(String::new, |mib| format!(", {mib} MiB"));
        let counted = self.counted;
        format!("{unique} {counted} of {generated}, {rate}/s, depth {depth}{queue}{memory}")
    }
}

/// How much memory this process has, in MiB, where the system tells.
fn memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024)
}
