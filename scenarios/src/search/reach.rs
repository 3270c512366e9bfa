//! What a search looked at, and what it never came to.

use super::{Feature, Look};
use locklab_protocols::spec::{Goal, Guarantee, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// What a search looked at.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Reach {
    /// How many runs reached each goal.
    pub goals: BTreeMap<Goal, u64>,
    /// What the faults of each kind did.
    pub faults: BTreeMap<&'static str, FaultReach>,
    /// How many runs each lock had.
    pub runs: BTreeMap<String, u64>,
    /// How many of all runs were without faults.
    pub controls: u64,
    /// In how many runs each guarantee of each lock was promised.
    pub promised: BTreeMap<(String, Guarantee), u64>,
    /// In how many runs each guarantee of each lock was promised and held or broken.
    pub tested: BTreeMap<(String, Guarantee), u64>,
    /// In how many runs a check of something promised could not decide, and why in the first.
    pub unknown: BTreeMap<(String, Guarantee), (u64, String)>,
    /// Everything by which one run can be told from another.
    pub features: BTreeSet<Feature>,
}

/// What the faults of one kind did, in numbers of runs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct FaultReach {
    /// They were part of the plan.
    pub drawn: u64,
    /// One was felt.
    pub bit: u64,
    /// One was felt while somebody held a lock.
    pub while_held: u64,
    /// One was felt while somebody waited for a lock.
    pub while_awaited: u64,
}

impl Reach {
    pub(super) fn take(&mut self, look: &Look) {
        *self.runs.entry(look.protocol.clone()).or_default() += 1;
        self.controls += u64::from(look.scenario.faults.is_empty());
        for goal in &look.outcome.goals {
            *self.goals.entry(*goal).or_default() += 1;
        }
        self.features.extend(Feature::of(look));
        let mut kinds: BTreeMap<&'static str, [bool; 3]> = BTreeMap::new();
        for bites in &look.outcome.bites {
            let felt = kinds.entry(bites.kind).or_default();
            let counts = [bites.count, bites.while_held, bites.while_awaited];
            felt.iter_mut().zip(counts).for_each(|(felt, count)| *felt |= count > 0);
        }
        for (kind, [bit, held, awaited]) in kinds {
            let reach = self.faults.entry(kind).or_default();
            reach.drawn += 1;
            reach.bit += u64::from(bit);
            reach.while_held += u64::from(held);
            reach.while_awaited += u64::from(awaited);
        }
        for guarantee in &look.promised {
            let key = (look.protocol.clone(), *guarantee);
            *self.promised.entry(key.clone()).or_default() += 1;
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

    /// What was promised in some run and put to the test in none.
    pub fn never_tested(&self) -> impl Iterator<Item = &(String, Guarantee)> {
        self.promised.keys().filter(|key| !self.tested.contains_key(*key))
    }
}
