//! The suite: what comes out does not depend on threads, on shards, or on who watches.

use locklab_scenarios::catalogue;
use locklab_scenarios::judge::Judgement;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::suite::{Comparison, Progress, Suite, compare};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

fn some_scenarios() -> Vec<Scenario> {
    let names = ["calm", "gc-pause-past-lease", "loss", "redlock-clock-jump"];
    names.iter().map(|name| catalogue::find(name).expect("it is in the catalogue")).collect()
}

fn on_threads(threads: usize) -> Comparison {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let (contestants, scenarios) = (Contestants::shelf(), some_scenarios());
    pool.install(|| compare(&contestants, &scenarios, 0..6, &|_| {}, &AtomicBool::new(false)))
}

#[test]
fn one_thread_and_several_find_the_same() {
    let alone = on_threads(1);
    assert!(!alone.cells.is_empty());
    assert_eq!(alone, on_threads(2));
    assert_eq!(alone, on_threads(5));
}

#[test]
fn the_shards_together_are_the_whole() {
    let (contestants, scenarios) = (Contestants::shelf(), some_scenarios());
    let suite = Suite::new(&contestants, &scenarios, 0..3);
    let go_on = AtomicBool::new(false);
    let whole = suite.run(&|_| {}, &go_on);
    let mut parts = Comparison::default();
    for number in 1..=3 {
        let part = suite.clone().shard(number, 3).run(&|_| {}, &go_on);
        assert!(!part.measures.is_empty());
        parts.cells.extend(part.cells);
        parts.measures.extend(part.measures);
    }
    let rank = |scenario: &str, protocol: &str| {
        let scenario = scenarios.iter().position(|known| known.name == scenario);
        (scenario, contestants.names().iter().position(|known| *known == protocol))
    };
    parts.cells.sort_by_key(|cell| (rank(&cell.scenario, &cell.protocol), cell.guarantee));
    parts.measures.sort_by_key(|row| rank(&row.scenario, &row.protocol));
    assert_eq!(whole, parts);
}

#[test]
fn a_lock_meets_only_the_scenarios_that_are_for_it() {
    let (contestants, scenarios) = (Contestants::shelf(), some_scenarios());
    let found = Suite::new(&contestants, &scenarios, 0..1).run(&|_| {}, &AtomicBool::new(false));
    let mut met = found.measures.iter().filter(|row| row.scenario == "redlock-clock-jump");
    assert_eq!(met.next().map(|row| row.protocol.as_str()), Some("redlock"));
    assert_eq!(met.next(), None);
}

#[test]
fn progress_counts_every_run_once() {
    let contestants = Contestants::shelf().only(&["ttl", "redlock"]).expect("they are there");
    let scenarios = [catalogue::find("calm").expect("it is there")];
    let seen = Mutex::new(Vec::new());
    let on_progress = |progress: Progress<'_>| {
        seen.lock().expect("nobody panicked").push((progress.done, progress.total));
    };
    compare(&contestants, &scenarios, 10..15, &on_progress, &AtomicBool::new(false));
    let mut seen = seen.into_inner().expect("nobody panicked");
    seen.sort_unstable();
    let expected: Vec<(u64, u64)> = (1..=10).map(|done| (done, 10)).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_suite_that_is_stopped_says_what_is_missing() {
    let contestants = Contestants::shelf().only(&["ttl"]).expect("it is there");
    let scenarios = [catalogue::find("gc-pause-past-lease").expect("it is there")];
    let (stop, runs) = (AtomicBool::new(false), AtomicU64::new(0));
    let stop_soon = |_: Progress<'_>| {
        if runs.fetch_add(1, Ordering::Relaxed) == 1 {
            stop.store(true, Ordering::Relaxed);
        }
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let found = pool.install(|| compare(&contestants, &scenarios, 0..10, &stop_soon, &stop));
    assert!(!found.cells.is_empty());
    for cell in &found.cells {
        assert_eq!((cell.runs, cell.missing_runs), (2, 8));
    }
}

#[test]
fn a_suite_that_never_ran_found_nothing() {
    let contestants = Contestants::shelf().only(&["ttl"]).expect("it is there");
    let scenarios = [catalogue::find("gc-pause-past-lease").expect("it is there")];
    let found = compare(&contestants, &scenarios, 0..10, &|_| {}, &AtomicBool::new(true));
    for cell in &found.cells {
        assert_eq!(cell.verdict, Judgement::NotExercised);
        assert!(!cell.as_wished.is_fine());
    }
}

#[test]
fn a_slip_of_the_finger_finds_its_lock() {
    let error = Contestants::shelf().only(&["redlok"]).expect_err("there is none");
    assert_eq!(error, "unknown protocol `redlok`; did you mean `redlock`?");
}
