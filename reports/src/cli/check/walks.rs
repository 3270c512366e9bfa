//! `locklab check --walk`: random walks beyond the bounds of the searches.

use super::{Check, Watch};
use crate::checks::moves;
use crate::cli::exit::Exit;
use crate::cli::note;
use crate::cli::output::{self, Output};
use crate::cli::trouble::Trouble;
use locklab_models::{Progress, Subject, Walked, Walks};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A walk ends after so many moves.
const LONGEST: usize = 2_000;

/// The name and the version of the format.
const SCHEMA: &str = "locklab/walks/1";

/// All walks, for programs.
#[derive(Serialize)]
struct Report {
    schema: &'static str,
    seed: u64,
    walks: Vec<Row>,
}

/// The walks in one configuration.
#[derive(Serialize)]
struct Row {
    protocol: &'static str,
    about: String,
    watched: Vec<&'static str>,
    walks: u64,
    moves: u64,
    longest: usize,
    missed: Vec<&'static str>,
    broken: Option<Broken>,
}

/// What a walk found.
#[derive(Serialize)]
struct Broken {
    guarantee: &'static str,
    walk: u64,
    reason: String,
    story: Vec<String>,
}

impl Row {
    fn of(subject: &dyn Subject, walked: &Walked) -> Self {
        let watched = subject.watched().iter().filter(|one| !subject.breaks().contains(one));
        Self {
            protocol: subject.protocol(),
            about: subject.about(),
            watched: watched.map(|guarantee| guarantee.name()).collect(),
            walks: walked.walks,
            moves: walked.moves,
            longest: walked.longest,
            missed: walked.missed.iter().map(|goal| goal.name()).collect(),
            broken: walked.broken.as_ref().map(|stumble| Broken {
                guarantee: stumble.guarantee.name(),
                walk: stumble.walk,
                reason: stumble.reason.clone(),
                story: moves(&stumble.story),
            }),
        }
    }

    /// Walks that missed a goal have not looked.
    fn exit(&self) -> Exit {
        match (&self.broken, self.missed.is_empty()) {
            (Some(_), _) => Exit::Broken,
            (None, true) => Exit::Fine,
            (None, false) => Exit::Undecided,
        }
    }

    fn text(&self, seed: u64) -> String {
        let Self { protocol, about, walks, moves, longest, .. } = self;
        let mut text =
            format!("{protocol}: {about}\n  {walks} walks, {moves} moves, the longest {longest}\n");
        let watched = self.watched.join(", ");
        match &self.broken {
            None => text += &format!("  nothing broke of {watched}\n"),
            Some(Broken { guarantee, walk, reason, story }) => {
                text += &format!("  {guarantee} broke in walk {walk} of seed {seed}: {reason}\n");
                for (place, line) in story.iter().enumerate() {
                    text += &format!("  {:>4}  {line}\n", place + 1);
                }
            }
        }
        for goal in &self.missed {
            text += &format!("  goal {goal}: NOT reached\n");
        }
        text + "\n"
    }
}

impl Check {
    /// Walks in every configuration in which something should hold.
    pub(super) fn run_walks(&self, subjects: &[Box<dyn Subject>]) -> Result<Exit, Trouble> {
        let json = self.json.as_deref().map(Output::at).transpose()?;
        let stop = Arc::new(AtomicBool::new(false));
        crate::cli::on_ctrl_c(&stop)?;
        let some_hold = |one: &&dyn Subject| {
            one.watched().iter().any(|guarantee| !one.breaks().contains(guarantee))
        };
        let subjects: Vec<&dyn Subject> =
            subjects.iter().map(AsRef::as_ref).filter(some_hold).collect();
        let most = self.walks.unwrap_or(u64::MAX);
        let walks = Walks { seed: self.seed, most, longest: LONGEST };
        let mut report = Report { schema: SCHEMA, seed: self.seed, walks: Vec::new() };
        for (place, subject) in subjects.iter().enumerate() {
            let place = (place + 1, subjects.len());
            let watch = Watch::new(self.quiet, place, subject.protocol()).of_walks(self.walk);
            let walk = |progress: &mut dyn FnMut(Progress) -> bool| {
                subject.walk(walks, &mut |walked| {
                    let moves = usize::try_from(walked.moves).unwrap_or(usize::MAX);
                    let depth = walked.longest;
                    let walks = usize::try_from(walked.walks).unwrap_or(usize::MAX);
                    let how_far = Progress { generated: moves, unique: walks, depth, queue: None };
                    progress(how_far)
                })
            };
            let row = Row::of(*subject, &watch.over(walk, &stop));
            output::print(&row.text(self.seed))?;
            report.walks.push(row);
            if stop.load(Ordering::Relaxed) {
                note(false, "stopped; no report is written");
                return Ok(Exit::Stopped);
            }
        }
        if let Some(json) = json {
            let text = serde_json::to_string_pretty(&report).expect("a report has a form in JSON");
            json.write(|file| writeln!(file, "{text}"))?;
        }
        let walks: u64 = report.walks.iter().map(|row| row.walks).sum();
        let moves: u64 = report.walks.iter().map(|row| row.moves).sum();
        let broke = report.walks.iter().filter(|row| row.broken.is_some()).count();
        let configurations = report.walks.len();
        let end = if broke == 0 { "nothing broke".to_owned() } else { format!("{broke} BROKE") };
        output::print(&format!(
            "{walks} walks of {moves} moves in {configurations} configurations; {end}.\n"
        ))?;
        Ok(report.walks.iter().map(Row::exit).max().unwrap_or(Exit::Undecided))
    }
}
