//! A contestant: a lock with its settings, ready to meet scenarios.
//!
//! Every [`Protocol`] is one, so a lock of your own joins the suite by being written. What this
//! trait leaves out of a protocol are its node types, so that locks of different kinds stand in
//! one list.

use crate::scenario::Scenario;
use locklab_protocols::contract::{Promise, Protocol, Semantics};
use locklab_sim::{Outcome, Record, Schedule};
use std::fmt::Debug;

/// A lock with its settings, ready to meet scenarios.
pub trait Contestant: Debug + Send + Sync {
    /// Its name on the command line and in reports.
    fn name(&self) -> &str;

    /// How many servers it runs.
    fn servers(&self) -> usize;

    /// What it promises.
    fn promises(&self) -> Vec<Promise>;

    /// The sequential lock that its histories are held against.
    fn semantics(&self) -> Semantics;

    /// Plays the scenario once; the same seed gives the same run.
    fn run(&self, scenario: &Scenario, seed: u64, record: Record) -> Outcome;

    /// As [`run`](Self::run), and writes down what chance decided.
    fn write_down(&self, scenario: &Scenario, seed: u64, record: Record) -> (Outcome, Schedule);

    /// Plays the scenario as a schedule has it, without a seed.
    fn play(&self, scenario: &Scenario, schedule: &Schedule, record: Record) -> Outcome;
}

impl<P: Protocol> Contestant for P {
    fn name(&self) -> &str {
        Protocol::name(self)
    }

    fn servers(&self) -> usize {
        Protocol::servers(self)
    }

    fn promises(&self) -> Vec<Promise> {
        Protocol::promises(self)
    }

    fn semantics(&self) -> Semantics {
        Protocol::semantics(self)
    }

    fn run(&self, scenario: &Scenario, seed: u64, record: Record) -> Outcome {
        locklab_sim::run(self, &scenario.plan(), seed, record)
    }

    fn write_down(&self, scenario: &Scenario, seed: u64, record: Record) -> (Outcome, Schedule) {
        locklab_sim::write_down(self, &scenario.plan(), seed, record)
    }

    fn play(&self, scenario: &Scenario, schedule: &Schedule, record: Record) -> Outcome {
        locklab_sim::play(self, &scenario.plan(), schedule, record)
    }
}
