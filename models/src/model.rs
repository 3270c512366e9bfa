//! The model: every interleaving of a system's steps, within bounds.

use crate::action::Action;
use crate::bounds::{Bound, Cuts};
use crate::configuration::Configuration;
use crate::desk::{Cause, Desk, Stride};
use crate::part::End;
use crate::state::{MOST_NODES, State, Used};
use crate::witness::{GoalSet, Witness};
use locklab_protocols::contract::Protocol;
use locklab_protocols::id::NodeId;
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::system::System;
use std::sync::atomic::{AtomicU32, Ordering};

/// A system, in which anything may happen that the bounds allow.
#[derive(Debug)]
pub struct LockModel<P: Protocol> {
    configuration: Configuration<P>,
    nodes: Vec<NodeId>,
    desk: Desk<P>,
    cuts: Cuts,
    reached: AtomicU32,
}

/// What a move leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved {
    pub(crate) state: State,
    pub(crate) goals: GoalSet,
}

impl<P: Protocol> LockModel<P> {
    /// A model of this configuration.
    ///
    /// # Panics
    ///
    /// If it has more nodes than a state has room for.
    pub fn new(configuration: Configuration<P>) -> Self {
        let nodes: Vec<NodeId> = System::new(&configuration.setting).nodes().collect();
        assert!(nodes.len() <= MOST_NODES, "a state has room for {MOST_NODES} nodes");
        let cuts = Cuts::default();
        Self { configuration, nodes, desk: Desk::default(), cuts, reached: AtomicU32::new(0) }
    }

    /// What it is a model of.
    pub fn configuration(&self) -> &Configuration<P> {
        &self.configuration
    }

    /// How often the bounds cut the search.
    pub fn cuts(&self) -> &Cuts {
        &self.cuts
    }

    /// Whether the search reached a goal so far.
    pub fn has_reached(&self, goal: Goal) -> bool {
        GoalSet(self.reached.load(Ordering::Relaxed)).contains(goal)
    }

    /// How many different parts the states are made of, in words.
    pub fn sizes(&self) -> String {
        self.desk.sizes()
    }

    pub(crate) fn desk(&self) -> &Desk<P> {
        &self.desk
    }

    pub(crate) fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    pub(crate) fn witness(&self, state: &State) -> &Witness {
        self.desk.witnesses.get(state.witness)
    }

    /// The watched guarantees that are broken in a state.
    pub fn broken(&self, state: &State) -> &[Guarantee] {
        &self.witness(state).broken
    }

    /// All nodes started, servers first, as in the simulator. A node cannot die before it has
    /// begun.
    pub(crate) fn begin(&self) -> State {
        let desk = &self.desk;
        let workshop = self.configuration.workshop();
        let setting = &self.configuration.setting;
        let mut state = State {
            nodes: [0; MOST_NODES],
            witness: desk
                .witnesses
                .number(Witness::new(&setting.protocol, &self.configuration.watch)),
            flights: Default::default(),
            used: Used::default(),
        };
        for (slot, node) in self.nodes.iter().enumerate() {
            state.nodes[slot] = desk.locals.number(workshop.unborn(*node));
        }
        for slot in 0..self.nodes.len() {
            let strides = self.strides(&state, slot, Cause::Start);
            let moved = self.stride(state, slot, &strides[0]);
            state = moved.expect("room for the first messages").state;
        }
        state
    }

    pub(crate) fn strides(&self, state: &State, slot: usize, cause: Cause) -> &[Stride] {
        let node = (slot, self.nodes[slot]);
        self.desk.strides(&self.configuration, node, state.nodes[slot], cause)
    }

    pub(crate) fn slot(&self, node: NodeId) -> usize {
        self.nodes.iter().position(|other| *other == node).expect("a node of this system")
    }

    /// The node whose step an action is, and why it steps; `None` for what happens to the network.
    pub(crate) fn cause(&self, action: Action) -> Option<(usize, Cause)> {
        Some(match action {
            Action::Deliver { message, .. } => {
                (self.slot(self.desk.letter(message).to), Cause::Message(message))
            }
            Action::Fire { node, timer, .. } => (usize::from(node), Cause::Timer(timer)),
            Action::Crash { node, power } => (usize::from(node), Cause::Crash(power)),
            Action::Restart { node, .. } => (usize::from(node), Cause::Start),
            Action::Drop { .. } => return None,
        })
    }

    /// Whether a bound lets a step happen; if not, that is counted.
    fn allows(&self, state: &State, stride: &Stride, room: usize) -> bool {
        let bounds = &self.configuration.bounds;
        let used = &state.used;
        if let End::Dead { power, .. } = stride.end {
            let spent = used.crashes >= bounds.crashes
                || power && used.power_failures >= bounds.power_failures;
            if spent {
                return false;
            }
        }
        let cut = match stride.spends {
            Some(Bound::Retries) if used.retries >= bounds.retries => Some(Bound::Retries),
            Some(Bound::ServerTimers) if used.server_timers >= bounds.server_timers => {
                Some(Bound::ServerTimers)
            }
            _ if stride.asks > bounds.acquires => Some(Bound::Acquires),
            _ if stride.sent.len() > room => Some(Bound::InFlight),
            _ => None,
        };
        if let Some(bound) = cut {
            self.cuts.count(bound);
        }
        cut.is_none()
    }

    /// Everything that can happen in a state.
    pub(crate) fn moves(&self, state: &State, out: &mut Vec<Action>) {
        if !self.broken(state).is_empty() {
            return;
        }
        let bounds = &self.configuration.bounds;
        let used = &state.used;
        let flights = state.in_flight();
        let room = usize::from(bounds.in_flight).saturating_sub(flights.len());
        let mut before = 0;
        for message in flights.iter().copied() {
            if message == before {
                continue;
            }
            before = message;
            let slot = self.slot(self.desk.letter(message).to);
            let strides = self.strides(state, slot, Cause::Message(message));
            for (leg, stride) in (0_u8..).zip(strides) {
                if self.allows(state, stride, room + 1) {
                    out.push(Action::Deliver { message, leg, keep: false });
                    if used.duplicates < bounds.duplicates && stride.sent.len() <= room {
                        out.push(Action::Deliver { message, leg, keep: true });
                    }
                }
            }
            if used.drops < bounds.drops {
                out.push(Action::Drop { message });
            }
        }
        for slot in 0..self.nodes.len() {
            self.moves_of(state, slot, room, out);
        }
    }

    fn moves_of(&self, state: &State, slot: usize, room: usize, out: &mut Vec<Action>) {
        let bounds = &self.configuration.bounds;
        let node = slot as u8;
        for timer in self.desk.armed(state.nodes[slot]).iter().copied() {
            let strides = self.strides(state, slot, Cause::Timer(timer));
            for (leg, stride) in (0_u8..).zip(strides) {
                if self.allows(state, stride, room) {
                    out.push(Action::Fire { node, timer, leg });
                }
            }
        }
        if bounds.crashes == 0 {
            return;
        }
        for power in [false, true] {
            for stride in self.strides(state, slot, Cause::Crash(power)) {
                if self.allows(state, stride, room) {
                    out.push(Action::Crash { node, power });
                }
            }
        }
        for (leg, stride) in (0_u8..).zip(self.strides(state, slot, Cause::Start)) {
            if self.allows(state, stride, room) {
                out.push(Action::Restart { node, leg });
            }
        }
    }

    /// The leg of a step that an action stands for, with the node that takes it.
    pub(crate) fn stride_of(&self, state: &State, action: Action) -> Option<(usize, &Stride)> {
        let (slot, cause) = self.cause(action)?;
        let leg = match action {
            Action::Deliver { leg, .. }
            | Action::Fire { leg, .. }
            | Action::Restart { leg, .. } => usize::from(leg),
            Action::Crash { .. } | Action::Drop { .. } => 0,
        };
        Some((slot, self.strides(state, slot, cause).get(leg)?))
    }

    /// What an action leads to; `None` if it cannot happen in this state.
    pub(crate) fn moved(&self, state: &State, action: Action) -> Option<Moved> {
        let mut next = *state;
        match action {
            Action::Drop { message } => {
                next.used.drops += 1;
                return next.take(message).then_some(Moved { state: next, goals: GoalSet(0) });
            }
            Action::Deliver { message, keep: false, .. } if !next.take(message) => return None,
            Action::Deliver { keep: true, .. } => next.used.duplicates += 1,
            _ => {}
        }
        let (slot, stride) = self.stride_of(state, action)?;
        let moved = self.stride(next, slot, stride)?;
        let news = moved.goals.0 & !self.reached.load(Ordering::Relaxed);
        if news != 0 {
            self.reached.fetch_or(news, Ordering::Relaxed);
        }
        Some(moved)
    }

    fn stride(&self, mut next: State, slot: usize, stride: &Stride) -> Option<Moved> {
        let (witness, goals) =
            self.desk.seen(&self.configuration, &self.nodes, &next, slot, stride);
        next.witness = witness;
        next.nodes[slot] = stride.after;
        if !stride.sent.iter().all(|message| next.send(*message)) {
            return None;
        }
        let used = &mut next.used;
        match stride.spends {
            Some(Bound::Retries) => used.retries += 1,
            Some(Bound::ServerTimers) => used.server_timers += 1,
            _ => {}
        }
        if let End::Dead { power, .. } = stride.end {
            used.crashes += 1;
            used.power_failures += u8::from(power);
        }
        Some(Moved { state: next, goals })
    }

    /// Forgets what earlier searches counted and reached.
    pub(crate) fn reset(&self) {
        self.cuts.clear();
        self.reached.store(0, Ordering::Relaxed);
    }
}
