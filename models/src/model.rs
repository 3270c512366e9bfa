//! The model: every interleaving of a system's steps, within bounds.

use crate::action::{Action, Cause};
use crate::bounds::{Bound, Cuts};
use crate::configuration::Configuration;
use crate::desk::{Desk, Stride};
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

/// Counts what has a bound. What has none is not counted, or states would differ by it.
fn spend(used: &mut u8, bound: u8) {
    if bound < u8::MAX {
        *used += 1;
    }
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

    /// Whether the search came by a landmark so far.
    pub fn has_passed(&self, landmark: usize) -> bool {
        GoalSet(self.reached.load(Ordering::Relaxed)).has_landmark(landmark)
    }

    /// A state in words: each node, what is on its way, what observers say.
    pub fn describe(&self, state: &State) -> String {
        let mut words = String::new();
        for (slot, node) in self.nodes.iter().enumerate() {
            let local = self.desk.locals.get(state.nodes[slot]);
            words += &format!("{node}: {:#?}\n", local.part);
            words += &format!("{node} has armed {:?}\n", local.timers);
        }
        for message in state.in_flight() {
            words += &format!("on its way: {:?}\n", self.desk.letter(*message));
        }
        words + &format!("broken: {:?}\nused up: {:?}\n", self.broken(state), state.used)
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
            let moved = self.stride(&state, state, strides[0]);
            state = moved.expect("room for the first messages").state;
        }
        state
    }

    pub(crate) fn strides(&self, state: &State, slot: usize, cause: Cause) -> &[u32] {
        let node = (slot, self.nodes[slot]);
        self.desk.strides(&self.configuration, node, state.nodes[slot], cause)
    }

    pub(crate) fn slot(&self, node: NodeId) -> usize {
        self.nodes.iter().position(|other| *other == node).expect("a node of this system")
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
            Some(Bound::Failures) if used.failures >= bounds.failures => Some(Bound::Failures),
            Some(Bound::Expiries) if used.expiries >= bounds.expiries => Some(Bound::Expiries),
            Some(Bound::ServerTimers) if used.server_timers >= bounds.server_timers => {
                Some(Bound::ServerTimers)
            }
            _ if stride.beyond => Some(Bound::Reach),
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
        let room = usize::from(bounds.in_flight).saturating_sub(state.in_flight().len());
        let mut before = 0;
        let mut link = None;
        for message in state.in_flight().iter().copied() {
            let letter = self.desk.letter(message);
            let behind = bounds.in_order && link == Some((letter.from, letter.to));
            if message == before || behind {
                continue;
            }
            before = message;
            link = Some((letter.from, letter.to));
            self.deliveries(state, message, room, out);
            if state.used.drops < bounds.drops {
                out.push(Action::Drop { message });
            }
        }
        for slot in 0..self.nodes.len() {
            self.moves_of(state, slot, room, out);
        }
    }

    fn deliveries(&self, state: &State, message: u16, room: usize, out: &mut Vec<Action>) {
        let bounds = &self.configuration.bounds;
        let slot = self.slot(self.desk.letter(message).to);
        let cause = Cause::Message(message);
        for stride in self.strides(state, slot, cause).iter().copied() {
            let what = self.desk.get(stride);
            if what.idle && !bounds.in_order || !self.allows(state, what, room + 1) {
                continue;
            }
            let node = slot as u8;
            out.push(Action::Step { node, cause, stride, keep: false });
            let again = state.used.duplicates < bounds.duplicates && what.sent.len() <= room;
            if again && !what.idle {
                out.push(Action::Step { node, cause, stride, keep: true });
            }
        }
    }

    fn moves_of(&self, state: &State, slot: usize, room: usize, out: &mut Vec<Action>) {
        let mut add = |cause| {
            for stride in self.strides(state, slot, cause).iter().copied() {
                let what = self.desk.get(stride);
                if !what.idle && self.allows(state, what, room) {
                    out.push(Action::Step { node: slot as u8, cause, stride, keep: false });
                }
            }
        };
        for timer in self.desk.armed(state.nodes[slot]).iter().copied() {
            add(Cause::Timer(timer));
        }
        let bounds = &self.configuration.bounds;
        if bounds.may_die(self.nodes[slot]) {
            add(Cause::Crash { power: false });
            add(Cause::Start);
            if bounds.power_failures > 0 {
                add(Cause::Crash { power: true });
            }
        }
    }

    /// What an action leads to; `None` if it cannot happen in this state.
    pub(crate) fn moved(&self, state: &State, action: Action) -> Option<Moved> {
        let mut next = *state;
        match action {
            Action::Drop { message } => {
                spend(&mut next.used.drops, self.configuration.bounds.drops);
                let goals = GoalSet::default();
                next.take(message).then_some(Moved { state: next, goals })
            }
            Action::Step { cause, stride, keep, .. } => {
                match cause {
                    Cause::Message(_) if keep => next.used.duplicates += 1,
                    Cause::Message(message) if !next.take(message) => return None,
                    _ => {}
                }
                let moved = self.stride(state, next, stride)?;
                let news = moved.goals.0 & !self.reached.load(Ordering::Relaxed);
                if news != 0 {
                    self.reached.fetch_or(news, Ordering::Relaxed);
                }
                Some(moved)
            }
        }
    }

    fn stride(&self, state: &State, mut next: State, number: u32) -> Option<Moved> {
        let (witness, goals) = self.desk.seen(&self.configuration, &self.nodes, state, number);
        let stride = self.desk.get(number);
        next.witness = witness;
        next.nodes[usize::from(stride.slot)] = stride.after;
        if !stride.sent.iter().all(|message| self.send(&mut next, *message)) {
            return None;
        }
        let (used, bounds) = (&mut next.used, &self.configuration.bounds);
        match stride.spends {
            Some(Bound::Retries) => used.retries += 1,
            Some(Bound::Failures) => used.failures += 1,
            Some(Bound::Expiries) => spend(&mut used.expiries, bounds.expiries),
            Some(Bound::ServerTimers) => spend(&mut used.server_timers, bounds.server_timers),
            _ => {}
        }
        if let End::Dead { power, .. } = stride.end {
            used.crashes += 1;
            used.power_failures += u8::from(power);
        }
        Some(Moved { state: next, goals })
    }

    fn send(&self, state: &mut State, message: u16) -> bool {
        let in_order = self.configuration.bounds.in_order;
        let letter = self.desk.letter(message);
        let link = (letter.from, letter.to);
        state.send(message, |other| {
            let letter = self.desk.letter(other);
            let theirs = (letter.from, letter.to);
            theirs < link || theirs == link && (in_order || other <= message)
        })
    }

    /// Forgets what earlier searches counted and reached.
    pub(crate) fn reset(&self) {
        self.cuts.clear();
        self.reached.store(0, Ordering::Relaxed);
    }
}
