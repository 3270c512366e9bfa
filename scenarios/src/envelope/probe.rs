//! One amount of a fault, met on many seeds.

use super::Over;
use crate::registry::Entry;
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_sim::{Outcome, Record};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// What became of one amount of a fault on many seeds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Probe {
    /// How many runs there were.
    pub runs: u64,
    /// What they say of each guarantee of which any speaks.
    pub guarantees: BTreeMap<Guarantee, Count>,
    /// For how much of the time in which somebody waited he was granted within the bound, in
    /// microseconds over all runs.
    pub served: u64,
    /// For how much of the time somebody waited, in microseconds over all runs.
    pub waited: u64,
    /// In how many runs every fault was felt.
    pub felt: u64,
}

/// What runs say of a guarantee.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Count {
    /// So many put it to the test without a break.
    pub held: u64,
    /// So many broke it.
    pub broken: u64,
    /// So many could not decide.
    pub unknown: u64,
    /// The smallest seed that broke it.
    pub first_broken: Option<u64>,
}

/// Something of which an envelope has a border.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Measure {
    /// A guarantee: until it breaks in some run.
    Guarantee(Guarantee),
    /// Of the time in which somebody waits, the share in which he is granted within the bound:
    /// until it is below so many thousandths.
    Availability(u32),
}

/// How something stands at an amount.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Standing {
    /// It was put to the test and did not break.
    Holds,
    /// It breaks, first with this seed if it is one run that breaks it.
    Breaks(Option<u64>),
    /// It was not put to the test, or could not be decided.
    Open,
}

impl Probe {
    /// Plays the scenario of an amount on these seeds; `None` if `stop` was set meanwhile.
    pub fn of(
        entry: &Entry,
        over: Over,
        amount: u64,
        seeds: Range<u64>,
        stop: &AtomicBool,
    ) -> Option<Self> {
        let scenario = over.scenario(amount);
        let contestant = entry.build(&scenario);
        let run = |seed| {
            let go_on = !stop.load(Ordering::Relaxed);
            go_on.then(|| Self::of_run(&contestant.run(&scenario, seed, Record::Nothing)))
        };
        let both = |one: Option<Self>, other: Option<Self>| Some(one?.merged(other?));
        seeds.into_par_iter().map(run).reduce(|| Some(Self::default()), both)
    }

    fn of_run(outcome: &Outcome) -> Self {
        let micros =
            |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let counts = outcome.verdicts.iter().map(|(guarantee, verdict)| {
            let mut count = Count::default();
            match verdict {
                Verdict::Held => count.held = 1,
                Verdict::Broken { .. } => {
                    (count.broken, count.first_broken) = (1, Some(outcome.seed));
                }
                Verdict::Unknown { .. } => count.unknown = 1,
                Verdict::NotExercised { .. } => {}
            }
            (*guarantee, count)
        });
        Self {
            runs: 1,
            guarantees: counts.collect(),
            served: micros(outcome.measures.served),
            waited: micros(outcome.measures.waited),
            felt: u64::from(outcome.bites.iter().all(|bites| bites.count > 0)),
        }
    }

    fn merged(mut self, other: Self) -> Self {
        self.runs += other.runs;
        self.served += other.served;
        self.waited += other.waited;
        self.felt += other.felt;
        for (guarantee, count) in other.guarantees {
            let mine = self.guarantees.entry(guarantee).or_default();
            mine.held += count.held;
            mine.broken += count.broken;
            mine.unknown += count.unknown;
            mine.first_broken = match (mine.first_broken, count.first_broken) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        self
    }

    /// How something stands here.
    pub fn standing(&self, measure: Measure) -> Standing {
        match measure {
            Measure::Guarantee(guarantee) => match self.guarantees.get(&guarantee) {
                Some(count) if count.broken > 0 => Standing::Breaks(count.first_broken),
                Some(count) if count.unknown == 0 && count.held > 0 => Standing::Holds,
                _ => Standing::Open,
            },
            Measure::Availability(least) => match self.availability_permille() {
                Some(share) if self.felt == 0 && share >= least => Standing::Open,
                Some(share) if share >= least => Standing::Holds,
                Some(_) => Standing::Breaks(None),
                None => Standing::Open,
            },
        }
    }

    /// Of the time in which somebody waited, the share in which he was granted within the bound,
    /// in thousandths; `None` if nobody waited.
    pub fn availability_permille(&self) -> Option<u32> {
        let share = (u128::from(self.served) * 1000).checked_div(u128::from(self.waited))?;
        Some(u32::try_from(share.min(1000)).unwrap_or(1000))
    }
}

impl Measure {
    /// Its name in tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Guarantee(guarantee) => guarantee.name(),
            Self::Availability(_) => "availability",
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
