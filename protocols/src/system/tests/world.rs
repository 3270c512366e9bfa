//! A host in small: messages take their time, some are lost or come twice, nodes stand still, die and
//! come back.

use super::super::*;
use crate::account::Account;
use crate::application::{Choice, LockOrder};
use crate::contract::{
    Clock, Event, HostEvent, LeaseEvent, Observation, Reading, Role, Span, When,
};
use crate::id::{LockId, Owner};
use crate::spec::{MonitorSettings, Monitors};
use crate::stable_hash::StableHasher;
use crate::time::{Time, nanos};
use std::collections::{BTreeMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

const MILLI: u64 = 1_000_000;
const LOCKS: u32 = 3;
const CLIENTS: usize = 3;

/// When a run ends, and from when on nothing goes wrong any more.
const HEAL: u64 = 14_000 * MILLI;
const END: u64 = 24_000 * MILLI;

/// After how many observations each the memory of the monitors is taken down.
const MONITORS_EVERY: u64 = 50;

enum Next<P: Protocol> {
    Message { from: NodeId, to: NodeId, body: PacketOf<P> },
    Fires { node: NodeId, timer: TimerOf<P>, armed: u64 },
    Restart(NodeId),
    Resume(NodeId),
}

pub(super) struct World<P: Protocol> {
    setting: Setting<P>,
    system: System<P>,
    monitors: Monitors,
    account: Account,
    queue: BTreeMap<(u64, u64), Next<P>>,
    armed: BTreeMap<(NodeId, TimerOf<P>), u64>,
    /// The leases of which a node says in its present step that they have run out: that counts even if
    /// it dies before it has said so.
    run_out: Vec<(LockId, Owner)>,
    /// Who stands still, and until when.
    paused: BTreeMap<NodeId, u64>,
    now: u64,
    seed: u64,
    /// How often chance was asked, and how many things were put into the queue.
    count: u64,
    hash: u64,
    seen: u64,
}

/// What applications do, and what the storage checks: by the seed one lock at a time, several that
/// are taken more than once in an order of each one's own, or several as a set.
fn work(seed: u64) -> (Workload, Fencing) {
    let usual = Workload { locks: LOCKS, ..Workload::default() };
    let seconds = |from: u64, to: u64| (Duration::from_secs(from)..=Duration::from_secs(to)).into();
    match seed % 3 {
        1 => (usual, Fencing::ReadsAndWrites),
        2 => {
            let (locks_at_once, order) = (2, LockOrder::Own);
            (Workload { locks_at_once, order, depth: 2, ..usual }, Fencing::Writes)
        }
        _ => {
            let (locks_at_once, order, hold) = (2, LockOrder::Set, seconds(0, 4));
            let choice = Choice::Zipf;
            (Workload { locks_at_once, order, hold, choice, ..usual }, Fencing::None)
        }
    }
}

/// The lease of which this effect says that it has run out.
fn run_out<M, T, C>(effect: &Effect<M, T, C>) -> Option<(LockId, Owner)> {
    match effect {
        Effect::Notify(Event::Lease(LeaseEvent::Expired { lock, owner })) => Some((*lock, *owner)),
        _ => None,
    }
}

impl<P: Protocol> World<P> {
    /// Plays a run and says in a line what came of it.
    pub(super) fn play(protocol: &P, seed: u64) -> String {
        let (workload, fencing) = work(seed);
        let workload = Arc::new(workload);
        let protocol = protocol.clone();
        let semantics = protocol.semantics();
        let settings = MonitorSettings { semantics, progress_bound: Duration::from_secs(8) };
        let setting = Setting { protocol, clients: CLIENTS, workload, fencing };
        let mut world = Self {
            system: System::new(&setting),
            setting,
            monitors: Monitors::new(settings),
            account: Account::default(),
            queue: BTreeMap::new(),
            armed: BTreeMap::new(),
            run_out: Vec::new(),
            paused: BTreeMap::new(),
            now: 0,
            seed,
            count: 0,
            hash: 0,
            seen: 0,
        };
        for node in world.system.nodes().collect::<Vec<NodeId>>() {
            world.start(node);
        }
        while let Some(((at, _), next)) = world.queue.pop_first()
            && at <= END
        {
            if world.now < HEAL && at >= HEAL {
                world.observe(NodeId::Storage, HostEvent::Healed.into());
            }
            world.now = at;
            world.happen(next);
        }
        world.line()
    }

    /// A number below `choices`: chance is a hash of the seed and of how often it was asked.
    fn chance(&mut self, choices: u64) -> u64 {
        self.count += 1;
        StableHasher::hash_of(&(self.seed, self.count)) % choices
    }

    fn later(&mut self, at: u64, next: Next<P>) {
        self.count += 1;
        self.queue.insert((at, self.count), next);
    }

    fn happen(&mut self, next: Next<P>) {
        if let Next::Message { to: node, .. } | Next::Fires { node, .. } = &next
            && let Some(until) = self.paused.get(node).copied()
        {
            // Its mailbox and its timers go on; it comes to them when it goes on itself.
            return self.later(until, next);
        }
        match next {
            Next::Message { from, to, body } => {
                if self.now < HEAL {
                    match self.chance(500) {
                        0 => self.crash(to),
                        1..3 => return self.pause(to, Next::Message { from, to, body }),
                        _ => {}
                    }
                }
                self.step(to, Input::Message { from, body });
            }
            Next::Fires { node, timer, armed } => {
                let key = (node, timer);
                if self.armed.get(&key) == Some(&armed) {
                    self.armed.remove(&key);
                    self.step(node, Input::Fired(key.1));
                } else if self.now < HEAL && self.chance(8) == 0 {
                    // Nodes must bear a timer that they have stopped or armed anew.
                    self.step(node, Input::Fired(key.1));
                }
            }
            Next::Restart(node) => self.start(node),
            Next::Resume(node) => {
                if self.paused.remove(&node).is_some() {
                    self.observe(node, HostEvent::Resumed.into());
                    self.observe(node, HostEvent::Relieved.into());
                }
            }
        }
    }

    /// A node stands still for up to five seconds, with this before it.
    fn pause(&mut self, node: NodeId, before: Next<P>) {
        if self.system.is_up(node) && node != NodeId::Storage {
            let until = self.now + (1 + self.chance(5_000)) * MILLI;
            self.observe(node, HostEvent::Afflicted.into());
            self.observe(node, HostEvent::Paused.into());
            self.later(until, Next::Resume(node));
            self.paused.insert(node, until);
        }
        self.later(self.now, before);
    }

    fn start(&mut self, node: NodeId) {
        let life = self.system.start(node, &self.setting);
        self.observe(node, HostEvent::Started(life).into());
        self.step(node, Input::Started(life));
    }

    /// A process dies, and with every other one the machine under it; now and then the disk as well.
    fn crash(&mut self, node: NodeId) {
        if !self.system.is_up(node) || node == NodeId::Storage {
            return;
        }
        self.system.crash(node);
        if self.paused.remove(&node).is_some() {
            self.observe(node, HostEvent::Relieved.into());
        }
        self.armed.retain(|(of, _), _| *of != node);
        let lost = match self.chance(2) {
            0 => self.system.lose_unsynced(node),
            _ => 0,
        };
        self.take_down(&(node, lost));
        self.observe(node, HostEvent::Crashed.into());
        self.look_at_all(node);
        self.run_out.clear();
        let back = self.now + (50 + self.chance(2_000)) * MILLI;
        self.later(back, Next::Restart(node));
    }

    fn step(&mut self, node: NodeId, input: SystemInput<P>) {
        let mut buffers = Buffers::default();
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let mut effects: Vec<SystemEffect<P>> = Vec::new();
            self.system.step(node, input, &mut buffers, &mut effects);
            if let NodeId::Server(stepped) = node {
                let servers = self.system.servers();
                let protocol = &self.setting.protocol;
                self.monitors.look(Time(self.now), protocol, servers, stepped);
                let leaders = protocol.in_role(Role::Leader, servers);
                self.take_down(&(
                    leaders,
                    self.setting.protocol.has_account(self.system.servers()),
                ));
            }
            self.run_out = effects.iter().filter_map(run_out).collect();
            for effect in effects {
                if self.now < HEAL && node != NodeId::Storage && self.chance(4_000) == 0 {
                    // What it was still about to do is lost with it.
                    return self.crash(node);
                }
                inputs.extend(self.apply(node, effect));
            }
            self.look_at_all(node);
            self.run_out.clear();
        }
    }

    /// Applies an effect; what it asks is answered by the next input.
    fn apply(&mut self, node: NodeId, effect: SystemEffect<P>) -> Option<SystemInput<P>> {
        match effect {
            Effect::Send { to, body } => self.send(node, to, body),
            Effect::Arm { timer, clock, when } => {
                let due = match when {
                    When::After(Span { shortest, longest }) => {
                        let span = nanos(longest) - nanos(shortest);
                        self.now + nanos(shortest) + self.chance(span + 1)
                    }
                    When::At(Reading(reading)) => {
                        let Reading(shown) = self.reading(node, clock);
                        self.now + reading.saturating_sub(shown)
                    }
                };
                let armed = self.count;
                self.take_down(&(node, due, format!("{timer:?}")));
                self.later(due, Next::Fires { node, timer: timer.clone(), armed });
                self.armed.insert((node, timer), armed);
            }
            Effect::Disarm(timer) => {
                self.armed.remove(&(node, timer));
            }
            Effect::Write(change) => self.system.write(node, change),
            Effect::Sync => self.system.sync(node),
            Effect::ReadClock(clock) => {
                return Some(Input::Clock(clock, self.reading(node, clock)));
            }
            Effect::Draw(choices) => {
                let drawn = u32::try_from(self.chance(u64::from(choices))).expect("it is below");
                return Some(Input::Drawn(drawn));
            }
            Effect::Notify(event) => self.notify(node, event),
        }
        None
    }

    /// What a clock of a node shows: each counts from elsewhere.
    fn reading(&self, node: NodeId, clock: Clock) -> Reading {
        let from = StableHasher::hash_of(&(self.seed, node, clock)) % (1_000 * MILLI);
        Reading(self.now + from)
    }

    fn send(&mut self, from: NodeId, to: NodeId, body: PacketOf<P>) {
        self.take_down(&(from, to, format!("{body:?}")));
        let fate = if self.now < HEAL { self.chance(50) } else { 50 };
        let copies = match fate {
            0 => 0,
            1 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let at = self.now + (1 + self.chance(9)) * MILLI;
            self.later(at, Next::Message { from, to, body: body.clone() });
        }
    }

    fn notify(&mut self, node: NodeId, event: Event) {
        let lease = if let Event::Lease(lease) = &event { Some(*lease) } else { None };
        self.observe(node, event);
        if let Some(lease) = lease {
            let mut changes = Vec::new();
            let servers = self.system.servers();
            let ran_out = |lock, owner| self.run_out.contains(&(lock, owner));
            let hears = |event| changes.push(event);
            self.account.hear(&self.setting.protocol, servers, lease, ran_out, hears);
            changes.into_iter().for_each(|event| self.observe(node, event));
        }
    }

    fn look_at_all(&mut self, node: NodeId) {
        let mut changes = Vec::new();
        let (servers, look) = (self.system.servers(), |event| changes.push(event));
        let ran_out = |lock, owner| self.run_out.contains(&(lock, owner));
        self.account.look_at_all(&self.setting.protocol, servers, LOCKS, ran_out, look);
        changes.into_iter().for_each(|event| self.observe(node, event));
    }

    fn observe(&mut self, node: NodeId, event: Event) {
        let seen = Observation { node, event };
        self.take_down(&seen);
        self.monitors.observe(Time(self.now), &seen);
        self.seen += 1;
        if self.seen.is_multiple_of(MONITORS_EVERY) {
            self.take_down_monitors();
        }
    }

    /// What the monitors remember is part of a model's states, so it counts.
    fn take_down_monitors(&mut self) {
        let remembered = StableHasher::hash_of(&self.monitors);
        self.take_down(&remembered);
    }

    fn take_down(&mut self, what: &impl Hash) {
        self.hash = StableHasher::hash_of(&(self.hash, self.now, what));
    }

    fn line(mut self) -> String {
        let nodes: Vec<NodeId> = self.system.nodes().collect();
        for node in nodes {
            let disk = StableHasher::hash_of(&self.system.disk(node));
            self.take_down(&disk);
        }
        self.take_down(&format!("{:?}", self.system));
        self.take_down_monitors();
        let verdicts = self.monitors.verdicts(Time(END));
        self.take_down(&format!("{verdicts:?}"));
        let broken = verdicts.iter().filter(|(_, verdict)| verdict.is_broken());
        let broken: Vec<&str> = broken.map(|(guarantee, _)| guarantee.name()).collect();
        let Self { seed, seen, hash, .. } = self;
        format!("{} {seed} {seen} {hash:016x} {}\n", self.setting.protocol.name(), broken.join(","))
    }
}
