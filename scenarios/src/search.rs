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
//! runs find the same on any number of threads. Every sixteenth scenario of a lock is a control:
//! it has no faults, and what breaks in it was not broken by any.
//!
//! With a [`Corpus`], plans that reached something new are kept, and later ones are mutated from
//! them.

mod corpus;
mod draw;
mod first;
mod reach;
mod sure;

pub use corpus::{Corpus, Feature, Kept};
pub use draw::{draw, mutate, plans};
pub use first::first_finding;
pub use reach::{FaultReach, Reach};
pub use sure::{chance_still_there, failure_rate_at_most};

use crate::contestant::Contestant;
use crate::promise;
use crate::registry::{Contestants, Entry};
use crate::scenario::Scenario;
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_sim::{Outcome, Record};
use rayon::prelude::*;

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

/// What came out of a search.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// How many runs there were.
    pub runs: u64,
    /// How many runs were left out before them.
    pub skipped: u64,
    /// The first of each sort, in the order in which they were found.
    pub findings: Vec<Finding>,
    /// What was looked at.
    pub reach: Reach,
}

/// What to search, and how far.
#[derive(Debug)]
pub struct Task<'a> {
    /// The locks, which take turns.
    pub contestants: &'a Contestants,
    /// Each meets the scenarios from this number on.
    pub first_seed: u64,
    /// So many runs are left out at its beginning: others make them.
    pub skip: u64,
    /// It ends after so many runs, those left out among them.
    pub runs: u64,
    /// Plans that are kept because they reached something, if any are; half of the scenarios are
    /// then mutations of them.
    pub corpus: Option<Corpus>,
}

/// Searches.
///
/// It ends when its runs are made, or once `go_on` says no; runs that have begun are finished and
/// count. `on_block` is told after each block of runs what was found so far, and which plans were
/// added to the corpus by the block. The plans of the corpus are played first.
///
/// What a search finds depends on its task alone, and not on the number of threads.
pub fn search(
    task: Task<'_>,
    go_on: &(dyn Fn() -> bool + Sync),
    on_block: &mut dyn FnMut(&Found, &[Kept]),
) -> Found {
    let Task { contestants, first_seed, skip, runs, mut corpus } = task;
    let entries = contestants.entries();
    let mut found = Found { skipped: skip, ..Found::default() };
    if let Some(corpus) = &mut corpus {
        replay(corpus, contestants, &mut found, go_on, on_block);
    }
    let mut next = skip;
    while next < runs && !entries.is_empty() && go_on() {
        let end = (next + BLOCK).min(runs);
        let one = |run: u64| {
            go_on().then(|| {
                let (place, number) = turn(entries, run);
                let (entry, seed) = (&entries[place], first_seed + number);
                let kept = corpus.as_ref().and_then(|corpus| corpus.mutation(entry, seed));
                let scenario = kept.unwrap_or_else(|| draw(entry, seed));
                look(entry, seed, scenario)
            })
        };
        let block: Vec<Option<Look>> = (next..end).into_par_iter().map(one).collect();
        let mut added = Vec::new();
        for look in block.into_iter().flatten() {
            let kept = corpus.as_mut().and_then(|corpus| corpus.consider(&look));
            added.extend(kept);
            found.take(look);
        }
        on_block(&found, &added);
        next = end;
    }
    found
}

/// How many turns a lock has in each round: a run of a replicated log takes as long as twenty of most
/// others, and would leave them little of the time.
fn turns(entry: &Entry) -> u64 {
    if entry.name() == "raft" { 1 } else { 4 }
}

/// Whose turn a run is, and how many turns that lock had before.
fn turn(entries: &[Entry], run: u64) -> (usize, u64) {
    let round: u64 = entries.iter().map(turns).sum();
    let mut left = run % round;
    for (place, entry) in entries.iter().enumerate() {
        let turns = turns(entry);
        if left < turns {
            return (place, run / round * turns + left);
        }
        left -= turns;
    }
    unreachable!("a round is made of turns")
}

/// Plays the plans of a corpus, to know what they reach today.
fn replay(
    corpus: &mut Corpus,
    contestants: &Contestants,
    found: &mut Found,
    go_on: &(dyn Fn() -> bool + Sync),
    on_block: &mut dyn FnMut(&Found, &[Kept]),
) {
    let plans: Vec<Kept> = corpus.plans().cloned().collect();
    for block in plans.chunks(BLOCK as usize) {
        let one = |kept: &Kept| {
            let entry = contestants.entry(&kept.protocol).ok().filter(|_| go_on())?;
            Some(look(entry, kept.seed, kept.scenario.clone()))
        };
        let block: Vec<Option<Look>> = block.par_iter().map(one).collect();
        for look in block.into_iter().flatten() {
            corpus.learn(&look);
            found.take(look);
        }
        on_block(found, &[]);
    }
}

/// One run.
struct Look {
    protocol: String,
    seed: u64,
    scenario: Scenario,
    outcome: Outcome,
    promised: Vec<Guarantee>,
}

fn look(entry: &Entry, seed: u64, scenario: Scenario) -> Look {
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
                    run: self.skipped + self.runs,
                    times: 1,
                }),
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
    use locklab_protocols::ttl::Ttl;

    /// Every lock meets its scenarios in order, none twice and none left out, a log a quarter as often.
    #[test]
    fn each_lock_has_its_turns() {
        // Nobody plays here, so their names are enough.
        let locks = ["ttl", "redlock", "raft"].into_iter();
        let named = locks.fold(Contestants::none(), |all, name| {
            all.with_setup(name, "a name", |_| Ttl::default())
        });
        let entries = named.entries();
        let mut met = vec![0; entries.len()];
        for run in 0..90 {
            let (place, number) = turn(entries, run);
            assert_eq!(number, met[place], "run {run}");
            met[place] += 1;
        }
        let of = |name: &str| entries.iter().position(|entry| entry.name() == name);
        assert_eq!(met[of("raft").expect("it is there")], 10);
        assert_eq!(met[of("ttl").expect("it is there")], 40);
    }

    #[test]
    fn a_shape_has_no_numbers() {
        let one = shape("c1 was granted L1 at 10.826 s while c2 still believed");
        assert_eq!(one, "c# was granted L# at # s while c# still believed");
        assert_eq!(one, shape("c3 was granted L2 at 7 s while c12 still believed"));
    }
}
