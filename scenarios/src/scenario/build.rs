//! Building a scenario in Rust, one setting after the other.

use super::{Expected, LockSettings, Scenario};
use locklab_protocols::application::Workload;
use locklab_protocols::contract::Trigger;
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::storage::Fencing;
use locklab_sim::fault::{Crash, DiskLoss, Fault, Kind, Lasting, OnNodes, Target, Targets, When};
use locklab_sim::network::Network;
use std::time::Duration;

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty),* $(,)?) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $name;
            self
        })*
    };
}

impl Scenario {
    /// A calm scenario with this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    settings! {
        /// Sets how many clients there are.
        clients: usize,
        /// Sets what the applications do.
        workload: Workload,
        /// Sets what the storage checks.
        fencing: Fencing,
        /// Sets what the locks of a family share.
        lock: LockSettings,
        /// Sets how the network behaves without faults.
        network: Network,
        /// Sets how long a sync takes.
        sync_time: Duration,
        /// Sets when all faults end.
        heal_at: Duration,
        /// Sets how long a run goes on after the heal.
        settle: Duration,
        /// Sets how soon after the heal a waiting client must be granted.
        progress_within: Duration,
    }

    /// Says what happens in it.
    #[must_use]
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = about.into();
        self
    }

    /// Says where it is from.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// Sets how many servers a protocol runs, if it can choose.
    #[must_use]
    pub fn servers(mut self, servers: usize) -> Self {
        self.servers = Some(servers);
        self
    }

    /// Adds a fault.
    #[must_use]
    pub fn fault(mut self, when: When, kind: Kind) -> Self {
        self.faults.push(Fault { when, kind });
        self
    }

    /// Keeps it for this protocol, and others that are named so.
    #[must_use]
    pub fn only_for(mut self, protocol: impl Into<String>) -> Self {
        self.protocols.insert(protocol.into());
        self
    }

    /// Says what is known about a guarantee of a protocol.
    #[must_use]
    pub fn expect(
        mut self,
        protocol: impl Into<String>,
        guarantee: Guarantee,
        expected: Expected,
    ) -> Self {
        self.expect.entry(protocol.into()).or_default().insert(guarantee, expected);
        self
    }

    /// Asks that every protocol reaches this goal in some run.
    #[must_use]
    pub fn sometimes(mut self, goal: Goal) -> Self {
        self.sometimes.insert(goal);
        self
    }

    /// Asks that one protocol reaches this goal in some run.
    #[must_use]
    pub fn sometimes_of(mut self, protocol: impl Into<String>, goal: Goal) -> Self {
        self.sometimes_of.entry(protocol.into()).or_default().insert(goal);
        self
    }
}

/// At this moment.
pub fn at(moment: Duration) -> When {
    When::At(moment)
}

/// Right after the first event of this kind, wherever it is.
pub fn after(event: Trigger) -> When {
    When::Event { event, nth: 1, at: Targets::default(), after: Duration::ZERO }
}

/// Right after the first grant.
pub fn granted() -> When {
    after(Trigger::Granted)
}

/// Nodes stand still for so long.
pub fn pause(target: impl Into<Targets>, lasting: Duration) -> Kind {
    Kind::Pause(OnNodes { target: target.into(), lasting: Lasting::For(lasting) })
}

/// Processes die and come back after so long, with their disks.
pub fn crash(target: Target, lasting: Duration) -> Kind {
    Kind::Crash(Crash {
        target: target.into(),
        lasting: Lasting::For(lasting),
        disk: DiskLoss::Kept,
    })
}
