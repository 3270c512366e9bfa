//! Prediction and reality: what the simulator says of a lock in a scenario, and one live run.
//!
//! The simulator is asked on many seeds, for chance differs; a live run is one more throw of the
//! dice, by a machine. It is as predicted if nothing broke that the simulator never breaks, and
//! nothing held that it always breaks. What a live run did not put to the test says nothing.

use super::{LiveRun, Options};
use crate::judge::{Cell, Judgement, Tally, judge};
use crate::registry::Contestants;
use crate::scenario::{Expected, Scenario};
use locklab_protocols::spec::Guarantee;
use locklab_sim::Record;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// On how many seeds the simulator is asked.
pub const SEEDS: u64 = 20;

/// A lock in a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pair {
    /// The scenario.
    pub scenario: Scenario,
    /// The name of the lock.
    pub protocol: String,
}

/// What came of one pair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The scenario.
    pub scenario: String,
    /// The lock.
    pub protocol: String,
    /// What the simulator says.
    pub simulated: Vec<Cell>,
    /// What the live run says.
    pub live: Vec<Cell>,
    /// Why the live run came to nothing, if it did.
    pub failed: Option<String>,
}

/// One lock for each of these scenarios, or this lock in those that are for it: the first of which
/// a break is known there, else the first that it is known to put to the test, else the first it
/// is for.
pub fn pairs(scenarios: &[Scenario], protocol: Option<&str>) -> Vec<Pair> {
    let shelf = Contestants::shelf();
    let pair = |scenario: &Scenario| {
        let fits = |name: &&str| {
            protocol.is_none_or(|wanted| wanted == *name)
                && shelf.build(name, scenario).is_ok_and(|lock| scenario.is_for(lock.as_ref()))
        };
        let names: Vec<&str> = shelf.names().into_iter().filter(fits).collect();
        let known = |name: &str, what: fn(&Expected) -> bool| {
            scenario.expect.get(name).is_some_and(|known| known.values().any(what))
        };
        let breaks = names.iter().find(|name| known(name, |one| *one == Expected::Broken));
        let tested = || names.iter().find(|name| known(name, |one| *one != Expected::NotExercised));
        let found = breaks.or_else(tested).or(names.first());
        found.map(|name| Pair { scenario: scenario.clone(), protocol: (*name).to_owned() })
    };
    scenarios.iter().filter_map(pair).collect()
}

/// Runs these pairs live, so many at the same time, and asks the simulator too. `told` hears of
/// each one that is done. Once the options say stop, the rest is left out.
pub fn compare(
    pairs: &[Pair],
    jobs: usize,
    options: &Options,
    told: &(dyn Fn(usize, &Pair) + Sync),
) -> Vec<Row> {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let rows: Mutex<Vec<(usize, Row)>> = Mutex::default();
    let work = || {
        loop {
            let position = next.fetch_add(1, Ordering::Relaxed);
            let Some(pair) = pairs.get(position) else { return };
            if options.stop.load(Ordering::Relaxed) {
                return;
            }
            let row = Row::of(pair, options);
            told(done.fetch_add(1, Ordering::Relaxed) + 1, pair);
            rows.lock().expect("nobody panics with it").push((position, row));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, pairs.len().max(1)) {
            scope.spawn(work);
        }
    });
    let mut rows = rows.into_inner().expect("nobody panics with it");
    rows.sort_by_key(|(position, _)| *position);
    rows.into_iter().map(|(_, row)| row).collect()
}

impl Row {
    fn of(pair: &Pair, options: &Options) -> Self {
        let Pair { scenario, protocol } = pair;
        let mut row = Self {
            scenario: scenario.name.clone(),
            protocol: protocol.clone(),
            simulated: Vec::new(),
            live: Vec::new(),
            failed: None,
        };
        let lock = match Contestants::shelf().live(protocol, scenario) {
            Ok(lock) => lock,
            Err(why) => return Self { failed: Some(why), ..row },
        };
        match lock.run_live(scenario, options) {
            Ok(LiveRun { interrupted: true, .. }) => row.failed = Some("interrupted".to_owned()),
            Ok(run) => row.live = judge(lock.as_ref(), scenario, &Tally::of(run.outcome)),
            Err(error) => row.failed = Some(error.to_string()),
        }
        let one = |seed| Tally::of(lock.run(scenario, seed, Record::Nothing));
        let tally = (1..=SEEDS).map(one).fold(Tally::default(), Tally::merge);
        row.simulated = judge(lock.as_ref(), scenario, &tally);
        row
    }

    fn simulated(&self, guarantee: Guarantee) -> Option<&Cell> {
        self.simulated.iter().find(|cell| cell.guarantee == guarantee)
    }

    /// Whether the live run put nothing to the test, as no run of the simulator does.
    pub fn is_idle_as_predicted(&self) -> bool {
        let idle = |cell: &Cell| cell.verdict == Judgement::NotExercised;
        self.is_idle() && self.simulated.iter().all(idle)
    }

    /// Whether the live run put nothing to the test.
    pub fn is_idle(&self) -> bool {
        self.failed.is_none()
            && self.live.iter().all(|cell| cell.verdict == Judgement::NotExercised)
    }

    /// Why the live run put nothing to the test.
    pub fn why_idle(&self) -> String {
        self.live.first().map(|cell| cell.reason.clone()).unwrap_or_default()
    }

    /// What breaks in simulation, and in how many runs.
    pub fn predicted(&self) -> String {
        let breaks = self.simulated.iter().filter(|cell| cell.broken_runs > 0);
        let said = breaks.map(|cell| {
            if cell.broken_runs == cell.runs {
                cell.guarantee.to_string()
            } else {
                format!("{} {}/{}", cell.guarantee, cell.broken_runs, cell.runs)
            }
        });
        listed(said)
    }

    /// What broke live.
    pub fn broke(&self) -> String {
        let broken = self.live.iter().filter(|cell| cell.verdict == Judgement::Broken);
        listed(broken.map(|cell| cell.guarantee.to_string()))
    }

    /// Where the live run contradicts the simulator.
    pub fn differences(&self) -> Vec<String> {
        let differs = |live: &Cell| {
            let simulated = self.simulated(live.guarantee)?;
            let always = simulated.broken_runs == simulated.runs;
            match live.verdict {
                Judgement::Broken if simulated.broken_runs == 0 => {
                    Some(format!("{} broke live: {}", live.guarantee, live.reason))
                }
                Judgement::Held if always && simulated.runs > 0 => {
                    Some(format!("{} held live", live.guarantee))
                }
                _ => None,
            }
        };
        self.live.iter().filter_map(differs).collect()
    }
}

fn listed(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
