//! What an observer of the run knows: the monitors, the servers' account, and the goals.

use locklab_protocols::account::Account;
use locklab_protocols::contract::{Event, HostEvent, LeaseEvent, Observation, Protocol};
use locklab_protocols::id::NodeId;
use locklab_protocols::spec::{Goal, Goals, Guarantee, MonitorSettings, Monitors};
use locklab_protocols::system::System;
use locklab_protocols::time::Time;
use std::time::Duration;

/// Everything that happens happens at this time. Monitors tell times in their reasons and count
/// durations for guarantees that nobody watches here; states must not differ by them.
const NOW: Time = Time::ZERO;

/// What an observer knows.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Witness {
    monitors: Monitors,
    account: Account,
    goals: Goals,
    /// The watched guarantees that are broken.
    pub(crate) broken: Vec<Guarantee>,
}

/// A set of goals and landmarks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct GoalSet(pub(crate) u32);

impl GoalSet {
    pub(crate) fn of(goal: Goal) -> Self {
        Self(1 << (goal as u32))
    }

    pub(crate) fn contains(self, goal: Goal) -> bool {
        self.0 & Self::of(goal).0 != 0
    }

    /// Landmarks come after the goals, by their place in the configuration.
    pub(crate) fn add_landmark(&mut self, place: usize) {
        self.0 |= 1 << (Goal::ALL.len() + place);
    }

    pub(crate) fn has_landmark(self, place: usize) -> bool {
        self.0 & 1 << (Goal::ALL.len() + place) != 0
    }
}

/// What happened at a node, as far as the servers matter.
#[derive(Debug)]
pub(crate) struct Scene<'a, P: Protocol> {
    pub(crate) protocol: &'a P,
    pub(crate) locks: u32,
    pub(crate) node: NodeId,
    /// The servers while it happened.
    pub(crate) during: &'a System<P>,
    /// The servers after the process died, if it did.
    pub(crate) after_crash: Option<&'a System<P>>,
}

impl Witness {
    /// An observer who has seen nothing.
    pub(crate) fn new<P: Protocol>(protocol: &P, watch: &[Guarantee]) -> Self {
        let settings =
            MonitorSettings { semantics: protocol.semantics(), progress_bound: Duration::ZERO };
        Self {
            monitors: Monitors::new(settings).without_history().watching_only(watch),
            account: Account::default(),
            goals: Goals::default(),
            broken: Vec::new(),
        }
    }

    /// What the monitors say of a guarantee.
    pub(crate) fn reason(&self, guarantee: Guarantee) -> locklab_protocols::spec::Verdict {
        self.monitors.verdict(guarantee, NOW)
    }

    /// Sees a step, in the order in which a host reports it. `told` hears everything.
    pub(crate) fn see<P: Protocol>(
        &mut self,
        scene: &Scene<'_, P>,
        events: &[Event],
        mut told: impl FnMut(&Observation),
    ) -> GoalSet {
        let Scene { protocol, locks, node, during, after_crash } = *scene;
        let mut tell = |witness: &mut Self, event: Event| {
            let seen = Observation { node, event };
            witness.monitors.observe(NOW, &seen);
            witness.goals.observe(&seen);
            told(&seen);
        };
        if let NodeId::Server(stepped) = node {
            self.monitors.look(NOW, protocol, during.servers(), stepped);
        }
        for (place, event) in events.iter().enumerate() {
            tell(self, event.clone());
            if let Event::Lease(lease) = event {
                let mut changes = Vec::new();
                let servers = during.servers();
                let ran_out = |lock, owner| {
                    let expired = Event::Lease(LeaseEvent::Expired { lock, owner });
                    events[place..].contains(&expired)
                };
                let report = |change| changes.push(change);
                self.account.hear(protocol, servers, *lease, ran_out, report);
                changes.into_iter().for_each(|change| tell(self, change));
            }
        }
        if after_crash.is_some() {
            tell(self, Event::Host(HostEvent::Crashed));
        }
        if let NodeId::Server(_) = node {
            let mut changes = Vec::new();
            let servers = after_crash.unwrap_or(during).servers();
            let report = |change| changes.push(change);
            self.account.look_at_all(protocol, servers, locks, |_, _| false, report);
            changes.into_iter().for_each(|change| tell(self, change));
        }
        self.broken = Guarantee::ALL.into_iter().filter(|g| self.monitors.is_broken(*g)).collect();
        let reached = self.goals.take_reached();
        GoalSet(reached.into_iter().fold(0, |set, goal| set | GoalSet::of(goal).0))
    }
}
