//! Tests of this crate from the outside, in one program: to link one for each file takes longer than
//! to compile it, and so the files share the cores. `cargo test --test all NAME` runs those of a file.

mod crashes;
mod host_duties;
mod linearizable_differential;
