//! The shelves of one search, and what was worked out on them.
//!
//! Whatever a step leads to depends on one node and one input, and whatever an observer makes of
//! it on what he knew before; each such question comes up in a great many states, and is answered
//! once.

use crate::action::Cause;
use crate::bounds::Bound;
use crate::configuration::Configuration;
use crate::part::{End, Leg, Letter, Local, Stimulus};
use crate::shelf::{Memory, Shelf};
use crate::state::{MOST_NODES, State};
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

/// What an observer sees: what he knew before and the stride, and the other servers, if there are
/// others.
type Sight = (u64, u32);

/// The shelves of one search.
#[derive(Debug)]
pub(crate) struct Desk<P: Protocol> {
    pub(crate) locals: Shelf<Local<P>>,
    /// The armed timers of each local, as numbers.
    armed: Memory<u32, u32>,
    timer_sets: Shelf<Vec<u16>>,
    timers: Shelf<TimerOf<P>>,
    letters: Shelf<Letter<P>>,
    scripts: Shelf<Vec<Event>>,
    strides: Shelf<Stride>,
    menus: Shelf<Vec<u32>>,
    teams: Shelf<[u32; MOST_NODES]>,
    pub(crate) witnesses: Shelf<Witness>,
    steps: Memory<u64, u32>,
    sights: Memory<Sight, (u32, GoalSet)>,
}

fn small(number: u32) -> u16 {
    u16::try_from(number).expect("fewer than 65,536 different messages and timers")
}

impl<P: Protocol> Default for Desk<P> {
    fn default() -> Self {
        let desk = Self {
            locals: Shelf::default(),
            armed: Memory::default(),
            timer_sets: Shelf::default(),
            timers: Shelf::default(),
            letters: Shelf::default(),
            scripts: Shelf::default(),
            strides: Shelf::default(),
            menus: Shelf::default(),
            teams: Shelf::default(),
            witnesses: Shelf::default(),
            steps: Memory::default(),
            sights: Memory::default(),
        };
        desk.scripts.number(Vec::new());
        desk
    }
}

impl<P: Protocol> Desk<P> {
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
        small(self.letters.number(letter) + 1)
    }

    pub(crate) fn letter(&self, message: u16) -> &Letter<P> {
        self.letters.get(u32::from(message) - 1)
    }

    pub(crate) fn timer(&self, timer: u16) -> &TimerOf<P> {
        self.timers.get(u32::from(timer))
    }

    /// The armed timers of a node.
    pub(crate) fn armed(&self, local: u32) -> &[u16] {
        let set = self.armed.recall(local, || {
            let timers = &self.locals.get(local).timers;
            let numbers = timers.iter().map(|timer| small(self.timers.number(timer.clone())));
            self.timer_sets.number(numbers.collect())
        });
        self.timer_sets.get(set)
    }

    /// Everything that a cause can lead to at a node.
    pub(crate) fn strides(
        &self,
        configuration: &Configuration<P>,
        node: (usize, NodeId),
        local: u32,
        cause: Cause,
    ) -> &[u32] {
        let (slot, node) = node;
        let question = u64::from(local) << 32 | (slot as u64) << 24 | cause.code();
        let menu = self.steps.recall(question, || {
            let legs = self.legs(configuration, node, local, cause);
            let strides = legs.into_iter().map(|leg| self.strides.number(self.stride(slot, leg)));
            self.menus.number(strides.collect())
        });
        self.menus.get(menu)
    }

    pub(crate) fn get(&self, stride: u32) -> &Stride {
        self.strides.get(stride)
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

    /// What an observer knows after a step.
    pub(crate) fn seen(
        &self,
        configuration: &Configuration<P>,
        nodes: &[NodeId],
        state: &State,
        stride: u32,
    ) -> (u32, GoalSet) {
        let Some(sight) = self.sight(configuration, nodes, state, stride) else {
            return (state.witness, GoalSet::default());
        };
        self.sights.recall(sight, || {
            let (witness, goals) = self.witness(configuration, nodes, sight, |_| {});
            (self.witnesses.number(witness), goals)
        })
    }

    /// What there is to see of a step; `None` if that is nothing.
    fn sight(
        &self,
        configuration: &Configuration<P>,
        nodes: &[NodeId],
        state: &State,
        number: u32,
    ) -> Option<Sight> {
        let stride = self.get(number);
        let slot = usize::from(stride.slot);
        let server = matches!(nodes[slot], NodeId::Server(_));
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
        nodes: &[NodeId],
        state: &State,
        stride: u32,
        told: impl FnMut(&Observation),
    ) {
        if let Some(sight) = self.sight(configuration, nodes, state, stride) {
            self.witness(configuration, nodes, sight, told);
        }
    }

    /// What an observer knows after a sight, in full; `told` hears every observation.
    fn witness(
        &self,
        configuration: &Configuration<P>,
        nodes: &[NodeId],
        (before, team): Sight,
        told: impl FnMut(&Observation),
    ) -> (Witness, GoalSet) {
        let mut witness = self.witnesses.get((before >> 32) as u32).clone();
        let stride = self.get(before as u32);
        let setting = &configuration.setting;
        let node = nodes[usize::from(stride.slot)];
        let mut during = System::new(setting);
        let server = matches!(node, NodeId::Server(_));
        if server {
            let servers = setting.protocol.servers();
            for (place, other) in nodes.iter().enumerate().take(servers) {
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
