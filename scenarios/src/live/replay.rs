//! Plays the journals of nodes, and so sees what they did.
//!
//! The same code runs twice: while the run goes on, in the order in which entries come in, to know
//! who holds, who leads, and which event a fault has waited for; and once more when it is over, in
//! the order of true time, to judge it.

use super::journal::{Barrier, Entry, Waits, is_halt};
use locklab_protocols::account::Account;
use locklab_protocols::contract::Servers;
use locklab_protocols::contract::{
    Clock, Effect, Event, HostEvent, Input, LeaseEvent, Portable, Trigger, When,
};
use locklab_protocols::id::{LockId, NodeId, Owner, ServerId};
use locklab_protocols::system::{
    Buffers, PacketOf, Setting, System, SystemEffect, SystemInput, TimerOf,
};
use locklab_protocols::time::Time;
use locklab_sim::fault::Kind;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Up to so many locks the account of all of them is looked at after every step of a server;
/// with more, of those that the step reports, and of all at every [`SWEEP_EVERY`]-th step. As in
/// the simulator.
const SWEEP_ALWAYS: u32 = 4;
const SWEEP_EVERY: u64 = 1024;

/// What hears of everything that is seen.
pub(super) trait Sink<P: Portable> {
    /// Something is seen at a node.
    fn seen(&mut self, at: Time, node: NodeId, event: Event);
    /// A server took a step.
    fn look(&mut self, at: Time, protocol: &P, servers: Servers<'_, P>, stepped: ServerId);
    /// A node sends a message.
    fn sent(&mut self, at: Time, from: NodeId, to: NodeId, body: &PacketOf<P>);
    /// A message is handed to a node.
    fn delivered(&mut self, at: Time, sent: Time, nodes: (NodeId, NodeId), body: &PacketOf<P>);
    /// A node writes to its disk.
    fn wrote(&mut self, node: NodeId);
    /// A timer fires.
    fn fired(&mut self, at: Time, node: NodeId, timer: &TimerOf<P>);
    /// A fault is felt so many times.
    fn bite(&mut self, fault: usize, times: u64);
}

/// What happens to a node from outside, as far as its journal does not say it.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Outside {
    /// An event of the host.
    Event(HostEvent),
    /// A fault of its clocks, its disk or its speed begins, or a pause.
    Begins(usize, Kind),
    /// Such a fault ends.
    Ends(usize),
    /// A fault moved its wall clock.
    Jumped(usize),
    /// It went on after this pause.
    WentOn(usize),
}

/// One node, as its journal shows it.
struct Shown<P: Portable> {
    id: NodeId,
    up: bool,
    pending: VecDeque<SystemEffect<P>>,
    /// When the effects at hand count as applied.
    at: Time,
    questions: u32,
    timers: BTreeMap<TimerOf<P>, Clock>,
    faults: Vec<(usize, Kind)>,
    /// Pauses after which it has not done anything yet.
    rested: Vec<usize>,
}

/// The nodes of a run, as their journals show them.
pub(super) struct Replay<P: Portable> {
    setting: Setting<P>,
    system: System<P>,
    buffers: Buffers<P>,
    nodes: Vec<Shown<P>>,
    account: Account,
    halts: BTreeSet<Trigger>,
    steps: u64,
}

impl<P: Portable> Replay<P> {
    pub(super) fn new(setting: Setting<P>, halts: BTreeSet<Trigger>) -> Self {
        let system = System::new(&setting);
        let shown = |id| Shown {
            id,
            up: false,
            pending: VecDeque::new(),
            at: Time::ZERO,
            questions: 0,
            timers: BTreeMap::new(),
            faults: Vec::new(),
            rested: Vec::new(),
        };
        let nodes = system.nodes().map(shown).collect();
        let (buffers, account) = (Buffers::default(), Account::default());
        Self { setting, system, buffers, nodes, account, halts, steps: 0 }
    }

    pub(super) fn setting(&self) -> &Setting<P> {
        &self.setting
    }

    pub(super) fn servers(&self) -> Servers<'_, P> {
        self.system.servers()
    }

    pub(super) fn is_up(&self, slot: usize) -> bool {
        self.nodes[slot].up
    }

    pub(super) fn steps(&self) -> u64 {
        self.steps
    }

    /// Plays an entry. If the node halts after it, says at which event. It comes there a
    /// little later, and says so.
    pub(super) fn entry(
        &mut self,
        slot: usize,
        entry: Entry<P>,
        sink: &mut impl Sink<P>,
    ) -> Option<Trigger> {
        let id = self.nodes[slot].id;
        match entry {
            Entry::Listening(_) | Entry::Note(_) | Entry::Refused { .. } | Entry::Halted => None,
            Entry::Started { at, life, disk, waits, .. } => {
                self.system.restore(id, disk, life);
                let life = self.system.start(id, &self.setting);
                self.nodes[slot].up = true;
                self.see(at, slot, Event::Host(HostEvent::Started(life)), sink);
                if matches!(id, NodeId::Server(_)) {
                    self.sweep(at, slot, sink);
                }
                self.step(at, slot, Input::Started(life), waits, sink)
            }
            Entry::Step { at, input, sent, waits } => {
                if let (Input::Message { from, body }, Some(sent)) = (&input, sent) {
                    sink.delivered(at, sent, (*from, id), body);
                }
                self.step(at, slot, input, waits, sink)
            }
            Entry::Went { at, waits, .. } => {
                let node = &mut self.nodes[slot];
                node.at = at;
                self.apply(slot, waits, true, sink)
            }
        }
    }

    /// Something happens to a node from outside.
    pub(super) fn outside(
        &mut self,
        at: Time,
        slot: usize,
        what: &Outside,
        sink: &mut impl Sink<P>,
    ) {
        let node = &mut self.nodes[slot];
        match what {
            Outside::Event(event) => {
                let died = *event == HostEvent::Crashed;
                if died {
                    let id = node.id;
                    node.up = false;
                    node.pending.clear();
                    node.questions = 0;
                    node.timers.clear();
                    node.rested.clear();
                    self.system.crash(id);
                }
                self.see(at, slot, Event::Host(*event), sink);
                if died && matches!(self.nodes[slot].id, NodeId::Server(_)) {
                    self.sweep(at, slot, sink);
                }
            }
            Outside::Begins(fault, kind) => {
                let wrong: &[Clock] = match kind {
                    Kind::ClockRate(_) => &[Clock::Monotonic, Clock::Wall],
                    Kind::ClockFreeze(_) => &[Clock::Wall],
                    _ => &[],
                };
                let running = node.timers.values().filter(|clock| wrong.contains(clock)).count();
                sink.bite(*fault, running as u64);
                if matches!(kind, Kind::Pause(_)) {
                    sink.bite(*fault, node.pending.len() as u64);
                }
                node.faults.push((*fault, kind.clone()));
            }
            Outside::Ends(fault) => node.faults.retain(|(other, _)| other != fault),
            Outside::Jumped(fault) => {
                let running = node.timers.values().filter(|clock| **clock == Clock::Wall).count();
                sink.bite(*fault, running as u64);
            }
            Outside::WentOn(fault) => node.rested.push(*fault),
        }
    }

    fn see(&mut self, at: Time, slot: usize, event: Event, sink: &mut impl Sink<P>) {
        sink.seen(at, self.nodes[slot].id, event);
    }

    fn step(
        &mut self,
        at: Time,
        slot: usize,
        input: SystemInput<P>,
        waits: Waits,
        sink: &mut impl Sink<P>,
    ) -> Option<Trigger> {
        let node = &mut self.nodes[slot];
        node.at = at;
        self.steps += 1;
        for fault in node.rested.drain(..) {
            sink.bite(fault, 1);
        }
        match &input {
            Input::Fired(timer) => {
                node.timers.remove(timer);
                sink.fired(at, node.id, timer);
            }
            Input::Clock(clock, _) => {
                node.questions = node.questions.saturating_sub(1);
                bite_clock(node, *clock, true, sink);
            }
            Input::Drawn(_) => node.questions = node.questions.saturating_sub(1),
            _ => {}
        }
        for (fault, kind) in &node.faults {
            if matches!(kind, Kind::Slow(_)) {
                sink.bite(*fault, 1);
            }
        }
        self.system.step(node.id, input, &mut self.buffers, &mut node.pending);
        if let NodeId::Server(stepped) = node.id {
            sink.look(at, &self.setting.protocol, self.system.servers(), stepped);
        }
        if waits.at_once { None } else { self.apply(slot, waits, false, sink) }
    }

    /// Applies effects up to the next barrier. `went` says that the one at hand is behind us.
    fn apply(
        &mut self,
        slot: usize,
        waits: Waits,
        mut went: bool,
        sink: &mut impl Sink<P>,
    ) -> Option<Trigger> {
        while let Some(effect) = self.nodes[slot].pending.front() {
            let barrier = Barrier::at::<P>(effect, waits, &self.halts);
            if barrier == Barrier::Before && !std::mem::take(&mut went) {
                // Once it goes on the fault may be over: it is felt here.
                bite_disk(&self.nodes[slot], |kind| matches!(kind, Kind::DiskStall(_)), sink);
                return None;
            }
            let effect = self.nodes[slot].pending.pop_front()?;
            let halt = match &effect {
                Effect::Notify(event) if is_halt(event, &self.halts) => event.trigger(),
                _ => None,
            };
            self.apply_one(slot, effect, sink);
            if barrier == Barrier::After {
                return halt;
            }
        }
        self.step_is_over(slot, sink);
        None
    }

    fn apply_one(&mut self, slot: usize, effect: SystemEffect<P>, sink: &mut impl Sink<P>) {
        let node = &mut self.nodes[slot];
        let at = node.at;
        match effect {
            Effect::Send { to, body } => sink.sent(at, node.id, to, &body),
            Effect::Arm { timer, clock, when } => {
                bite_clock(node, clock, matches!(when, When::At(_)), sink);
                node.timers.insert(timer, clock);
            }
            Effect::Disarm(timer) => {
                node.timers.remove(&timer);
            }
            Effect::Write(_) => sink.wrote(node.id),
            Effect::Sync => {
                let felt = |kind: &Kind| matches!(kind, Kind::DiskStall(_) | Kind::DiskLie(_));
                bite_disk(node, felt, sink);
            }
            Effect::ReadClock(_) | Effect::Draw(_) => node.questions += 1,
            Effect::Notify(event) => self.notify(at, slot, event, sink),
        }
    }

    fn notify(&mut self, at: Time, slot: usize, event: Event, sink: &mut impl Sink<P>) {
        let Event::Lease(lease) = event else {
            self.see(at, slot, event, sink);
            return;
        };
        self.see(at, slot, event, sink);
        let mut changes = Vec::new();
        let nodes = &self.nodes;
        let ran_out = |lock, owner| {
            lease == LeaseEvent::Expired { lock, owner } || expires(nodes, lock, owner)
        };
        let servers = self.system.servers();
        let report = |event| changes.push(event);
        self.account.hear(&self.setting.protocol, servers, lease, ran_out, report);
        for event in changes {
            self.see(at, slot, event, sink);
        }
    }

    /// The servers' account may have changed without a word from the server.
    fn step_is_over(&mut self, slot: usize, sink: &mut impl Sink<P>) {
        let node = &self.nodes[slot];
        if node.questions > 0 || !matches!(node.id, NodeId::Server(_)) {
            return;
        }
        let locks = self.setting.workload.locks;
        if locks <= SWEEP_ALWAYS || self.steps.is_multiple_of(SWEEP_EVERY) {
            self.sweep(self.nodes[slot].at, slot, sink);
        }
    }

    fn sweep(&mut self, at: Time, slot: usize, sink: &mut impl Sink<P>) {
        let mut changes = Vec::new();
        let nodes = &self.nodes;
        let ran_out = |lock, owner| expires(nodes, lock, owner);
        let (servers, locks) = (self.system.servers(), self.setting.workload.locks);
        let report = |event| changes.push(event);
        self.account.look_at_all(&self.setting.protocol, servers, locks, ran_out, report);
        for event in changes {
            self.see(at, slot, event, sink);
        }
    }
}

/// Whether a server has let a lease run out and has not come to say so.
fn expires<P: Portable>(nodes: &[Shown<P>], lock: LockId, owner: Owner) -> bool {
    let expired = Event::Lease(LeaseEvent::Expired { lock, owner });
    let says =
        |effect: &SystemEffect<P>| matches!(effect, Effect::Notify(event) if *event == expired);
    nodes.iter().any(|node| node.pending.iter().any(says))
}

/// A write or a sync is asked for; faults of the disk are felt.
fn bite_disk<P: Portable>(node: &Shown<P>, felt: impl Fn(&Kind) -> bool, sink: &mut impl Sink<P>) {
    for (fault, _) in node.faults.iter().filter(|(_, kind)| felt(kind)) {
        sink.bite(*fault, 1);
    }
}

/// A clock is read; faults that made it wrong are felt. `exact` says whether what it shows counts
/// and not only how fast it runs.
fn bite_clock<P: Portable>(node: &Shown<P>, clock: Clock, exact: bool, sink: &mut impl Sink<P>) {
    for (fault, kind) in &node.faults {
        let wall = clock == Clock::Wall;
        let felt = match kind {
            Kind::ClockRate(_) => true,
            Kind::ClockFreeze(_) => wall,
            Kind::ClockJump(_) | Kind::ClockStrobe(_) => wall && exact,
            _ => false,
        };
        if felt {
            sink.bite(*fault, 1);
        }
    }
}
