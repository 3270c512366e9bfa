//! What was found of each amount, in memory and in a file.

use crate::cli::output::Output;
use crate::cli::read_text;
use crate::cli::trouble::Trouble;
use crate::envelope::{Key, State};
use locklab_scenarios::envelope::{Over, Probe};
use locklab_scenarios::registry::{Contestants, Entry};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// After so many runs the file is written: what is lost with a process is about a second's work.
const EVERY: u64 = 500;

/// What was found of each amount, in memory and in a file.
pub(super) struct Store {
    file: Option<Output>,
    inside: Mutex<Inside>,
}

struct Inside {
    state: State,
    /// How many runs are not in the file yet.
    unwritten: u64,
}

impl Store {
    /// What the file knows, if there is one.
    pub(super) fn open(path: Option<&Path>, first_seed: u64, seeds: u64) -> Result<Self, Trouble> {
        let mut state = State::new(first_seed, seeds);
        if let Some(path) = path.filter(|path| path.exists()) {
            let text = read_text(path)?;
            state = State::from_json(&text, first_seed, seeds)
                .map_err(|why| Trouble::unfit("a state to go on from", path, &why))?;
        }
        let file = path.map(Output::at).transpose()?;
        Ok(Self { file, inside: Mutex::new(Inside { state, unwritten: 0 }) })
    }

    /// Plays again what is known first of each of these locks, so that a state that another build
    /// made is not gone on from. How many amounts are known.
    pub(super) fn check(
        &self,
        contestants: &Contestants,
        stop: &AtomicBool,
    ) -> Result<usize, Trouble> {
        let state = self.inside().state.clone();
        let mut checked: BTreeSet<&str> = BTreeSet::new();
        for ((protocol, over, amount), known) in &state.probes {
            let Ok(entry) = contestants.entry(protocol) else { continue };
            // Without the fault little is said of the lock.
            if *amount == 0 || !checked.insert(protocol) {
                continue;
            }
            let seeds = state.first_seed..state.first_seed + state.seeds;
            if Probe::of(entry, *over, *amount, seeds, stop).as_ref() != Some(known) {
                let what = format!(
                    "cannot go on: {protocol} does something else with {over} {amount} than the \
                     state says, so it is another build's; remove it to begin again"
                );
                return Err(Trouble::File(what));
            }
        }
        Ok(state.probes.len())
    }

    /// What is known of an amount, or what comes out now; and whether it is new. `None` if `stop`
    /// is set.
    pub(super) fn probe(
        &self,
        entry: &Entry,
        over: Over,
        amount: u64,
        stop: &AtomicBool,
    ) -> Result<Option<(Probe, bool)>, Trouble> {
        let key: Key = (entry.name().to_owned(), over, amount);
        let (first, seeds) = {
            let inside = self.inside();
            if let Some(known) = inside.state.probes.get(&key) {
                return Ok(Some((known.clone(), false)));
            }
            (inside.state.first_seed, inside.state.seeds)
        };
        let Some(probe) = Probe::of(entry, over, amount, first..first + seeds, stop) else {
            return Ok(None);
        };
        let mut inside = self.inside();
        inside.state.probes.insert(key, probe.clone());
        inside.unwritten += seeds;
        if inside.unwritten >= EVERY {
            self.write(&mut inside)?;
        }
        Ok(Some((probe, true)))
    }

    /// Writes the file, if there is one.
    pub(super) fn save(&self) -> Result<(), Trouble> {
        self.write(&mut self.inside())
    }

    fn write(&self, inside: &mut Inside) -> Result<(), Trouble> {
        if let Some(file) = &self.file {
            let text = inside.state.to_json();
            file.write(|to| to.write_all(text.as_bytes()))?;
        }
        inside.unwritten = 0;
        Ok(())
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
