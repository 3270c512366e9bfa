//! What the model checker found, on its way into a report.

use super::trouble::Trouble;
use super::{note, read_text};
use crate::checks;
use crate::report::{Joined, Report};
use clap::Args;
use std::path::{Path, PathBuf};

/// Checks that join a report.
#[derive(Args, Debug)]
pub(super) struct Join {
    /// Take in what the model checker found, from a file that `check --json` wrote; may be given
    /// several times. Locks that the report does not have are left out
    #[arg(long = "check", value_name = "CHECK.json")]
    checks: Vec<PathBuf>,
}

impl Join {
    /// The checks join this report.
    pub(super) fn to(&self, report: &mut Report, quiet: bool) -> Result<(), Trouble> {
        for path in &self.checks {
            let joined = report.join(load(path)?).map_err(|why| {
                Trouble::File(format!("`{}` cannot join the report: {why}", path.display()))
            })?;
            let name = path.display();
            let Joined { added, known, left_out } = joined;
            if !left_out.is_empty() {
                let left_out = left_out.join(", ");
                let text =
                    format!("`{name}`: left out, for the report does not have it: {left_out}");
                note(quiet, &text);
            }
            if known > 0 {
                note(
                    quiet,
                    &format!("`{name}`: {known} of its checks had joined the report before"),
                );
            }
            if added + known == 0 {
                note(quiet, &format!("`{name}` says nothing of the locks of this report"));
            }
        }
        Ok(())
    }
}

/// The report of checks in a file.
fn load(path: &Path) -> Result<checks::Report, Trouble> {
    let text = read_text(path)?;
    checks::Report::from_json(&text)
        .map_err(|why| Trouble::unfit("a check of the model", path, &why))
}
