//! Plays one run.
//!
//! Each run has a fresh OS thread and a madsim runtime of its own, so that nothing is left of the
//! run before it: not the order of a standard hash map, not a thread-local counter. The runtime's
//! clock follows ours, so that an accidental look at the real clock is deterministic too.

use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::world::World;
use locklab_protocols::contract::Protocol;
use locklab_protocols::time::Time;
use std::sync::Arc;

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
    let protocol = protocol.clone();
    let plan = Arc::new(plan.clone());
    let play = move || {
        let runtime =
            madsim::runtime::Runtime::with_seed_and_config(seed, madsim::Config::default());
        runtime.block_on(async move {
            let time = madsim::time::TimeHandle::current();
            let mut now = Time::ZERO;
            World::new(protocol, plan, seed, record == Record::Everything).play(|at| {
                time.advance(at.since(now));
                now = at;
            })
        })
    };
    match std::thread::spawn(play).join() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
