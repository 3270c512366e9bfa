//! The search: what it draws is a scenario like any other, and what it finds depends on nothing
//! but the numbers of its runs.

use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::search::{Found, draw, promised, search};
use locklab_scenarios::sim::fault::Kind;
use std::collections::BTreeSet;

#[test]
fn a_drawn_scenario_is_the_same_when_it_is_written_and_read() {
    let shelf = Contestants::shelf();
    for entry in shelf.entries() {
        for number in 0..150 {
            let drawn = draw(entry, number);
            assert_eq!(drawn, draw(entry, number));
            let text = drawn.to_toml();
            let read = Scenario::from_toml("drawn.toml", &text);
            let read = read.unwrap_or_else(|error| panic!("{} {number}: {error:?}", entry.name()));
            assert_eq!(read, drawn, "{text}");
        }
    }
}

/// Most draws aim at a promise, every kind of fault is drawn, and every promise is aimed at.
#[test]
fn the_draws_cover_the_vocabulary_and_the_promises() {
    for entry in Contestants::shelf().entries() {
        let mut kinds = BTreeSet::new();
        let mut aimed = BTreeSet::new();
        let mut wanted = BTreeSet::new();
        for number in 0..400 {
            let drawn = draw(entry, number);
            kinds.extend(drawn.faults.iter().map(|fault| fault.kind.name()));
            let contestant = entry.build(&drawn);
            aimed.extend(promised(contestant.as_ref(), &drawn));
            wanted.extend(contestant.promises().into_iter().map(|promise| promise.guarantee));
        }
        let missing: Vec<_> =
            Kind::NAMES.into_iter().filter(|name| !kinds.contains(name)).collect();
        assert!(missing.is_empty(), "{}: never drew {missing:?}", entry.name());
        assert_eq!(aimed, wanted, "{}", entry.name());
    }
}

fn on_threads(threads: usize) -> Found {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let contestants = Contestants::shelf().only(&["ttl", "redlock"]).expect("they are there");
    pool.install(|| search(&contestants, 1, 100, &|| true, &mut |_| {}))
}

#[test]
fn one_thread_and_several_find_the_same() {
    let alone = on_threads(1);
    assert_eq!(alone.runs, 100);
    assert!(!alone.reach.goals.is_empty() && !alone.reach.faults.is_empty());
    assert_eq!(alone, on_threads(3));
}

#[test]
fn a_search_that_may_not_begin_has_looked_at_nothing() {
    let found = search(&Contestants::shelf(), 1, 100, &|| false, &mut |_| {});
    assert_eq!(found, Found::default());
}
