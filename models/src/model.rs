//! The model: every interleaving of a system's steps, within bounds.

use crate::action::{Action, Cause};
use crate::bounds::{Bound, Bounds, Cuts};
use crate::configuration::Configuration;
use crate::desk::{Desk, Stride};
use crate::part::End;
use crate::state::{MOST_NODES, State, Used};
use crate::symmetry::Symmetry;
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
    desk: Desk<P>,
    cuts: Cuts,
    reached: AtomicU32,
    begin: State,
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
        let symmetry = Symmetry::new(&nodes, &configuration.alike);
        let empty = State {
            nodes: [0; MOST_NODES],
            witness: 0,
            flights: Default::default(),
            used: Used::default(),
        };
        let mut model = Self {
            configuration,
            desk: Desk::new(nodes, symmetry),
            cuts: Cuts::default(),
            reached: AtomicU32::new(0),
            begin: empty,
        };
        model.begin = model.played(None).0;
        if let Some(symmetry) = &model.desk.symmetry {
            let begun = |places| model.played(Some(places)).0;
            let beginnings: Vec<State> = symmetry.renamings().iter().map(begun).collect();
            model.desk.pair_beginnings(symmetry, &beginnings);
        }
        model.reset();
        model
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

    /// How many different parts the states are made of, in words.
    pub fn sizes(&self) -> String {
        self.desk.sizes()
    }

    pub(crate) fn desk(&self) -> &Desk<P> {
        &self.desk
    }

    pub(crate) fn nodes(&self) -> &[NodeId] {
        &self.desk.nodes
    }

    pub(crate) fn witness(&self, state: &State) -> &Witness {
        self.desk.witnesses.get(state.witness)
    }

    /// The watched guarantees that are broken in a state.
    pub fn broken(&self, state: &State) -> &[Guarantee] {
        &self.witness(state).broken
    }

    /// Where the search begins: all nodes started, and the prelude over.
    pub(crate) fn begin(&self) -> State {
        self.canonical(self.begin).0
    }

    /// Where it begins, with every node under its own name.
    pub(crate) fn plain_begin(&self) -> State {
        self.begin
    }

    /// The state that stands for this one and all that differ from it only by who is who of nodes
    /// that are alike, and the renaming that leads there.
    fn canonical(&self, state: State) -> (State, usize) {
        match &self.desk.symmetry {
            None => (state, 0),
            Some(symmetry) => symmetry.canonical(state, |messages| self.arrange(messages)),
        }
    }

    /// How many states a canonical one stands for.
    pub fn stands_for(&self, state: &State) -> usize {
        let Some(symmetry) = &self.desk.symmetry else {
            return 1;
        };
        let renamings = 0..symmetry.renamings().len();
        let arrange = |messages: &mut [u16]| self.arrange(messages);
        let all = renamings.filter_map(|renaming| symmetry.renamed(state, renaming, arrange));
        all.collect::<std::collections::BTreeSet<State>>().len()
    }

    pub(crate) fn arrange(&self, messages: &mut [u16]) {
        self.desk.arrange(messages, self.configuration.bounds.in_order);
    }

    /// Why nodes that should be alike are not, if that turned up: what was searched until then
    /// proves nothing.
    pub fn contradiction(&self) -> Option<&str> {
        self.desk.symmetry.as_ref()?.contradiction()
    }

    pub(crate) fn strides(&self, state: &State, slot: usize, cause: Cause) -> &[u32] {
        self.desk.strides(&self.configuration, slot, state.nodes[slot], cause)
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
            let its_link = self.desk.link(message);
            let behind = bounds.in_order && link == Some(its_link);
            if message == before || behind {
                continue;
            }
            before = message;
            link = Some(its_link);
            self.deliveries(state, message, room, out);
            if state.used.drops < bounds.drops {
                out.push(Action::Drop { message });
            }
        }
        for slot in 0..self.nodes().len() {
            self.moves_of(state, slot, room, out);
        }
    }

    fn deliveries(&self, state: &State, message: u16, room: usize, out: &mut Vec<Action>) {
        let bounds = &self.configuration.bounds;
        let slot = self.desk.receiver(message);
        let cause = Cause::Message(message);
        for stride in self.strides(state, slot, cause).iter().copied() {
            let what = self.desk.get(stride);
            let waits = what.idle && bounds.may_lose();
            if waits || !self.allows(state, what, room + 1) {
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
            if self.configuration.fires(self.desk.timer(timer)) {
                add(Cause::Timer(timer));
            }
        }
        let bounds = &self.configuration.bounds;
        if bounds.may_die(self.nodes()[slot]) {
            add(Cause::Crash { power: false });
            add(Cause::Start);
            if bounds.power_failures > 0 {
                add(Cause::Crash { power: true });
            }
        }
    }

    /// What an action leads to; `None` if it cannot happen in this state.
    pub(crate) fn moved(&self, state: &State, action: Action) -> Option<Moved> {
        let moved = self.moved_as(state, action, false)?;
        Some(Moved { state: self.canonical(moved.state).0, ..moved })
    }

    /// The same, with every node under its own name.
    pub(crate) fn plainly_moved(&self, state: &State, action: Action) -> Option<Moved> {
        self.moved_as(state, action, true)
    }

    fn moved_as(&self, state: &State, action: Action, plain: bool) -> Option<Moved> {
        let mut next = *state;
        match action {
            Action::Drop { message } => {
                spend(&mut next.used.drops, self.configuration.bounds.drops);
                let goals = GoalSet::default();
                next.take(message).then_some(Moved { state: next, goals })
            }
            Action::Step { cause, stride, keep, .. } => {
                match cause {
                    Cause::Message(_) if keep => {
                        spend(&mut next.used.duplicates, self.configuration.bounds.duplicates);
                    }
                    Cause::Message(message) if !next.take(message) => return None,
                    _ => {}
                }
                let moved = self.stride(state, next, stride, plain)?;
                let news = moved.goals.0 & !self.reached.load(Ordering::Relaxed);
                if news != 0 {
                    self.reached.fetch_or(news, Ordering::Relaxed);
                }
                Some(moved)
            }
        }
    }

    fn stride(&self, state: &State, mut next: State, number: u32, plain: bool) -> Option<Moved> {
        let (witness, goals) = self.desk.seen(&self.configuration, state, number, plain);
        let stride = self.desk.get(number);
        next.witness = witness;
        next.nodes[usize::from(stride.slot)] = stride.after;
        if !stride.sent.iter().all(|message| self.send(&mut next, *message)) {
            return None;
        }
        let (used, bounds) = (&mut next.used, &self.configuration.bounds);
        match stride.spends {
            Some(Bound::Retries) => spend(&mut used.retries, bounds.retries),
            Some(Bound::Failures) => spend(&mut used.failures, bounds.failures),
            Some(Bound::Expiries) => spend(&mut used.expiries, bounds.expiries),
            Some(Bound::ServerTimers) => spend(&mut used.server_timers, bounds.server_timers),
            _ => {}
        }
        if let End::Dead { power, .. } = stride.end {
            spend(&mut used.crashes, bounds.crashes);
            if power {
                spend(&mut used.power_failures, bounds.power_failures);
            }
        }
        Some(Moved { state: next, goals })
    }

    fn send(&self, state: &mut State, message: u16) -> bool {
        let Bounds { in_order, link_room, .. } = self.configuration.bounds;
        let link = self.desk.link(message);
        if in_order && link_room < u8::MAX {
            let mut there =
                state.in_flight().iter().filter(|other| self.desk.link(**other) == link);
            let (count, oldest) = (there.clone().count(), there.next().copied());
            if let Some(oldest) = oldest.filter(|_| count >= usize::from(link_room)) {
                self.cuts.count(Bound::LinkRoom);
                state.take(oldest);
            }
        }
        state.send(message, |other| {
            let theirs = self.desk.link(other);
            theirs < link || theirs == link && (in_order || other <= message)
        })
    }

    /// Forgets what earlier searches counted and reached.
    pub(crate) fn reset(&self) {
        self.cuts.clear();
        self.reached.store(0, Ordering::Relaxed);
    }
}
