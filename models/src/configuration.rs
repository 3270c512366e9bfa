//! What is searched: a protocol in a setting, within bounds, for given guarantees and goals.

use crate::bounds::Bounds;
use crate::part::Workshop;
use locklab_protocols::contract::{Protocol, Reading};
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::system::Setting;

/// What is searched.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Configuration<P> {
    /// The protocol, the clients, what they do, and what the storage checks.
    pub setting: Setting<P>,
    /// How far the search goes.
    pub bounds: Bounds,
    /// What clocks may show to those who read them.
    pub readings: Vec<Reading>,
    /// What is watched. A run ends where one of these breaks.
    pub watch: Vec<Guarantee>,
    /// What must be reached somewhere, or the search proved nothing.
    pub goals: Vec<Goal>,
}

impl<P: Protocol> Configuration<P> {
    pub(crate) fn workshop(&self) -> Workshop<'_, P> {
        Workshop {
            setting: &self.setting,
            readings: &self.readings,
            crashes: self.bounds.crashes > 0,
            power_failures: self.bounds.power_failures > 0,
        }
    }
}
