//! Plays one run.
//!
//! Each run has a fresh OS thread and a madsim runtime of its own, so that nothing is left of the
//! run before it: not the order of a standard hash map, not a thread-local counter. The runtime's
//! clock follows ours, so that an accidental look at the real clock is deterministic too; it does so
//! in steps of a millisecond, for a step takes as long as a tenth of an event.

use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::schedule::Schedule;
use crate::world::World;
use locklab_protocols::contract::Protocol;
use locklab_protocols::time::Time;
use std::sync::Arc;
use std::time::Duration;

/// How far the runtime's clock is behind ours at the most.
const FOLLOWS: Duration = Duration::from_millis(1);

/// What a run writes down beside its outcome.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Record {
    /// Nothing: fast, and memory does not grow with the length of the run.
    Nothing,
    /// A trace of everything that happens.
    Everything,
}

/// Plays the run of this protocol, plan and seed. The same three give the same outcome, for ever.
///
/// # Panics
///
/// If a node panics or loops without letting time pass: that is a bug in the protocol, and the
/// message says where.
pub fn run<P: Protocol>(protocol: &P, plan: &Plan, seed: u64, record: Record) -> Outcome {
    on_a_thread_of_its_own(seed, begun(protocol, plan, seed, record, |world| world)).0
}

/// As [`run`], and also writes down what chance decided.
///
/// # Panics
///
/// As [`run`].
pub fn write_down<P: Protocol>(
    protocol: &P,
    plan: &Plan,
    seed: u64,
    record: Record,
) -> (Outcome, Schedule) {
    on_a_thread_of_its_own(seed, begun(protocol, plan, seed, record, World::written_down))
}

/// Plays a run without a seed: the schedule decides, and where it says nothing, what is plain.
/// The seed of the outcome is 0.
///
/// # Panics
///
/// As [`run`].
pub fn play<P: Protocol>(
    protocol: &P,
    plan: &Plan,
    schedule: &Schedule,
    record: Record,
) -> Outcome {
    let schedule = schedule.clone();
    let by_schedule = |world: World<P>| world.by_schedule(schedule);
    on_a_thread_of_its_own(0, begun(protocol, plan, 0, record, by_schedule)).0
}

/// The clock of the runtime, as it follows that of a run.
pub(crate) struct Follower {
    clock: madsim::time::TimeHandle,
    /// What it was set to last.
    now: Time,
}

impl Follower {
    /// The run is at this moment.
    pub(crate) fn reach(&mut self, at: Time) {
        let passed = at.since(self.now);
        if passed >= FOLLOWS {
            self.clock.advance(passed);
            self.now = at;
        }
    }
}

/// A run that is about to be played.
type Begun = Box<dyn FnOnce(Follower) -> (Outcome, Schedule) + Send>;

/// Makes a run that can be played. Which protocol plays is not seen any more, so that threads and
/// runtimes are not built for each.
fn begun<P: Protocol>(
    protocol: &P,
    plan: &Plan,
    seed: u64,
    record: Record,
    prepare: impl FnOnce(World<P>) -> World<P> + Send + 'static,
) -> Begun {
    let (protocol, plan) = (protocol.clone(), Arc::new(plan.clone()));
    Box::new(move |follower| {
        let world = World::new(protocol, plan, seed, record == Record::Everything);
        prepare(world).play(follower)
    })
}

fn on_a_thread_of_its_own(seed: u64, begun: Begun) -> (Outcome, Schedule) {
    let play = move || {
        let runtime =
            madsim::runtime::Runtime::with_seed_and_config(seed, madsim::Config::default());
        runtime.block_on(async move {
            let clock = madsim::time::TimeHandle::current();
            begun(Follower { clock, now: Time::ZERO })
        })
    };
    match std::thread::spawn(play).join() {
        Ok(played) => played,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Fault, Kind, Lasting, OnLinks, Reorder, When};
    use locklab_protocols::ttl::TtlWatchdog;

    /// Faults that draw chance for each message.
    fn by_chance() -> Plan {
        let lasting = Lasting::For(Duration::from_secs(20));
        let on = || OnLinks { percent: 30, lasting, ..everywhere() };
        let by = Duration::from_millis(300);
        let OnLinks { from, to, percent, .. } = on();
        let kinds = [
            Kind::Loss(on()),
            Kind::Duplicate(on()),
            Kind::Reorder(Reorder { from, to, percent, by, lasting }),
        ];
        let fault = |kind| Fault { when: When::At(Duration::from_secs(1)), kind };
        Plan { faults: kinds.map(fault).to_vec(), ..Plan::default() }
    }

    fn everywhere() -> OnLinks {
        let (from, to) = Default::default();
        OnLinks { from, to, percent: 100, lasting: Lasting::UntilHeal }
    }

    /// What a run that was written down is played from asks no generator, so a change of how chance
    /// is drawn, of what it is drawn for, or of the vocabulary of faults, which is part of what the
    /// streams of chance are named by, does not change it: here, another seed.
    #[test]
    fn a_schedule_is_played_without_any_chance() {
        let (lock, plan) = (TtlWatchdog::default(), by_chance());
        let (written, schedule) = write_down(&lock, &plan, 7, Record::Nothing);
        let with_seed = |seed| {
            let schedule = schedule.clone();
            let play = |world: World<TtlWatchdog>| world.by_schedule(schedule);
            let begun = begun(&lock, &plan, seed, Record::Nothing, play);
            on_a_thread_of_its_own(seed, begun).0.hash
        };
        assert_eq!(with_seed(0), written.hash);
        assert_eq!(with_seed(12_345), written.hash);
        assert_ne!(run(&lock, &plan, 12_345, Record::Nothing).hash, written.hash);
    }
}
