//! What became of a guarantee, beside what was known.

use super::baseline::{BaselineCell, BaselinePair};
use super::change::{Change, Why};
use crate::Calls;
use crate::report::{ReportCell, ReportVerdict, Standing};
use locklab_protocols::spec::Guarantee;
use locklab_scenarios::judge::{Interval, wilson};

/// What changed of a guarantee that the baseline knows; `is` is what the report says, if anything.
pub(super) fn of_cell(
    pair: &BaselinePair,
    guarantee: Guarantee,
    (was, is): (&BaselineCell, Option<&ReportCell>),
    calls: &Calls,
) -> Vec<Change> {
    let change = |why| Change::of(pair.key(), guarantee.name(), why);
    let Some(is) = is else {
        if was.verdict == ReportVerdict::NotExercised {
            return Vec::new();
        }
        return vec![
            change(Why::NotExercised).between(known(was), "the report says nothing of it"),
        ];
    };
    let mut changes: Vec<Change> = Vec::new();
    let told = |why| change(why).between(known_of(was, is.runs), found(is));
    let replay = is.replay.clone();
    use ReportVerdict::{Broken, Held, NotExercised, Unknown};
    match (was.verdict, is.verdict) {
        (Held | Unknown, Broken) => changes.push(told(Why::Breaks).replayed(replay)),
        (NotExercised, Broken) if is.standing == Standing::Regression => {
            changes.push(told(Why::Breaks).replayed(replay));
        }
        (NotExercised, Broken) => {
            changes.push(told(Why::New).noted("a finding").replayed(replay));
        }
        (Held | Broken, Unknown) => changes.push(told(Why::Unknown).noted(is.reason.clone())),
        (Held | Broken | Unknown, NotExercised) => {
            changes.push(told(Why::NotExercised).noted(is.reason.clone()));
        }
        (Broken, Held) => {
            let note = "the laboratory has gone blind, or the lock was repaired";
            let (protocol, scenario) = pair.key();
            let before = was.seed.map(|seed| calls.replay(scenario, protocol, seed));
            changes.push(told(Why::Blind).noted(note).replayed(before));
        }
        (Broken, Broken) => changes.extend(rate(was, is, told)),
        (Held, Held) => changes.extend(exercised(was, is, told)),
        (Unknown | NotExercised, Held) => changes.push(told(Why::Better)),
        (NotExercised, Unknown) => changes.push(told(Why::New).noted(is.reason.clone())),
        (Unknown, Unknown) | (NotExercised, NotExercised) => {}
    }
    if was.promised != is.promised {
        let word = |promised| if promised { "promised" } else { "not promised" };
        changes.push(change(Why::Promise).between(word(was.promised), word(is.promised)));
    }
    changes
}

/// A guarantee of which the baseline says nothing: it was never put to the test.
pub(super) fn of_new_cell(is: &ReportCell) -> Option<Change> {
    let why = match is.verdict {
        ReportVerdict::NotExercised => return None,
        ReportVerdict::Broken if is.standing == Standing::Regression => Why::Breaks,
        ReportVerdict::Held | ReportVerdict::Broken | ReportVerdict::Unknown => Why::New,
    };
    let change = Change::of((&is.protocol, &is.scenario), &is.guarantee, why);
    Some(change.between("not in the baseline", found(is)).replayed(is.replay.clone()))
}

/// It broke and breaks: as often?
fn rate(was: &BaselineCell, is: &ReportCell, told: impl Fn(Why) -> Change) -> Option<Change> {
    let (before, now) = (wilson(was.broken, is.runs), wilson(is.broken_runs, is.runs));
    let replay = is.replay.clone();
    if apart(before, now) {
        let way = match was.broken < is.broken_runs {
            true => "it breaks more often",
            false => "it breaks less often: repaired in part, or going blind",
        };
        let note = format!("{way}; {} before, {} now", percent(before), percent(now));
        return Some(told(Why::RateMoved).noted(note).replayed(replay));
    }
    let same = was.broken == is.broken_runs && was.seed == is.first_broken_seed;
    (!same).then(|| told(Why::Moved).replayed(replay))
}

/// It held and holds: was it put to the test as often?
fn exercised(was: &BaselineCell, is: &ReportCell, told: impl Fn(Why) -> Change) -> Option<Change> {
    let (before, now) = (wilson(was.held, is.runs), wilson(is.held_runs, is.runs));
    if was.held == is.held_runs {
        return None;
    }
    if apart(before, now) && is.held_runs < was.held {
        return Some(told(Why::RateMoved).noted("it is put to the test less often"));
    }
    Some(told(Why::Moved))
}

fn apart(one: Interval, other: Interval) -> bool {
    one.most < other.least || other.most < one.least
}

fn percent(interval: Interval) -> String {
    let whole = |millionths: u32| (millionths + 5_000) / 10_000;
    format!("{} to {} %", whole(interval.least), whole(interval.most))
}

fn known(was: &BaselineCell) -> &'static str {
    was.verdict.name()
}

fn known_of(was: &BaselineCell, runs: u64) -> String {
    words(was.verdict, was.held, was.broken, runs)
}

fn found(is: &ReportCell) -> String {
    words(is.verdict, is.held_runs, is.broken_runs, is.runs)
}

fn words(verdict: ReportVerdict, held: u64, broken: u64, runs: u64) -> String {
    match verdict {
        ReportVerdict::Held => format!("held {held}/{runs}"),
        ReportVerdict::Broken => format!("broken {broken}/{runs}"),
        ReportVerdict::Unknown | ReportVerdict::NotExercised => verdict.name().to_owned(),
    }
}
