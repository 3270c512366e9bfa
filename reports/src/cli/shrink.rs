//! `locklab shrink`: makes a failure small.

use super::exit::Exit;
use super::output;
use super::trouble::Trouble;
use crate::terminal::many;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use locklab_scenarios::artifact::{self, Artifact};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::shrink::{self, Source, USUAL_RUNS, shrink};
use std::io::IsTerminal;
use std::path::PathBuf;

/// Makes a failure small.
#[derive(Args, Debug)]
pub(super) struct Shrink {
    /// The folder of the failure; it is written anew
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// About how many runs to make at the most
    #[arg(long, value_name = "N", default_value_t = USUAL_RUNS)]
    runs: u64,
    /// No progress
    #[arg(long, short)]
    quiet: bool,
}

impl Shrink {
    pub(super) fn run(&self) -> Result<Exit, Trouble> {
        let shelf = Contestants::shelf();
        let artifact = Artifact::load(&self.folder, &shelf.names()).map_err(Trouble::Asked)?;
        let entry = shelf.entry(&artifact.finding.protocol).map_err(Trouble::Asked)?;
        let bar = ProgressBar::with_draw_target(Some(self.runs), ProgressDrawTarget::hidden());
        if !self.quiet && std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            let template = "{bar:30} {pos} of at most {len} runs  {msg}";
            bar.set_style(ProgressStyle::with_template(template).expect("a good template"));
        }
        let mut on_progress = |progress: shrink::Progress| {
            bar.set_position(progress.runs);
            let shrink::Size { faults, clients, .. } = progress.size;
            bar.set_message(format!("{}, {}", many(faults, "fault"), many(clients, "client")));
        };
        let source = Source::Schedule(artifact.schedule.clone());
        let guarantee = artifact.finding.guarantee;
        let shrunk =
            shrink(entry, &artifact.scenario, &source, guarantee, self.runs, &mut on_progress)
                .map_err(Trouble::Asked)?;
        bar.finish_and_clear();
        let story = artifact::story(&shrunk.outcome);
        let outcome = &shrunk.outcome;
        let mut smaller =
            Artifact::new(entry, shrunk.scenario.clone(), shrunk.schedule, guarantee, outcome);
        smaller.finding.found = artifact.finding.found;
        smaller
            .save(&self.folder, outcome)
            .map_err(|error| Trouble::unwritable(&self.folder, &error))?;
        let told = |size: shrink::Size| {
            let shrink::Size { faults, clients, servers, locks, steps, decisions } = size;
            let counts = [
                many(faults, "fault"),
                many(clients, "client"),
                many(servers, "server"),
                many(locks, "lock"),
                many(steps, "step"),
            ];
            format!("{}, {} of chance", counts.join(", "), many(decisions, "decision"))
        };
        let (before, after, runs) = (told(shrunk.before), told(shrunk.after), shrunk.runs);
        output::print(&format!("before  {before}\nafter   {after}\n{runs} runs\n\n{story}"))?;
        Ok(Exit::Fine)
    }
}
