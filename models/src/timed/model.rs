//! The timed model: what can happen in a state, and what it leads to.

use super::bench::{ALWAYS, unborn};
use super::desk::{Desk, Stride};
use super::state::{Flight, Move, State, Why};
use super::times::{NEVER, Times, sooner};
use crate::bounds::{Bound, Cuts};
use crate::part::Workshop;
use crate::search::Space;
use crate::state::MOST_NODES;
use crate::witness::{GoalSet, Witness};
use locklab_protocols::contract::Protocol;
use locklab_protocols::id::NodeId;
use locklab_protocols::spec::{Goal, Guarantee, Verdict};
use locklab_protocols::system::{System, TimerOf};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Whether a timer is measured; one that is not fires at any moment, or never.
pub type Measured<P> = Arc<dyn Fn(&TimerOf<P>) -> bool + Send + Sync>;

/// What is searched, and how much time there is.
#[derive(Clone)]
pub struct Configuration<P: Protocol> {
    /// The protocol, the clients, what is watched, and how often everything may happen. Nobody
    /// crashes here, and landmarks and readings are of no use.
    pub untimed: crate::Configuration<P>,
    /// How far clocks are off, how long clients stand still, and how long messages take.
    pub times: Times,
    /// Which timers are measured.
    pub measured: Measured<P>,
}

impl<P: Protocol> Configuration<P> {
    /// What works out the steps of nodes: every clock shows the same whenever somebody asks.
    pub(crate) fn workshop(&self) -> Workshop<'_, P> {
        Workshop { readings: &[ALWAYS], ..self.untimed.workshop() }
    }
}

impl<P: Protocol> fmt::Debug for Configuration<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Configuration")
            .field("untimed", &self.untimed)
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}

/// A system in which time passes, and in which anything may happen that the bounds allow.
#[derive(Debug)]
pub struct TimedModel<P: Protocol> {
    configuration: Configuration<P>,
    nodes: Vec<NodeId>,
    desk: Desk<P>,
    cuts: Cuts,
    reached: AtomicU32,
}

impl<P: Protocol> TimedModel<P> {
    /// A model of this configuration.
    ///
    /// # Panics
    ///
    /// If it has more nodes than a state has room for, or if a clock may stand still.
    pub fn new(configuration: Configuration<P>) -> Self {
        let nodes: Vec<NodeId> = System::new(&configuration.untimed.setting).nodes().collect();
        assert!(nodes.len() <= MOST_NODES, "a state has room for {MOST_NODES} nodes");
        assert!(configuration.times.rate_percent < 100, "a clock that stands still has no bound");
        assert!(configuration.times.tick.as_nanos() > 1, "a tick has two halves");
        Self {
            configuration,
            nodes,
            desk: Desk::default(),
            cuts: Cuts::default(),
            reached: AtomicU32::new(0),
        }
    }

    /// What it is a model of.
    pub fn configuration(&self) -> &Configuration<P> {
        &self.configuration
    }

    /// Whether the search reached a goal so far.
    pub fn has_reached(&self, goal: Goal) -> bool {
        GoalSet(self.reached.load(Ordering::Relaxed)).contains(goal)
    }

    pub(crate) fn desk(&self) -> &Desk<P> {
        &self.desk
    }

    pub(crate) fn nodes(&self) -> &[NodeId] {
        &self.nodes
    }

    fn witness(&self, state: &State) -> &Witness {
        self.desk.witnesses.get(state.witness)
    }

    /// The watched guarantees that are broken in a state.
    pub fn broken(&self, state: &State) -> &[Guarantee] {
        &self.witness(state).broken
    }

    /// What the monitor of a guarantee says at the end of this way.
    ///
    /// # Panics
    ///
    /// If one of the moves cannot happen where it stands.
    pub fn verdict(&self, way: &[Move], guarantee: Guarantee) -> Verdict {
        let follow = |state: State, one: &Move| {
            let moved = self.moved(&state, *one);
            moved.expect("a way of this model").0
        };
        self.witness(&way.iter().fold(Space::begin(self), follow)).reason(guarantee)
    }

    fn strides(&self, state: &State, slot: usize, why: Why) -> &[u32] {
        self.desk.strides(&self.configuration, (slot, self.nodes[slot]), state.nodes[slot], why)
    }

    fn slot_of(&self, message: u16) -> usize {
        let to = self.desk.letter(message).to;
        self.nodes.iter().position(|other| *other == to).expect("a node of this system")
    }

    /// Whether a node takes steps.
    fn goes(&self, state: &State, slot: usize) -> bool {
        self.desk.face(&self.configuration, state.nodes[slot]).goes
    }

    /// Whether something must happen at a node before time passes.
    fn is_pressed(&self, state: &State, slot: usize) -> bool {
        let face = self.desk.face(&self.configuration, state.nodes[slot]);
        let mut flights = state.in_flight().iter();
        face.due || flights.any(|flight| flight.left == 0 && self.slot_of(flight.message) == slot)
    }

    /// Whether a bound lets a step happen; if not, that is counted.
    fn allows(&self, state: &State, stride: &Stride, room: usize) -> bool {
        let bounds = &self.configuration.untimed.bounds;
        let spent = match stride.spends {
            Some(Bound::Retries) => state.retries >= bounds.retries,
            Some(Bound::Failures) => state.failures >= bounds.failures,
            Some(Bound::Expiries) => state.expiries >= bounds.expiries,
            _ => false,
        };
        let cut = match stride.spends {
            Some(bound) if spent => Some(bound),
            _ if stride.asks > bounds.acquires => Some(Bound::Acquires),
            _ if stride.sent.len() > room => Some(Bound::InFlight),
            _ => None,
        };
        if let Some(bound) = cut {
            self.cuts.count(bound);
        }
        cut.is_none()
    }

    fn room(&self, state: &State) -> usize {
        let most = usize::from(self.configuration.untimed.bounds.in_flight);
        most.min(state.flights.len()).saturating_sub(state.in_flight().len())
    }

    fn deliveries(&self, state: &State, flight: Flight, out: &mut Vec<Move>) {
        let slot = self.slot_of(flight.message);
        if !self.goes(state, slot) {
            return;
        }
        let Flight { message, left } = flight;
        let why = Why::Message { message, left };
        let room = self.room(state);
        let bounds = &self.configuration.untimed.bounds;
        for stride in self.strides(state, slot, why).iter().copied() {
            let what = self.desk.get(stride);
            // A message of which nothing comes may stay where it is, if it may stay for ever.
            if what.idle && left == NEVER || !self.allows(state, what, room + 1) {
                continue;
            }
            let node = slot as u8;
            out.push(Move::Step { node, why, stride, keep: false });
            let again = state.duplicates < bounds.duplicates && what.sent.len() <= room;
            if again && !what.idle {
                out.push(Move::Step { node, why, stride, keep: true });
            }
        }
    }

    fn moves_of(&self, state: &State, slot: usize, out: &mut Vec<Move>) {
        let face = self.desk.face(&self.configuration, state.nodes[slot]);
        let room = self.room(state);
        let mut add = |why| {
            for stride in self.strides(state, slot, why).iter().copied() {
                let what = self.desk.get(stride);
                if !what.idle && self.allows(state, what, room) {
                    out.push(Move::Step { node: slot as u8, why, stride, keep: false });
                }
            }
        };
        for timer in face.ready.iter().copied() {
            add(Why::Timer(timer));
        }
        if face.may_wake {
            add(Why::Wake);
        } else if face.may_stand
            && matches!(self.nodes[slot], NodeId::Client(_))
            && self.is_pressed(state, slot)
        {
            add(Why::Stand);
        }
    }

    /// The same state half a tick later; `None` if something must happen before.
    fn passed(&self, state: &State) -> Option<State> {
        let pressing =
            |flight: &Flight| flight.left == 0 && self.goes(state, self.slot_of(flight.message));
        if state.in_flight().iter().any(pressing) {
            return None;
        }
        let mut next = *state;
        for slot in 0..self.nodes.len() {
            next.nodes[slot] = self.desk.face(&self.configuration, state.nodes[slot]).later?;
        }
        let used = state.in_flight().len();
        for flight in &mut next.flights[..used] {
            flight.left = sooner(flight.left);
        }
        next.flights[..used].sort_unstable();
        Some(next)
    }

    fn stride(&self, state: &State, mut next: State, number: u32) -> Option<(State, GoalSet)> {
        let (witness, goals) = self.desk.seen(&self.configuration, &self.nodes, state, number);
        let stride = self.desk.get(number);
        next.witness = witness;
        next.nodes[usize::from(stride.slot)] = stride.after;
        let left = self.configuration.times.delay_halves();
        if !stride.sent.iter().all(|message| next.send(Flight { message: *message, left })) {
            return None;
        }
        match stride.spends {
            Some(Bound::Retries) => next.retries += 1,
            Some(Bound::Failures) => next.failures += 1,
            Some(Bound::Expiries) if self.configuration.untimed.bounds.expiries < u8::MAX => {
                next.expiries += 1;
            }
            _ => {}
        }
        Some((next, goals))
    }
}

impl<P: Protocol> Space for TimedModel<P> {
    type State = State;
    type Action = Move;

    fn begin(&self) -> State {
        let untimed = &self.configuration.untimed;
        let witness = Witness::new(&untimed.setting.protocol, &untimed.watch);
        let mut state = State {
            nodes: [0; MOST_NODES],
            witness: self.desk.witnesses.number(witness),
            flights: Default::default(),
            retries: 0,
            failures: 0,
            expiries: 0,
            duplicates: 0,
        };
        for (slot, node) in self.nodes.iter().enumerate() {
            state.nodes[slot] = self.desk.nodes.number(unborn(&self.configuration, *node));
        }
        for slot in 0..self.nodes.len() {
            let start = self.strides(&state, slot, Why::Start)[0];
            let begun = self.stride(&state, state, start);
            state = begun.expect("room for the first messages").0;
        }
        state
    }

    fn moves(&self, state: &State, out: &mut Vec<Move>) {
        if !self.broken(state).is_empty() {
            return;
        }
        let mut before = Flight::default();
        for flight in state.in_flight().iter().copied() {
            if flight != before {
                before = flight;
                self.deliveries(state, flight, out);
            }
        }
        for slot in 0..self.nodes.len() {
            self.moves_of(state, slot, out);
        }
        if self.passed(state).is_some_and(|later| later != *state) {
            out.push(Move::Pass);
        }
    }

    fn moved(&self, state: &State, action: Move) -> Option<(State, GoalSet)> {
        let mut next = *state;
        match action {
            Move::Pass => Some((self.passed(state)?, GoalSet::default())),
            Move::Step { why, stride, keep, .. } => {
                match why {
                    Why::Message { .. } if keep => next.duplicates += 1,
                    Why::Message { message, left } if !next.take(Flight { message, left }) => {
                        return None;
                    }
                    _ => {}
                }
                let (next, goals) = self.stride(state, next, stride)?;
                let news = goals.0 & !self.reached.load(Ordering::Relaxed);
                if news != 0 {
                    self.reached.fetch_or(news, Ordering::Relaxed);
                }
                Some((next, goals))
            }
        }
    }

    fn broken(&self, state: &State) -> Option<Guarantee> {
        TimedModel::broken(self, state).first().copied()
    }

    fn landmarks(&self) -> usize {
        0
    }

    fn reset(&self) {
        self.cuts.clear();
        self.reached.store(0, Ordering::Relaxed);
    }

    fn cuts(&self) -> Vec<(Bound, u64)> {
        self.cuts.reached()
    }
}
