//! What a lock is: the contract, the specification, and the reference locks.
//!
//! Everything here is pure: no I/O, no clock, no random numbers, no async. Start with
//! [`contract`], whose module page holds a complete lock of some forty lines; [`spec`] says what
//! a lock must guarantee; [`system`] puts servers, clients, [applications](application) and the
//! [storage] together into one transition, which the simulator and the model checker both drive.

// Tests that stand both inside and outside of the crate call it by the same name.
#[cfg(test)]
extern crate self as locklab_protocols;

pub mod account;
pub mod application;
pub mod contract;
pub mod id;
mod margin;
pub mod prelude;
pub mod raft;
pub mod spec;
pub mod stable_hash;
pub mod storage;
pub mod system;
pub mod time;
#[cfg(test)]
mod transcripts;
pub mod ttl;
pub mod two_phase;
