//! The specification: what a lock must guarantee.

pub mod linearizable;

mod goal;
mod guarantee;
mod verdict;

pub use goal::{Goal, Goals};
pub use guarantee::Guarantee;
pub use verdict::Verdict;
