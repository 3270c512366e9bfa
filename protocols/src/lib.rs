//! What a lock is: the contract, the specification, and the reference locks.

pub mod id;
pub mod spec;
pub mod time;
