//! What all monitors have in common.

use super::scene::Scene;
use super::verdict::Verdict;
use crate::contract::Observation;
use crate::time::Time;

/// Watches one guarantee.
///
/// A monitor is a small value whose size depends on how many clients and locks there are and not
/// on how long the run is, so that a simulator can feed it every event and a model checker can
/// carry it in its state.
pub(super) trait Monitor {
    /// Takes one event in; `scene` is what was known of the run before it.
    fn observe(&mut self, at: Time, seen: &Observation, scene: &Scene);

    /// Looks once more after an event; `scene` is what is known with it.
    fn settle(&mut self, _: Time, _: &Observation, _: &Scene) {}

    /// Whether it broke so far.
    fn is_broken(&self) -> bool;

    /// What it says of a run that ends now; `scene` is what is known at the end.
    fn verdict(&self, end: Time, scene: &Scene) -> Verdict;
}

/// A guarantee that is not watched is unknown.
impl<M: Monitor> Monitor for Option<M> {
    fn observe(&mut self, at: Time, seen: &Observation, scene: &Scene) {
        if let Some(monitor) = self {
            monitor.observe(at, seen, scene);
        }
    }

    fn settle(&mut self, at: Time, seen: &Observation, scene: &Scene) {
        if let Some(monitor) = self {
            monitor.settle(at, seen, scene);
        }
    }

    fn is_broken(&self) -> bool {
        self.as_ref().is_some_and(Monitor::is_broken)
    }

    fn verdict(&self, end: Time, scene: &Scene) -> Verdict {
        match self {
            Some(monitor) => monitor.verdict(end, scene),
            None => Verdict::Unknown { reason: "nobody watched it".to_owned() },
        }
    }
}

/// The first break of a guarantee, once there is one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct FirstBreak(Option<Box<(Time, String)>>);

impl FirstBreak {
    /// Remembers a break, unless there was one before.
    #[cold]
    pub(super) fn set(&mut self, at: Time, reason: String) {
        if self.0.is_none() {
            self.0 = Some(Box::new((at, reason)));
        }
    }

    /// Whether there was a break.
    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    /// Broken if there was a break; else held if `idle` gives no reason why nothing was tested.
    pub(super) fn verdict_unless(&self, idle: Option<&str>) -> Verdict {
        match (self.0.as_deref(), idle) {
            (Some((at, reason)), _) => Verdict::broken(*at, reason.as_str()),
            (None, Some(reason)) => Verdict::not_exercised(reason),
            (None, None) => Verdict::Held,
        }
    }
}
