//! The search for faults that nobody wrote down.
//!
//! Run after run, each lock in turn meets a [drawn](draw) scenario. What breaks although it is
//! promised there is a [`Finding`]; what breaks outside of what is promised is what such plans
//! do. Findings are told apart by what broke and how, and the first of each sort is kept.
//!
//! A search also says what it looked at ([`Reach`]): which goals were reached, which kinds of
//! faults were drawn and bit, how often each promise was put to the test. What was never reached
//! was never tested, and a lock of which nothing was is not held to be good.
//!
//! Runs are numbered, and spread over threads in blocks that count whole, so the first so many
//! runs find the same on any number of threads.

mod draw;
mod sure;

pub use draw::{draw, plans};
pub use sure::{chance_still_there, failure_rate_at_most};

use crate::contestant::Contestant;
use crate::promise;
use crate::registry::{Contestants, Entry};
use crate::scenario::Scenario;
use locklab_protocols::spec::{Goal, Guarantee, Verdict};
use locklab_sim::{Outcome, Record};
use rayon::prelude::*;
use std::collections::BTreeMap;

/// So many runs are spread over the threads at once.
const BLOCK: u64 = 64;

/// A promise that did not hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The lock.
    pub protocol: String,
    /// What broke.
    pub guarantee: Guarantee,
    /// How, without the names and numbers of the one run.
    pub shape: String,
    /// How, in the first run that showed it.
    pub reason: String,
    /// The seed of that run, which is also the number of its scenario.
    pub seed: u64,
    /// Its scenario.
    pub scenario: Scenario,
    /// The how many-th run of the search it was, counted from 1.
    pub run: u64,
    /// How many runs showed it.
    pub times: u64,
}

/// What a search looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reach {
    /// How many runs reached each goal.
    pub goals: BTreeMap<Goal, u64>,
    /// In how many runs each kind of fault was part of the plan, and in how many it bit.
    pub faults: BTreeMap<&'static str, (u64, u64)>,
    /// How many runs each lock had.
    pub runs: BTreeMap<String, u64>,
    /// In how many runs each guarantee of each lock was promised and held or broken.
    pub tested: BTreeMap<(String, Guarantee), u64>,
    /// In how many runs a check of something promised could not decide, and why in the first.
    pub unknown: BTreeMap<(String, Guarantee), (u64, String)>,
}

/// What came out of a search.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// How many runs there were.
    pub runs: u64,
    /// The first of each sort, in the order in which they were found.
    pub findings: Vec<Finding>,
    /// What was looked at.
    pub reach: Reach,
}

/// Searches: the locks take turns, and each meets the scenarios from number `first_seed` on.
///
/// It ends after `runs` runs, or once `go_on` says no; runs that have begun are finished and
/// count. `on_block` is told what was found so far after each block of runs.
pub fn search(
    contestants: &Contestants,
    first_seed: u64,
    runs: u64,
    go_on: &(dyn Fn() -> bool + Sync),
    on_block: &mut dyn FnMut(&Found),
) -> Found {
    let entries = contestants.entries();
    let mut found = Found::default();
    let mut next = 0;
    while next < runs && !entries.is_empty() && go_on() {
        let end = (next + BLOCK).min(runs);
        let one = |run: u64| {
            go_on().then(|| {
                let entry = &entries[(run % entries.len() as u64) as usize];
                look(entry, first_seed + run / entries.len() as u64)
            })
        };
        let block: Vec<Option<Look>> = (next..end).into_par_iter().map(one).collect();
        block.into_iter().flatten().for_each(|look| found.take(look));
        on_block(&found);
        next = end;
    }
    found
}

/// One run.
struct Look {
    protocol: String,
    seed: u64,
    scenario: Scenario,
    outcome: Outcome,
    promised: Vec<Guarantee>,
}

fn look(entry: &Entry, seed: u64) -> Look {
    let scenario = draw(entry, seed);
    let contestant = entry.build(&scenario);
    let outcome = contestant.run(&scenario, seed, Record::Nothing);
    let promised = promised(contestant.as_ref(), &scenario);
    Look { protocol: entry.name().to_owned(), seed, scenario, outcome, promised }
}

/// What a lock promises in a scenario.
pub fn promised(contestant: &dyn Contestant, scenario: &Scenario) -> Vec<Guarantee> {
    let promises = contestant.promises();
    let inside = promises.iter().filter(|promise| promise::inside(promise, scenario).is_ok());
    let mut guarantees: Vec<Guarantee> = inside.map(|promise| promise.guarantee).collect();
    guarantees.sort_unstable();
    guarantees.dedup();
    guarantees
}

impl Found {
    fn take(&mut self, look: Look) {
        self.runs += 1;
        self.reach.take(&look);
        let Look { protocol, seed, scenario, outcome, promised } = look;
        for (guarantee, verdict) in outcome.verdicts {
            let Verdict::Broken { at, reason } = verdict else { continue };
            if !promised.contains(&guarantee) {
                continue;
            }
            let shape = shape(&reason);
            let same = |known: &&mut Finding| {
                known.protocol == protocol && known.guarantee == guarantee && known.shape == shape
            };
            match self.findings.iter_mut().find(same) {
                Some(known) => known.times += 1,
                None => self.findings.push(Finding {
                    protocol: protocol.clone(),
                    guarantee,
                    shape,
                    reason: format!("at {at}: {reason}"),
                    seed,
                    scenario: scenario.clone(),
                    run: self.runs,
                    times: 1,
                }),
            }
        }
    }
}

impl Reach {
    fn take(&mut self, look: &Look) {
        *self.runs.entry(look.protocol.clone()).or_default() += 1;
        for goal in &look.outcome.goals {
            *self.goals.entry(*goal).or_default() += 1;
        }
        let mut kinds: BTreeMap<&'static str, bool> = BTreeMap::new();
        for bites in &look.outcome.bites {
            *kinds.entry(bites.kind).or_default() |= bites.count > 0;
        }
        for (kind, bit) in kinds {
            let (drawn, bitten) = self.faults.entry(kind).or_default();
            *drawn += 1;
            *bitten += u64::from(bit);
        }
        for guarantee in &look.promised {
            let key = (look.protocol.clone(), *guarantee);
            match look.outcome.verdicts.get(guarantee) {
                Some(Verdict::Held | Verdict::Broken { .. }) => {
                    *self.tested.entry(key).or_default() += 1;
                }
                Some(Verdict::Unknown { reason }) => {
                    self.unknown.entry(key).or_insert_with(|| (0, reason.clone())).0 += 1;
                }
                Some(Verdict::NotExercised { .. }) | None => {}
            }
        }
    }
}

/// How something broke, without the names and numbers of the one run: the beginning of the reason
/// with every number as `#`.
pub fn shape(reason: &str) -> String {
    const LONGEST: usize = 60;
    let mut shape = String::new();
    let mut in_number = false;
    for letter in reason.chars() {
        let digit = letter.is_ascii_digit() || (in_number && letter == '.');
        if !digit {
            shape.push(letter);
        } else if !in_number {
            shape.push('#');
        }
        in_number = digit;
        if shape.chars().count() >= LONGEST {
            break;
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_has_no_numbers() {
        let one = shape("c1 was granted L1 at 10.826 s while c2 still believed");
        assert_eq!(one, "c# was granted L# at # s while c# still believed");
        assert_eq!(one, shape("c3 was granted L2 at 7 s while c12 still believed"));
    }
}
