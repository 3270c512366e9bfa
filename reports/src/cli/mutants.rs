//! `locklab mutants`: plants known mistakes in the locks, and sees whether they are caught.

use super::exit::Exit;
use super::on_ctrl_c;
use super::output::{self, Output};
use super::trouble::Trouble;
use crate::mutants::patch::{self, Mutant};
use crate::mutants::record::{self, Bug};
use crate::mutants::score::{Control, Row, Score};
use crate::mutants::tree;
use crate::mutants::trial::{ALL_SEEDS, Task, Trial};
use crate::mutants::workshop::{self, Workshop};
use crate::terminal::Terminal;
use clap::{Args, value_parser};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use locklab_models::{Size, subjects};
use locklab_scenarios::scenario::Scenario;
use std::collections::BTreeSet;
use std::fs;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Plants known mistakes in the locks, and sees whether they are caught.
#[derive(Args, Debug)]
pub(super) struct Mutants {
    /// Only this mutant; may be given several times [default: all]
    #[arg(long, value_name = "ID")]
    only: Vec<String>,
    /// List the mutants, and plant none
    #[arg(long, conflicts_with_all = ["json", "record"])]
    list: bool,
    /// With how many seeds each scenario of the catalogue is run
    #[arg(long, value_name = "N", default_value_t = ALL_SEEDS, value_parser = value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// From how many seeds a search begins
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = value_parser!(u64).range(1..=1000))]
    searches: u64,
    /// How many runs each search makes at the most [default: as many as take a few seconds, by lock]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(1..=100_000))]
    runs: Option<u64>,
    /// To how many thousand states each model is checked
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = value_parser!(u32).range(1..=3000))]
    thousand_states: u32,
    /// How many trials are made at once [default: one for each core]
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// The source tree of Locklab
    #[arg(long, value_name = "DIR", default_value = ".")]
    tree: PathBuf,
    /// Write the score for programs to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the track record, as Markdown, to this file; what is not tried stays as it is there
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// No progress and no notes
    #[arg(long, short)]
    quiet: bool,
}

/// Something to try: a mutant, or the tree as it is for one lock or model.
struct Job<'a> {
    mutant: Option<&'a Mutant>,
    name: String,
    task: Task,
    /// In which batch it is built.
    batch: usize,
}

impl Mutants {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let all = patch::load(&self.tree).map_err(Trouble::Asked)?;
        let chosen = self.chosen(&all)?;
        if self.list {
            let lines = chosen.iter().map(|mutant| {
                terminal.wrap(&format!("{:10}  {}", mutant.id, mutant.what), 12) + "\n"
            });
            output::print(&lines.collect::<String>())?;
            return Ok(Exit::Fine);
        }
        let json = self.json.as_deref().map(Output::at).transpose()?;
        let file = self.record.as_deref().map(Output::at).transpose()?;
        let bugs: Vec<Bug> = match file {
            Some(_) => record::bugs(&self.tree).map_err(Trouble::Asked)?,
            None => Vec::new(),
        };
        let stop = Arc::new(AtomicBool::new(false));
        on_ctrl_c(&stop)?;
        let score = self.score(&all, &chosen, &stop)?;
        if let Some(json) = json {
            let text = score.to_json();
            json.write(|file| file.write_all(text.as_bytes()))?;
        }
        if let Some(file) = file {
            // A first record has none before it.
            let before = self.record.as_deref().and_then(|path| fs::read_to_string(path).ok());
            let text = record::track_record(&all, &score, &bugs, &before.unwrap_or_default());
            file.write(|file| file.write_all(text.as_bytes()))?;
        }
        output::print(&score.page(terminal))?;
        Ok(score.exit())
    }

    fn chosen<'a>(&self, all: &'a [Mutant]) -> Result<Vec<&'a Mutant>, Trouble> {
        for id in &self.only {
            if !all.iter().any(|mutant| mutant.id == *id) {
                let known: Vec<&str> = all.iter().map(|mutant| mutant.id.as_str()).collect();
                let message = format!("there is no mutant `{id}`; there are: {}", known.join(", "));
                return Err(Trouble::Asked(message));
            }
        }
        let wanted = |mutant: &&Mutant| self.only.is_empty() || self.only.contains(&mutant.id);
        Ok(all.iter().filter(wanted).collect())
    }

    fn score(
        &self,
        all: &[Mutant],
        chosen: &[&Mutant],
        stop: &AtomicBool,
    ) -> Result<Score, Trouble> {
        let workshop = Workshop::of(&self.tree).map_err(Trouble::Asked)?;
        // Whichever are chosen, all are built together, so that the next call finds them built.
        let all: Vec<&Mutant> = all.iter().collect();
        let mut batches = tree::batches(workshop.tree(), &all).map_err(Trouble::Asked)?;
        let is_chosen = |id: &String| chosen.iter().any(|mutant| mutant.id == *id);
        batches.retain(|batch| batch.ids.iter().any(is_chosen));
        let probes = patch::probes(workshop.tree()).map_err(Trouble::Asked)?;
        let jobs = self.jobs_of(chosen, &batches, &probes);
        let bar = self.bar(jobs.len() + batches.len());
        let mut programs = Vec::new();
        for (place, batch) in batches.iter().enumerate() {
            bar.set_message(format!("builds {} of {}", place + 1, batches.len()));
            match workshop.build(batch) {
                Ok(program) => programs.push(program),
                Err(_) if stop.load(Ordering::Relaxed) => break,
                Err(wrong) => return Err(Trouble::Asked(wrong)),
            }
            bar.inc(1);
        }
        let built: Vec<&Job<'_>> = jobs.iter().filter(|job| job.batch < programs.len()).collect();
        let made = self.made(&built, &programs, &bar, stop);
        bar.finish_and_clear();
        let (mut rows, mut controls) = (Vec::new(), Vec::new());
        for (job, trial) in built.iter().zip(made) {
            let Some(trial) = trial.map_err(Trouble::Asked)? else { continue };
            match job.mutant {
                Some(mutant) => {
                    let program = programs[job.batch].display().to_string();
                    rows.push(Row::of(mutant, trial, program));
                }
                None => controls.push(Control { name: job.name.clone(), trial }),
            }
        }
        let missing = jobs.len() - rows.len() - controls.len();
        rows.sort_by_key(|row| chosen.iter().position(|mutant| mutant.id == row.id));
        Ok(Score::of(rows, controls, missing))
    }

    /// What is to be tried, the longest first, so that all cores end together.
    fn jobs_of<'a>(
        &self,
        chosen: &[&'a Mutant],
        batches: &[tree::Batch],
        probes: &[Scenario],
    ) -> Vec<Job<'a>> {
        let modelled: BTreeSet<&str> =
            subjects(Size::default()).iter().map(|subject| subject.protocol()).collect();
        let (mut locks, mut models) = (BTreeSet::new(), BTreeSet::new());
        let mut jobs = Vec::new();
        for mutant in chosen {
            let mut of_it = mutant.models.clone().unwrap_or_else(|| mutant.protocols.clone());
            of_it.retain(|name| modelled.contains(name.as_str()));
            locks.extend(mutant.protocols.iter().cloned());
            models.extend(of_it.iter().cloned());
            let holds = |batch: &tree::Batch| batch.ids.contains(&mutant.id);
            let batch = batches.iter().position(holds).unwrap_or_default();
            let task = self.task((&mutant.protocols, of_it), &mutant.known, probes);
            jobs.push(Job { mutant: Some(mutant), name: mutant.id.clone(), task, batch });
        }
        for name in locks.union(&models) {
            let of = |names: &BTreeSet<String>| names.get(name).cloned().into_iter().collect();
            let (lock, model): (Vec<String>, Vec<String>) = (of(&locks), of(&models));
            let task = self.task((&lock, model), &[], probes);
            jobs.push(Job { mutant: None, name: name.clone(), task, batch: 0 });
        }
        jobs.sort_by_key(|job| (job.task.runs, job.mutant.is_some()));
        jobs
    }

    fn task(
        &self,
        (protocols, models): (&[String], Vec<String>),
        known: &[String],
        probes: &[Scenario],
    ) -> Task {
        let usual = protocols.iter().map(|protocol| usual_runs(protocol)).min().unwrap_or(1);
        Task {
            protocols: protocols.to_vec(),
            models,
            known: known.to_vec(),
            probes: probes.iter().map(Scenario::to_toml).collect(),
            seeds: self.seeds,
            searches: self.searches,
            runs: self.runs.unwrap_or(usual),
            states: self.thousand_states as usize * 1000,
        }
    }

    /// Makes the trials, several at once; nothing where it was stopped.
    fn made(
        &self,
        jobs: &[&Job<'_>],
        programs: &[PathBuf],
        bar: &ProgressBar,
        stop: &AtomicBool,
    ) -> Vec<Result<Option<Trial>, String>> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.jobs.map_or(cores, usize::from).min(jobs.len().max(1));
        let next = Mutex::new(0..jobs.len());
        let made = Mutex::new(jobs.iter().map(|_| Ok(None)).collect::<Vec<_>>());
        let busy = Mutex::new(BTreeSet::new());
        let say = |name: &str, begins: bool| {
            let mut busy = busy.lock().expect("nobody panicked");
            if begins {
                busy.insert(name.to_owned())
            } else {
                busy.remove(name)
            };
            bar.set_message(busy.iter().cloned().collect::<Vec<_>>().join(", "));
        };
        let work = || {
            loop {
                let place = next.lock().expect("nobody panicked").next();
                let Some(place) = place.filter(|_| !stop.load(Ordering::Relaxed)) else { break };
                let job = jobs[place];
                say(&job.name, true);
                let planted = job.mutant.map(|mutant| mutant.id.as_str());
                let trial = workshop::run(&programs[job.batch], planted, &job.task, stop);
                made.lock().expect("nobody panicked")[place] = trial;
                say(&job.name, false);
                bar.inc(1);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
        made.into_inner().expect("nobody panicked")
    }

    fn bar(&self, steps: usize) -> ProgressBar {
        let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
        if !self.quiet && std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let template = "{bar:30} {pos}/{len} in {elapsed}  {wide_msg}";
            bar.set_style(ProgressStyle::with_template(template).expect("a good template"));
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        bar
    }
}

/// So many runs of this lock take a few seconds.
fn usual_runs(protocol: &str) -> u64 {
    match protocol {
        "raft" => 16,
        name if name.starts_with("two-phase") => 150,
        _ => 300,
    }
}
