//! `locklab trial`: one trial of a mutation score, asked for and answered in JSON. It is for
//! `locklab mutants`, which runs it in programs with mistakes in them.

use super::exit::Exit;
use super::output;
use super::trouble::Trouble;
use crate::mutants::trial::Task;

/// Reads a task from standard input, and prints what came out.
pub(super) fn run() -> Result<Exit, Trouble> {
    let task = serde_json::from_reader(std::io::stdin().lock());
    let task: Task = task.map_err(|error| Trouble::Asked(format!("this is no task: {error}")))?;
    // A lock that panics is a result like any other.
    std::panic::set_hook(Box::new(|_| {}));
    let trial = task.run().map_err(Trouble::Asked)?;
    let text = serde_json::to_string(&trial).expect("a trial has a form in JSON");
    output::print(&format!("{text}\n"))?;
    Ok(Exit::Fine)
}
