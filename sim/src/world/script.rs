//! Writes down what chance decides, or decides it by what is written down.
//!
//! A world without a script draws from its streams and counts nothing, so ordinary runs pay one
//! look at an `Option`.

use super::World;
pub(super) use crate::links::Fates;
use crate::links::{Habit, Policy};
use crate::outcome::Fate;
use crate::schedule::Schedule;
use locklab_protocols::contract::{Protocol, Span};
use locklab_protocols::id::NodeId;
use locklab_protocols::time::nanos;
use std::time::Duration;

/// A schedule that is being written or read.
#[derive(Debug)]
pub(super) struct Script {
    schedule: Schedule,
    /// Whether it is read.
    plays: bool,
    ids: Vec<NodeId>,
    /// How many messages each node has sent to each.
    sent: Vec<u32>,
    timers: Vec<u32>,
    draws: Vec<u32>,
}

impl Script {
    pub(super) fn new(schedule: Schedule, plays: bool, ids: Vec<NodeId>) -> Self {
        let nodes = ids.len();
        Self {
            schedule,
            plays,
            ids,
            sent: vec![0; nodes * nodes],
            timers: vec![0; nodes],
            draws: vec![0; nodes],
        }
    }

    pub(super) fn plays(&self) -> bool {
        self.plays
    }

    pub(super) fn into_schedule(self) -> Schedule {
        self.schedule
    }

    fn message(&mut self, from: usize, to: usize) -> (NodeId, NodeId, u32) {
        let count = &mut self.sent[from * self.ids.len() + to];
        *count += 1;
        (self.ids[from], self.ids[to], *count)
    }

    fn timer(&mut self, slot: usize) -> (NodeId, u32) {
        self.timers[slot] += 1;
        (self.ids[slot], self.timers[slot])
    }

    fn draw(&mut self, slot: usize) -> (NodeId, u32) {
        self.draws[slot] += 1;
        (self.ids[slot], self.draws[slot])
    }
}

impl<P: Protocol> World<P> {
    /// What becomes of a message.
    pub(super) fn fate(&mut self, from: usize, to: usize) -> Fates {
        match &self.script {
            None => self.drawn_fate(from, to),
            Some(script) if script.plays() => self.played_fate(from, to),
            Some(_) => {
                let fates = self.drawn_fate(from, to);
                if let Some(script) = &mut self.script {
                    let key = script.message(from, to);
                    let arrives = match fates {
                        Ok((first, second)) => Some([first].into_iter().chain(second).collect()),
                        Err(Fate::Cut) => None,
                        Err(_) => Some(Vec::new()),
                    };
                    script.schedule.messages.extend(arrives.map(|arrives| (key, arrives)));
                }
                fates
            }
        }
    }

    /// How long a timer runs.
    pub(super) fn sample(&mut self, slot: usize, span: Span) -> Duration {
        let Span { shortest, longest } = span;
        if shortest >= longest {
            return shortest;
        }
        match &mut self.script {
            None => self.nodes[slot].timer_chance.duration(shortest, longest),
            Some(script) => {
                let key = script.timer(slot);
                if script.plays {
                    let share = plain_share(span, slot, self.nodes.len());
                    return script.schedule.timers.get(&key).copied().unwrap_or(share);
                }
                let after = self.nodes[slot].timer_chance.duration(shortest, longest);
                script.schedule.timers.insert(key, after);
                after
            }
        }
    }

    /// The answer to a question for one of so many choices.
    pub(super) fn draw(&mut self, slot: usize, choices: u32) -> u32 {
        if let Some(script) = &mut self.script
            && script.plays
        {
            let key = script.draw(slot);
            let drawn = script.schedule.draws.get(&key).copied().unwrap_or(0);
            return drawn.min(choices.saturating_sub(1));
        }
        let drawn = self.nodes[slot].work_chance.below(u64::from(choices));
        let drawn = u32::try_from(drawn).expect("below a u32");
        if let Some(script) = &mut self.script {
            let key = script.draw(slot);
            script.schedule.draws.insert(key, drawn);
        }
        drawn
    }

    /// What the script says, and where it says nothing, what is plain. That a cut link carries
    /// nothing is no chance.
    fn played_fate(&mut self, from: usize, to: usize) -> Fates {
        let habit = self.links.habit(from, to);
        let listed = self.script.as_mut().and_then(|script| {
            let key = script.message(from, to);
            script.schedule.messages.get(&key).cloned()
        });
        let is_listed = listed.is_some();
        let mut arrives = listed.unwrap_or_else(|| plain(habit));
        let mut cut = false;
        for rule in &self.links.rules {
            if !rule.from.contains(from) || !rule.to.contains(to) {
                continue;
            }
            let decides = !is_listed;
            let bites = match rule.policy {
                Policy::Cut => {
                    cut = true;
                    true
                }
                Policy::Loss { percent } => {
                    if decides && percent >= 100 {
                        arrives.clear();
                    }
                    arrives.is_empty()
                }
                Policy::Duplicate { percent } => {
                    if decides && percent >= 100 && arrives.len() == 1 {
                        arrives.push(habit.delay.plain());
                    }
                    arrives.len() > 1
                }
                Policy::Delay(by) => {
                    if let Some(first) = arrives.first_mut().filter(|_| decides) {
                        *first += by.plain();
                    }
                    true
                }
                // Whether it was held back shows in when it arrives.
                Policy::Reorder { .. } => {
                    arrives.first().is_some_and(|first| *first > habit.delay.most())
                }
            };
            if bites {
                self.faults.bite(rule.fault);
            }
        }
        match arrives.as_slice() {
            _ if cut => Err(Fate::Cut),
            [] => Err(Fate::Lost),
            [first, more @ ..] => Ok((*first, more.first().copied())),
        }
    }
}

/// What becomes of a message on a link when nobody decides.
fn plain(habit: Habit) -> Vec<Duration> {
    let delay = habit.delay.plain();
    match habit {
        Habit { loss_percent: 100.., .. } => Vec::new(),
        Habit { duplicate_percent: 100.., .. } => vec![delay, delay],
        _ => vec![delay],
    }
}

/// Where a node's timers stand in their range when nobody decides: whole milliseconds, if the
/// range is that wide.
fn plain_share(span: Span, slot: usize, nodes: usize) -> Duration {
    let width = nanos(span.longest - span.shortest);
    let exact = u64::try_from(u128::from(width) * slot as u128 / nodes as u128).unwrap_or(width);
    let milli = 1_000_000;
    let share = if width >= milli * nodes as u64 { exact - exact % milli } else { exact };
    span.shortest + Duration::from_nanos(share)
}
