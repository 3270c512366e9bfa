//! The specification: what a lock must guarantee.

pub mod linearizable;

mod goal;
mod guarantee;
mod monitor;
mod monitors;
mod mutual_exclusion;
mod scene;
mod table;
mod verdict;

pub use goal::{Goal, Goals};
pub use guarantee::Guarantee;
pub use monitors::{MonitorSettings, Monitors};
pub use verdict::Verdict;
