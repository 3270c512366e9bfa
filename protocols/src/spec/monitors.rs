//! All monitors of a run together.

use super::agreement::Agreement;
use super::deadlock_free::DeadlockFree;
use super::fenced_writes::FencedWrites;
use super::grant_exclusion::GrantExclusion;
use super::guarantee::Guarantee;
use super::lease_kept::LeaseKept;
use super::linearizable_monitor::Linearizable;
use super::monitor::Monitor;
use super::mutual_exclusion::MutualExclusion;
use super::no_lost_update::NoLostUpdate;
use super::progress::Progress;
use super::scene::Scene;
use super::token_order::TokenOrder;
use super::verdict::Verdict;
use crate::contract::{Observation, Protocol, Semantics, Servers};
use crate::id::ServerId;
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

/// The monitors by the guarantees that they watch.
macro_rules! monitors {
    ($($guarantee:ident: $field:ident),* $(,)?) => {
        impl Monitors {
            /// Takes in what was seen at a moment, in the order of the stream.
            pub fn observe(&mut self, at: Time, seen: &Observation) {
                $(self.$field.observe(at, seen, &self.scene);)*
                self.scene.observe(at, seen);
                $(self.$field.settle(at, seen, &self.scene);)*
            }

            /// Whether a guarantee broke so far. What only the end of a run shows is not in it.
            pub fn is_broken(&self, guarantee: Guarantee) -> bool {
                match guarantee {
                    $(Guarantee::$guarantee => self.$field.is_broken(),)*
                }
            }

            /// Whether any guarantee broke so far.
            pub fn any_broken(&self) -> bool {
                $(self.$field.is_broken())||*
            }

            /// The same with nobody to watch any other guarantee, whose verdicts are then unknown. A
            /// search remembers less, and so knows more states again, if it watches what it is for.
            #[must_use]
            pub fn watching_only(mut self, guarantees: &[Guarantee]) -> Self {
                $(if !guarantees.contains(&Guarantee::$guarantee) {
                    self.$field = None;
                })*
                self
            }

            /// What is to be said of a guarantee if the run ends now.
            pub fn verdict(&self, guarantee: Guarantee, end: Time) -> Verdict {
                match guarantee {
                    $(Guarantee::$guarantee => self.$field.verdict(end, &self.scene),)*
                }
            }
        }
    };
}

/// One monitor for each guarantee, fed with one stream of observations.
///
/// Two of these that took in the same observations are equal and have the same hash.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Monitors {
    scene: Scene,
    grant_exclusion: Option<GrantExclusion>,
    mutual_exclusion: Option<MutualExclusion>,
    token_order: Option<TokenOrder>,
    fenced_writes: Option<FencedWrites>,
    no_lost_update: Option<NoLostUpdate>,
    lease_kept: Option<LeaseKept>,
    progress: Option<Progress>,
    deadlock_free: Option<DeadlockFree>,
    agreement: Option<Agreement>,
    linearizable: Option<Linearizable>,
}

monitors! {
    GrantExclusion: grant_exclusion,
    MutualExclusion: mutual_exclusion,
    TokenOrder: token_order,
    FencedWrites: fenced_writes,
    NoLostUpdate: no_lost_update,
    LeaseKept: lease_kept,
    Progress: progress,
    DeadlockFree: deadlock_free,
    Agreement: agreement,
    Linearizable: linearizable,
}

impl Monitors {
    /// Monitors that have seen nothing yet.
    pub fn new(settings: MonitorSettings) -> Self {
        Self {
            scene: Scene::default(),
            grant_exclusion: Some(GrantExclusion::default()),
            mutual_exclusion: Some(MutualExclusion::default()),
            token_order: Some(TokenOrder::default()),
            fenced_writes: Some(FencedWrites::default()),
            no_lost_update: Some(NoLostUpdate::default()),
            lease_kept: Some(LeaseKept::new(settings.semantics.renews)),
            progress: Some(Progress::new(settings.progress_bound)),
            deadlock_free: Some(DeadlockFree::default()),
            agreement: Some(Agreement::default()),
            linearizable: Some(Linearizable::new(settings.semantics)),
        }
    }

    /// The same without [`Guarantee::Linearizable`], whose verdict is then unknown. A history has
    /// a clock and counters of its own; a search that must recognise a state that it has seen
    /// before cannot carry it.
    #[must_use]
    pub fn without_history(mut self) -> Self {
        self.linearizable = None;
        self
    }

    /// Looks at the servers after a step of one of them, for [`Guarantee::Agreement`].
    pub fn look<P: Protocol>(
        &mut self,
        at: Time,
        protocol: &P,
        servers: Servers<'_, P>,
        stepped: ServerId,
    ) {
        if let Some(agreement) = &mut self.agreement {
            agreement.look(at, protocol, servers, stepped);
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

#[cfg(test)]
mod tests;
