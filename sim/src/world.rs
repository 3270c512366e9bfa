//! The world of one run: nodes, network, faults, and the loop that plays them.
//!
//! The loop pops the next event, moves the clocks to it, and lets it happen: a message arrives, a
//! timer is due, a fault strikes or ends. A node that is up and not held up takes its step in
//! place. Its effects wait in a queue of the node's own and are applied one by one, because a
//! fault can fall between any two of them: a crash drops the rest, a pause or a slow disk keeps
//! the rest until the node goes on.

mod node;
mod script;
mod send;
mod step;
mod strike;

use crate::aim::{Field, NodeSet, slot_of};
use crate::fault::{Fault, Targets};
use crate::links::Links;
use crate::observer::Observer;
use crate::outcome::{Outcome, Traced};
use crate::plan::Plan;
use crate::queue::Queue;
use crate::run::Follower;
use crate::schedule::Schedule;
use locklab_protocols::account::Account;
use locklab_protocols::contract::{Event, HostEvent, LeaseEvent, Protocol};
use locklab_protocols::id::NodeId;
use locklab_protocols::system::{Buffers, PacketOf, Setting, System, TimerOf};
use locklab_protocols::time::{Time, nanos};
use node::NodeState;
use script::Script;
use std::sync::Arc;
use strike::Faults;

/// What waits in the queue.
#[derive(Debug)]
enum Next<P: Protocol> {
    /// A message arrives, unless its link was cut while it was on its way.
    Arrival { from: usize, to: usize, body: PacketOf<P>, sent: Time, cut: bool },
    /// A timer is due, if it is still the one that was armed then.
    Due { slot: usize, timer: TimerOf<P>, generation: u64 },
    /// A node is no longer busy, if it is still in the same life.
    Wake { slot: usize, life: u64 },
    /// A fault of the plan strikes.
    Strike { fault: usize, subject: Option<usize> },
    /// A fault that struck ends, if it has not ended before.
    Relief { strike: u64 },
    /// A clock that strobes jumps again.
    Strobe { strike: u64 },
    /// All faults end.
    Heal,
}

/// So many events at one moment are no coincidence: some node loops without waiting.
const MOST_EVENTS_AT_ONCE: u64 = 10_000_000;

/// Up to so many locks the account of all of them is looked at after every step of a server;
/// with more, of those that the step reports, and of all at every [`SWEEP_EVERY`]-th step.
const SWEEP_ALWAYS: u32 = 4;

/// How often the account of all locks is looked at when there are many.
const SWEEP_EVERY: u64 = 1024;

/// The world of one run.
pub(crate) struct World<P: Protocol> {
    plan: Arc<Plan>,
    seed: u64,
    setting: Setting<P>,
    system: System<P>,
    /// `None` while the effects of a step are handed out.
    buffers: Option<Box<Buffers<P>>>,
    nodes: Vec<NodeState<P>>,
    queue: Queue<Next<P>>,
    now: Time,
    links: Links,
    faults: Faults,
    account: Account,
    /// What a server says of a lease while faults strike at the word.
    told: Option<LeaseEvent>,
    observer: Observer,
    script: Option<Box<Script>>,
    generations: u64,
    steps: u64,
}

impl<P: Protocol> World<P> {
    /// The world before anything has happened.
    pub(crate) fn new(protocol: P, plan: Arc<Plan>, seed: u64, record: bool) -> Self {
        let setting = Setting {
            protocol,
            clients: plan.clients,
            workload: plan.workload.clone(),
            fencing: plan.fencing,
        };
        let system = System::new(&setting);
        let nodes: Vec<NodeState<P>> = system.nodes().map(|id| NodeState::new(id, seed)).collect();
        let ids: Vec<NodeId> = nodes.iter().map(|node| node.id).collect();
        Self {
            links: Links::new(&plan.network, &ids),
            faults: Faults::new(&plan.faults),
            observer: Observer::new(&setting.protocol, &plan, record),
            plan,
            seed,
            setting,
            system,
            buffers: Some(Box::default()),
            nodes,
            queue: Queue::default(),
            now: Time::ZERO,
            account: Account::default(),
            told: None,
            script: None,
            generations: 0,
            steps: 0,
        }
    }

    /// The same, and what chance decides is written down.
    pub(crate) fn written_down(self) -> Self {
        self.with_script(Schedule::default(), false)
    }

    /// The same, but chance decides nothing: the schedule does.
    pub(crate) fn by_schedule(self, schedule: Schedule) -> Self {
        self.with_script(schedule, true)
    }

    fn with_script(mut self, schedule: Schedule, plays: bool) -> Self {
        let ids = self.nodes.iter().map(|node| node.id).collect();
        self.script = Some(Box::new(Script::new(schedule, plays, ids)));
        self
    }

    /// Plays the run to its end, and gives back the schedule that was written or read, if any.
    /// The clock of the runtime is told of every moment before it happens.
    pub(crate) fn play(mut self, mut follower: Follower) -> (Outcome, Schedule) {
        let heal = Time::ZERO + self.plan.heal_at;
        let end = heal + self.plan.settle;
        self.begin(heal);
        let mut at_once = 0;
        while let Some((at, next)) = self.queue.pop() {
            if at > end {
                break;
            }
            at_once = if at == self.now { at_once + 1 } else { 0 };
            assert!(at_once < MOST_EVENTS_AT_ONCE, "a node loops without waiting, at {at}");
            if at != self.now {
                self.now = at;
                follower.reach(at);
            }
            self.happen(next);
        }
        self.finish(end)
    }

    fn begin(&mut self, heal: Time) {
        let plan = self.plan.clone();
        for (position, fault) in plan.faults.iter().enumerate() {
            if let crate::fault::When::At(moment) = fault.when {
                let strike = Next::Strike { fault: position, subject: None };
                self.queue.push(Time::ZERO + moment, strike);
            }
        }
        self.queue.push(heal, Next::Heal);
        if self.links.disturbed() {
            for slot in 0..self.nodes.len() {
                self.observe(slot, Event::Host(HostEvent::Afflicted));
            }
        }
        let servers = self.setting.protocol.servers();
        let storage = self.nodes.len() - 1;
        for slot in (0..servers).chain([storage]).chain(servers..storage) {
            self.start(slot);
        }
    }

    fn happen(&mut self, next: Next<P>) {
        match next {
            Next::Arrival { cut: true, .. } => {}
            Next::Arrival { from, to, body, sent, .. } => self.arrive(from, to, body, sent),
            Next::Due { slot, timer, generation } => self.due(slot, timer, generation),
            Next::Wake { slot, life } => self.wake(slot, life),
            Next::Strike { fault, subject } => self.strike(fault, subject),
            Next::Relief { strike } => self.relieve(strike),
            Next::Strobe { strike } => self.strobe(strike),
            Next::Heal => self.heal(),
        }
    }

    fn finish(mut self, end: Time) -> (Outcome, Schedule) {
        let schedule = self.script.take().map(|script| script.into_schedule());
        let bites = self.faults.bites(&self.plan.faults);
        let outcome = self.observer.finish(self.seed, self.steps, end, bites);
        (outcome, schedule.unwrap_or_default())
    }

    /// The fault of the plan at this position.
    fn fault(&self, position: usize) -> &Fault {
        &self.plan.faults[position]
    }

    /// The position of a node among the nodes.
    fn slot(&self, node: NodeId) -> Option<usize> {
        slot_of(node, &self.setting.protocol, self.plan.clients)
    }

    /// What an aim needs to know now.
    fn field(&self, subject: Option<usize>) -> Field<'_, P> {
        Field {
            protocol: &self.setting.protocol,
            clients: self.plan.clients,
            servers: self.system.servers(),
            roles: &self.observer.roles,
            subject,
        }
    }

    /// The nodes that the targets stand for now. `subject` is where the event happened that
    /// triggered the fault.
    fn aim(&self, targets: &Targets, subject: Option<usize>) -> NodeSet {
        self.field(subject).aim(targets)
    }

    fn is_server(&self, slot: usize) -> bool {
        slot < self.setting.protocol.servers()
    }

    /// Reports something about a node; faults that wait for it strike at once.
    fn observe(&mut self, slot: usize, event: Event) {
        let node = self.nodes[slot].id;
        let trigger = event.trigger();
        self.observer.observe(self.now, node, event);
        if self.plan.faults.is_empty() {
            return;
        }
        self.faults.things_stand(self.observer.standing());
        if let Some(trigger) = trigger {
            self.observer.watched.happened(trigger);
            if self.faults.waits_for_events() {
                self.pull(trigger, slot);
            }
        }
    }

    fn trace(&mut self, what: impl FnOnce() -> crate::outcome::Happening) {
        if let Some(trace) = &mut self.observer.trace {
            trace.push(Traced { at: self.now, what: what() });
        }
    }

    /// A time from now, in whole nanoseconds.
    fn after(&self, duration: std::time::Duration) -> Time {
        Time(self.now.0.saturating_add(nanos(duration)))
    }
}
