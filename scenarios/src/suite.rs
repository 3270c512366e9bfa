//! The suite: every lock meets every scenario on the same seeds.
//!
//! All locks meet the same workload and the same faults on the same seeds (common random
//! numbers), so that a difference between them is theirs and not chance's. Runs are independent
//! and spread over all cores; what comes out does not depend on how many there are.

use crate::contestant::Contestant;
use crate::judge::{Cell, MeasureRow, Tally, judge};
use crate::registry::Contestants;
use crate::scenario::Scenario;
use locklab_sim::Record;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What came out of a suite. In the order of the scenarios, then of the contestants.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Comparison {
    /// One for each guarantee of each protocol in each scenario.
    pub cells: Vec<Cell>,
    /// One for each protocol in each scenario.
    pub measures: Vec<MeasureRow>,
}

/// How far a suite has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress<'a> {
    /// How many runs are done.
    pub done: u64,
    /// How many there are in all.
    pub total: u64,
    /// The protocol of the run that was done last.
    pub protocol: &'a str,
    /// The scenario of the run that was done last.
    pub scenario: &'a str,
}

/// What a suite runs.
#[derive(Clone, Debug)]
pub struct Suite<'a> {
    contestants: &'a Contestants,
    scenarios: &'a [Scenario],
    seeds: Range<u64>,
    shard: (usize, usize),
}

/// Lets every contestant meet every scenario on these seeds.
///
/// `on_progress` is called after every run, from many threads. Once `stop` is set, runs that
/// have begun are finished, and the others count as missing.
pub fn compare(
    contestants: &Contestants,
    scenarios: &[Scenario],
    seeds: Range<u64>,
    on_progress: &(dyn Fn(Progress<'_>) + Sync),
    stop: &AtomicBool,
) -> Comparison {
    Suite::new(contestants, scenarios, seeds).run(on_progress, stop)
}

impl<'a> Suite<'a> {
    /// Every contestant, every scenario, these seeds.
    pub fn new(contestants: &'a Contestants, scenarios: &'a [Scenario], seeds: Range<u64>) -> Self {
        Self { contestants, scenarios, seeds, shard: (0, 1) }
    }

    /// Only the part with this number of so many, counted from 1: the pairs of a scenario and a
    /// protocol are dealt out like cards. The parts together are the whole.
    ///
    /// # Panics
    ///
    /// If there is no such part.
    #[must_use]
    pub fn shard(mut self, number: usize, of: usize) -> Self {
        assert!((1..=of).contains(&number), "there is no part {number} of {of}");
        self.shard = (number - 1, of);
        self
    }

    /// Runs it.
    pub fn run(
        &self,
        on_progress: &(dyn Fn(Progress<'_>) + Sync),
        stop: &AtomicBool,
    ) -> Comparison {
        let pairs = self.pairs();
        let seeds = self.seeds.end.saturating_sub(self.seeds.start);
        let total = pairs.len() as u64 * seeds;
        let done = AtomicU64::new(0);
        let meet = |(scenario, contestant): &(&Scenario, Box<dyn Contestant>)| {
            let one = |seed: u64| {
                if stop.load(Ordering::Relaxed) {
                    return Tally::of_missing();
                }
                let tally = Tally::of(contestant.run(scenario, seed, Record::Nothing));
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                let (protocol, scenario) = (contestant.name(), scenario.name.as_str());
                on_progress(Progress { done, total, protocol, scenario });
                tally
            };
            let tally = self.seeds.clone().into_par_iter().map(one);
            let tally = tally.reduce(Tally::default, Tally::merge);
            let cells = judge(contestant.as_ref(), scenario, &tally);
            (cells, MeasureRow::of(contestant.as_ref(), scenario, &tally))
        };
        let met: Vec<(Vec<Cell>, MeasureRow)> = pairs.par_iter().map(meet).collect();
        let mut comparison = Comparison::default();
        for (cells, measures) in met {
            comparison.cells.extend(cells);
            comparison.measures.push(measures);
        }
        comparison
    }

    /// The pairs of this shard, in order.
    fn pairs(&self) -> Vec<(&'a Scenario, Box<dyn Contestant>)> {
        let all = self.scenarios.iter().flat_map(|scenario| {
            let entries = self.contestants.entries().iter();
            entries.map(move |entry| (scenario, entry.build(scenario)))
        });
        let meets = all.filter(|(scenario, contestant)| scenario.is_for(contestant.as_ref()));
        let (part, parts) = self.shard;
        meets.skip(part).step_by(parts).collect()
    }
}
