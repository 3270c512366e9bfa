//! What people read: the `locklab` command line and the reports that it writes.
//!
//! The suite gives back values; this crate makes text of them. [`tables`] shows a comparison on a
//! terminal, [`report`] writes it down for programs, [`cli`] is the command that asks for both.
//! Nothing here decides whether a lock is any good: verdicts, expectations and promises are
//! judged in `locklab-scenarios`.

pub mod checks;
pub mod cli;
pub mod envelope;
pub mod report;
pub mod tables;
pub mod terminal;
pub use locklab_scenarios::trace;

mod replay;

pub use replay::Calls;
