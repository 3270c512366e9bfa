//! The one stream of what happens, and everything that it feeds: monitors, goals, measures, the
//! roles that faults aim at, the trace, and the hash.

use crate::coverage::Watched;
use crate::measures::Measures;
use crate::outcome::{Bites, Outcome, Standing, Traced, never_felt};
use crate::plan::Plan;
use locklab_protocols::contract::{
    Event, HostEvent, LockEvent, Observation, Protocol, Servers, StorageEvent, WorkEvent,
};
use locklab_protocols::id::{ClientId, LockId, NodeId, ServerId};
use locklab_protocols::spec::{Goals, MonitorSettings, Monitors, Verdict};
use locklab_protocols::stable_hash::StableHasher;
use locklab_protocols::time::Time;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::time::Duration;

/// Who holds and who waits, in the order in which they came to it.
#[derive(Debug, Default)]
pub struct Roles {
    /// Grants are counted, so that the newest is known.
    grants: u64,
    held: BTreeMap<(ClientId, LockId), u64>,
    waits: BTreeMap<ClientId, Time>,
}

impl Roles {
    /// The client that was granted a lock last and still believes in it.
    pub fn holder(&self) -> Option<ClientId> {
        self.held.iter().max_by_key(|(_, grant)| **grant).map(|((client, _), _)| *client)
    }

    /// The client that has waited longest.
    pub fn next_waiter(&self) -> Option<ClientId> {
        self.waits.iter().min_by_key(|(client, since)| (**since, **client)).map(|(id, _)| *id)
    }

    /// Whether somebody holds, and whether somebody waits.
    fn any(&self) -> (bool, bool) {
        (!self.held.is_empty(), !self.waits.is_empty())
    }

    /// Takes in what was seen at a client.
    pub fn observe(&mut self, at: Time, client: ClientId, event: &Event) {
        match event {
            Event::Lock(LockEvent::Granted { lock, .. }) => {
                self.grants += 1;
                self.held.insert((client, *lock), self.grants);
                self.waits.remove(&client);
            }
            Event::Lock(LockEvent::Lost { lock }) | Event::Work(WorkEvent::Releases { lock }) => {
                self.held.remove(&(client, *lock));
            }
            Event::Work(WorkEvent::Acquires { .. }) => {
                self.waits.entry(client).or_insert(at);
            }
            Event::Host(HostEvent::Crashed) => {
                self.held.retain(|(holder, _), _| *holder != client);
                self.waits.remove(&client);
            }
            _ => {}
        }
    }
}

/// Takes in the stream.
#[derive(Debug)]
pub struct Observer {
    /// The trace, if one is recorded.
    pub trace: Option<Vec<Traced>>,
    /// What was counted.
    pub measures: Measures,
    /// Who holds and who waits; followed only where the plan has faults.
    pub roles: Roles,
    pub(crate) watched: Watched,
    /// Roles cost time on every event; a plan without faults has no use for them.
    follow_roles: bool,
    monitors: Monitors,
    goals: Goals,
    hash: StableHasher,
    waiting: Vec<Option<Time>>,
    bound: Duration,
    healed: Option<Time>,
}

impl Observer {
    /// Has seen nothing yet.
    pub fn new<P: Protocol>(protocol: &P, plan: &Plan, record: bool) -> Self {
        let settings = MonitorSettings {
            semantics: protocol.semantics(),
            progress_bound: plan.progress_bound,
        };
        Self {
            trace: record.then(Vec::new),
            measures: Measures::default(),
            roles: Roles::default(),
            watched: Watched::default(),
            follow_roles: !plan.faults.is_empty(),
            monitors: Monitors::new(settings),
            goals: Goals::default(),
            hash: StableHasher::default(),
            waiting: vec![None; plan.clients],
            bound: plan.progress_bound,
            healed: None,
        }
    }

    /// Takes what a node was handed into the hash.
    pub fn hash_input(&mut self, at: Time, slot: usize, input: &impl Hash) {
        self.hash.write_u64(at.0);
        self.hash.write_usize(slot);
        input.hash(&mut self.hash);
    }

    /// Looks at the servers after a step of one of them.
    pub fn look<P: Protocol>(
        &mut self,
        at: Time,
        protocol: &P,
        servers: Servers<'_, P>,
        stepped: ServerId,
    ) {
        self.monitors.look(at, protocol, servers, stepped);
    }

    /// A node wrote to its disk.
    pub fn disk_write(&mut self, node: NodeId) {
        if matches!(node, NodeId::Server(_)) {
            self.measures.disk_writes += 1;
        }
    }

    /// How things stand.
    pub(crate) fn standing(&self) -> Standing {
        let (held, awaited) = self.roles.any();
        Standing { held, awaited, last: self.watched.last() }
    }

    /// Takes in what was seen at a node, in the order of the stream.
    pub fn observe(&mut self, at: Time, node: NodeId, event: Event) {
        let seen = Observation { node, event };
        seen.hash(&mut self.hash);
        self.monitors.observe(at, &seen);
        self.goals.observe(&seen);
        if let NodeId::Client(client) = node {
            if self.follow_roles {
                self.roles.observe(at, client, &seen.event);
            }
            self.measure_client(at, client, &seen.event);
        } else {
            match &seen.event {
                Event::Storage(StorageEvent::Rejected { .. }) => self.measures.rejected_stale += 1,
                Event::Host(HostEvent::Healed) => self.healed = Some(at),
                _ => {}
            }
        }
        if let Some(trace) = &mut self.trace {
            trace.push(Traced { at, what: crate::outcome::Happening::Seen(seen) });
        }
    }

    fn measure_client(&mut self, at: Time, client: ClientId, event: &Event) {
        let waiting = &mut self.waiting[client.index()];
        match event {
            Event::Work(WorkEvent::Acquires { .. }) => {
                waiting.get_or_insert(at);
            }
            Event::Lock(LockEvent::Granted { .. }) => {
                if let Some(since) = waiting.take() {
                    self.measures.wait_ended(since, at, true, self.bound);
                }
                if let Some(healed) = self.healed
                    && self.measures.recovery.is_none()
                {
                    self.measures.recovery = Some(at.since(healed));
                }
            }
            Event::Host(HostEvent::Crashed) => *waiting = None,
            _ => {}
        }
    }

    /// The run is over. What would have been held is not exercised if a fault never bit.
    pub fn finish(mut self, seed: u64, steps: u64, end: Time, bites: Vec<Bites>) -> Outcome {
        for since in std::mem::take(&mut self.waiting).into_iter().flatten() {
            self.measures.wait_ended(since, end, false, self.bound);
        }
        let mut verdicts = self.monitors.verdicts(end);
        if let Some(reason) = never_felt(&bites) {
            for verdict in verdicts.values_mut().filter(|verdict| **verdict == Verdict::Held) {
                *verdict = Verdict::not_exercised(reason.clone());
            }
        }
        Outcome {
            seed,
            hash: self.hash.finish(),
            steps,
            end,
            verdicts,
            goals: self.goals.reached().clone(),
            measures: self.measures,
            bites,
            coverage: self.watched.coverage(),
            trace: self.trace.unwrap_or_default(),
        }
    }
}
