//! A way through the model, staged in the simulator.
//!
//! A counterexample says which step follows which. To make the same steps follow each other in the
//! simulator, where timers run for as long as they say, three things are found for it:
//!
//! - a time for every step, such that each timer that fires has run for long enough, and none is
//!   due before the way has come to it (`times`);
//! - a delay for every message, and how long every timer runs whose length is left to chance: they
//!   make a [`Schedule`](locklab_scenarios::sim::Schedule), which asks no seed (`plan`);
//! - faults: whoever is late stands still until its time comes, whoever dies on the way crashes,
//!   and where clocks are off (in the timed model) they run at the worst rate.
//!
//! # What cannot be staged
//!
//! In the untimed model a timer fires whenever it likes. Not every such way has a time for each of
//! its steps, even with pauses: a node that does something at a moment when another of its timers
//! has long been due would have heard that timer first. Nor can a process be made to die between
//! two effects of one step, where nothing that a fault can wait for lies between them; and a lock
//! that is not on the shelf (the bare storage) has no scenario. [`stage`] says which it is.

mod plan;
mod times;

use crate::checks::moves;
use locklab_models::{Cast, Step, Stop, Subject};
use locklab_protocols::application::Workload;
use locklab_protocols::contract::Span;
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_protocols::storage::Fencing;
use locklab_scenarios::artifact::Artifact;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::{Expiry, LockSettings, Persist, Scenario};
use locklab_scenarios::sim::{Outcome, Record};
use std::time::Duration;

/// How fast clocks run, in percent: 110 is ten percent fast.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rates {
    /// Those of servers.
    pub servers: u32,
    /// Those of clients.
    pub clients: u32,
}

impl Default for Rates {
    fn default() -> Self {
        Self { servers: 100, clients: 100 }
    }
}

/// What is staged.
#[derive(Clone, Debug)]
pub struct Play<'a> {
    /// The lock.
    pub protocol: &'a str,
    /// What breaks.
    pub guarantee: Guarantee,
    /// The steps.
    pub route: &'a [Stop],
    /// The cluster, the settings, and what the applications do; nothing fails in it.
    pub stage: Scenario,
    /// How fast clocks run.
    pub rates: Rates,
}

/// Stages a way through the model, and plays it: an artifact in which the same guarantee breaks.
///
/// # Errors
///
/// A sentence that says why it cannot be staged.
pub fn stage(play: &Play<'_>) -> Result<(Artifact, Outcome), String> {
    let shelf = Contestants::shelf();
    let entry = shelf.entry(play.protocol)?;
    let times = times::solve(play.route, play.rates)?;
    let (scenario, schedule) = plan::plan(play, &times)?;
    let scenario = scenario.checked(&shelf.names()).map_err(|error| error.to_string())?;
    let contestant = entry.build(&scenario);
    let outcome = contestant.play(&scenario, &schedule, Record::Everything);
    match outcome.verdicts.get(&play.guarantee) {
        Some(Verdict::Broken { .. }) => {
            let artifact = Artifact::new(entry, scenario, schedule, play.guarantee, &outcome);
            Ok((artifact, outcome))
        }
        other => Err(format!("it was played, and {} is {other:?}", play.guarantee)),
    }
}

/// The scenario in which a configuration of the model is staged: its cluster, its locks, and what its
/// applications do. Applications take as long as they like, as in the model.
pub fn scenery(subject: &dyn Subject, guarantee: Guarantee, story: &[Step]) -> Scenario {
    let Cast { servers, clients, workload, fencing } = subject.cast();
    let checks = match fencing {
        Fencing::None => "unfenced",
        Fencing::Writes => "fenced-writes",
        Fencing::ReadsAndWrites => "fenced-reads-and-writes",
    };
    let two_phase = subject.protocol().starts_with("two-phase");
    let lock = LockSettings {
        expiry: Some(Expiry::Monotonic),
        persist: Some(Persist::Never),
        without_lease: two_phase.then_some(true),
        ..LockSettings::default()
    };
    Scenario {
        name: format!("{}-{checks}-breaks-{guarantee}", subject.protocol()),
        about: format!("As in the model: {}.", moves(story).join(", ")),
        servers: (servers > 1).then_some(servers),
        clients,
        fencing,
        lock,
        workload: at_leisure(workload),
        ..Scenario::default()
    }
}

/// The same, with applications that take as long as they like.
pub fn at_leisure(workload: &Workload) -> Workload {
    let any: Span = (Duration::ZERO..=LEISURE).into();
    Workload { think: any, hold: any, retry: any, ..workload.clone() }
}

/// As long as anybody likes.
const LEISURE: Duration = Duration::from_secs(3600);

/// So much time lies between two steps, and a message takes at least as long.
const APART: Duration = Duration::from_millis(1);
