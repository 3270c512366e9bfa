//! Makes a failing run small: the least scenario in which the same guarantee still breaks.
//!
//! Greedy and deterministic. Each pass proposes smaller scenarios, the boldest first:
//! without half of the faults, with two clients, with one lock, with a fault that is shorter or
//! strikes at the first event instead of the seventh, with times in whole seconds. A proposal is
//! taken if the guarantee still breaks in it, and if what was promised is promised there too: a
//! bug must not turn into a break that everybody knows. It is played first without any chance at
//! all, then with the seed of the failure, then with a few others; whatever breaks first is taken.
//!
//! At the end the [schedule](Schedule) of what chance decided is made small as well, until it lists only
//! what matters. So the result depends on no seed.
//!
//! That somebody waits for ever is another matter: without chance, polls that keep step starve.
//! There the run keeps its chance, and its schedule lists all of it.
//!
//! The number of runs is bounded; what is reached by then is what comes out.

mod faults;
mod passes;
mod schedule;

pub(crate) use faults::lasts;

use crate::registry::Entry;
use crate::scenario::Scenario;
use crate::search::promised;
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_sim::schedule::Schedule;
use locklab_sim::{Outcome, Record};
use std::collections::{BTreeMap, BTreeSet};

/// More runs than this are seldom of use.
pub const USUAL_RUNS: u64 = 4_000;

/// Seeds that are tried beside that of the failure.
const OTHER_SEEDS: u64 = 3;

/// Where the chance of a run comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// A seed.
    Seed(u64),
    /// A schedule.
    Schedule(Schedule),
}

/// A failing run, made small.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shrunk {
    /// The scenario.
    pub scenario: Scenario,
    /// What chance must decide for it to fail.
    pub schedule: Schedule,
    /// The run, recorded.
    pub outcome: Outcome,
    /// How large the failing run was before.
    pub before: Size,
    /// How large it is now.
    pub after: Size,
    /// How many runs that took.
    pub runs: u64,
}

/// How large a failing run is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Size {
    /// How many faults there are.
    pub faults: usize,
    /// How many clients.
    pub clients: usize,
    /// How many servers.
    pub servers: usize,
    /// How many locks.
    pub locks: u32,
    /// How many steps the nodes take.
    pub steps: u64,
    /// How many of chance's decisions it needs.
    pub decisions: usize,
}

/// How far shrinking has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// How many runs were made.
    pub runs: u64,
    /// How many faults, clients and decisions of chance are left; decisions once they are counted.
    pub size: Size,
}

/// Makes a failing run small; at most about `most_runs` runs are made.
///
/// # Errors
///
/// If the run does not break the guarantee.
pub fn shrink(
    entry: &Entry,
    scenario: &Scenario,
    source: &Source,
    guarantee: Guarantee,
    most_runs: u64,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Shrunk, String> {
    // What is known of other locks there is not known of a smaller one.
    let scenario = &Scenario {
        protocols: [entry.name().to_owned()].into(),
        expect: BTreeMap::new(),
        sometimes: BTreeSet::new(),
        sometimes_of: BTreeMap::new(),
        ..scenario.clone()
    };
    let contestant = entry.build(scenario);
    let first = run(entry, scenario, source, Record::Nothing);
    if !breaks(&first, guarantee) {
        return Err(format!(
            "{guarantee} does not break in this run, so there is nothing to shrink"
        ));
    }
    let decisions = match source {
        Source::Seed(seed) => contestant.write_down(scenario, *seed, Record::Nothing).1.len(),
        Source::Schedule(schedule) => schedule.len(),
    };
    let before = Size { decisions, ..size(entry, scenario, &first) };
    let must_be_promised = promised(contestant.as_ref(), scenario).contains(&guarantee);
    let mut shrinker = Shrinker {
        entry,
        guarantee,
        must_be_promised,
        scenario: scenario.clone(),
        source: source.clone(),
        origin: source.clone(),
        runs: 2,
        most_runs,
        on_progress,
    };
    shrinker.pass_until_nothing_helps();
    let schedule = shrinker.least_schedule();
    let Shrinker { scenario, runs, .. } = shrinker;
    let source = Source::Schedule(schedule.clone());
    let outcome = run(entry, &scenario, &source, Record::Everything);
    let after = Size { decisions: schedule.len(), ..size(entry, &scenario, &outcome) };
    Ok(Shrunk { scenario, schedule, outcome, before, after, runs: runs + 1 })
}

/// Plays a scenario with this chance.
pub fn run(entry: &Entry, scenario: &Scenario, source: &Source, record: Record) -> Outcome {
    let contestant = entry.build(scenario);
    match source {
        Source::Seed(seed) => contestant.run(scenario, *seed, record),
        Source::Schedule(schedule) => contestant.play(scenario, schedule, record),
    }
}

/// Whether a run broke a guarantee.
pub fn breaks(outcome: &Outcome, guarantee: Guarantee) -> bool {
    outcome.verdicts.get(&guarantee).is_some_and(Verdict::is_broken)
}

fn size(entry: &Entry, scenario: &Scenario, outcome: &Outcome) -> Size {
    Size {
        faults: scenario.faults.len(),
        clients: scenario.clients,
        servers: entry.build(scenario).servers(),
        locks: scenario.workload.locks,
        steps: outcome.steps,
        decisions: 0,
    }
}

/// The state of shrinking one failure.
struct Shrinker<'a> {
    entry: &'a Entry,
    guarantee: Guarantee,
    must_be_promised: bool,
    /// The smallest failing scenario so far, and the chance with which it fails.
    scenario: Scenario,
    source: Source,
    /// The chance with which it failed at first.
    origin: Source,
    runs: u64,
    most_runs: u64,
    on_progress: &'a mut dyn FnMut(Progress),
}

impl Shrinker<'_> {
    fn is_over(&self) -> bool {
        self.runs >= self.most_runs
    }

    fn pass_until_nothing_helps(&mut self) {
        // What needs no chance needs no schedule: the best first step.
        self.take(self.scenario.clone());
        loop {
            let before = self.scenario.clone();
            self.fewer_faults();
            let passes = if self.may_lack_chance() { &passes::ALL } else { passes::WITH_CHANCE };
            for pass in passes {
                // A proposal that was taken may open the way for the next of the same pass.
                while !self.is_over() && self.first_of(pass(&self.scenario)) {}
            }
            if self.is_over() || self.scenario == before {
                return;
            }
        }
    }

    /// Takes faults away, many at once while that works.
    fn fewer_faults(&mut self) {
        let mut chunk = self.scenario.faults.len();
        while chunk > 0 {
            let mut position = 0;
            while position < self.scenario.faults.len() && !self.is_over() {
                let mut smaller = self.scenario.clone();
                let end = (position + chunk).min(smaller.faults.len());
                smaller.faults.drain(position..end);
                if !self.take(smaller) {
                    position += chunk;
                }
            }
            chunk /= 2;
        }
    }

    /// Takes the first of these that still fails; says whether any does.
    fn first_of(&mut self, smaller: Vec<Scenario>) -> bool {
        smaller.into_iter().any(|scenario| scenario != self.scenario && self.take(scenario))
    }

    /// Takes a scenario if the guarantee breaks in it.
    fn take(&mut self, scenario: Scenario) -> bool {
        if self.is_over() {
            return false;
        }
        let Ok(scenario) = scenario.checked(&[self.entry.name()]) else { return false };
        let contestant = self.entry.build(&scenario);
        if !scenario.is_for(contestant.as_ref()) {
            return false;
        }
        if self.must_be_promised
            && !promised(contestant.as_ref(), &scenario).contains(&self.guarantee)
        {
            return false;
        }
        for source in self.sources() {
            self.runs += 1;
            let outcome = run(self.entry, &scenario, &source, Record::Nothing);
            if breaks(&outcome, self.guarantee) {
                let size = size(self.entry, &scenario, &outcome);
                (self.on_progress)(Progress { runs: self.runs, size });
                (self.scenario, self.source) = (scenario, source);
                return true;
            }
        }
        false
    }

    /// Whether it may be played without chance. Not for progress: it is chance that lets
    /// everybody have his turn, and polls that keep step with each other starve for ever, which
    /// says nothing of the lock.
    fn may_lack_chance(&self) -> bool {
        self.guarantee != Guarantee::Progress
    }

    /// Without chance, then as it failed last and at first, then anyhow. What fails without
    /// chance is kept so.
    fn sources(&self) -> Vec<Source> {
        let plain = Source::Schedule(Schedule::default());
        let mut sources = Vec::new();
        if self.may_lack_chance() {
            sources.push(plain.clone());
        }
        if self.source != plain {
            let others = (1..=OTHER_SEEDS).map(Source::Seed);
            sources.extend([self.source.clone(), self.origin.clone()].into_iter().chain(others));
            sources.dedup();
        }
        sources
    }
}
