//! What a step leaves behind: an ordered list of effects.

use super::event::Event;
use super::node::{Change, Clock, Node, Reading};
use crate::id::NodeId;
use std::ops::RangeInclusive;
use std::time::Duration;

/// How long a timer runs; the host picks a duration in the range.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Span {
    /// The shortest duration it may pick.
    pub shortest: Duration,
    /// The longest duration it may pick.
    pub longest: Duration,
}

impl From<Duration> for Span {
    fn from(exactly: Duration) -> Self {
        Self { shortest: exactly, longest: exactly }
    }
}

impl From<RangeInclusive<Duration>> for Span {
    fn from(range: RangeInclusive<Duration>) -> Self {
        Self { shortest: *range.start(), longest: *range.end() }
    }
}

/// When a timer fires, by the clock that it runs on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum When {
    /// So long after now.
    After(Span),
    /// When the clock shows this; at once if it already does.
    At(Reading),
}

/// One effect of a step, over a message, a timer and a change type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Effect<M, T, C> {
    /// Send a message.
    Send {
        /// To whom.
        to: NodeId,
        /// What.
        body: M,
    },
    /// Start a timer, instead of the one of the same value that may be running.
    Arm {
        /// Which timer.
        timer: T,
        /// On which clock.
        clock: Clock,
        /// When it fires.
        when: When,
    },
    /// Stop a timer.
    Disarm(T),
    /// Write to disk: survives a crash of the process, not a power failure.
    Write(C),
    /// Make every earlier write durable before any later effect leaves the node.
    Sync,
    /// Ask what a clock shows.
    ReadClock(Clock),
    /// Ask for a number below this one.
    Draw(u32),
    /// Tell the observer, and for a [`LockEvent`](super::LockEvent) the application.
    Notify(Event),
}

/// The ordered effects of one step.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EffectList<M, T, C> {
    effects: Vec<Effect<M, T, C>>,
}

/// The effects of a node.
pub type Effects<N> = EffectList<<N as Node>::Message, <N as Node>::Timer, Change<N>>;

impl<M, T, C> Default for EffectList<M, T, C> {
    fn default() -> Self {
        Self { effects: Vec::new() }
    }
}

impl<M, T, C> EffectList<M, T, C> {
    /// Sends a message.
    pub fn send(&mut self, to: impl Into<NodeId>, body: M) {
        self.effects.push(Effect::Send { to: to.into(), body });
    }

    /// Starts a timer that fires after a duration, or at a moment in a range of durations.
    pub fn arm(&mut self, timer: T, clock: Clock, after: impl Into<Span>) {
        self.effects.push(Effect::Arm { timer, clock, when: When::After(after.into()) });
    }

    /// Starts a timer that fires when the clock shows `reading`.
    pub fn arm_at(&mut self, timer: T, clock: Clock, reading: Reading) {
        self.effects.push(Effect::Arm { timer, clock, when: When::At(reading) });
    }

    /// Stops a timer.
    pub fn disarm(&mut self, timer: T) {
        self.effects.push(Effect::Disarm(timer));
    }

    /// Writes to disk.
    pub fn write(&mut self, change: C) {
        self.effects.push(Effect::Write(change));
    }

    /// Makes every earlier write durable before any later effect leaves the node.
    pub fn sync(&mut self) {
        self.effects.push(Effect::Sync);
    }

    /// Asks what a clock shows; the answer is the next input.
    pub fn read_clock(&mut self, clock: Clock) {
        self.effects.push(Effect::ReadClock(clock));
    }

    /// Asks for a number below `choices`; the answer is the next input.
    pub fn draw(&mut self, choices: u32) {
        self.effects.push(Effect::Draw(choices));
    }

    /// Tells the observer, and for a [`LockEvent`](super::LockEvent) the application.
    pub fn notify(&mut self, event: impl Into<Event>) {
        self.effects.push(Effect::Notify(event.into()));
    }

    /// Adds an effect.
    pub fn push(&mut self, effect: Effect<M, T, C>) {
        self.effects.push(effect);
    }

    /// Takes the effects out, first to last.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Effect<M, T, C>> {
        self.effects.drain(..)
    }

    /// The effects, first to last.
    pub fn as_slice(&self) -> &[Effect<M, T, C>] {
        &self.effects
    }
}

impl<M, T, C> Effect<M, T, C> {
    /// The same effect with other types around its message, timer and change.
    pub fn lift<M2, T2, C2>(
        self,
        message: impl FnOnce(M) -> M2,
        timer: impl FnOnce(T) -> T2,
        change: impl FnOnce(C) -> C2,
    ) -> Effect<M2, T2, C2> {
        match self {
            Self::Send { to, body } => Effect::Send { to, body: message(body) },
            Self::Arm { timer: t, clock, when } => Effect::Arm { timer: timer(t), clock, when },
            Self::Disarm(t) => Effect::Disarm(timer(t)),
            Self::Write(c) => Effect::Write(change(c)),
            Self::Sync => Effect::Sync,
            Self::ReadClock(clock) => Effect::ReadClock(clock),
            Self::Draw(choices) => Effect::Draw(choices),
            Self::Notify(event) => Effect::Notify(event),
        }
    }
}
