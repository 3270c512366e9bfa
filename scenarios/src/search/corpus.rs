//! Plans that reached something new, to be mutated into others.
//!
//! What a run reaches is a set of [features](Feature). A plan is kept if its run has one that no
//! run of the lock had before: what a fault met, a goal, a short sequence of events. So a search
//! that goes on from a corpus begins where the last one ended, and not with plans that are as
//! simple as the first ones always are (as coverage-guided fuzzers do; here, coverage is of what
//! happens and not of lines of code).
//!
//! On disk each plan is a scenario file; the seed of its run is the number in its name.

use super::{Look, mutate};
use crate::registry::Entry;
use crate::scenario::Scenario;
use locklab_protocols::contract::Trigger;
use locklab_protocols::spec::Goal;
use locklab_sim::chance::Chance;
use locklab_sim::outcome::Standing;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;

/// Something by which one run of a lock can be told from another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Feature {
    /// It reached a goal.
    Goal(String, Goal),
    /// A fault of this kind struck when things stood so.
    Struck(String, &'static str, Standing),
    /// These events followed right on each other.
    Sequence(String, [Trigger; 3]),
}

impl Feature {
    /// Those of a run.
    pub(super) fn of(look: &Look) -> BTreeSet<Self> {
        let name = || look.protocol.clone();
        let coverage = &look.outcome.coverage;
        let goals = look.outcome.goals.iter().map(|goal| Self::Goal(name(), *goal));
        let struck = coverage.struck.iter();
        let struck = struck.map(|(kind, standing)| Self::Struck(name(), kind, *standing));
        let sequences = coverage.sequences.iter();
        let sequences = sequences.map(|sequence| Self::Sequence(name(), *sequence));
        goals.chain(struck).chain(sequences).collect()
    }
}

/// A plan that is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// The lock.
    pub protocol: String,
    /// The seed of its run.
    pub seed: u64,
    /// The plan.
    pub scenario: Scenario,
}

/// Plans that reached something, and what is reached.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Corpus {
    plans: Vec<Kept>,
    reached: BTreeSet<Feature>,
}

impl Kept {
    /// The name of its file.
    fn file(&self) -> String {
        format!("{}-{}.toml", self.protocol, self.scenario.name)
    }

    /// Writes it into a folder, whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        let mut beside = tempfile::Builder::new().prefix(".locklab-").tempfile_in(folder)?;
        beside.write_all(self.scenario.to_toml().as_bytes())?;
        beside.persist(folder.join(self.file())).map_err(|error| error.error)?;
        Ok(())
    }
}

impl Corpus {
    /// Reads the plans of a folder for these locks, in the order of their names. A folder that is
    /// not there yet has none.
    ///
    /// # Errors
    ///
    /// One sentence: which file is wrong, and how.
    pub fn load<N: AsRef<str>>(folder: &Path, protocols: &[N]) -> Result<Self, String> {
        let unread = |error: io::Error| format!("cannot read `{}`: {error}", folder.display());
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unread(error)),
        };
        let files: Result<Vec<_>, _> =
            entries.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut files = files.map_err(unread)?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        let known = crate::registry::names();
        let mut corpus = Self::default();
        for file in files {
            let scenario = Scenario::load(&file, &known).map_err(|error| error.to_string())?;
            let wrong = |what| format!("`{}` is no plan of a corpus: {what}", file.display());
            let mut names = scenario.protocols.iter();
            let (Some(protocol), None) = (names.next().cloned(), names.next()) else {
                return Err(wrong("it is not for one lock"));
            };
            let Some(seed) = scenario.name.rsplit('-').next().and_then(|last| last.parse().ok())
            else {
                return Err(wrong("its name does not end with the seed of a run"));
            };
            if protocols.iter().any(|name| name.as_ref() == protocol) {
                corpus.plans.push(Kept { protocol, seed, scenario });
            }
        }
        Ok(corpus)
    }

    /// The plans.
    pub fn plans(&self) -> impl Iterator<Item = &Kept> {
        self.plans.iter()
    }

    /// Takes in what a run reached.
    pub(super) fn learn(&mut self, look: &Look) {
        self.reached.extend(Feature::of(look));
    }

    /// Keeps the plan of a run that reached something new.
    pub(super) fn consider(&mut self, look: &Look) -> Option<Kept> {
        let features = Feature::of(look);
        if features.is_subset(&self.reached) {
            return None;
        }
        self.reached.extend(features);
        let Look { protocol, seed, scenario, .. } = look;
        let kept = Kept { protocol: protocol.clone(), seed: *seed, scenario: scenario.clone() };
        self.plans.push(kept.clone());
        Some(kept)
    }

    /// A plan that is made of kept ones, in every second run.
    pub(super) fn mutation(&self, entry: &Entry, seed: u64) -> Option<Scenario> {
        let of_it: Vec<&Kept> =
            self.plans.iter().filter(|kept| kept.protocol == entry.name()).collect();
        let mut chance = Chance::new(seed, &("mutation", entry.name()));
        if of_it.is_empty() || chance.percent(50) {
            return None;
        }
        let mut pick = || &of_it[chance.below(of_it.len() as u64) as usize].scenario;
        let (parent, other) = (pick(), pick());
        Some(mutate(entry, parent, other, seed))
    }
}
