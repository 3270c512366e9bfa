//! A way through a model in the terms of a host: who takes a step, why, and what leaves the node.
//!
//! A story is for people. A route is for whoever wants to make the same events happen in another
//! world, such as the simulator: it also says which timers a step starts, for how long, and which
//! it stops.

use crate::action::{Action, Cause};
use crate::model::LockModel;
use crate::part::{End, Run, Stimulus, Workshop};
use crate::search::Space;
use crate::timed::{Move, TimedModel, Why};
use locklab_protocols::contract::{Clock, Effect, Input, Protocol, When};
use locklab_protocols::id::NodeId;
use locklab_protocols::system::{Part, SystemEffect};

/// One step on a route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stop {
    /// Who takes it.
    pub node: NodeId,
    /// Why.
    pub reason: Reason,
    /// What leaves the node, in order; of a step in which the process dies, what left it before.
    pub left: Vec<Left>,
    /// How the process dies in or after it, if it does.
    pub death: Option<Death>,
}

/// Why a node takes a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// It starts, or starts again.
    Started,
    /// A message arrives: from whom, and what it says.
    Delivered {
        /// From whom.
        from: NodeId,
        /// What it says, as the program prints it.
        message: String,
        /// Whether a copy of it stays in the network.
        again: bool,
    },
    /// A timer fires.
    Fired {
        /// Which, as the program prints it.
        timer: String,
    },
    /// It dies between two steps.
    Died,
}

/// What leaves a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Left {
    /// A message.
    Sent {
        /// To whom.
        to: NodeId,
        /// What it says, as the program prints it.
        message: String,
    },
    /// A timer runs from now on.
    Armed {
        /// Which, as the program prints it.
        timer: String,
        /// On which clock.
        clock: Clock,
        /// Until when.
        when: When,
    },
    /// A timer runs no more.
    Disarmed {
        /// Which, as the program prints it.
        timer: String,
    },
}

/// How a process dies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Death {
    /// Whether unsynced writes are lost with it.
    pub power: bool,
    /// Whether the rest of the step is lost too: it dies between two effects.
    pub torn: bool,
}

/// The route of a way, the start of all nodes included. Messages that are thrown away are left out:
/// they do not arrive.
///
/// # Panics
///
/// If one of the actions cannot happen where it stands.
pub(crate) fn route<P: Protocol>(model: &LockModel<P>, way: &[Action]) -> Vec<Stop> {
    let workshop = model.configuration().workshop();
    let mut stops: Vec<Stop> = model.nodes().iter().map(|node| started(&workshop, *node)).collect();
    let mut state = model.started();
    let actions = model.told(way);
    for action in &actions {
        if let Action::Step { node, cause, stride, keep } = *action {
            let slot = usize::from(node);
            let node = model.nodes()[slot];
            let part = &model.desk().locals.get(state.nodes[slot]).part;
            let stride = model.desk().get(stride);
            let during = &model.desk().locals.get(stride.during).part;
            let (reason, stimulus) = model.stimulus(cause, keep);
            let left = match &stimulus {
                Some(stimulus) => left(&workshop, node, part, stimulus, (during, stride.end)),
                None => Vec::new(),
            };
            let death = match stride.end {
                End::Whole => None,
                End::Dead { power, .. } => Some(Death { power, torn: stimulus.is_some() }),
            };
            stops.push(Stop { node, reason, left, death });
        }
        state = model.plainly_moved(&state, *action).expect("a way of this model").state;
    }
    stops
}

impl<P: Protocol> LockModel<P> {
    fn stimulus(&self, cause: Cause, again: bool) -> (Reason, Option<Stimulus<P>>) {
        match cause {
            Cause::Message(message) => {
                let letter = self.desk().letter(message).clone();
                let message = format!("{:?}", letter.body);
                let reason = Reason::Delivered { from: letter.from, message, again };
                (reason, Some(Stimulus::Message { from: letter.from, body: letter.body }))
            }
            Cause::Timer(timer) => {
                let timer = self.desk().timer(timer).clone();
                let reason = Reason::Fired { timer: format!("{timer:?}") };
                (reason, Some(Stimulus::Timer(timer)))
            }
            Cause::Start => (Reason::Started, Some(Stimulus::Start)),
            Cause::Crash { .. } => (Reason::Died, None),
        }
    }
}

/// The route of a way through the timed model: the same events, without the time that passes and
/// without the standing still. Whoever makes them happen finds out when that can be.
///
/// # Panics
///
/// If one of the moves cannot happen where it stands.
pub(crate) fn timed_route<P: Protocol>(model: &TimedModel<P>, way: &[Move]) -> Vec<Stop> {
    let workshop = model.configuration().workshop();
    let mut stops: Vec<Stop> = model.nodes().iter().map(|node| started(&workshop, *node)).collect();
    let mut state = Space::begin(model);
    for one in way {
        if let Move::Step { node, why, stride, keep } = *one
            && let Some((reason, stimulus)) = model.stimulus(why, keep)
        {
            let slot = usize::from(node);
            let node = model.nodes()[slot];
            let part = &model.desk().nodes.get(state.nodes[slot]).part;
            let after = &model.desk().nodes.get(model.desk().get(stride).after).part;
            let left = left(&workshop, node, part, &stimulus, (after, End::Whole));
            stops.push(Stop { node, reason, left, death: None });
        }
        state = Space::moved(model, &state, *one).expect("a way of this model").0;
    }
    stops
}

impl<P: Protocol> TimedModel<P> {
    fn stimulus(&self, why: Why, again: bool) -> Option<(Reason, Stimulus<P>)> {
        Some(match why {
            Why::Message { message, .. } => {
                let letter = self.desk().letter(message).clone();
                let message = format!("{:?}", letter.body);
                let reason = Reason::Delivered { from: letter.from, message, again };
                (reason, Stimulus::Message { from: letter.from, body: letter.body })
            }
            Why::Timer(timer) => {
                let timer = self.desk().timer(timer).clone();
                (Reason::Fired { timer: format!("{timer:?}") }, Stimulus::Timer(timer))
            }
            Why::Start => (Reason::Started, Stimulus::Start),
            Why::Stand | Why::Wake => return None,
        })
    }
}

/// The first step of a node.
fn started<P: Protocol>(workshop: &Workshop<'_, P>, node: NodeId) -> Stop {
    let part = workshop.unborn(node).part;
    let runs = runs(workshop, node, &part, &Stimulus::Start);
    let left = runs[0].effects.iter().filter_map(neutral::<P>).collect();
    Stop { node, reason: Reason::Started, left, death: None }
}

fn runs<P: Protocol>(
    workshop: &Workshop<'_, P>,
    node: NodeId,
    part: &Part<P>,
    stimulus: &Stimulus<P>,
) -> Vec<Run<P>> {
    let mut system = workshop.bench(node, part);
    let input = match stimulus {
        Stimulus::Message { from, body } => Input::Message { from: *from, body: body.clone() },
        Stimulus::Timer(timer) => Input::Fired(timer.clone()),
        Stimulus::Start => Input::Started(system.start(node, workshop.setting)),
        Stimulus::Crash { .. } => return Vec::new(),
    };
    workshop.runs(node, &system.part(node), input)
}

/// What left a node in the step that took it from one part to another.
fn left<P: Protocol>(
    workshop: &Workshop<'_, P>,
    node: NodeId,
    part: &Part<P>,
    stimulus: &Stimulus<P>,
    (after, end): (&Part<P>, End),
) -> Vec<Left> {
    let fits = |run: &Run<P>| {
        let last = match end {
            End::Whole => run.effects.len(),
            End::Dead { after, .. } => after.min(run.effects.len()),
        };
        let mut system = workshop.bench(node, &run.part);
        for effect in &run.effects[..last] {
            match effect {
                Effect::Write(change) => system.write(node, change.clone()),
                Effect::Sync => system.sync(node),
                _ => {}
            }
        }
        let left = run.effects[..last].iter().filter_map(neutral::<P>).collect();
        (system.part(node) == *after).then_some(left)
    };
    let runs = runs(workshop, node, part, stimulus);
    runs.iter().find_map(fits).expect("a step that this node can take")
}

fn neutral<P: Protocol>(effect: &SystemEffect<P>) -> Option<Left> {
    match effect {
        Effect::Send { to, body } => Some(Left::Sent { to: *to, message: format!("{body:?}") }),
        Effect::Arm { timer, clock, when } => {
            Some(Left::Armed { timer: format!("{timer:?}"), clock: *clock, when: *when })
        }
        Effect::Disarm(timer) => Some(Left::Disarmed { timer: format!("{timer:?}") }),
        _ => None,
    }
}
