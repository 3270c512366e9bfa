//! The `locklab` command line.
//!
//! Results go to standard output, progress and notes to standard error. The exit code says what
//! a script needs to know ([`Exit`]). One file for each command; what they share is beside them.

#[cfg(unix)]
mod by_hand;
mod check;
mod choose;
mod compare;
mod envelope;
mod examples;
mod exit;
mod explore;
mod faces;
mod gate;
mod join;
mod list;
#[cfg(unix)]
mod live;
mod merge;
mod mutants;
mod output;
mod play;
mod replay;
mod report;
mod run;
mod search;
mod shell;
mod shrink;
mod trial;
mod trouble;

pub use exit::Exit;

use crate::terminal::{Paint, Terminal};
use clap::{Parser, Subcommand};
#[cfg(unix)]
use locklab_scenarios::registry::Contestants;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use trouble::Trouble;

/// Puts distributed locks through the faults that break them, and says which guarantees held.
#[derive(Parser, Debug)]
#[command(name = "locklab", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    everything as promised and expected
  1    a guarantee broke that should have held, or a break that should be found was not
  2    bad usage or input
  3    something is unknown or was never put to the test, and nothing is worse
  130  stopped by Ctrl-C";

const FIRST_STEPS: &str = "\
Locklab puts distributed locks through the faults that break them, deterministically, and says
which guarantees held, which broke, and how.

Try first:
  locklab compare                                   every lock in every scenario
  locklab run gc-pause-past-lease --protocol ttl    the story of one run
  locklab list scenarios                            what can go wrong

`locklab help` lists all commands; from the source tree, `cargo run --release --` stands for
`locklab`.
";

#[derive(Subcommand, Debug)]
enum Command {
    /// Let locks meet scenarios on the same seeds, and show what held, what broke and what it cost
    #[command(after_help = examples::COMPARE)]
    Compare(compare::Compare),
    /// Play one scenario with one lock and tell what happened
    #[command(after_help = examples::RUN)]
    Run(run::Run),
    /// Show a report that was written before, or make other files of it
    #[command(after_help = examples::REPORT)]
    Report(report::Report),
    /// Look for promises that do not hold, in scenarios that nobody wrote
    #[command(after_help = examples::SEARCH)]
    Search(search::Search),
    /// Play a failure that was found again
    #[command(after_help = examples::REPLAY)]
    Replay(replay::Replay),
    /// Make a failure that was found small
    #[command(after_help = examples::SHRINK)]
    Shrink(shrink::Shrink),
    /// Find how much of a fault each lock tolerates, beside what it promises
    #[command(after_help = examples::ENVELOPE)]
    Envelope(envelope::Envelope),
    /// Compare with what is known to come out, and fail where something got worse
    #[command(after_help = examples::GATE)]
    Gate(gate::Gate),
    /// Plant known mistakes in the locks, and see whether they are caught
    #[command(after_help = examples::MUTANTS)]
    Mutants(mutants::Mutants),
    /// Make one trial of a mutation score
    #[command(hide = true)]
    Trial,
    /// Put the parts of a comparison together
    #[command(after_help = examples::MERGE)]
    Merge(merge::Merge),
    /// Check every interleaving of a small system, within bounds
    #[command(after_help = examples::CHECK)]
    Check(check::Check),
    /// Look around in the states of a small system, in a browser
    #[command(after_help = examples::EXPLORE)]
    Explore(explore::Explore),
    /// Run a lock as processes of this machine, with real sockets, files, stops and kills
    #[cfg(unix)]
    #[command(after_help = examples::LIVE)]
    Live(Box<live::Live>),
    /// Be one server of a lock service on this machine, to see how it works
    #[cfg(unix)]
    #[command(after_help = examples::SERVE)]
    Serve(by_hand::Serve),
    /// Talk to such a lock service, line by line
    #[cfg(unix)]
    #[command(after_help = examples::CLIENT)]
    Client(by_hand::Client),
    /// Be one node of a live run
    #[cfg(unix)]
    #[command(hide = true)]
    LiveNode,
    /// Remove the folder of a live run when nobody needs it any more
    #[cfg(unix)]
    #[command(hide = true)]
    LiveJanitor {
        /// The folder
        folder: std::path::PathBuf,
    },
    /// List what there is
    #[command(after_help = examples::LIST)]
    List(list::List),
    /// Print completions for a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions(shell::Completions),
    /// Print the page for `man`
    #[command(after_help = examples::MAN)]
    Man(shell::Man),
}

/// The `locklab` command: reads the arguments, does what they say.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let terminal = Terminal::of_stdout();
    let done = match arguments.command {
        None => output::print(FIRST_STEPS).map(|()| Exit::Fine),
        Some(Command::Compare(compare)) => compare.run(&terminal),
        Some(Command::Run(run)) => run.run(&terminal),
        Some(Command::Report(report)) => report.run(&terminal),
        Some(Command::Search(search)) => search.run(&terminal),
        Some(Command::Replay(replay)) => replay.run(),
        Some(Command::Shrink(shrink)) => shrink.run(),
        Some(Command::Envelope(envelope)) => envelope.run(&terminal),
        Some(Command::Gate(gate)) => gate.run(&terminal),
        Some(Command::Mutants(mutants)) => mutants.run(&terminal),
        Some(Command::Trial) => trial::run(),
        Some(Command::Merge(merge)) => merge.run(&terminal),
        Some(Command::Check(check)) => check.run(&terminal),
        Some(Command::Explore(explore)) => explore.run(),
        #[cfg(unix)]
        Some(Command::Live(live)) => live.run(&terminal),
        #[cfg(unix)]
        Some(Command::Serve(serve)) => serve.run(),
        #[cfg(unix)]
        Some(Command::Client(client)) => client.run(),
        #[cfg(unix)]
        Some(Command::LiveNode) => locklab_scenarios::live::node_main(&Contestants::shelf())
            .map(|()| Exit::Fine)
            .map_err(Trouble::Asked),
        #[cfg(unix)]
        Some(Command::LiveJanitor { folder }) => locklab_scenarios::live::janitor(&folder)
            .map(|()| Exit::Fine)
            .map_err(|error| Trouble::File(format!("cannot remove the folder: {error}"))),
        Some(Command::List(list)) => list.run(&terminal),
        Some(Command::Completions(completions)) => completions.run(),
        Some(Command::Man(man)) => man.run(),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(trouble) => {
            eprintln!("{trouble}");
            Exit::BadInput.into()
        }
    }
}

/// Ctrl-C asks to stop; a second one does not ask.
fn on_ctrl_c(stop: &Arc<AtomicBool>) -> Result<(), Trouble> {
    let asked = Arc::clone(stop);
    let heard = move || {
        if asked.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    };
    ctrlc::set_handler(heard)
        .map_err(|error| Trouble::Asked(format!("cannot listen for Ctrl-C: {error}")))
}

/// The text of a file.
fn read_text(path: &Path) -> Result<String, Trouble> {
    let name = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| Trouble::File(format!("cannot read `{name}`: {error}")))?;
    String::from_utf8(bytes).map_err(|_| Trouble::File(format!("`{name}`: it is no text")))
}

/// The report in a file.
fn load_report(path: &Path) -> Result<crate::report::Report, Trouble> {
    let text = read_text(path)?;
    crate::report::Report::from_json(&text).map_err(|why| Trouble::unfit("a report", path, &why))
}

/// The report in a file, of runs that come out the same on every machine.
fn load_simulated(path: &Path) -> Result<crate::report::Report, Trouble> {
    let report = load_report(path)?;
    if report.is_of_processes() {
        let why = "real processes were run, and no two runs of them are alike";
        return Err(Trouble::unfit("a report of the simulator", path, &why));
    }
    Ok(report)
}

/// A note on standard error for people who watch.
fn note(quiet: bool, text: &str) {
    if !quiet {
        eprintln!("{text}");
    }
}

fn heading(terminal: &Terminal, text: &str) -> String {
    format!("{}\n\n", terminal.paint(Paint::Bold, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_has_examples_and_each_of_them_is_understood() {
        let all = Arguments::command();
        // What is hidden is for the program itself: the nodes of a live run.
        for command in all.get_subcommands().filter(|command| !command.is_hide_set()) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<&str> =
                help.lines().filter(|line| line.starts_with("  locklab ")).collect();
            assert!(!examples.is_empty(), "{} has no examples", command.get_name());
            for example in examples {
                // What is said of it stands on the next line, or far to the right.
                let command = example.trim().split("   ").next().unwrap_or_default();
                let words = command.split_whitespace();
                let read = Arguments::try_parse_from(words);
                assert!(read.is_ok(), "{example}: {}", read.unwrap_err());
            }
        }
    }
}
