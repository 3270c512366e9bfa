//! What a node does with the effects of its steps.

use super::kept::{bytes_of_change, bytes_of_disk};
use super::{Armed, LiveNode, NodeError, Question};
use crate::live::by_hand::told;
use crate::live::frame::{self, Envelope};
use crate::live::journal::{Barrier, Entry};
use locklab_protocols::contract::{Clock, Effect, Input, Portable, When};
use locklab_protocols::system::{SystemEffect, SystemInput, TimerOf};

impl<P: Portable> LiveNode<P> {
    pub(super) fn answer(&mut self, question: Question) -> SystemInput<P> {
        match question {
            Question::Clock(clock) => {
                Input::Clock(clock, self.clocks.read(clock, self.epoch.moment()))
            }
            Question::Draw(choices) => {
                let drawn = self.chance.below(u64::from(choices));
                Input::Drawn(u32::try_from(drawn).unwrap_or(0))
            }
        }
    }

    pub(super) fn apply(&mut self, effect: SystemEffect<P>) -> Result<(), NodeError> {
        let stalls = self.disk_state.stalled;
        let barrier = Barrier::at::<P>(&effect, self.waits, &self.halts);
        if barrier == Barrier::Before || (stalls && matches!(effect, Effect::Sync)) {
            self.pending.push_front(effect);
            self.held_by_disk = true;
            return if stalls { Ok(()) } else { self.went_on_with_the_disk() };
        }
        match effect {
            Effect::Send { to, body } => {
                let envelope = Envelope { from: self.id, to, sent: self.at, body };
                self.outgoing.send(&to, frame::enclose(self.run, &envelope));
            }
            Effect::Arm { timer, clock, when } => self.arm(timer, clock, when),
            Effect::Disarm(timer) => {
                self.timers.remove(&timer);
            }
            Effect::Write(change) => {
                self.disk.write(&bytes_of_change(&change))?;
                self.system.write(self.id, change);
            }
            Effect::Sync => self.sync()?,
            Effect::ReadClock(clock) => self.questions.push_back(Question::Clock(clock)),
            Effect::Draw(choices) => self.questions.push_back(Question::Draw(choices)),
            Effect::Notify(event) => {
                self.halted = barrier == Barrier::After;
                if self.halted {
                    self.note(&Entry::Halted)?;
                }
                if let (Some(tell), Some(told)) = (&self.tell, told(&event)) {
                    tell(&told);
                }
            }
        }
        Ok(())
    }

    /// The disk takes writes again: what waited before one goes on. A sync goes on by itself.
    pub(super) fn went_on_with_the_disk(&mut self) -> Result<(), NodeError> {
        self.held_by_disk = false;
        if matches!(self.pending.front(), Some(Effect::Sync)) { Ok(()) } else { self.went() }
    }

    fn sync(&mut self) -> Result<(), NodeError> {
        if !self.disk_state.lying {
            self.disk.sync()?;
            self.system.sync(self.id);
        }
        self.went()?;
        if self.disk.has_grown() && self.pending.iter().all(|effect| !is_write(effect)) {
            self.disk.compact(&bytes_of_disk::<P>(&self.system.disk(self.id)))?;
        }
        Ok(())
    }

    fn arm(&mut self, timer: TimerOf<P>, clock: Clock, when: When) {
        let deadline = match when {
            When::At(reading) => reading,
            When::After(span) => {
                let after = self.chance.duration(span.shortest, span.longest);
                self.clocks.read(clock, self.epoch.moment()) + after
            }
        };
        self.armed += 1;
        self.timers.insert(timer, Armed { clock, deadline, number: self.armed });
    }
}

fn is_write<M, T, C>(effect: &Effect<M, T, C>) -> bool {
    matches!(effect, Effect::Write(_))
}
