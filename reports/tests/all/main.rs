//! Tests of this crate from the outside, in one program: to link one for each file takes longer than
//! to compile it, and so the files share the cores. `cargo test --test all NAME` runs those of a file.

mod browser;
mod cli;
mod fuzz;
mod gate;
mod joined;
mod mutants;
mod paths;
mod program;
mod readme;
mod search;
mod shards;
mod staging;
