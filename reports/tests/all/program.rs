//! The `locklab` binary, as a shell calls it and sees it.

use std::path::Path;
use std::process::{Command, Output};

/// A call that is still to be made, on a terminal of a hundred columns.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_locklab"));
    command.args(arguments).env("COLUMNS", "100").env_remove("NO_COLOR");
    command
}

/// Runs it to its end.
pub(crate) fn locklab(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the binary runs")
}

/// Runs it to its end in a folder.
pub(crate) fn locklab_in(folder: &Path, arguments: &[&str]) -> Output {
    command(arguments).current_dir(folder).output().expect("the binary runs")
}

/// What it printed.
pub(crate) fn stdout(output: &Output) -> String {
    text(&output.stdout)
}

/// What it said beside that.
pub(crate) fn stderr(output: &Output) -> String {
    text(&output.stderr)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}
