//! The runs of one lock in one scenario, pooled.

use super::Judgement;
use super::pooled::Pooled as PooledMeasures;
use locklab_protocols::spec::{Goal, Guarantee, Verdict};
use locklab_sim::Outcome;
use std::collections::{BTreeMap, BTreeSet};

/// The runs of one lock in one scenario, pooled. It does not matter in which order they come or
/// in which groups they are [merged](Tally::merge).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// How many runs were asked for and not made.
    pub missing: u64,
    /// What the runs say of each guarantee of which any speaks.
    pub guarantees: BTreeMap<Guarantee, Says>,
    /// The goals that some run reached.
    pub reached: BTreeSet<Goal>,
    /// What was counted, by runs and in all.
    pub measures: PooledMeasures,
}

/// What the runs say of one guarantee. Of the reasons, that of the smallest seed is kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Says {
    /// How many runs put it to the test without a break.
    pub held: u64,
    /// How many broke it.
    pub broken: u64,
    /// How many could not decide.
    pub unknown: u64,
    /// How many did not put it to the test.
    pub not_exercised: u64,
    /// The smallest seed that broke it, and how.
    pub first_broken: Option<(u64, String)>,
    /// The smallest seed that could not decide, and why.
    pub first_unknown: Option<(u64, String)>,
    /// The smallest seed that did not put it to the test, and what did not happen.
    pub first_not_exercised: Option<(u64, String)>,
}

impl Tally {
    /// One run.
    pub fn of(outcome: Outcome) -> Self {
        let seed = outcome.seed;
        let broken = outcome.verdicts.iter().filter(|(_, verdict)| verdict.is_broken());
        let broken: BTreeSet<Guarantee> = broken.map(|(guarantee, _)| *guarantee).collect();
        let (measures, bites) = (&outcome.measures, &outcome.bites);
        let measures = PooledMeasures::of(seed, measures, bites, broken, outcome.end);
        let guarantees = outcome.verdicts.into_iter();
        let guarantees = guarantees.map(|(guarantee, says)| (guarantee, Says::of(seed, says)));
        let (guarantees, reached) = (guarantees.collect(), outcome.goals);
        Self { missing: 0, guarantees, reached, measures }
    }

    /// A run that was asked for and not made.
    pub fn of_missing() -> Self {
        Self { missing: 1, ..Self::default() }
    }

    /// Both together.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.missing += other.missing;
        for (guarantee, pooled) in other.guarantees {
            self.guarantees.entry(guarantee).or_default().merge(pooled);
        }
        self.reached.extend(other.reached);
        self.measures.merge(other.measures);
        self
    }

    /// How many runs there were.
    pub fn runs(&self) -> u64 {
        self.measures.runs.len() as u64
    }

    /// How many runs were asked for and not made.
    pub fn missing(&self) -> u64 {
        self.missing
    }

    /// The goals that some run reached.
    pub fn reached(&self) -> &BTreeSet<Goal> {
        &self.reached
    }

    /// Those of these goals that no run reached.
    pub fn missed(&self, goals: &BTreeSet<Goal>) -> Vec<Goal> {
        goals.difference(&self.reached).copied().collect()
    }

    /// What the runs say of one guarantee.
    pub(super) fn of_guarantee(&self, guarantee: Guarantee) -> Says {
        self.guarantees.get(&guarantee).cloned().unwrap_or_default()
    }
}

impl Says {
    fn of(seed: u64, verdict: Verdict) -> Self {
        let mut pooled = Self::default();
        match verdict {
            Verdict::Held => pooled.held = 1,
            Verdict::Broken { at, reason } => {
                pooled.broken = 1;
                pooled.first_broken = Some((seed, format!("at {at}: {reason}")));
            }
            Verdict::Unknown { reason } => {
                pooled.unknown = 1;
                pooled.first_unknown = Some((seed, reason));
            }
            Verdict::NotExercised { reason } => {
                pooled.not_exercised = 1;
                pooled.first_not_exercised = Some((seed, reason));
            }
        }
        pooled
    }

    fn merge(&mut self, other: Self) {
        self.held += other.held;
        self.broken += other.broken;
        self.unknown += other.unknown;
        self.not_exercised += other.not_exercised;
        keep_first(&mut self.first_broken, other.first_broken);
        keep_first(&mut self.first_unknown, other.first_unknown);
        keep_first(&mut self.first_not_exercised, other.first_not_exercised);
    }

    /// Whether no run speaks of it.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the runs together say, and why; `missed` are the goals that none of them reached.
    pub(super) fn verdict(&self, missed: &[Goal]) -> (Judgement, String) {
        let reason = |first: &Option<(u64, String)>| {
            first.as_ref().map(|(_, reason)| reason.clone()).unwrap_or_default()
        };
        if self.broken > 0 {
            (Judgement::Broken, reason(&self.first_broken))
        } else if self.unknown > 0 {
            (Judgement::Unknown, reason(&self.first_unknown))
        } else if self.held == 0 {
            let reason = match reason(&self.first_not_exercised) {
                reason if reason.is_empty() => "no run looked at it".to_owned(),
                reason => reason,
            };
            (Judgement::NotExercised, reason)
        } else if missed.is_empty() {
            (Judgement::Held, String::new())
        } else {
            let names: Vec<&str> = missed.iter().map(|goal| goal.name()).collect();
            (Judgement::NotExercised, format!("no run reached {}", names.join(" and ")))
        }
    }
}

fn keep_first(mine: &mut Option<(u64, String)>, other: Option<(u64, String)>) {
    *mine = match (mine.take(), other) {
        (Some(mine), Some(other)) => Some(mine.min(other)),
        (mine, other) => mine.or(other),
    };
}
