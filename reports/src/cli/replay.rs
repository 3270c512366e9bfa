//! `locklab replay`: plays a failure again and says whether it still breaks.

use super::exit::Exit;
use super::output;
use super::trouble::Trouble;
use clap::Args;
use locklab_protocols::spec::Verdict;
use locklab_scenarios::artifact::{self, Artifact};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::sim::Record;
use std::path::PathBuf;

/// Plays a failure again and says whether it still breaks.
#[derive(Args, Debug)]
#[command(after_help = "Exit codes: 1 if it still breaks, 0 if it holds, 3 if that cannot be said")]
pub(super) struct Replay {
    /// The folder of the failure
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// The verdict only, and no story
    #[arg(long, short)]
    quiet: bool,
}

impl Replay {
    pub(super) fn run(&self) -> Result<Exit, Trouble> {
        let shelf = Contestants::shelf();
        let artifact = Artifact::load(&self.folder, &shelf.names()).map_err(Trouble::Asked)?;
        let finding = &artifact.finding;
        let entry = shelf.entry(&finding.protocol).map_err(Trouble::Asked)?;
        let outcome = artifact.play(entry, Record::Everything);
        let mut page = String::new();
        if !self.quiet {
            page = format!("{}\n", artifact::story(&outcome));
        }
        let name = format!("{}: {}", finding.protocol, finding.guarantee);
        let (told, exit) = match outcome.verdicts.get(&finding.guarantee) {
            Some(Verdict::Broken { at, reason }) => {
                (format!("{name} still breaks, at {at}: {reason}"), Exit::Broken)
            }
            Some(Verdict::Held) => (format!("{name} holds now"), Exit::Fine),
            Some(Verdict::Unknown { reason } | Verdict::NotExercised { reason }) => (
                format!("{name} does not break, but is not put to the test: {reason}"),
                Exit::Undecided,
            ),
            None => (format!("{name} is not judged"), Exit::Undecided),
        };
        page += &format!("{told}\n");
        let known = &finding.hash;
        let hash = format!("{:016x}", outcome.hash);
        if hash != *known {
            page +=
                &format!("the run is not the one of old: its hash is {hash}, and was {known}\n");
        }
        output::print(&page)?;
        Ok(exit)
    }
}
