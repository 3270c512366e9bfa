//! Makes a schedule small: what does not matter is decided the plain way.

use super::{Shrinker, Source, breaks, run};
use locklab_protocols::id::NodeId;
use locklab_sim::Record;
use locklab_sim::schedule::Schedule;
use std::time::Duration;

/// One decision of chance.
#[derive(Clone)]
enum Decision {
    Message((NodeId, NodeId, u32), Vec<Duration>),
    Timer((NodeId, u32), Duration),
    Draw((NodeId, u32), u32),
}

fn decisions(schedule: Schedule) -> Vec<Decision> {
    let draws = schedule.draws.into_iter().map(|(key, drawn)| Decision::Draw(key, drawn));
    let timers = schedule.timers.into_iter().map(|(key, after)| Decision::Timer(key, after));
    let messages = schedule.messages.into_iter();
    let messages = messages.map(|(key, arrives)| Decision::Message(key, arrives));
    draws.chain(timers).chain(messages).collect()
}

fn schedule(decisions: &[Decision]) -> Schedule {
    let mut schedule = Schedule::default();
    for decision in decisions.iter().cloned() {
        match decision {
            Decision::Message(key, arrives) => drop(schedule.messages.insert(key, arrives)),
            Decision::Timer(key, after) => drop(schedule.timers.insert(key, after)),
            Decision::Draw(key, drawn) => drop(schedule.draws.insert(key, drawn)),
        }
    }
    schedule
}

impl Shrinker<'_> {
    /// The schedule with which the smallest scenario fails, without what does not matter. At
    /// least half as many runs as scenarios may take are kept for it.
    pub(super) fn least_schedule(&mut self) -> Schedule {
        self.most_runs = self.most_runs.max(self.runs + self.most_runs / 2);
        let whole = match &self.source {
            Source::Schedule(schedule) => schedule.clone(),
            Source::Seed(seed) => {
                self.runs += 1;
                let contestant = self.entry.build(&self.scenario);
                contestant.write_down(&self.scenario, *seed, Record::Nothing).1
            }
        };
        if !self.may_lack_chance() {
            return whole;
        }
        let mut left = decisions(whole);
        let mut chunk = left.len();
        while chunk > 0 && !self.is_over() {
            let mut position = 0;
            while position < left.len() && !self.is_over() {
                let mut fewer = left.clone();
                let end = (position + chunk).min(fewer.len());
                fewer.drain(position..end);
                if self.fails(&fewer) {
                    left = fewer;
                } else {
                    position += chunk;
                }
            }
            chunk /= 2;
        }
        self.round(&mut left);
        schedule(&left)
    }

    /// Times in whole milliseconds, where that changes nothing that matters.
    fn round(&mut self, left: &mut Vec<Decision>) {
        for position in 0..left.len() {
            if self.is_over() {
                return;
            }
            let mut rounder = left.clone();
            match &mut rounder[position] {
                Decision::Message(_, arrives) => arrives.iter_mut().for_each(whole_millis),
                Decision::Timer(_, after) => whole_millis(after),
                Decision::Draw(..) => continue,
            }
            if self.fails(&rounder) {
                *left = rounder;
            }
        }
    }

    fn fails(&mut self, decisions: &[Decision]) -> bool {
        self.runs += 1;
        let source = Source::Schedule(schedule(decisions));
        let outcome = run(self.entry, &self.scenario, &source, Record::Nothing);
        breaks(&outcome, self.guarantee)
    }
}

fn whole_millis(time: &mut Duration) {
    let millis = (time.as_nanos() + 500_000) / 1_000_000;
    *time = Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX));
}
