//! scenarios
pub mod story;
