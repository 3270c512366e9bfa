//! Counts the instructions of a process that does one piece of work.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Output};

/// What the program is called with to do a piece of work, before its name and how often.
pub(crate) const WORK: &str = "--work";

/// What a process took.
pub(crate) struct Count {
    /// All its instructions, in all its threads.
    pub(crate) instructions: u64,
    /// How much was done.
    pub(crate) done: u64,
}

/// Has this program do a piece of work under callgrind.
pub(crate) fn count(piece: &str, times: u64) -> Result<Count, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("no folder for counts: {error}"))?;
    let counts = folder.path().join("counts");
    let program = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let mut command = Command::new("valgrind");
    command.args(["--quiet", "--tool=callgrind"]);
    command.arg(format!("--callgrind-out-file={}", counts.display()));
    command.arg(program).args([WORK, piece, &times.to_string()]);
    let output = command.output().map_err(|error| match error.kind() {
        ErrorKind::NotFound => "there is no valgrind here, so nothing was looked at".to_owned(),
        _ => format!("valgrind does not start, so nothing was looked at: {error}"),
    })?;
    let Output { status, stdout, stderr } = output;
    let (said, complaint) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    if !status.success() {
        return Err(format!("{piece} under valgrind ended with {status}: {complaint}"));
    }
    let done = said.trim().parse();
    let done = done.map_err(|_| format!("{piece} said {said:?} and not how much was done"))?;
    Ok(Count { instructions: total(&counts)?, done })
}

/// The total that callgrind wrote down.
fn total(counts: &Path) -> Result<u64, String> {
    let text = std::fs::read_to_string(counts).map_err(|error| format!("no counts: {error}"))?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals:"));
    let total = total.or_else(|| text.lines().find_map(|line| line.strip_prefix("summary:")));
    let total = total.and_then(|total| total.trim().parse().ok());
    total.ok_or_else(|| "callgrind wrote down no total".to_owned())
}
