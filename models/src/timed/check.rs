//! One search of the timed model, and what it found.

use super::model::{Configuration, TimedModel};
use super::story::{Moment, tell};
use crate::bounds::Bound;
use crate::check::{Progress, without_times};
use crate::route::{Stop, timed_route};
use crate::search::search;
use locklab_protocols::contract::Protocol;
use locklab_protocols::spec::{Goal, Guarantee, Verdict};

/// How something breaks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Break {
    /// What.
    pub guarantee: Guarantee,
    /// How, in the words of its monitor.
    pub reason: String,
    /// A shortest run that breaks it.
    pub story: Vec<Moment>,
    /// The same for another host.
    pub route: Vec<Stop>,
}

/// What a search found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// How many different states it has seen.
    pub unique: usize,
    /// How many it has made.
    pub generated: usize,
    /// How many moves its longest run has.
    pub depth: usize,
    /// How often the bounds cut it.
    pub cuts: Vec<(Bound, u64)>,
    /// The goals that it did not reach. A search that has not broken anything and has missed one of
    /// these has not looked.
    pub missed: Vec<Goal>,
    /// What broke first.
    pub broken: Option<Break>,
    /// Whether it has seen all states; else it stopped at a break, or at so many states as it was
    /// allowed.
    pub exhausted: bool,
}

impl Report {
    /// Whether it has seen everything, has looked, and nothing broke.
    pub fn holds(&self) -> bool {
        self.exhausted && self.broken.is_none() && self.missed.is_empty()
    }
}

/// Searches breadth first until something that is watched breaks, or all states are seen, or `most`
/// of them. `watch` hears from time to time how far it has come, and says whether it shall go on.
pub fn check<P: Protocol>(
    configuration: &Configuration<P>,
    most: usize,
    watch: impl FnMut(Progress) -> bool,
) -> Report {
    let model = TimedModel::new(configuration.clone());
    let found = search(&model, most, watch);
    let goals = configuration.untimed.goals.iter().copied();
    let broken = found.broken.map(|(guarantee, way)| {
        let reason = match model.verdict(&way, guarantee) {
            Verdict::Broken { reason, .. } => without_times(&reason),
            other => format!("{other:?}"),
        };
        Break { guarantee, reason, story: tell(&model, &way), route: timed_route(&model, &way) }
    });
    Report {
        unique: found.unique,
        generated: found.generated,
        depth: found.depth,
        cuts: found.cuts,
        missed: goals.filter(|goal| !model.has_reached(*goal)).collect(),
        broken,
        exhausted: found.exhausted,
    }
}
