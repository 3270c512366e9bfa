//! A crash of a server at every effect of every step, one after the other, not at random.
//!
//! Two clients want the same two locks. The calm run is played once and its effects are counted;
//! then it is played again for each of them, with the server that is about to have it crashing
//! right before it, with and without what it had not synced, coming back at once, later or never.

mod host;
mod raft;
mod two_phase;
