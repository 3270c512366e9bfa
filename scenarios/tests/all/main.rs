//! Tests of this crate from the outside, in one program: to link one for each file takes longer than
//! to compile it, and so the files share the cores. `cargo test --test all NAME` runs those of a file.

mod borders;
mod clock_rates;
#[cfg(unix)]
mod compared;
mod determinism;
mod own_lock;
mod properties;
mod raft_random;
mod scenario_files;
mod schedule;
mod search;
mod shelf;
mod shrink;
mod story;
mod suite;
mod two_phase_random;
