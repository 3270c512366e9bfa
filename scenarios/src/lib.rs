//! Scenarios: what goes wrong, who meets it, and what becomes of it.

pub mod catalogue;
pub mod contestant;
pub mod judge;
pub mod promise;
pub mod registry;
pub mod scenario;
pub mod story;
pub mod suite;

/// What plays the runs, for those who look into outcomes.
pub use locklab_sim as sim;
