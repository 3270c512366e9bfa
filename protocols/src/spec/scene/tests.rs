//! Scenes by hand.

use super::super::testing::{History, millis};
use super::*;

/// What is known after everything was seen.
fn after(history: &History) -> Scene {
    let mut scene = Scene::default();
    history.seen().iter().for_each(|(at, seen)| scene.observe(*at, seen));
    scene
}

fn fate(history: &History) -> Fate {
    after(history).client(ClientId(1)).expect("it was started").fate
}

#[test]
fn a_client_stands_still_only_while_it_runs() {
    let paused = History::new().at(5).pauses(1);
    assert_eq!(fate(&History::new()), Fate::Runs);
    assert_eq!(fate(&paused), Fate::Paused(millis(5)));
    let twice = History::new().at(5).pauses(1).at(7).pauses(1);
    assert_eq!(fate(&twice), Fate::Paused(millis(5)), "it stood still already");
    assert_eq!(fate(&paused.at(9).resumes(1)), Fate::Runs);
    let crashed = || History::new().at(5).crashes(1).at(9);
    assert_eq!(fate(&crashed().pauses(1)), Fate::Crashed(millis(5)));
    assert_eq!(fate(&crashed().resumes(1)), Fate::Crashed(millis(5)));
    assert_eq!(fate(&crashed().starts(1)), Fate::Runs);
}

#[test]
fn an_owner_is_one_since_he_became_one() {
    let history =
        History::new().at(1).owners(1, [2]).at(2).owners(1, [1, 2]).at(3).owners(1, [1, 2]);
    let owners = |scene: &Scene| -> Vec<(u32, Time)> {
        scene.owners(LockId(1)).iter().map(|(owner, since)| (owner.client.0, *since)).collect()
    };
    assert_eq!(owners(&after(&history)), [(1, millis(2)), (2, millis(1))]);
    assert_eq!(owners(&after(&history.at(4).owners(1, [2]))), [(2, millis(1))]);
}
