//! A plan: everything about a run but the protocol and the seed.

use crate::fault::Fault;
use crate::network::Network;
use locklab_protocols::application::Workload;
use locklab_protocols::storage::Fencing;
use std::sync::Arc;
use std::time::Duration;

/// Everything about a run but the protocol and the seed.
///
/// A run has two phases: until `heal_at` the faults do what they do; then all of them end, and
/// for `settle` the system has time to recover. Whoever still waits `progress_bound` after the
/// heal breaks `progress`, so `settle` is longer than that.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Plan {
    /// How many clients there are.
    pub clients: usize,
    /// What their applications do.
    pub workload: Arc<Workload>,
    /// What the storage checks.
    pub fencing: Fencing,
    /// How the network behaves without faults.
    pub network: Network,
    /// How long a sync takes.
    pub sync_time: Duration,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// When all faults end.
    pub heal_at: Duration,
    /// How long the run goes on after the heal.
    pub settle: Duration,
    /// How soon after the heal a waiting client must be granted.
    pub progress_bound: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            clients: 3,
            workload: Arc::default(),
            fencing: Fencing::default(),
            network: Network::default(),
            sync_time: Duration::from_millis(1),
            faults: Vec::new(),
            heal_at: Duration::from_secs(30),
            settle: Duration::from_secs(45),
            progress_bound: Duration::from_secs(30),
        }
    }
}
