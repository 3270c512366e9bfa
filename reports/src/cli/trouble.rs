//! What keeps the command from doing what it was asked to: one clear message.

use locklab_scenarios::scenario::ScenarioError;
use std::fmt;
use std::io;
use std::path::Path;

/// What keeps the command from doing what it was asked to.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Something was asked for that there is not.
    Asked(String),
    /// A scenario file is wrong.
    Scenario(Box<ScenarioError>),
    /// A file cannot be read or written.
    File(String),
}

impl Trouble {
    /// A file is not what was asked for.
    pub(super) fn unfit(what: &str, path: &Path, why: &dyn fmt::Display) -> Self {
        Self::File(format!("`{}` is not {what}: {why}", path.display()))
    }

    /// A file cannot be written.
    pub(super) fn unwritable(path: &Path, error: &io::Error) -> Self {
        Self::File(format!("cannot write `{}`: {error}", path.display()))
    }
}

impl From<ScenarioError> for Trouble {
    fn from(error: ScenarioError) -> Self {
        Self::Scenario(Box::new(error))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked(message) | Self::File(message) => write!(f, "error: {message}"),
            Self::Scenario(error) => {
                write!(f, "error: {error}")?;
                let help = miette::Diagnostic::help(error.as_ref()).map(|help| help.to_string());
                help.map_or(Ok(()), |help| write!(f, "\n  help: {help}"))
            }
        }
    }
}
