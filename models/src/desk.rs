//! The shelves of one search, and what was worked out on them.
//!
//! Whatever a step leads to depends on one node and one input, and whatever an observer makes of
//! it on what he knew before; each such question comes up in a great many states, and is answered
//! once.

mod twins;

use crate::action::Cause;
use crate::bounds::Bound;
use crate::configuration::Configuration;
use crate::part::{End, Leg, Letter, Local, Stimulus};
use crate::shelf::{Column, Memory, Shelf};
use crate::state::{MOST_NODES, State};
use crate::symmetry::Symmetry;
use crate::witness::{GoalSet, Scene, Witness};
use locklab_protocols::contract::{Event, Observation, Protocol};
use locklab_protocols::id::NodeId;
use locklab_protocols::system::{System, TimerOf};

/// A step as the search sees it, in numbers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Stride {
    pub(crate) slot: u8,
    pub(crate) after: u32,
    pub(crate) during: u32,
    pub(crate) sent: Vec<u16>,
    /// On the shelf of scripts; 0 is the empty one.
    pub(crate) seen: u32,
    pub(crate) idle: bool,
    pub(crate) spends: Option<Bound>,
    pub(crate) beyond: bool,
    pub(crate) asks: u8,
    pub(crate) end: End,
}

/// A node's position in so many bits.
const LINK_BITS: u32 = 4;

/// What an observer sees: what he knew before and the stride, and the other servers, if there are
/// others.
type Sight = (u64, u32);

/// What a node makes of a cause, as one number.
fn question(slot: usize, local: u32, cause: Cause) -> u64 {
    u64::from(local) << 32 | (slot as u64) << 24 | cause.code()
}

/// The shelves of one search.
#[derive(Debug)]
pub(crate) struct Desk<P: Protocol> {
    pub(crate) locals: Shelf<Local<P>>,
    /// The armed timers of each local, as numbers.
    armed: Memory<u32, u32>,
    timer_sets: Shelf<Vec<u16>>,
    timers: Shelf<TimerOf<P>>,
    letters: Shelf<Letter<P>>,
    /// The link of each letter.
    links: Column,
    scripts: Shelf<Vec<Event>>,
    strides: Shelf<Stride>,
    menus: Shelf<Vec<u32>>,
    teams: Shelf<[u32; MOST_NODES]>,
    pub(crate) witnesses: Shelf<Witness>,
    steps: Memory<u64, u32>,
    sights: Memory<Sight, (u32, GoalSet)>,
    /// The nodes of the system, in the order of their positions.
    pub(crate) nodes: Vec<NodeId>,
    /// What becomes of all this when nodes that are alike change places, if some are.
    pub(crate) symmetry: Option<Symmetry>,
    /// The same as `steps` and `sights`, before it is known what becomes of the answers.
    bare_steps: Memory<u64, u32>,
    bare_sights: Memory<Sight, (u32, GoalSet)>,
}

fn small(number: u32) -> u16 {
    u16::try_from(number).expect("fewer than 65,536 different messages and timers")
}

impl<P: Protocol> Desk<P> {
    /// An empty desk for a system of these nodes.
    pub(crate) fn new(nodes: Vec<NodeId>, symmetry: Option<Symmetry>) -> Self {
        let desk = Self {
            locals: Shelf::default(),
            armed: Memory::default(),
            timer_sets: Shelf::default(),
            timers: Shelf::default(),
            letters: Shelf::default(),
            links: Column::default(),
            scripts: Shelf::default(),
            strides: Shelf::default(),
            menus: Shelf::default(),
            teams: Shelf::default(),
            witnesses: Shelf::default(),
            steps: Memory::default(),
            sights: Memory::default(),
            nodes,
            symmetry,
            bare_steps: Memory::default(),
            bare_sights: Memory::default(),
        };
        desk.scripts.number(Vec::new());
        desk
    }

    /// How many different things there are of each kind.
    pub(crate) fn sizes(&self) -> String {
        format!(
            "{} node states, {} messages, {} timers, {} kinds of steps, {} observers' views",
            self.locals.len(),
            self.letters.len(),
            self.timers.len(),
            self.strides.len(),
            self.witnesses.len()
        )
    }

    /// The number of a message; never 0.
    pub(crate) fn number_of(&self, letter: Letter<P>) -> u16 {
        let slot = |node| self.slot(node) as u32;
        let link = slot(letter.from) << LINK_BITS | slot(letter.to);
        let number = self.letters.number(letter);
        assert!(self.links.set(number, link), "a letter has one link");
        small(number + 1)
    }

    /// The position of a node.
    pub(crate) fn slot(&self, node: NodeId) -> usize {
        self.nodes.iter().position(|other| *other == node).expect("a node of this system")
    }

    /// The link of a message: from whom it comes before to whom it goes, as one number.
    pub(crate) fn link(&self, message: u16) -> u32 {
        self.links.get(u32::from(message) - 1).expect("a letter has a link")
    }

    /// The position of the node from which a message comes.
    pub(crate) fn sender(&self, message: u16) -> usize {
        (self.link(message) >> LINK_BITS) as usize
    }

    /// The position of the node to which a message goes.
    pub(crate) fn receiver(&self, message: u16) -> usize {
        (self.link(message) & ((1 << LINK_BITS) - 1)) as usize
    }

    /// Brings messages into the order in which a state has them.
    pub(crate) fn arrange(&self, messages: &mut [u16], in_order: bool) {
        if in_order {
            messages.sort_by_key(|message| self.link(*message));
        } else {
            messages.sort_unstable_by_key(|message| (self.link(*message), *message));
        }
    }

    pub(crate) fn letter(&self, message: u16) -> &Letter<P> {
        self.letters.get(u32::from(message) - 1)
    }

    /// The number of a timer.
    pub(crate) fn number_of_timer(&self, timer: TimerOf<P>) -> u16 {
        small(self.timers.number(timer))
    }

    pub(crate) fn timer(&self, timer: u16) -> &TimerOf<P> {
        self.timers.get(u32::from(timer))
    }

    /// The armed timers of a node.
    pub(crate) fn armed(&self, local: u32) -> &[u16] {
        let set = self.armed.recall(local, || {
            let timers = &self.locals.get(local).timers;
            let numbers = timers.iter().map(|timer| self.number_of_timer(timer.clone()));
            self.timer_sets.number(numbers.collect())
        });
        self.timer_sets.get(set)
    }

    /// Everything that a cause can lead to at a node.
    pub(crate) fn strides(
        &self,
        configuration: &Configuration<P>,
        slot: usize,
        local: u32,
        cause: Cause,
    ) -> &[u32] {
        let menu = match &self.symmetry {
            None => self.steps.recall(question(slot, local, cause), || {
                self.menu(configuration, slot, local, cause)
            }),
            Some(symmetry) => self.steps.recall(question(slot, local, cause), || {
                self.pair_menu(configuration, symmetry, (slot, local, cause))
            }),
        };
        self.menus.get(menu)
    }

    /// The same, whatever becomes of it when nodes change places.
    pub(crate) fn bare(
        &self,
        configuration: &Configuration<P>,
        slot: usize,
        local: u32,
        cause: Cause,
    ) -> &[u32] {
        self.menus.get(self.menu(configuration, slot, local, cause))
    }

    /// The same, worked out.
    fn menu(&self, configuration: &Configuration<P>, slot: usize, local: u32, cause: Cause) -> u32 {
        let legs = self.legs(configuration, self.nodes[slot], local, cause);
        let strides = legs.into_iter().map(|leg| self.strides.number(self.stride(slot, leg)));
        self.menus.number(strides.collect())
    }

    pub(crate) fn get(&self, stride: u32) -> &Stride {
        self.strides.get(stride)
    }

    /// What a step reports, in order.
    pub(crate) fn script(&self, seen: u32) -> &[Event] {
        self.scripts.get(seen)
    }

    /// The same in full.
    fn legs(
        &self,
        configuration: &Configuration<P>,
        node: NodeId,
        local: u32,
        cause: Cause,
    ) -> Vec<Leg<P>> {
        let stimulus = match cause {
            Cause::Message(message) => {
                let Letter { from, body, .. } = self.letter(message).clone();
                Stimulus::Message { from, body }
            }
            Cause::Timer(timer) => Stimulus::Timer(self.timer(timer).clone()),
            Cause::Start => Stimulus::Start,
            Cause::Crash { power } => Stimulus::Crash { power },
        };
        configuration.workshop().legs(node, self.locals.get(local), &stimulus)
    }

    fn stride(&self, slot: usize, leg: Leg<P>) -> Stride {
        Stride {
            slot: slot as u8,
            idle: leg.idle,
            asks: leg.after.acquires,
            after: self.locals.number(leg.after),
            during: self.locals.number(leg.during),
            sent: leg.sent.into_iter().map(|letter| self.number_of(letter)).collect(),
            seen: self.scripts.number(leg.seen),
            spends: leg.spends,
            beyond: leg.beyond,
            end: leg.end,
        }
    }

    /// What an observer knows after a step; `plain` if it does not matter what becomes of that
    /// when nodes change places.
    pub(crate) fn seen(
        &self,
        configuration: &Configuration<P>,
        state: &State,
        stride: u32,
        plain: bool,
    ) -> (u32, GoalSet) {
        let Some(sight) = self.sight(configuration, state, stride) else {
            return (state.witness, GoalSet::default());
        };
        match &self.symmetry {
            None => self.sights.recall(sight, || self.view(configuration, sight)),
            Some(_) if plain => self.bare_sights.recall(sight, || self.view(configuration, sight)),
            Some(symmetry) => {
                self.sights.recall(sight, || self.pair_view(configuration, symmetry, sight))
            }
        }
    }

    /// The same, worked out.
    fn view(&self, configuration: &Configuration<P>, sight: Sight) -> (u32, GoalSet) {
        let (witness, goals) = self.witness(configuration, sight, |_| {});
        (self.witnesses.number(witness), goals)
    }

    /// Whether it matters for what a step looks like how the servers are.
    fn looks_at_servers(&self, stride: u32) -> bool {
        matches!(self.nodes[usize::from(self.get(stride).slot)], NodeId::Server(_))
    }

    /// What there is to see of a step; `None` if that is nothing.
    fn sight(&self, configuration: &Configuration<P>, state: &State, number: u32) -> Option<Sight> {
        let stride = self.get(number);
        let slot = usize::from(stride.slot);
        let server = matches!(self.nodes[slot], NodeId::Server(_));
        let still =
            if server { stride.after == state.nodes[slot] } else { stride.end == End::Whole };
        if stride.seen == 0 && still {
            return None;
        }
        let servers = configuration.setting.protocol.servers();
        let team = if server && servers > 1 {
            let mut team = [0; MOST_NODES];
            team[..servers].copy_from_slice(&state.nodes[..servers]);
            team[slot] = 0;
            self.teams.number(team)
        } else {
            0
        };
        Some((u64::from(state.witness) << 32 | u64::from(number), team))
    }

    /// Tells everything that there was to see of a step.
    pub(crate) fn tell(
        &self,
        configuration: &Configuration<P>,
        state: &State,
        stride: u32,
        told: impl FnMut(&Observation),
    ) {
        if let Some(sight) = self.sight(configuration, state, stride) {
            self.witness(configuration, sight, told);
        }
    }

    /// What an observer knows after a sight, in full; `told` hears every observation.
    fn witness(
        &self,
        configuration: &Configuration<P>,
        (before, team): Sight,
        told: impl FnMut(&Observation),
    ) -> (Witness, GoalSet) {
        let mut witness = self.witnesses.get((before >> 32) as u32).clone();
        let stride = self.get(before as u32);
        let setting = &configuration.setting;
        let node = self.nodes[usize::from(stride.slot)];
        let mut during = System::new(setting);
        let server = matches!(node, NodeId::Server(_));
        if server {
            let servers = setting.protocol.servers();
            for (place, other) in self.nodes.iter().enumerate().take(servers) {
                if *other != node {
                    let local = self.teams.get(team)[place];
                    during.put(*other, self.locals.get(local).part.clone());
                }
            }
            during.put(node, self.locals.get(stride.during).part.clone());
        }
        let after_crash = (stride.end != End::Whole).then(|| {
            let mut after = during.clone();
            after.put(node, self.locals.get(stride.after).part.clone());
            after
        });
        let scene = Scene {
            protocol: &setting.protocol,
            locks: setting.workload.locks,
            node,
            during: &during,
            after_crash: after_crash.as_ref(),
        };
        let mut goals = witness.see(&scene, self.scripts.get(stride.seen), told);
        if server {
            let servers = after_crash.as_ref().unwrap_or(&during).servers();
            let landmarks = configuration.landmarks.iter().enumerate();
            let here = landmarks.filter(|(_, landmark)| (landmark.is_here)(servers));
            here.for_each(|(place, _)| goals.add_landmark(place));
        }
        (witness, goals)
    }
}
