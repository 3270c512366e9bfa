//! Everything that can become of one node.

use super::clocked::{Clocked, Standing};
use super::model::Configuration;
use super::times::{NEVER, Times, Window};
use crate::bounds::Bound;
use crate::part::{Letter, Run, Stimulus, spends};
use locklab_protocols::contract::{
    Effect, Event, HostEvent, Input, Protocol, Reading, Span, When, WorkEvent,
};
use locklab_protocols::id::NodeId;
use locklab_protocols::system::{System, TimerOf};
use locklab_protocols::time::nanos;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What every clock shows whenever somebody asks.
pub(super) const ALWAYS: Reading = Reading(0);

/// What happens to a node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Cause<P: Protocol> {
    /// A step.
    Step(Stimulus<P>),
    /// It begins to stand still.
    Stand,
    /// It goes on.
    Wake,
}

/// One way that a step can go.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Leg<P: Protocol> {
    /// The node after it.
    pub(crate) after: Clocked<P>,
    /// What left the node, in order.
    pub(crate) sent: Vec<Letter<P>>,
    /// What there was to see, in order.
    pub(crate) seen: Vec<Event>,
    /// Whether it changes nothing and tells nobody anything.
    pub(crate) idle: bool,
    /// The bound that it counts against.
    pub(crate) spends: Option<Bound>,
}

/// A node that was never started.
pub(crate) fn unborn<P: Protocol>(configuration: &Configuration<P>, node: NodeId) -> Clocked<P> {
    Clocked {
        part: System::new(&configuration.untimed.setting).part(node),
        free: BTreeSet::new(),
        measured: BTreeMap::new(),
        standing: Standing::Goes,
        acquires: 0,
    }
}

/// Everything that a cause can lead to; nothing, if it cannot happen.
pub(crate) fn legs<P: Protocol>(
    configuration: &Configuration<P>,
    node: NodeId,
    before: &Clocked<P>,
    cause: &Cause<P>,
) -> Vec<Leg<P>> {
    match cause {
        Cause::Stand => {
            let stands = Standing::Stands(configuration.times.pause_halves());
            vec![turned(before, stands, HostEvent::Paused)]
        }
        Cause::Wake => vec![turned(before, Standing::Wakes, HostEvent::Resumed)],
        Cause::Step(stimulus) => steps(configuration, node, before, stimulus),
    }
}

fn turned<P: Protocol>(before: &Clocked<P>, standing: Standing, event: HostEvent) -> Leg<P> {
    Leg {
        after: Clocked { standing, ..before.clone() },
        sent: Vec::new(),
        seen: vec![Event::Host(event)],
        idle: false,
        spends: None,
    }
}

fn steps<P: Protocol>(
    configuration: &Configuration<P>,
    node: NodeId,
    before: &Clocked<P>,
    stimulus: &Stimulus<P>,
) -> Vec<Leg<P>> {
    let untimed = &configuration.untimed;
    let workshop = configuration.workshop();
    let mut begun = before.clone();
    let mut seen = Vec::new();
    let input = match stimulus {
        Stimulus::Message { from, body } => Input::Message { from: *from, body: body.clone() },
        Stimulus::Timer(timer) => {
            begun.free.remove(timer);
            begun.measured.remove(timer);
            Input::Fired(timer.clone())
        }
        Stimulus::Start => {
            let mut system = workshop.bench(node, &before.part);
            let incarnation = system.start(node, &untimed.setting);
            begun.part = system.part(node);
            seen.push(Event::Host(HostEvent::Started(incarnation)));
            Input::Started(incarnation)
        }
        Stimulus::Crash { .. } => return Vec::new(),
    };
    let runs = workshop.runs(node, &begun.part, input).into_iter();
    let measured = before.measured.len();
    let leg = |run| {
        let mut leg = leg(configuration, node, &begun, run, seen.clone());
        leg.spends = spends(stimulus, &leg.sent, &leg.seen, leg.spends.is_some());
        // That a measured timer has fired is something, even if nothing comes of it.
        leg.idle &= leg.after.measured.len() == measured;
        leg
    };
    runs.map(leg).collect()
}

/// Applies the effects of a step. That it spends something only says that it wrote.
fn leg<P: Protocol>(
    configuration: &Configuration<P>,
    node: NodeId,
    begun: &Clocked<P>,
    run: Run<P>,
    mut seen: Vec<Event>,
) -> Leg<P> {
    let mut system = configuration.untimed.workshop().bench(node, &run.part);
    let mut after = begun.clone();
    let (mut sent, mut wrote, mut asked) = (Vec::new(), None, false);
    for effect in run.effects {
        match effect {
            Effect::Send { to, body } => sent.push(Letter { from: node, to, body }),
            Effect::Arm { timer, when, .. } => {
                disarm(&mut after, &timer);
                arm(configuration, node, &mut after, timer, when, asked);
            }
            Effect::Disarm(timer) => disarm(&mut after, &timer),
            Effect::Write(change) => {
                wrote = Some(Bound::Reach);
                system.write(node, change);
            }
            Effect::Sync => system.sync(node),
            Effect::ReadClock(_) => asked = true,
            Effect::Draw(_) => {}
            Effect::Notify(event) => {
                let asks = matches!(event, Event::Work(WorkEvent::Acquires { .. }));
                after.acquires = after.acquires.saturating_add(u8::from(asks));
                seen.push(event);
            }
        }
    }
    after.part = system.part(node);
    let idle = after == *begun && sent.is_empty() && seen.is_empty();
    Leg { after, sent, seen, idle, spends: wrote }
}

fn disarm<P: Protocol>(node: &mut Clocked<P>, timer: &TimerOf<P>) {
    node.free.remove(timer);
    node.measured.remove(timer);
}

fn arm<P: Protocol>(
    configuration: &Configuration<P>,
    node: NodeId,
    after: &mut Clocked<P>,
    timer: TimerOf<P>,
    when: When,
    asked: bool,
) {
    if !(configuration.measured)(&timer) {
        after.free.insert(timer);
        return;
    }
    let span = match when {
        When::After(span) => span,
        When::At(reading) => {
            let name = configuration.untimed.setting.protocol.name();
            assert!(asked, "{name} keeps readings of clocks: the timed model cannot tell its time");
            Span::from(Duration::from_nanos(reading.0 - ALWAYS.0))
        }
    };
    after.measured.insert(timer, window(&configuration.times, node, span));
}

/// Only clients are bound to be in time: servers may stand still for as long as they like.
fn window(times: &Times, node: NodeId, span: Span) -> Window {
    let bound = matches!(node, NodeId::Client(_));
    let window = times.window(span, bound);
    debug_assert!(bound || window.latest == NEVER, "a server need not be in time");
    debug_assert!(nanos(span.shortest) <= nanos(span.longest), "a span has an order");
    window
}
