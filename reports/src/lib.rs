//! What people read: the `locklab` command line and the reports that it writes.
//!
//! The suite gives back values; this crate makes text of them. [`tables`] shows a comparison on a
//! terminal, [`report`] writes it down for programs, [`cli`] is the command that asks for both.
//! Nothing here decides whether a lock is any good: verdicts, expectations and promises are
//! judged in `locklab-scenarios`.

pub mod borders;
pub mod checks;
pub mod cli;
pub mod diagram;
pub mod envelope;
pub mod gate;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod merge;
pub mod mutants;
pub mod report;
pub mod staging;
pub mod summary;
pub mod tables;
pub mod terminal;
pub use locklab_scenarios::trace;

mod replay;

pub use replay::Calls;
