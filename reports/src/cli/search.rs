//! `locklab search`: looks for promises that do not hold, in scenarios that nobody wrote.

use super::exit::Exit;
use super::output::{self, Output};
use super::trouble::Trouble;
use super::{choose, heading, note};
use crate::terminal::Terminal;
use clap::{Args, value_parser};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use locklab_protocols::spec::Goal;
use locklab_scenarios::artifact::Artifact;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::search::{self, Finding, Found, Reach, failure_rate_at_most};
use locklab_scenarios::shrink::{Source, USUAL_RUNS, shrink};
use locklab_scenarios::sim::fault::Kind;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a search lasts if nobody says.
const USUAL_TIME: Duration = Duration::from_secs(60);

/// Looks for promises that do not hold, in scenarios that nobody wrote.
#[derive(Args, Debug)]
pub(super) struct Search {
    /// A lock; may be given several times [default: all]
    #[arg(long = "protocol", value_name = "PROTOCOL")]
    protocols: Vec<String>,
    /// How long to search, such as `60s` or `1h` [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = locklab_scenarios::sim::text::parse_duration, conflicts_with = "runs")]
    time: Option<Duration>,
    /// How many runs to make, those of all locks together
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..))]
    runs: Option<u64>,
    /// How many threads to use [default: one for each core]
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// The number of the first scenario
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = value_parser!(u64).range(..=1 << 62))]
    first_seed: u64,
    /// Where the folders of findings go
    #[arg(long, value_name = "DIR", default_value = "findings")]
    out: PathBuf,
    /// Write the summary for programs to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Leave findings as they were found
    #[arg(long)]
    no_shrink: bool,
    /// Stop at the first finding
    #[arg(long)]
    first: bool,
    /// No progress and no notes
    #[arg(long, short)]
    quiet: bool,
}

/// The summary for programs.
#[derive(Serialize)]
struct Summary<'a> {
    schema: &'static str,
    runs: u64,
    first_seed: u64,
    findings: Vec<FindingRow<'a>>,
    goals: Vec<(&'static str, u64)>,
    faults: Vec<FaultRow>,
}

#[derive(Serialize)]
struct FindingRow<'a> {
    protocol: &'a str,
    guarantee: &'static str,
    seed: u64,
    run: u64,
    times: u64,
    reason: &'a str,
}

#[derive(Serialize)]
struct FaultRow {
    kind: &'static str,
    drawn: u64,
    bit: u64,
}

impl Search {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let contestants = choose::protocols(&self.protocols)?;
        let json = self.json.as_deref().map(Output::at).transpose()?;
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&stop);
        let heard = move || {
            if asked.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        };
        ctrlc::set_handler(heard)
            .map_err(|error| Trouble::Asked(format!("cannot listen for Ctrl-C: {error}")))?;
        let found = self.searched(&contestants, &stop)?;
        let saved = self.saved(&contestants, &found, &stop)?;
        if let Some(json) = json {
            let mut text = serde_json::to_string_pretty(&self.summary(&found))
                .expect("a summary has a form in JSON");
            text.push('\n');
            json.write(|file| file.write_all(text.as_bytes()))?;
        }
        output::print(&page(&found, &saved, terminal))?;
        Ok(exit(&found, stop.load(Ordering::Relaxed)))
    }

    fn searched(&self, contestants: &Contestants, stop: &AtomicBool) -> Result<Found, Trouble> {
        let enough = Arc::new(AtomicBool::new(false));
        if let Some(time) = self.time.or(self.runs.is_none().then_some(USUAL_TIME)) {
            let enough = Arc::clone(&enough);
            std::thread::spawn(move || {
                std::thread::sleep(time);
                enough.store(true, Ordering::Relaxed);
            });
        }
        let go_on = || !stop.load(Ordering::Relaxed) && !enough.load(Ordering::Relaxed);
        let bar = self.bar();
        let mut on_block = |found: &Found| {
            if self.first && !found.findings.is_empty() {
                enough.store(true, Ordering::Relaxed);
            }
            bar.set_position(found.runs);
            bar.set_message(format!("{} findings", found.findings.len()));
        };
        let mut pool = rayon::ThreadPoolBuilder::new();
        if let Some(jobs) = self.jobs {
            pool = pool.num_threads(usize::from(jobs));
        }
        let pool = pool
            .build()
            .map_err(|error| Trouble::Asked(format!("cannot start the threads: {error}")))?;
        let runs = self.runs.unwrap_or(u64::MAX);
        let first_seed = self.first_seed;
        let found =
            pool.install(|| search::search(contestants, first_seed, runs, &go_on, &mut on_block));
        bar.finish_and_clear();
        Ok(found)
    }

    fn bar(&self) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(self.runs, ProgressDrawTarget::hidden());
        if !self.quiet && std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let template = "{spinner} {pos} runs in {elapsed}, {per_sec}  {msg}";
            bar.set_style(ProgressStyle::with_template(template).expect("a good template"));
        }
        bar
    }

    /// Makes each finding small and writes it into a folder of its own. After Ctrl-C they are
    /// written as they were found.
    fn saved(
        &self,
        contestants: &Contestants,
        found: &Found,
        stop: &AtomicBool,
    ) -> Result<Vec<PathBuf>, Trouble> {
        let mut folders: Vec<PathBuf> = Vec::new();
        for finding in &found.findings {
            let mut folder = self.out.join(format!("{}-{}", finding.protocol, finding.guarantee));
            if folders.contains(&folder) {
                let name = format!("{}-{}-{}", finding.protocol, finding.guarantee, finding.seed);
                folder = self.out.join(name);
            }
            let as_found = self.no_shrink || stop.load(Ordering::Relaxed);
            save(contestants, finding, &folder, as_found)?;
            if !as_found {
                note(self.quiet, &format!("made {} small", folder.display()));
            }
            folders.push(folder);
        }
        Ok(folders)
    }

    fn summary<'a>(&self, found: &'a Found) -> Summary<'a> {
        let row = |finding: &'a Finding| FindingRow {
            protocol: &finding.protocol,
            guarantee: finding.guarantee.name(),
            seed: finding.seed,
            run: finding.run,
            times: finding.times,
            reason: &finding.reason,
        };
        let goals = Goal::ALL.into_iter();
        let goals = goals.map(|goal| (goal.name(), found.reach.goals.get(&goal).copied()));
        let faults = Kind::NAMES.into_iter().map(|kind| {
            let (drawn, bit) = found.reach.faults.get(kind).copied().unwrap_or_default();
            FaultRow { kind, drawn, bit }
        });
        Summary {
            schema: "locklab/search/1",
            runs: found.runs,
            first_seed: self.first_seed,
            findings: found.findings.iter().map(row).collect(),
            goals: goals.map(|(goal, runs)| (goal, runs.unwrap_or(0))).collect(),
            faults: faults.collect(),
        }
    }
}

fn save(
    contestants: &Contestants,
    finding: &Finding,
    folder: &Path,
    as_found: bool,
) -> Result<(), Trouble> {
    let entry = contestants.entry(&finding.protocol).map_err(Trouble::Asked)?;
    let (scenario, guarantee) = (&finding.scenario, finding.guarantee);
    let source = Source::Seed(finding.seed);
    let (scenario, schedule, outcome) = if as_found {
        let contestant = entry.build(scenario);
        let record = locklab_scenarios::sim::Record::Everything;
        let (outcome, schedule) = contestant.write_down(scenario, finding.seed, record);
        (scenario.clone(), schedule, outcome)
    } else {
        let shrunk = shrink(entry, scenario, &source, guarantee, USUAL_RUNS, &mut |_| {})
            .map_err(Trouble::Asked)?;
        (shrunk.scenario, shrunk.schedule, shrunk.outcome)
    };
    let artifact = Artifact::new(entry, scenario, schedule, guarantee, &outcome);
    artifact.save(folder, &outcome).map_err(|error| Trouble::unwritable(folder, &error))
}

fn page(found: &Found, folders: &[PathBuf], terminal: &Terminal) -> String {
    let mut page = heading(terminal, "What was found");
    for (finding, folder) in found.findings.iter().zip(folders) {
        let Finding { protocol, guarantee, seed, run, times, reason, .. } = finding;
        let text = format!(
            "{protocol}: {guarantee} is promised and broke in {times} of {} runs, first in run \
             {run} (seed {seed}): {reason}",
            found.runs
        );
        let _ = writeln!(page, "{}", terminal.wrap(&text, 2));
        let _ = writeln!(page, "  cargo run --release -- replay {}\n", folder.display());
    }
    if found.findings.is_empty() {
        page += "Nothing that is promised broke.\n\n";
    }
    page += &heading(terminal, "What was looked at");
    page += &reached(&found.reach, terminal);
    let _ = writeln!(page, "\n{}", heading(terminal, "How sure that is").trim_end());
    page += "\nWith 95 % confidence, the share of such runs that break a promise is at most:\n";
    let broke = |protocol: &str| found.findings.iter().any(|finding| finding.protocol == protocol);
    for (protocol, runs) in &found.reach.runs {
        let share = match broke(protocol) {
            true => "it broke".to_owned(),
            false => format!("{:.3} %", failure_rate_at_most(*runs) * 100.0),
        };
        let _ = writeln!(page, "  {protocol:<22} {share:>9}   ({runs} runs)");
    }
    let findings = found.findings.len();
    let _ = writeln!(page, "\n{} runs, {findings} findings.", found.runs);
    page
}

/// What was reached, and what never was.
fn reached(reach: &Reach, terminal: &Terminal) -> String {
    let mut page = String::new();
    let (mut seen, mut never) = (Vec::new(), Vec::new());
    for goal in Goal::ALL {
        match reach.goals.get(&goal) {
            Some(runs) => seen.push(format!("{goal} {runs}")),
            None => never.push(goal.name().to_owned()),
        }
    }
    for kind in Kind::NAMES {
        match reach.faults.get(kind) {
            Some((drawn, bit)) if *bit > 0 => seen.push(format!("{kind} {bit}/{drawn}")),
            _ => never.push(kind.to_owned()),
        }
    }
    let line = |title: &str, what: &[String]| {
        terminal.wrap(&format!("{title}{}", what.join(", ")), 2) + "\n"
    };
    page += &line("goals by runs, and faults by runs that felt them: ", &seen);
    if !never.is_empty() {
        page += &line("never: ", &never);
    }
    for ((protocol, guarantee), (runs, reason)) in &reach.unknown {
        let text = format!("{protocol}: {guarantee} could not be decided in {runs} runs: {reason}");
        page += &format!("{}\n", terminal.wrap(&text, 2));
    }
    page
}

/// 1 for a finding; 3 if nothing was looked at, or some fault never bit or goal was never
/// reached.
fn exit(found: &Found, stopped: bool) -> Exit {
    let blind = found.runs == 0
        || !found.reach.unknown.is_empty()
        || Goal::ALL.into_iter().any(|goal| !found.reach.goals.contains_key(&goal))
        || Kind::NAMES
            .iter()
            .any(|kind| found.reach.faults.get(kind).is_none_or(|(_, bit)| *bit == 0));
    match (stopped, found.findings.is_empty()) {
        (_, false) => Exit::Broken,
        (true, true) => Exit::Stopped,
        (false, true) if blind => Exit::Undecided,
        (false, true) => Exit::Fine,
    }
}
