//! Random walks: the same for the same seed, far beyond the bounds of a search, and able to find.

use locklab_models::{Walks, beyond, catalogue, walk};
use locklab_protocols::spec::Guarantee;
use locklab_protocols::storage::Fencing;

fn walks(seed: u64, most: u64) -> Walks {
    Walks { seed, most, longest: 400 }
}

/// What is known to break, breaks in some walk, and the walk can be taken again.
#[test]
fn walks_find_what_breaks_and_find_it_again() {
    let mut configuration = catalogue::ttl(2, 2, Fencing::Writes);
    configuration.watch = vec![Guarantee::NoLostUpdate];
    let found = walk(&configuration, walks(1, 20_000), |_| true);
    let stumble = found.broken.as_ref().expect("a fence over writes alone loses an update");
    assert_eq!(stumble.guarantee, Guarantee::NoLostUpdate);
    assert_eq!(found.walks, stumble.walk, "it is the last walk");
    assert!(stumble.reason.contains("unseen"), "{}", stumble.reason);
    assert_eq!(walk(&configuration, walks(1, 20_000), |_| true), found);
    let other = walk(&configuration, walks(2, 20_000), |_| true);
    assert_ne!(other.broken.map(|stumble| stumble.story), Some(stumble.story.clone()));
}

/// What is exhausted within bounds holds beyond them, as far as the walks go; and they come by
/// everything that a search must come by.
#[test]
fn what_holds_within_the_bounds_holds_beyond() {
    let configuration = catalogue::ttl(2, 2, Fencing::ReadsAndWrites);
    let beyond = beyond(&configuration);
    assert!(beyond.bounds.acquires > configuration.bounds.acquires);
    assert!(beyond.watch.contains(&Guarantee::NoLostUpdate));
    assert!(!beyond.watch.contains(&Guarantee::MutualExclusion), "known to break");
    let walked = walk(&beyond, walks(1, 300), |_| true);
    assert_eq!((walked.walks, walked.broken, walked.missed), (300, None, Vec::new()));
    assert!(walked.longest > 60, "{} moves", walked.longest);
}

/// Whoever asks walks to stop is heard before the next one.
#[test]
fn walks_stop_when_they_are_told_to() {
    let configuration = beyond(&catalogue::ttl(2, 2, Fencing::ReadsAndWrites));
    let walked = walk(&configuration, walks(1, u64::MAX), |so_far| so_far.walks < 7);
    assert_eq!(walked.walks, 7);
    let none = walk(&configuration, walks(1, u64::MAX), |_| false);
    assert!(!none.missed.is_empty(), "walks that were not taken have come by nothing");
}
