//! `locklab completions` and `locklab man`: what a shell and `man` need to know of the command.

use super::Arguments;
use super::exit::Exit;
use super::output;
use super::trouble::Trouble;
use clap::{Args, CommandFactory};
use clap_complete::Shell;

/// Prints completions for a shell.
#[derive(Args, Debug)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

/// Prints a page for `man`.
#[derive(Args, Debug)]
pub(super) struct Man {
    /// The page of this command; without one, of `locklab` itself
    command: Option<String>,
}

impl Completions {
    pub(super) fn run(&self) -> Result<Exit, Trouble> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "locklab", &mut text);
        output::print(&String::from_utf8_lossy(&text))?;
        Ok(Exit::Fine)
    }
}

impl Man {
    pub(super) fn run(&self) -> Result<Exit, Trouble> {
        let mut all = Arguments::command().disable_help_subcommand(true);
        all.build();
        let command = match &self.command {
            None => all,
            Some(name) => {
                let found = all.find_subcommand(name).cloned();
                let found = found.ok_or_else(|| {
                    Trouble::Asked(format!("there is no command `{name}`; see `locklab help`"))
                })?;
                let title: &'static str = format!("locklab-{name}").leak();
                found.name(title)
            }
        };
        let mut text = Vec::new();
        let page = clap_mangen::Man::new(command);
        page.render(&mut text)
            .map_err(|error| Trouble::Asked(format!("cannot make the page: {error}")))?;
        output::print(&String::from_utf8_lossy(&text))?;
        Ok(Exit::Fine)
    }
}
