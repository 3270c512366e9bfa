//! One node by itself: its machine, its armed timers, and everything that one input can lead to.

use crate::bounds::{Bound, Bounds};
use crate::configuration::Reach;
use locklab_protocols::application::AppTimer;
use locklab_protocols::contract::{
    Effect, Ending, Event, HostEvent, Input, LeaseEvent, LockEvent, Protocol, Reading, When,
    WorkEvent,
};
use locklab_protocols::id::NodeId;
use locklab_protocols::system::{
    Buffers, PacketOf, Part, Setting, System, SystemEffect, SystemInput, SystemTimer, TimerOf,
};
use std::collections::BTreeSet;

/// A node with what a host keeps for it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Local<P: Protocol> {
    /// The process and the disk.
    pub(crate) part: Part<P>,
    /// The timers that run. Each may fire at any moment, or never.
    pub(crate) timers: BTreeSet<TimerOf<P>>,
    /// How often its application has asked for a lock.
    pub(crate) acquires: u8,
}

/// A message on its way.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Letter<P: Protocol> {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) body: PacketOf<P>,
}

/// What happens to a node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Stimulus<P: Protocol> {
    Message { from: NodeId, body: PacketOf<P> },
    Timer(TimerOf<P>),
    Start,
    Crash { power: bool },
}

/// How a step ends.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum End {
    /// All of its effects happen.
    Whole,
    /// The process dies after so many of them; perhaps unsynced writes are lost with it.
    Dead { after: usize, power: bool },
}

/// One way that a step can go.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Leg<P: Protocol> {
    /// The node after it.
    pub(crate) after: Local<P>,
    /// The node while it was being looked at: before it died, if it did.
    pub(crate) during: Local<P>,
    /// What left the node, in order.
    pub(crate) sent: Vec<Letter<P>>,
    /// What there was to see, in order.
    pub(crate) seen: Vec<Event>,
    /// Whether it changes nothing and tells nobody anything.
    pub(crate) idle: bool,
    /// The bound that it counts against.
    pub(crate) spends: Option<Bound>,
    /// Whether it takes a server further than the search goes.
    pub(crate) beyond: bool,
    pub(crate) end: End,
}

/// A step with the answers that it got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Run<P: Protocol> {
    /// The node after it.
    pub(crate) part: Part<P>,
    /// What it left behind, questions included.
    pub(crate) effects: Vec<SystemEffect<P>>,
    /// How many effects were searched for questions.
    searched: usize,
    /// How many effects were searched for timers of no length.
    fired: usize,
}

/// Works out what inputs lead to.
#[derive(Debug)]
pub(crate) struct Workshop<'a, P: Protocol> {
    pub(crate) setting: &'a Setting<P>,
    /// How far a server may go.
    pub(crate) reach: Option<&'a Reach<P>>,
    /// What clocks may show when somebody reads them.
    pub(crate) readings: &'a [Reading],
    pub(crate) bounds: &'a Bounds,
}

impl<P: Protocol> Workshop<'_, P> {
    /// A node that was never started.
    pub(crate) fn unborn(&self, node: NodeId) -> Local<P> {
        let part = System::new(self.setting).part(node);
        Local { part, timers: BTreeSet::new(), acquires: 0 }
    }

    /// A system in which this node is as it is, to do something with it.
    pub(crate) fn bench(&self, node: NodeId, part: &Part<P>) -> System<P> {
        let mut system = System::new(self.setting);
        system.put(node, part.clone());
        system
    }

    fn changed(
        &self,
        node: NodeId,
        part: &Part<P>,
        change: impl FnOnce(&mut System<P>),
    ) -> Part<P> {
        let mut system = self.bench(node, part);
        change(&mut system);
        system.part(node)
    }

    /// Everything that a stimulus can lead to; nothing, if it cannot happen.
    pub(crate) fn legs(
        &self,
        node: NodeId,
        before: &Local<P>,
        stimulus: &Stimulus<P>,
    ) -> Vec<Leg<P>> {
        let up = self.bench(node, &before.part).is_up(node);
        let mut before = before.clone();
        let mut seen = Vec::new();
        let input = match stimulus {
            Stimulus::Crash { power } if up => return vec![self.crash(node, &before, *power)],
            Stimulus::Message { from, body } if up => {
                Input::Message { from: *from, body: body.clone() }
            }
            Stimulus::Timer(timer) if before.timers.contains(timer) => {
                before.timers.remove(timer);
                Input::Fired(timer.clone())
            }
            Stimulus::Start if !up => {
                let mut system = self.bench(node, &before.part);
                let incarnation = system.start(node, self.setting);
                before.part = system.part(node);
                seen.push(Event::Host(HostEvent::Started(incarnation)));
                Input::Started(incarnation)
            }
            Stimulus::Message { .. } => return vec![self.unheard(&before)],
            _ => return Vec::new(),
        };
        let mut legs = Vec::new();
        for run in self.runs(node, &before.part, input) {
            let whole = self.leg(node, &before, &run, &seen, stimulus, End::Whole);
            legs.push(whole);
            self.torn(node, &before, &run, &seen, stimulus, &mut legs);
        }
        legs
    }

    /// The legs on which the process dies in the middle of the step.
    fn torn(
        &self,
        node: NodeId,
        before: &Local<P>,
        run: &Run<P>,
        seen: &[Event],
        stimulus: &Stimulus<P>,
        legs: &mut Vec<Leg<P>>,
    ) {
        if !self.bounds.may_die(node) {
            return;
        }
        let power_failures = self.bounds.power_failures > 0;
        let kinds: &[bool] = if power_failures { &[false, true] } else { &[false] };
        for power in kinds.iter().copied() {
            let mut last =
                self.leg(node, before, run, seen, stimulus, End::Dead { after: 0, power });
            for after in 1..run.effects.len() {
                // Timers die with the process, and answers are part of the step.
                if !outlives::<P>(&run.effects[after - 1]) {
                    continue;
                }
                // Of messages that may be lost, all may as well have been sent.
                let sends = |effect: &SystemEffect<P>| matches!(effect, Effect::Send { .. });
                if self.bounds.may_lose() && run.effects[after - 1..=after].iter().all(sends) {
                    continue;
                }
                let leg = self.leg(node, before, run, seen, stimulus, End::Dead { after, power });
                let same = |other: &Leg<P>| {
                    (&other.after, &other.sent, &other.seen) == (&leg.after, &leg.sent, &leg.seen)
                };
                if !same(&last) && !legs.iter().any(same) {
                    legs.push(leg.clone());
                }
                last = leg;
            }
        }
    }

    /// Nobody is there to hear a message.
    fn unheard(&self, before: &Local<P>) -> Leg<P> {
        Leg {
            after: before.clone(),
            during: before.clone(),
            sent: Vec::new(),
            seen: Vec::new(),
            idle: true,
            spends: None,
            beyond: false,
            end: End::Whole,
        }
    }

    fn crash(&self, node: NodeId, before: &Local<P>, power: bool) -> Leg<P> {
        Leg {
            idle: false,
            after: self.dead(node, before, power),
            during: before.clone(),
            sent: Vec::new(),
            seen: Vec::new(),
            spends: None,
            beyond: false,
            end: End::Dead { after: 0, power },
        }
    }

    fn dead(&self, node: NodeId, local: &Local<P>, power: bool) -> Local<P> {
        let part = self.changed(node, &local.part, |system| {
            system.crash(node);
            if power {
                system.lose_unsynced(node);
            }
        });
        Local { part, timers: BTreeSet::new(), acquires: local.acquires }
    }

    /// The step, once for each combination of answers to what the node asks in it.
    pub(crate) fn runs(
        &self,
        node: NodeId,
        before: &Part<P>,
        input: SystemInput<P>,
    ) -> Vec<Run<P>> {
        let begun = Run { part: before.clone(), effects: Vec::new(), searched: 0, fired: 0 };
        let mut open = vec![self.stepped(node, begun, input)];
        let mut done = Vec::new();
        while let Some(mut run) = open.pop() {
            let question = run.effects[run.searched..]
                .iter()
                .position(|effect| matches!(effect, Effect::ReadClock(_) | Effect::Draw(_)));
            let Some(question) = question else {
                run.searched = run.effects.len();
                match self.due(&mut run) {
                    Some(timer) => open.push(self.stepped(node, run, Input::Fired(timer))),
                    None => done.push(run),
                }
                continue;
            };
            run.searched += question + 1;
            let answers: Vec<SystemInput<P>> = match &run.effects[run.searched - 1] {
                Effect::Draw(choices) => (0..*choices).map(Input::Drawn).collect(),
                Effect::ReadClock(clock) => {
                    self.readings.iter().map(|reading| Input::Clock(*clock, *reading)).collect()
                }
                _ => Vec::new(),
            };
            // Whatever is answered, often the same comes of it.
            let others = open.len();
            for answer in answers.into_iter().rev() {
                let run = self.stepped(node, run.clone(), answer);
                if !open[others..].contains(&run) {
                    open.push(run);
                }
            }
        }
        done
    }

    /// The next timer that fires within this step, which is no longer armed then.
    fn due(&self, run: &mut Run<P>) -> Option<TimerOf<P>> {
        if !self.bounds.prompt {
            return None;
        }
        while let Some(effect) = run.effects.get(run.fired) {
            run.fired += 1;
            let Effect::Arm { timer, when: When::After(span), .. } = effect else { continue };
            let later = |effect: &SystemEffect<P>| match effect {
                Effect::Arm { timer: other, .. } | Effect::Disarm(other) => other == timer,
                _ => false,
            };
            if span.longest.is_zero() && !run.effects[run.fired..].iter().any(later) {
                let timer = timer.clone();
                run.effects.push(Effect::Disarm(timer.clone()));
                return Some(timer);
            }
        }
        None
    }

    fn stepped(&self, node: NodeId, mut run: Run<P>, input: SystemInput<P>) -> Run<P> {
        let mut system = self.bench(node, &run.part);
        system.step(node, input, &mut Buffers::default(), &mut run.effects);
        run.part = system.part(node);
        run
    }

    /// Applies the effects, up to the end.
    fn leg(
        &self,
        node: NodeId,
        before: &Local<P>,
        run: &Run<P>,
        seen: &[Event],
        stimulus: &Stimulus<P>,
        end: End,
    ) -> Leg<P> {
        let mut system = self.bench(node, &run.part);
        let mut timers = before.timers.clone();
        let mut acquires = before.acquires;
        let (mut sent, mut seen) = (Vec::new(), seen.to_vec());
        let last = match end {
            End::Whole => run.effects.len(),
            End::Dead { after, .. } => after,
        };
        for effect in &run.effects[..last] {
            match effect.clone() {
                Effect::Send { to, body } => sent.push(Letter { from: node, to, body }),
                Effect::Arm { timer, .. } => {
                    timers.insert(timer);
                }
                Effect::Disarm(timer) => {
                    timers.remove(&timer);
                }
                Effect::Write(change) => system.write(node, change),
                Effect::Sync => system.sync(node),
                Effect::ReadClock(_) | Effect::Draw(_) => {}
                Effect::Notify(event) => {
                    let asks = matches!(event, Event::Work(WorkEvent::Acquires { .. }));
                    acquires = acquires.saturating_add(u8::from(asks));
                    seen.push(event);
                }
            }
        }
        let during = Local { part: system.part(node), timers, acquires };
        let after = match end {
            End::Whole => during.clone(),
            End::Dead { power, .. } => self.dead(node, &during, power),
        };
        let idle = after == *before && sent.is_empty() && seen.is_empty();
        let wrote = run.effects[..last].iter().any(|effect| matches!(effect, Effect::Write(_)));
        let spends = spends(stimulus, &sent, &seen, wrote);
        let beyond = match (node, self.reach) {
            (NodeId::Server(id), Some(reach)) => {
                let server = system.servers().get(id);
                server.is_some_and(|server| !(reach.within)(id, server))
            }
            _ => false,
        };
        Leg { after, during, sent, seen, idle, spends, beyond, end }
    }
}

/// Whether it makes a difference to a process that dies that this was done.
fn outlives<P: Protocol>(effect: &SystemEffect<P>) -> bool {
    match effect {
        Effect::Send { .. } | Effect::Write(_) | Effect::Sync | Effect::Notify(_) => true,
        Effect::Arm { .. } | Effect::Disarm(_) | Effect::ReadClock(_) | Effect::Draw(_) => false,
    }
}

/// What a step counts against. Whoever is refused, or does not know, has failed. A timer that sends
/// tells nobody anything and writes nothing down is a repetition, except for the application's own
/// moves.
pub(crate) fn spends<P: Protocol>(
    stimulus: &Stimulus<P>,
    sent: &[Letter<P>],
    seen: &[Event],
    wrote: bool,
) -> Option<Bound> {
    let failed = |event: &Event| {
        matches!(
            event,
            Event::Lock(
                LockEvent::Refused { .. } | LockEvent::Released { outcome: Ending::Unknown, .. }
            )
        )
    };
    if seen.iter().any(failed) {
        return Some(Bound::Failures);
    }
    if seen.iter().any(|event| matches!(event, Event::Lease(LeaseEvent::Expired { .. }))) {
        return Some(Bound::Expiries);
    }
    match stimulus {
        Stimulus::Timer(_) if sent.is_empty() || !seen.is_empty() || wrote => None,
        Stimulus::Timer(SystemTimer::Server(_)) => Some(Bound::ServerTimers),
        Stimulus::Timer(SystemTimer::Client(_) | SystemTimer::Application(AppTimer::Repeat)) => {
            Some(Bound::Retries)
        }
        _ => None,
    }
}
