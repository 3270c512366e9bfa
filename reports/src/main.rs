//! locklab
fn main() {}
