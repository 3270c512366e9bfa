//! The search: what it draws is a scenario like any other, and what it finds depends on nothing
//! but the numbers of its runs.

use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::search::{
    Corpus, Found, Kept, Task, draw, first_finding, mutate, promised, search,
};
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
    let task = Task { contestants: &contestants, first_seed: 1, skip: 0, runs: 100, corpus: None };
    pool.install(|| search(task, &|| true, &mut |_, _| {}))
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
    let contestants = Contestants::shelf();
    let task = Task { contestants: &contestants, first_seed: 1, skip: 0, runs: 100, corpus: None };
    let found = search(task, &|| false, &mut |_, _| {});
    assert_eq!(found, Found::default());
}

#[test]
fn some_scenarios_are_controls() {
    let shelf = Contestants::shelf();
    let ttl = shelf.entry("ttl").expect("it is there");
    let controls = (1..=160).filter(|number| draw(ttl, *number).faults.is_empty()).count();
    assert!((10..40).contains(&controls), "{controls}");
}

/// Whatever is changed in it, a plan stays one, and the same numbers change the same.
#[test]
fn a_mutated_plan_is_a_plan() {
    for entry in Contestants::shelf().entries() {
        let mut changed = 0;
        for number in 1..=60 {
            let (parent, other) = (draw(entry, number), draw(entry, number + 1));
            let made = mutate(entry, &parent, &other, number);
            assert_eq!(made, mutate(entry, &parent, &other, number));
            let read = Scenario::from_toml("mutated.toml", &made.to_toml());
            assert_eq!(read.as_ref().ok(), Some(&made), "{}", made.to_toml());
            assert!(made.is_for(entry.build(&made).as_ref()));
            let same = Scenario { name: parent.name.clone(), ..made.clone() };
            changed += usize::from(same != parent);
        }
        assert!(changed > 40, "{}: {changed}", entry.name());
    }
}

/// A search with a corpus keeps what is new, a second one begins with it, and both find the same
/// on any number of threads.
#[test]
fn a_corpus_grows_and_is_gone_on_from() {
    let contestants = Contestants::shelf().only(&["ttl-watchdog"]).expect("it is there");
    let with = |corpus: &Corpus, first_seed: u64, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let mut kept: Vec<Kept> = Vec::new();
        let corpus = Some(corpus.clone());
        let task = Task { contestants: &contestants, first_seed, skip: 0, runs: 128, corpus };
        let found =
            pool.install(|| search(task, &|| true, &mut |_, new| kept.extend_from_slice(new)));
        (found, kept)
    };
    let (found, kept) = with(&Corpus::default(), 1, 1);
    assert_eq!((found.clone(), kept.clone()), with(&Corpus::default(), 1, 3));
    assert!(kept.len() > 5 && kept.len() < 100, "{}", kept.len());
    assert!(kept.iter().any(|kept| kept.scenario.name.starts_with("mutated-")));

    let folder = tempfile::tempdir().expect("a folder");
    kept.iter().for_each(|kept| kept.save(folder.path()).expect("it can be written"));
    let corpus = Corpus::load(folder.path(), &["ttl-watchdog"]).expect("it can be read");
    assert_eq!(corpus.plans().count(), kept.len());
    let none = Corpus::load(folder.path(), &["raft"]).expect("it can be read");
    assert_eq!(none.plans().count(), 0);
    let (again, new) = with(&corpus, 1_001, 2);
    assert_eq!(again.runs, 128 + kept.len() as u64, "what is kept is played, too");
    assert!(again.reach.features.is_superset(&found.reach.features));
    assert!(new.len() < kept.len(), "{} and then {}", kept.len(), new.len());
}

#[test]
fn what_is_no_plan_of_a_corpus_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |text: &str| {
        std::fs::write(folder.path().join("a.toml"), text).expect("it can be written");
        Corpus::load(folder.path(), &["ttl"]).expect_err("it is no plan")
    };
    assert!(refused("name = ").contains("a.toml"));
    assert!(refused("name = \"random-1\"").contains("it is not for one lock"));
    let unnumbered = "name = \"calm\"\nprotocols = [\"ttl\"]";
    assert!(refused(unnumbered).contains("does not end with the seed"));
    let nowhere = Corpus::load(&folder.path().join("nowhere"), &["ttl"]).expect("none yet");
    assert_eq!(nowhere.plans().count(), 0);
}

#[test]
fn the_first_finding_is_that_of_a_search() {
    let shelf = Contestants::shelf();
    let naive = shelf.only(&["ttl-naive"]).expect("it is on the shelf");
    assert_eq!(first_finding(&naive, 1, 8, &mut || false), None);
    let found = first_finding(&naive, 1, 40, &mut || true);
    let task = Task { contestants: &naive, first_seed: 1, skip: 0, runs: 40, corpus: None };
    let all = search(task, &|| true, &mut |_, _| {});
    assert_eq!(found.map(|one| one.run), all.findings.first().map(|one| one.run));
}
