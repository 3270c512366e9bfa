//! The specification: what a lock must guarantee.

pub mod linearizable;

mod deadlock_free;
mod fenced_writes;
mod grant_exclusion;
mod guarantee;
mod lease_kept;
mod linearizable_monitor;
mod monitor;
mod monitors;
mod mutual_exclusion;
mod no_lost_update;
mod progress;
mod scene;
mod table;
#[cfg(test)]
mod testing;
mod token_order;
mod verdict;

pub use guarantee::Guarantee;
pub use monitors::{MonitorSettings, Monitors};
pub use verdict::Verdict;
