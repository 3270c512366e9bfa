//! What a diagram shows is what happened.

use super::*;
use locklab_scenarios::catalogue;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::sim::Record;
use locklab_scenarios::story::{self, Detail, Mark};

/// A run of a lock in a scenario: its story, its diagram, and the part of it around the break.
fn drawn(protocol: &str, scenario: &str) -> (Vec<Line>, Diagram, Diagram) {
    let scenario = catalogue::find(scenario).expect("it is in the catalogue");
    let lock = Contestants::shelf().build(protocol, &scenario).expect("it is on the shelf");
    let outcome = lock.run(&scenario, 1, Record::Everything);
    let story = story::tell(&outcome, Detail::Brief);
    let whole = Diagram::of(&outcome, &story);
    let narrowed = whole.narrowed(&story);
    (story, whole, narrowed)
}

#[test]
fn around_the_break_two_believe_to_hold_and_the_servers_say_one() {
    let (story, _, part) = drawn("ttl", "gc-pause-past-lease");
    let broke = story.iter().find(|line| line.mark == Mark::Break).expect("it breaks").at.0;
    let at_break = |bars: &[Bar]| -> Vec<String> {
        let standing = bars.iter().filter(|bar| bar.from <= broke && broke <= bar.to);
        standing.map(|bar| part.lanes[bar.lane].clone()).collect()
    };
    let mut believe = at_break(&part.beliefs);
    believe.sort();
    assert_eq!(believe, ["c1", "c2"]);
    assert_eq!(at_break(&part.accounts), ["c1"], "by the servers' account there is one");
    let pause = part.bands.iter().find(|band| band.kind == "pause").expect("somebody pauses");
    assert_eq!(pause.lanes.iter().map(|lane| &*part.lanes[*lane]).collect::<Vec<_>>(), ["c2"]);
    assert!(pause.from < broke && broke < pause.to);
    let granted = part.tokens.iter().filter(|shown| shown.what == "granted");
    let granted: Vec<(&str, Option<u64>)> =
        granted.map(|shown| (shown.owner.as_str(), shown.token)).collect();
    assert_eq!(granted[..2], [("c2", Some(1)), ("c1", Some(2))]);
}

#[test]
fn a_part_has_the_break_and_little_else() {
    let (story, whole, part) = drawn("ttl", "gc-pause-past-lease");
    let (first, behind) = part.lines;
    assert!(story[first..behind].iter().any(|line| line.mark == Mark::Break));
    assert!(part.from < part.to && part.to < whole.to);
    assert!(!part.messages.is_empty() && part.messages.len() * 10 < whole.messages.len());
    assert!(part.messages.iter().all(|arrow| {
        arrow.sent <= part.to && arrow.arrived.unwrap_or(arrow.sent) >= part.from
    }));
    let lanes = part.lanes.len();
    assert_eq!(lanes + part.lanes_left_out, whole.lanes.len());
    assert!(part.messages.iter().all(|arrow| arrow.from < lanes && arrow.to < lanes));
}

#[test]
fn messages_that_do_not_get_through_are_there() {
    let (_, whole, _) = drawn("ttl", "cut-both-ways");
    let cut = whole.messages.iter().filter(|arrow| arrow.fate == ArrowFate::Cut);
    assert!(cut.clone().count() > 0);
    assert!(cut.clone().all(|arrow| arrow.arrived.is_none()));
    let handed = whole.messages.iter().filter(|arrow| arrow.fate == ArrowFate::Delivered);
    assert!(handed.clone().all(|arrow| arrow.arrived.is_some_and(|at| at >= arrow.sent)));
    assert!(whole.bands.iter().any(|band| band.kind == "fault" && !band.lanes.is_empty()));
}
