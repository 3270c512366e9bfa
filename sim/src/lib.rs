//! The deterministic simulator: one seed, one run, for ever.
//!
//! A [`Plan`] says everything about a run but the protocol and the seed: who works how hard, how
//! the network, the clocks and the disks behave, and which [faults](fault) strike when. [`run`]
//! plays it: the world is one event queue in one task of a madsim runtime, which pops the next
//! event, moves the clock to it, and steps the node in place. What happens becomes one stream of
//! observations, from which come the verdicts, the measures, the trace and the hash.
//!
//! What chance decides in a run can be [written down](write_down) as a [`Schedule`] and
//! [played](play) again without the seed.

#[cfg(not(madsim))]
compile_error!(
    "Locklab's simulator needs `--cfg madsim`. Plain cargo commands get it from \
     .cargo/config.toml; an environment variable RUSTFLAGS replaces that, so either unset it or \
     add the flag to it: RUSTFLAGS=\"--cfg madsim\" (and RUSTDOCFLAGS likewise)."
);

pub mod aim;
pub mod chance;
pub mod clock;
mod coverage;
pub mod fault;
pub mod links;
pub mod measures;
pub mod names;
pub mod network;
pub mod observer;
pub mod outcome;
pub mod plan;
pub mod queue;
mod run;
pub mod schedule;
pub mod text;
mod world;

pub use outcome::Outcome;
pub use plan::Plan;
pub use run::{Record, play, run, write_down};
pub use schedule::Schedule;
