//! The shelf, beside what is known of it without building it, and beside the catalogue.

use locklab_protocols::spec::Guarantee;
use locklab_scenarios::catalogue;
use locklab_scenarios::envelope::{Over, Promised, promised};
use locklab_scenarios::registry::{self, Contestants};

#[test]
fn the_names_are_those_of_the_shelf() {
    assert_eq!(registry::names(), Contestants::shelf().names());
}

#[test]
fn every_lock_of_the_shelf_is_known_in_every_scenario_that_is_for_it() {
    for scenario in catalogue::all() {
        let shelf = Contestants::shelf();
        let locks = shelf.entries().iter().map(|entry| (entry, entry.build(&scenario)));
        for (entry, _) in locks.filter(|(_, lock)| scenario.is_for(lock.as_ref())) {
            let (name, lock) = (&scenario.name, entry.name());
            assert!(scenario.expect.contains_key(lock), "{name} expects nothing of {lock}");
        }
    }
}

#[test]
fn a_promise_ends_where_its_assumptions_end() {
    let shelf = Contestants::shelf();
    let of = |lock: &str, over, guarantee| {
        promised(shelf.entry(lock).expect("it is there"), over, guarantee)
    };
    // A lease of 10 s, of which a fifth is margin for clocks.
    let pause = of("ttl", Over::Pause, Guarantee::MutualExclusion);
    let Promised::UpTo(pause) = pause else { panic!("{pause:?}") };
    assert!((1_000..3_000).contains(&pause), "{pause}");
    // With a fence over reads and writes a pause loses nothing, however long.
    assert_eq!(of("ttl", Over::Pause, Guarantee::NoLostUpdate), Promised::UpTo(Over::Pause.most()));
    let naive = of("ttl-naive", Over::Pause, Guarantee::TokenOrder);
    assert_eq!(naive, Promised::Not(None));
}
