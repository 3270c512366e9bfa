//! `locklab search`: looks for promises that do not hold, in scenarios that nobody wrote.

mod page;

use super::exit::Exit;
use super::output::{self, Output};
use super::trouble::Trouble;
use super::{choose, note, on_ctrl_c};
use crate::merge::Shard;
use crate::summary::{CorpusRow, GoneRow, Summary};
use crate::terminal::{Terminal, many};
use clap::{Args, value_parser};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use locklab_scenarios::artifact::{Artifact, Expectation, Rate};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::search::{self, Corpus, Finding, Found, Kept, Task, chance_still_there};
use locklab_scenarios::shrink::{self, Source, USUAL_RUNS, shrink};
use locklab_scenarios::sim::Record;
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
    /// Keep plans that reach something new in this folder, and mutate those that are there
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Make one of several parts of the runs, such as `3/8`; `locklab merge` puts their summaries
    /// together
    #[arg(long, value_name = "I/N", requires_all = ["runs", "json"], conflicts_with_all = ["corpus", "first"])]
    shard: Option<Shard>,
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

/// What was found, with what was made of it.
struct Searched {
    found: Found,
    /// For each finding, its folder, and whether it breaks without any fault too.
    saved: Vec<Saved>,
    /// How many plans the corpus has, and how many of them are new.
    corpus: Option<(usize, usize)>,
    /// What earlier searches found, and this one did not.
    gone: Vec<Gone>,
}

/// A finding in its folder.
struct Saved {
    folder: PathBuf,
    without_faults: bool,
}

/// A finding of an earlier search that did not come again.
struct Gone {
    folder: PathBuf,
    protocol: String,
    rate: Rate,
    /// How many runs its lock had now.
    clean: u64,
}

impl Search {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let contestants = choose::protocols(&self.protocols)?;
        let json = self.json.as_deref().map(Output::at).transpose()?;
        let corpus = self.corpus.as_deref().map(|folder| opened(folder, &contestants));
        let corpus = corpus.transpose()?;
        let stop = Arc::new(AtomicBool::new(false));
        on_ctrl_c(&stop)?;
        let (found, corpus) = self.searched(&contestants, corpus, &stop)?;
        let saved = self.saved(&contestants, &found, &stop)?;
        // What a part did not find may be in another.
        let gone = match self.shard {
            Some(_) => Vec::new(),
            None => gone(&self.out, &found, &saved),
        };
        let searched = Searched { found, saved, corpus, gone };
        let summary = self.summary(&searched);
        if let Some(json) = json {
            let text = summary.to_json();
            json.write(|file| file.write_all(text.as_bytes()))?;
        }
        output::print(&page::page(&searched, terminal))?;
        Ok(exit(&summary, stop.load(Ordering::Relaxed)))
    }

    /// Searches; says how many plans the corpus has in the end, and how many of them are new.
    fn searched(
        &self,
        contestants: &Contestants,
        corpus: Option<Corpus>,
        stop: &AtomicBool,
    ) -> Result<(Found, Option<(usize, usize)>), Trouble> {
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
        let before = corpus.as_ref().map(|corpus| corpus.plans().count());
        let mut added = 0;
        let mut unwritten = None;
        let mut on_block = |found: &Found, kept: &[Kept]| {
            added += kept.len();
            if let Some(folder) = &self.corpus {
                let saved = kept.iter().try_for_each(|kept| kept.save(folder));
                unwritten = saved.err().map(|error| Trouble::unwritable(folder, &error));
            }
            if (self.first && !found.findings.is_empty()) || unwritten.is_some() {
                enough.store(true, Ordering::Relaxed);
            }
            bar.set_position(found.runs);
            let plans = before.map(|before| format!(", {} plans kept", before + added));
            let plans = plans.unwrap_or_default();
            bar.set_message(format!("{} findings{plans}", found.findings.len()));
        };
        let mut pool = rayon::ThreadPoolBuilder::new();
        if let Some(jobs) = self.jobs {
            pool = pool.num_threads(usize::from(jobs));
        }
        let pool = pool
            .build()
            .map_err(|error| Trouble::Asked(format!("cannot start the threads: {error}")))?;
        let (skip, runs) = self.share();
        let (first_seed, runs) = (self.first_seed, skip.saturating_add(runs));
        let task = Task { contestants, first_seed, skip, runs, corpus };
        let found = pool.install(|| search::search(task, &go_on, &mut on_block));
        bar.finish_and_clear();
        match unwritten {
            Some(trouble) => Err(trouble),
            None => Ok((found, before.map(|before| (before + added, added)))),
        }
    }

    /// How many runs others make first, and how many are to be made here.
    fn share(&self) -> (u64, u64) {
        let runs = self.runs.unwrap_or(u64::MAX);
        self.shard.map_or((0, runs), |shard| shard.share(0, runs))
    }

    fn summary(&self, searched: &Searched) -> Summary {
        let Searched { found, saved, corpus, gone } = searched;
        let without_faults: Vec<bool> = saved.iter().map(|saved| saved.without_faults).collect();
        let mut summary = Summary::of(found, self.first_seed, &without_faults);
        summary.gone = gone.iter().map(Gone::row).collect();
        summary.corpus = corpus.map(|(plans, new)| CorpusRow { plans, new });
        match (self.shard, self.runs) {
            (Some(shard), Some(runs)) => summary.part(shard, runs),
            _ => summary,
        }
    }

    fn bar(&self) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(
            self.runs.map(|_| self.share().1),
            ProgressDrawTarget::hidden(),
        );
        if !self.quiet && std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let template = "{spinner} {pos} runs in {elapsed}, {per_sec}  {msg}";
            bar.set_style(ProgressStyle::with_template(template).expect("a good template"));
            bar.enable_steady_tick(Duration::from_millis(200));
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
    ) -> Result<Vec<Saved>, Trouble> {
        let mut all: Vec<Saved> = Vec::new();
        for finding in &found.findings {
            let mut folder = self.out.join(format!("{}-{}", finding.protocol, finding.guarantee));
            if all.iter().any(|saved| saved.folder == folder) {
                let name = format!("{}-{}-{}", finding.protocol, finding.guarantee, finding.seed);
                folder = self.out.join(name);
            }
            let as_found = self.no_shrink || stop.load(Ordering::Relaxed);
            let runs = found.reach.runs.get(&finding.protocol).copied().unwrap_or_default();
            let without_faults = self.save(contestants, finding, runs, &folder, as_found)?;
            if !as_found {
                note(self.quiet, &format!("made {} small", folder.display()));
            }
            all.push(Saved { folder, without_faults });
        }
        Ok(all)
    }

    /// Writes a finding of a lock that had so many runs; says whether it breaks without faults.
    fn save(
        &self,
        contestants: &Contestants,
        finding: &Finding,
        runs: u64,
        folder: &Path,
        as_found: bool,
    ) -> Result<bool, Trouble> {
        let entry = contestants.entry(&finding.protocol).map_err(Trouble::Asked)?;
        let (scenario, guarantee) = (&finding.scenario, finding.guarantee);
        let source = Source::Seed(finding.seed);
        let (scenario, schedule, outcome) = if as_found {
            let contestant = entry.build(scenario);
            let (outcome, schedule) =
                contestant.write_down(scenario, finding.seed, Record::Everything);
            (scenario.clone(), schedule, outcome)
        } else {
            let bar = self.bar();
            let mut on_progress = |progress: shrink::Progress| {
                bar.set_position(progress.runs);
                let shrink::Size { faults, clients, .. } = progress.size;
                let name = folder.display();
                bar.set_message(format!(
                    "{name}: {}, {}",
                    many(faults, "fault"),
                    many(clients, "client")
                ));
            };
            let shrunk = shrink(entry, scenario, &source, guarantee, USUAL_RUNS, &mut on_progress)
                .map_err(Trouble::Asked)?;
            bar.finish_and_clear();
            (shrunk.scenario, shrunk.schedule, shrunk.outcome)
        };
        let mut artifact = Artifact::new(entry, scenario, schedule, guarantee, &outcome);
        artifact.finding.found = Some(Rate { times: finding.times, runs });
        artifact.save(folder, &outcome).map_err(|error| Trouble::unwritable(folder, &error))?;
        let control = finding.scenario.without_faults();
        let control = shrink::run(entry, &control, &source, Record::Nothing);
        Ok(shrink::breaks(&control, guarantee))
    }
}

impl Gone {
    fn row(&self) -> GoneRow {
        let rate = self.rate.times as f64 / self.rate.runs as f64;
        GoneRow {
            folder: self.folder.display().to_string(),
            protocol: self.protocol.clone(),
            clean_runs: self.clean,
            chance_still_there_permille: (chance_still_there(rate, self.clean) * 1e3).round()
                as u64,
        }
    }
}

/// The corpus of a folder, which is made if there is none.
fn opened(folder: &Path, contestants: &Contestants) -> Result<Corpus, Trouble> {
    std::fs::create_dir_all(folder).map_err(|error| Trouble::unwritable(folder, &error))?;
    Corpus::load(folder, &contestants.names()).map_err(Trouble::Asked)
}

/// What earlier searches left in the folder for findings, of locks that were searched now, and did
/// not come again.
fn gone(out: &Path, found: &Found, saved: &[Saved]) -> Vec<Gone> {
    let Ok(entries) = std::fs::read_dir(out) else { return Vec::new() };
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let names = locklab_scenarios::registry::names();
    let gone = folders.into_iter().filter_map(|folder| {
        let artifact = Artifact::load(&folder, &names).ok()?.finding;
        let again = saved.iter().any(|saved| saved.folder == folder)
            || found.findings.iter().any(|finding| {
                finding.protocol == artifact.protocol && finding.guarantee == artifact.guarantee
            });
        let rate = artifact.found?;
        let clean = *found.reach.runs.get(&artifact.protocol)?;
        let counts = !again && artifact.verdict == Expectation::Broken && rate.runs > 0;
        counts.then_some(Gone { folder, protocol: artifact.protocol, rate, clean })
    });
    gone.collect()
}

/// 1 for a finding; 3 if nothing was looked at, or some fault never bit or goal was never
/// reached.
fn exit(summary: &Summary, stopped: bool) -> Exit {
    match (stopped, summary.findings.is_empty()) {
        (_, false) => Exit::Broken,
        (true, true) => Exit::Stopped,
        (false, true) if summary.is_blind() => Exit::Undecided,
        (false, true) => Exit::Fine,
    }
}
