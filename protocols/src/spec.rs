//! The specification: what a lock must guarantee.

pub mod linearizable;
