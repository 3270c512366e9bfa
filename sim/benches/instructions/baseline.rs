//! The prices that were accepted, as a file beside this program.

use super::whole;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands above the prices in the file.
const HEADER: &str = "\
# How many instructions each piece of work took when that was last accepted; written by
# `cargo bench -p locklab-sim --bench instructions -- --accept`.
";

/// What was accepted.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    /// Whose code was counted.
    pub(crate) compiler: String,
    /// By how much a price may differ, in percent of it.
    pub(crate) tolerance_percent: f64,
    /// And so many instructions besides: they matter where the price is small.
    pub(crate) tolerance_instructions: f64,
    /// Instructions for one of each piece of work.
    pub(crate) prices: BTreeMap<String, f64>,
}

impl Default for Baseline {
    fn default() -> Self {
        Self {
            compiler: String::new(),
            tolerance_percent: 2.0,
            tolerance_instructions: 3.0,
            prices: BTreeMap::new(),
        }
    }
}

/// What is to be said of a price.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Judged {
    /// It is what it was, within what is tolerated.
    Same,
    /// It is more.
    Dearer,
    /// It is less.
    Cheaper,
}

impl Judged {
    /// What the table says of it.
    pub(crate) fn remark(self) -> &'static str {
        match self {
            Self::Same => "",
            Self::Dearer => "  dearer",
            Self::Cheaper => "  cheaper",
        }
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions.toml")
}

/// The compiler that cargo calls here.
pub(crate) fn compiler() -> Result<String, String> {
    let output = Command::new("rustc").arg("--version").output();
    let output = output.map_err(|error| format!("rustc does not say its version: {error}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

impl Baseline {
    /// What stands in the file.
    pub(crate) fn read() -> Result<Self, String> {
        let path = path();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("no baseline at {}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Writes the file, whole or not at all.
    pub(crate) fn write(&self) -> Result<(), String> {
        let text = toml::to_string(self).map_err(|error| format!("no text: {error}"))?;
        whole::write(&path(), &format!("{HEADER}{text}"))
    }

    /// Holds a price against what it was.
    pub(crate) fn judge(&self, before: f64, now: f64) -> Judged {
        let tolerated = before * self.tolerance_percent / 100.0 + self.tolerance_instructions;
        match now - before {
            more if more > tolerated => Judged::Dearer,
            more if more < -tolerated => Judged::Cheaper,
            _ => Judged::Same,
        }
    }
}
