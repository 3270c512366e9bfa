//! An artifact: a failure that anybody can look at and play again.
//!
//! It is one folder:
//!
//! | file | holds |
//! | --- | --- |
//! | `finding.json` | the lock, the guarantee, its verdict, and how it broke ([`Finding`]) |
//! | `scenario.toml` | the [scenario](crate::scenario), with every setting spelt out |
//! | `schedule.json` | what [chance decides](crate::sim::schedule) |
//! | `trace.jsonl` | everything that happened, one JSON object a line |
//! | `story.txt` | the story of it |
//!
//! The first three are what is played. No generator of scenarios and no seed is asked, so an
//! artifact means the same when the vocabulary of faults has grown or chance is drawn otherwise.
//! The last two are for people, and are written anew with it.

use crate::registry::Entry;
use crate::scenario::Scenario;
use crate::story::{self, Detail};
use crate::trace;
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_sim::schedule::Schedule;
use locklab_sim::{Outcome, Record};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::Path;

/// How a folder of this kind is known.
const SCHEMA: &str = "locklab/artifact/1";

/// What is known of a failure.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What sort of file this is.
    pub schema: String,
    /// The version of Locklab that wrote it.
    pub version: String,
    /// The lock.
    pub protocol: String,
    /// What broke.
    pub guarantee: Guarantee,
    /// What playing it should come to: `broken`, or `held` once it is mended.
    pub verdict: Expectation,
    /// Whether the lock promises it there.
    pub promised: bool,
    /// How it broke.
    pub reason: String,
    /// The hash of the run.
    pub hash: String,
    /// How often a search came by it, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Rate>,
}

/// In how many of how many runs something broke.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// So many.
    pub times: u64,
    /// Of so many.
    pub runs: u64,
}

/// What playing an artifact should come to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// The guarantee breaks.
    Broken,
    /// It does not break any more.
    Held,
}

/// A failure with everything that is needed to play it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Artifact {
    /// What is known of it.
    pub finding: Finding,
    /// The scenario.
    pub scenario: Scenario,
    /// What chance decides in it.
    pub schedule: Schedule,
}

impl Artifact {
    /// The artifact of a run of this scenario and schedule that broke a guarantee.
    pub fn new(
        entry: &Entry,
        scenario: Scenario,
        schedule: Schedule,
        guarantee: Guarantee,
        outcome: &Outcome,
    ) -> Self {
        let reason = match outcome.verdicts.get(&guarantee) {
            Some(Verdict::Broken { at, reason }) => format!("at {at}: {reason}"),
            _ => String::new(),
        };
        let contestant = entry.build(&scenario);
        let promised = crate::search::promised(contestant.as_ref(), &scenario).contains(&guarantee);
        let finding = Finding {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: entry.name().to_owned(),
            guarantee,
            verdict: Expectation::Broken,
            promised,
            reason,
            hash: format!("{:016x}", outcome.hash),
            found: None,
        };
        Self { finding, scenario, schedule }
    }

    /// Plays it.
    pub fn play(&self, entry: &Entry, record: Record) -> Outcome {
        entry.build(&self.scenario).play(&self.scenario, &self.schedule, record)
    }

    /// Reads an artifact whose lock is one of these.
    ///
    /// # Errors
    ///
    /// One sentence: which file is wrong, and how.
    pub fn load<N: AsRef<str>>(folder: &Path, protocols: &[N]) -> Result<Self, String> {
        let finding: Finding = read_json(folder, "finding.json")?;
        if finding.schema != SCHEMA {
            let (path, schema) = (folder.display(), &finding.schema);
            return Err(format!(
                "`{path}/finding.json` is `{schema}`; this Locklab reads `{SCHEMA}`"
            ));
        }
        let file = folder.join("scenario.toml");
        let scenario = Scenario::load(&file, protocols).map_err(|error| error.to_string())?;
        let schedule = read_json(folder, "schedule.json")?;
        Ok(Self { finding, scenario, schedule })
    }

    /// Writes it into a folder, which is made if there is none, with the trace and the story of
    /// its run.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn save(&self, folder: &Path, outcome: &Outcome) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        write(folder, "scenario.toml", |to| to.write_all(self.scenario.to_toml().as_bytes()))?;
        write(folder, "schedule.json", |to| pretty(to, &self.schedule))?;
        write(folder, "trace.jsonl", |mut to| trace::write(outcome, &mut to))?;
        write(folder, "story.txt", |to| to.write_all(story(outcome).as_bytes()))?;
        // The last: a folder with it is whole.
        write(folder, "finding.json", |to| pretty(to, &self.finding))
    }
}

/// The story of a run as it stands in a file.
pub fn story(outcome: &Outcome) -> String {
    let lines = story::tell(outcome, Detail::Brief);
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn pretty(to: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *to, value)?;
    to.write_all(b"\n")
}

fn read_json<T: serde::de::DeserializeOwned>(folder: &Path, name: &str) -> Result<T, String> {
    let file = folder.join(name);
    let path = file.display();
    let text = std::fs::read_to_string(&file)
        .map_err(|error| format!("cannot read `{path}`: {error}; an artifact is a folder"))?;
    serde_json::from_str(&text).map_err(|error| format!("`{path}`: {error}"))
}

/// Writes a file whole or not at all.
fn write(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".locklab-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut beside = builder.tempfile_in(folder)?;
    {
        let mut buffered = io::BufWriter::new(beside.as_file_mut());
        fill(&mut buffered)?;
        buffered.flush()?;
    }
    beside.persist(folder.join(name)).map_err(|error| error.error)?;
    Ok(())
}
