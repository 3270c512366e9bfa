//! Two-phase commit under random faults: every promise, in every run that keeps its assumptions.
//!
//! Each seed draws a cluster, a workload and a plan from the whole vocabulary of faults (whole
//! kinds of it switched off: swarm testing), for one of the policies. `LOCKLAB_RUNS=20000` makes
//! it long, and `--nocapture` shows what bit.

mod plans;

use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_scenarios::contestant::Contestant;
use locklab_scenarios::promise::inside;
use locklab_sim::Record;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// What many runs came to.
#[derive(Default)]
struct Sum {
    runs: u64,
    /// For each policy and guarantee: promised and held, promised but not exercised, broken
    /// where it was not promised.
    verdicts: BTreeMap<(String, Guarantee), [u64; 3]>,
    /// For each kind of fault: in how many plans, and how often it bit.
    bites: BTreeMap<&'static str, (u64, u64)>,
    broken: Vec<String>,
}

impl Sum {
    fn of(seed: u64) -> Self {
        let (lock, mut scenario) = plans::draw(seed);
        let mut outcome = lock.run(&scenario, seed, Record::Nothing);
        // A fault that found nobody to bite leaves the run unexercised: it is taken out.
        if outcome.bites.iter().any(|bites| bites.count == 0) {
            let mut bites = outcome.bites.iter();
            scenario.faults.retain(|_| bites.next().is_some_and(|bites| bites.count > 0));
            outcome = lock.run(&scenario, seed, Record::Nothing);
        }
        let mut sum = Self { runs: 1, ..Self::default() };
        for (guarantee, verdict) in &outcome.verdicts {
            let promises = Contestant::promises(&lock).into_iter();
            let mut of_it = promises.filter(|promise| promise.guarantee == *guarantee);
            let promised = of_it.any(|promise| inside(&promise, &scenario).is_ok());
            let name = Contestant::name(&lock).to_owned();
            let counts = sum.verdicts.entry((name, *guarantee)).or_default();
            match verdict {
                Verdict::Broken { at, reason } if promised => sum.broken.push(format!(
                    "seed {seed}: {guarantee} at {at}: {reason}\n{lock:?}\n{}",
                    scenario.to_toml()
                )),
                Verdict::Broken { .. } => counts[2] += 1,
                Verdict::Held if promised => counts[0] += 1,
                _ if promised => counts[1] += 1,
                _ => {}
            }
        }
        for bites in &outcome.bites {
            let (plans, count) = sum.bites.entry(bites.kind).or_default();
            *plans += u64::from(bites.count > 0);
            *count += bites.count;
        }
        sum
    }

    fn merge(mut self, other: Self) -> Self {
        self.runs += other.runs;
        for (key, counts) in other.verdicts {
            let mine = self.verdicts.entry(key).or_default();
            mine.iter_mut().zip(counts).for_each(|(mine, count)| *mine += count);
        }
        for (kind, (plans, count)) in other.bites {
            let mine = self.bites.entry(kind).or_default();
            *mine = (mine.0 + plans, mine.1 + count);
        }
        self.broken.extend(other.broken);
        self
    }

    fn print(&self) {
        println!("{} runs", self.runs);
        for (kind, (plans, count)) in &self.bites {
            println!("{kind}: bit in {plans} plans, {count} times");
        }
        for ((lock, guarantee), [held, idle, broken]) in &self.verdicts {
            println!("{lock} {guarantee}: promised {held} held, {idle} idle; else {broken} broken");
        }
    }
}

#[test]
fn every_promise_holds_under_random_faults() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    };
    let first = number("LOCKLAB_FIRST", 0);
    let runs = number("LOCKLAB_RUNS", 300);
    let sum = (first..first + runs).into_par_iter().map(Sum::of);
    let sum = sum.reduce(Sum::default, Sum::merge);
    sum.print();
    let first: Vec<&String> = sum.broken.iter().take(3).collect();
    assert!(first.is_empty(), "{} broken promises, such as {first:#?}", sum.broken.len());
    // A sum that saw nothing proves nothing.
    for guarantee in [Guarantee::Agreement, Guarantee::GrantExclusion, Guarantee::TokenOrder] {
        let held = sum.verdicts.iter().filter(|((_, of), _)| *of == guarantee);
        let held: u64 = held.map(|(_, [held, ..])| held).sum();
        assert!(held * 2 > runs, "{guarantee} was put to the test in {held} of {runs} runs");
    }
}
