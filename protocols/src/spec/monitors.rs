//! All monitors of a run together.

use super::guarantee::Guarantee;
use super::monitor::Monitor;
use super::mutual_exclusion::MutualExclusion;
use super::scene::Scene;
use super::verdict::Verdict;
use crate::contract::{Observation, Semantics};
use crate::time::Time;
use std::collections::BTreeMap;
use std::time::Duration;

/// What the monitors need to know of a run beforehand.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MonitorSettings {
    /// The sequential lock that the protocol implements.
    pub semantics: Semantics,
    /// Within what time after the heal, or after its first asking if that is later, a client must
    /// be granted its lock.
    pub progress_bound: Duration,
}

/// One monitor for each guarantee, fed with one stream of observations.
///
/// Two of these that took in the same observations are equal and have the same hash.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Monitors {
    scene: Scene,
    mutual_exclusion: MutualExclusion,
}

impl Monitors {
    /// Monitors that have seen nothing yet.
    pub fn new(settings: MonitorSettings) -> Self {
        let _ = settings;
        Self { scene: Scene::default(), mutual_exclusion: MutualExclusion::default() }
    }

    /// Takes in what was seen at a moment, in the order of the stream.
    pub fn observe(&mut self, at: Time, seen: &Observation) {
        self.mutual_exclusion.observe(at, seen, &self.scene);
        self.scene.observe(at, seen);
    }

    /// Whether any guarantee broke so far.
    pub fn any_broken(&self) -> bool {
        Guarantee::ALL.iter().any(|guarantee| self.is_broken(*guarantee))
    }

    /// Whether a guarantee broke so far. What only the end of a run shows is not in it.
    pub fn is_broken(&self, guarantee: Guarantee) -> bool {
        match guarantee {
            Guarantee::MutualExclusion => self.mutual_exclusion.is_broken(),
            _ => false,
        }
    }

    /// What is to be said of a guarantee if the run ends now.
    pub fn verdict(&self, guarantee: Guarantee, end: Time) -> Verdict {
        match guarantee {
            Guarantee::MutualExclusion => self.mutual_exclusion.verdict(end, &self.scene),
            _ => Verdict::Unknown { reason: "nobody watches it".to_owned() },
        }
    }

    /// What is to be said of all guarantees if the run ends now.
    pub fn verdicts(&self, end: Time) -> BTreeMap<Guarantee, Verdict> {
        Guarantee::ALL
            .into_iter()
            .map(|guarantee| (guarantee, self.verdict(guarantee, end)))
            .collect()
    }
}
