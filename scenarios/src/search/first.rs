//! How many runs it takes until a search finds something.

use super::{Finding, Found, draw, look, turn};
use crate::registry::Contestants;

/// Searches until the first finding, one run after the other on this thread: the runs are those of
/// [`search`](super::search) from the same number on, and [`Finding::run`] says how many there were.
///
/// `go_on` is asked before each run. `None` if nothing was found in so many runs.
pub fn first_finding(
    contestants: &Contestants,
    first_seed: u64,
    runs: u64,
    go_on: &mut dyn FnMut() -> bool,
) -> Option<Finding> {
    let entries = contestants.entries();
    let mut found = Found::default();
    for run in 0..if entries.is_empty() { 0 } else { runs } {
        if !go_on() {
            break;
        }
        let (place, number) = turn(entries, run);
        let (entry, seed) = (&entries[place], first_seed + number);
        found.take(look(entry, seed, draw(entry, seed)));
        if !found.findings.is_empty() {
            return found.findings.into_iter().next();
        }
    }
    None
}
