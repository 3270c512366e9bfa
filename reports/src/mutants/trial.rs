//! What one build of the locks is put through, in a process of its own: the catalogue, the search,
//! the model checker, each to its first catch.
//!
//! A catch is what would make the same command fail for whoever changes the locks: in the catalogue
//! a guarantee that broke although it is promised or expected there (or, with many seeds, an expected
//! break that is no longer found), in the search a broken promise, in a model a guarantee that should
//! hold in every run and does not. A lock that panics is caught, too.

use indicatif::ProgressBar;
use locklab_models::{Finding, Limits, Size, Subject, subjects};
use locklab_scenarios::catalogue;
use locklab_scenarios::contestant::Contestant;
use locklab_scenarios::judge::{Cell, Judgement, Tally, Wish, judge};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::search::first_finding;
use locklab_scenarios::sim::Record;
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// So many seeds find every break that the catalogue expects; with fewer, one that is missing says
/// nothing.
pub const ALL_SEEDS: u64 = 20;

/// With so many times the seeds an expected break is looked for before it counts as gone.
const PATIENCE: u64 = 5;

/// How far the searches from one seed lie apart.
const APART: u64 = 1_000_000;

/// What to try.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Task {
    /// The locks that meet the catalogue and are searched.
    pub protocols: Vec<String>,
    /// The configurations that are checked, by the names of their locks.
    pub models: Vec<String>,
    /// The scenarios that come first.
    pub known: Vec<String>,
    /// Scenarios besides those of the catalogue, as TOML.
    pub probes: Vec<String>,
    /// How many seeds each scenario is run with.
    pub seeds: u64,
    /// From how many seeds a search begins.
    pub searches: u64,
    /// How many runs a search makes at the most.
    pub runs: u64,
    /// How many states a configuration is checked to.
    pub states: usize,
}

/// What came out.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Trial {
    /// Of the catalogue.
    pub catalogue: Tried,
    /// Of the search.
    pub search: Sought,
    /// Of the model checker; nothing if no configuration is of these locks.
    pub model: Option<Modelled>,
}

/// How something was caught.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Catch {
    /// The lock.
    pub protocol: String,
    /// The scenario, drawn or not; the configuration, for a model.
    pub scenario: String,
    /// What broke.
    pub guarantee: String,
    /// With which seed.
    pub seed: u64,
    /// How.
    pub reason: String,
}

/// What the catalogue says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Tried {
    /// How many runs there were, up to the catch or in all.
    pub runs: u64,
    /// The catch.
    pub catch: Option<Catch>,
    /// How long it took.
    pub millis: u64,
}

/// What the search says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Sought {
    /// For each seed the runs up to the first finding; nothing if there was none.
    pub found: Vec<Option<u64>>,
    /// How many runs each might have made.
    pub length: u64,
    /// The first finding of the first seed that had one.
    pub catch: Option<Catch>,
    /// How long it took.
    pub millis: u64,
}

/// What the model checker says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Modelled {
    /// How many different states there were, up to the catch or in all.
    pub states: u64,
    /// How many moves the run that breaks it has.
    pub moves: u64,
    /// The catch.
    pub catch: Option<Catch>,
    /// How long it took.
    pub millis: u64,
}

impl Task {
    /// Makes the trial.
    ///
    /// # Errors
    ///
    /// If a lock is not known.
    pub fn run(&self) -> Result<Trial, String> {
        let shelf = Contestants::shelf();
        let contestants = shelf.only(&self.protocols)?;
        let mut scenarios = catalogue::all();
        for probe in &self.probes {
            let read = Scenario::from_toml("a probe", probe);
            scenarios.push(read.map_err(|error| error.to_string())?);
        }
        scenarios.sort_by_key(|scenario| !self.known.contains(&scenario.name));
        let catalogue = self.try_all(&contestants, &scenarios);
        let mut trial = Trial { catalogue, ..Trial::default() };
        trial.search = self.seek(&contestants);
        trial.model = self.check();
        Ok(trial)
    }

    fn try_all(&self, contestants: &Contestants, scenarios: &[Scenario]) -> Tried {
        let watch = ProgressBar::hidden();
        let mut tried = Tried::default();
        'all: for scenario in scenarios {
            for entry in contestants.entries() {
                let contestant = entry.build(scenario);
                if scenario.is_for(contestant.as_ref()) {
                    tried.catch = self.meet(contestant.as_ref(), scenario, &mut tried.runs);
                }
                if tried.catch.is_some() {
                    break 'all;
                }
            }
        }
        tried.millis = millis(&watch);
        tried
    }

    /// One lock in one scenario, seed by seed, until something is wrong.
    fn meet(
        &self,
        contestant: &dyn Contestant,
        scenario: &Scenario,
        runs: &mut u64,
    ) -> Option<Catch> {
        let mut tally = Tally::default();
        let catch = |guarantee: String, seed, reason: &str| Catch {
            protocol: contestant.name().to_owned(),
            scenario: scenario.name.clone(),
            guarantee,
            seed,
            reason: reason.to_owned(),
        };
        let mut last = self.seeds;
        for seed in 1.. {
            if seed > last {
                break;
            }
            *runs += 1;
            let run = || contestant.run(scenario, seed, Record::Nothing);
            let outcome = match catch_unwind(AssertUnwindSafe(run)) {
                Ok(outcome) => outcome,
                Err(panic) => return Some(catch("panic".to_owned(), seed, &said(&*panic))),
            };
            tally = tally.merge(Tally::of(outcome));
            let cells = judge(contestant, scenario, &tally);
            let missed = seed == self.seeds && self.seeds >= ALL_SEEDS;
            if missed && cells.iter().any(|cell| is_wrong(cell, true)) {
                // Chance that was shifted is not blindness: a break that is gone is gone for longer.
                last = self.seeds * PATIENCE;
            }
            let whole = seed == last && self.seeds >= ALL_SEEDS;
            if let Some(cell) = cells.iter().find(|cell| is_wrong(cell, whole)) {
                let seed = cell.first_broken_seed.unwrap_or(seed);
                return Some(catch(cell.guarantee.to_string(), seed, cell.as_wished.why()));
            }
        }
        None
    }

    fn seek(&self, contestants: &Contestants) -> Sought {
        let watch = ProgressBar::hidden();
        let mut sought = Sought { length: self.runs, ..Sought::default() };
        if contestants.entries().is_empty() {
            return sought;
        }
        for search in 1..=self.searches {
            let first_seed = search * APART;
            let mut begun = 0;
            let mut go_on = || {
                begun += 1;
                true
            };
            let seek = || first_finding(contestants, first_seed, self.runs, &mut go_on);
            let found = catch_unwind(AssertUnwindSafe(seek));
            let (runs, catch) = match found {
                Ok(None) => (None, None),
                Ok(Some(finding)) => {
                    let catch = Catch {
                        protocol: finding.protocol,
                        scenario: finding.scenario.name,
                        guarantee: finding.guarantee.to_string(),
                        seed: finding.seed,
                        reason: finding.reason,
                    };
                    (Some(finding.run), Some(catch))
                }
                Err(panic) => {
                    let catch = Catch {
                        protocol: self.protocols.join(", "),
                        scenario: "a drawn one".to_owned(),
                        guarantee: "panic".to_owned(),
                        seed: first_seed,
                        reason: said(&*panic),
                    };
                    (Some(begun), Some(catch))
                }
            };
            sought.found.push(runs);
            sought.catch = sought.catch.or(catch);
        }
        sought.millis = millis(&watch);
        sought
    }

    fn check(&self) -> Option<Modelled> {
        let watch = ProgressBar::hidden();
        let subjects = subjects(Size::default());
        let is_meant =
            |subject: &dyn Subject| self.models.iter().any(|model| model == subject.protocol());
        let limits = Limits { threads: 1, breadth: self.states, states: 1 };
        let mut modelled: Option<Modelled> = None;
        for subject in subjects.iter().filter(|subject| is_meant(subject.as_ref())) {
            let one = modelled.get_or_insert_default();
            let catch = |guarantee: String, reason: String| Catch {
                protocol: subject.protocol().to_owned(),
                scenario: subject.about(),
                guarantee,
                seed: 0,
                reason,
            };
            match catch_unwind(AssertUnwindSafe(|| subject.check(limits, &mut |_| true))) {
                Ok(report) => {
                    one.states += report.unique as u64;
                    let broken = report.findings.into_iter().find_map(|(guarantee, finding)| {
                        let known = subject.breaks().contains(&guarantee);
                        match finding {
                            Finding::Broken { reason, story, .. } if !known => {
                                Some((guarantee, reason, story.len() as u64))
                            }
                            _ => None,
                        }
                    });
                    if let Some((guarantee, reason, moves)) = broken {
                        one.moves = moves;
                        one.catch = Some(catch(guarantee.to_string(), reason));
                    }
                }
                Err(panic) => one.catch = Some(catch("panic".to_owned(), said(&*panic))),
            }
            if one.catch.is_some() {
                break;
            }
        }
        if let Some(one) = &mut modelled {
            one.millis = millis(&watch);
        }
        modelled
    }
}

/// Whether a cell is not as it should be. A break is wrong with any number of seeds; that something
/// is missing is known when all are there.
fn is_wrong(cell: &Cell, whole: bool) -> bool {
    match cell.as_wished {
        Wish::Regression(_) => whole || cell.verdict == Judgement::Broken,
        Wish::Blind(_) => whole,
        Wish::AsExpected | Wish::Undecided(_) => false,
    }
}

fn millis(watch: &ProgressBar) -> u64 {
    u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("it panicked: {}", text.unwrap_or("without a word"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(protocol: &str, models: &[&str]) -> Task {
        Task {
            protocols: vec![protocol.to_owned()],
            models: models.iter().map(|&name| name.to_owned()).collect(),
            known: vec!["calm".to_owned()],
            probes: Vec::new(),
            seeds: 1,
            searches: 2,
            runs: 3,
            states: 20_000,
        }
    }

    #[test]
    fn the_locks_as_they_are_pass() {
        let trial = task("ttl", &["storage"]).run().expect("it is known");
        assert_eq!(trial.catalogue.catch, None);
        assert!(trial.catalogue.runs > 30, "the whole catalogue was met");
        assert_eq!((trial.search.found, trial.search.length), (vec![None, None], 3));
        let model = trial.model.expect("the storage has a model");
        assert!(model.catch.is_none() && model.states > 1_000);
    }

    #[test]
    fn a_lock_without_a_model_has_nothing_to_check() {
        let trial = task("ttl-watchdog", &["ttl-watchdog"]).run().expect("it is known");
        assert_eq!(trial.model, None);
        assert!(task("tll", &[]).run().is_err());
    }
}
