//! One history after the other, judged by the checker in each of its shapes and by both exhaustive
//! ones.
//!
//! The unit tests of the crate take a share of it too (they load this file), so that a change of
//! the checker that makes no sense fails in a second.

use brute::Brute;
use locklab_protocols::spec::linearizable::{
    Action, Answer, Budget, History, Log, Outcome, Recorder, Semantics, check, check_by_search,
    is_direct, write_json_lines,
};
use random::Random;
use std::ops::Range;

mod brute;
mod random;
mod stateright_tester;

/// How many histories there were of each sort.
#[derive(PartialEq, Eq, Default, Debug)]
pub(super) struct Counts {
    pub(super) fit: u32,
    pub(super) broken: u32,
    pub(super) direct: u32,
    pub(super) direct_broken: u32,
    pub(super) searched: u32,
    pub(super) searched_broken: u32,
    pub(super) with_stateright: u32,
    pub(super) stateright_broken: u32,
    pub(super) lease_ends: u32,
    pub(super) unknown: u32,
}

fn kinds() -> Vec<Semantics> {
    let four =
        [Semantics::PLAIN, Semantics::REENTRANT, Semantics::FENCED, Semantics::REENTRANT_FENCED];
    let strict = four.map(|kind| Semantics { busy_means_held: true, ..kind });
    [four, four, four, strict].concat()
}

/// The same history through the recorder, and through a log.
fn recorded(history: &History, semantics: Semantics) -> (Answer, History) {
    let mut recorder = Recorder::new(semantics, Budget::default());
    let mut log = Log::default();
    let mut end = 0;
    for (at, returns, index) in Brute::events(history) {
        let operation = &history.operations[index];
        let (process, lock) = (operation.process, operation.lock);
        match (operation.action, returns) {
            (Action::LeaseEnded, true) => {
                recorder.lease_ended(process, lock, at);
                log.lease_ended(process, lock, at);
            }
            (Action::LeaseEnded, false) => {}
            (action, false) => {
                recorder.called(process, lock, action, at);
                log.called(process, lock, action, at);
            }
            (_, true) => {
                recorder.returned(process, lock, operation.outcome, at);
                log.returned(process, lock, operation.outcome, at);
            }
        }
        end = at;
    }
    (recorder.finish(end), log.history())
}

/// Whether the recorder can be told of this history: its ends of leases take no time, and no
/// process calls at the moment of its last return (the order of events has that call first).
fn recordable(history: &History) -> bool {
    let instant = |index: usize| {
        let operation = &history.operations[index];
        operation.action != Action::LeaseEnded
            || (operation.returned == Some(operation.called)
                && operation.outcome == Outcome::Ok(None))
    };
    (0..history.operations.len()).all(instant) && !Brute::touches(history)
}

fn compare(seed: u64, history: &History, semantics: Semantics, counts: &mut Counts) {
    let brute = Brute::new(history, semantics);
    let context = || format!("seed {seed}, {semantics:?}\n{}", write_json_lines(history));
    let events = Brute::events(history).len();
    let fits = brute.fits(events);
    let answer = check(history, semantics, Budget::default());
    let searched = check_by_search(history, semantics, Budget::default());
    assert_eq!(answer == Answer::Fits, fits, "{answer:?}\n{}", context());
    assert_eq!(searched == Answer::Fits, fits, "search: {searched:?}\n{}", context());
    for answer in [&answer, &searched] {
        match answer {
            Answer::Fits => {}
            Answer::Unknown { reason } => panic!("unknown: {reason}\n{}", context()),
            Answer::Broken { prefix, .. } => {
                assert!(!brute.fits(*prefix), "prefix too short: {answer:?}\n{}", context());
                assert!(brute.fits(prefix - 1), "prefix too long: {answer:?}\n{}", context());
            }
        }
    }
    if recordable(history) {
        let (recorded, logged) = recorded(history, semantics);
        let logged = check(&logged, semantics, Budget::default());
        assert_eq!(logged == Answer::Fits, fits, "log: {logged:?}\n{}", context());
        assert_eq!(recorded == Answer::Fits, fits, "recorder: {recorded:?}\n{}", context());
        if let (Answer::Broken { at: one, .. }, Answer::Broken { at: other, .. }) =
            (&recorded, &searched)
        {
            assert_eq!(one, other, "recorder: {recorded:?}\n{}", context());
        }
    }
    if stateright_tester::can_express(history) {
        counts.with_stateright += 1;
        counts.stateright_broken += u32::from(!fits);
        let theirs = stateright_tester::fits(history, semantics);
        assert_eq!(theirs, fits, "stateright says {theirs}\n{}", context());
    }
    let direct = is_direct(history, semantics);
    counts.fit += u32::from(fits);
    counts.broken += u32::from(!fits);
    counts.direct += u32::from(direct);
    counts.direct_broken += u32::from(direct && !fits);
    counts.searched += u32::from(!direct);
    counts.searched_broken += u32::from(!direct && !fits);
    let any = |action| history.operations.iter().any(|operation| operation.action == action);
    counts.lease_ends += u32::from(any(Action::LeaseEnded));
    let unknown = history.operations.iter().any(|operation| operation.outcome == Outcome::Unknown);
    counts.unknown += u32::from(unknown);
}

/// The history of a seed, and what kind of lock it is held against.
pub(super) fn drawn(seed: u64) -> (History, Semantics) {
    let kinds = kinds();
    let semantics = kinds[seed as usize % kinds.len()];
    (Random::new(seed).history(semantics), semantics)
}

/// The histories of all these seeds; panics where two judges differ.
pub(super) fn compare_all(seeds: Range<u64>) -> Counts {
    let mut counts = Counts::default();
    for seed in seeds {
        let (history, semantics) = drawn(seed);
        compare(seed, &history, semantics, &mut counts);
    }
    counts
}
