//! The specification: what a lock must guarantee.

pub mod linearizable;

mod guarantee;
mod verdict;

pub use guarantee::Guarantee;
pub use verdict::Verdict;
