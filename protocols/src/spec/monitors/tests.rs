//! All monitors at once.

use super::super::testing::History;
use super::*;
use crate::contract::{Ending, Event, HostEvent};
use crate::id::{ClientId, LockId, ServerId};
use proptest::prelude::*;
use std::hash::{DefaultHasher, Hash, Hasher};

fn monitors() -> Monitors {
    Monitors::new(MonitorSettings {
        semantics: Semantics { renews: true, ..Semantics::default() },
        progress_bound: Duration::from_secs(5),
    })
}

fn watch(history: &History) -> Monitors {
    let mut monitors = monitors();
    for (at, seen) in history.seen() {
        monitors.observe(*at, seen);
    }
    monitors
}

fn end(history: &History) -> Time {
    history.seen().last().map_or(Time::ZERO, |(at, _)| *at)
}

fn hash(monitors: &Monitors) -> u64 {
    let mut hasher = DefaultHasher::new();
    monitors.hash(&mut hasher);
    hasher.finish()
}

/// For each guarantee a history that breaks it.
fn breaks() -> Vec<(Guarantee, History)> {
    let start = || History::new().at(1);
    vec![
        (Guarantee::GrantExclusion, start().owners(1, [1, 2])),
        (Guarantee::MutualExclusion, start().takes(1, 1, None).takes(2, 1, None)),
        (Guarantee::TokenOrder, start().takes(1, 1, 2).releases(1, 1).takes(2, 1, 1)),
        (Guarantee::FencedWrites, start().reads(1, 1, 2).reads(2, 1, 1)),
        (Guarantee::NoLostUpdate, start().writes(1, 1, 1, (0, 1)).writes(2, 1, 2, (0, 2))),
        (
            Guarantee::LeaseKept,
            start().leased(1, 1, 9).owners(1, [1]).takes(1, 1, None).owners(1, []),
        ),
        (Guarantee::Progress, start().healed().acquires(1, 1).at(9000).acquires(2, 2)),
        (
            Guarantee::DeadlockFree,
            start()
                .owners(1, [1])
                .owners(2, [2])
                .takes(1, 1, None)
                .takes(2, 2, None)
                .acquires(1, 2)
                .acquires(2, 1),
        ),
        (
            Guarantee::Linearizable,
            start().takes(1, 1, None).at(2).lost(1, 1).at(3).takes(2, 1, None).at(4).acquires(3, 1),
        ),
    ]
}

#[test]
fn each_guarantee_has_its_monitor() {
    let breaks = breaks();
    let names: Vec<Guarantee> = breaks.iter().map(|(guarantee, _)| *guarantee).collect();
    // Agreement looks at servers and not at the stream; its own tests break it.
    let streamed = Guarantee::ALL.into_iter().filter(|other| *other != Guarantee::Agreement);
    assert_eq!(names, streamed.collect::<Vec<_>>());
    for (guarantee, history) in breaks {
        let monitors = watch(&history);
        assert!(monitors.is_broken(guarantee), "{guarantee}");
        assert!(monitors.any_broken(), "{guarantee}");
        let verdicts = monitors.verdicts(end(&history));
        assert!(verdicts[&guarantee].is_broken(), "{guarantee}");
        for other in Guarantee::ALL {
            let missed = monitors.is_broken(other) && !verdicts[&other].is_broken();
            assert!(!missed, "{guarantee}: {other}");
        }
    }
}

#[test]
fn a_run_in_which_nothing_happens_proves_nothing() {
    let monitors = monitors();
    assert!(!monitors.any_broken());
    let verdicts = monitors.verdicts(Time(1));
    assert_eq!(verdicts.len(), Guarantee::ALL.len());
    for (guarantee, verdict) in verdicts {
        let idle = matches!(verdict, Verdict::NotExercised { .. });
        assert!(idle, "{guarantee}: {verdict:?}");
    }
}

/// Two clients one after the other, a lease each, and a heal.
fn a_good_run() -> History {
    (1..=6).fold(History::new().healed(), |history, section| {
        let (client, token) = (1 + section as u32 % 2, section);
        let start = 1000 * section;
        history
            .at(start)
            .acquires(client, 1)
            .at(start + 1)
            .leased(1, client, 10_000)
            .owners(1, [client])
            .at(start + 2)
            .granted(client, 1, token)
            .at(start + 3)
            .reads(client, 1, token)
            .at(start + 4)
            .writes(client, 1, token, (section - 1, section))
            .at(start + 5)
            .acknowledged(client, 1, section)
            .releases(client, 1)
            .at(start + 6)
            .owners(1, [])
            .at(start + 7)
            .released(client, 1, Ending::Done)
    })
}

#[test]
fn a_good_run_holds_all_that_it_exercises() {
    let history = a_good_run();
    for (guarantee, verdict) in watch(&history).verdicts(end(&history)) {
        if [Guarantee::DeadlockFree, Guarantee::Agreement].contains(&guarantee) {
            assert!(matches!(verdict, Verdict::NotExercised { .. }));
        } else {
            assert_eq!(verdict, Verdict::Held, "{guarantee}");
        }
    }
}

#[test]
fn without_history_all_but_one_are_watched() {
    let history = a_good_run();
    let mut monitors = monitors().without_history();
    for (at, seen) in history.seen() {
        monitors.observe(*at, seen);
    }
    for (guarantee, verdict) in watch(&history).verdicts(end(&history)) {
        let without = monitors.verdict(guarantee, end(&history));
        if guarantee == Guarantee::Linearizable {
            assert!(matches!(without, Verdict::Unknown { .. }));
        } else {
            assert_eq!(without, verdict);
        }
    }
}

/// One of many things that a client may do or meet, sensible or not.
fn anything(history: History, (kind, client, lock): (u8, u32, u32)) -> History {
    match kind {
        0 => history.acquires(client, lock),
        1 => history.granted(client, lock, u64::from(lock)),
        2 => history.releases(client, lock),
        3 => history.lost(client, lock),
        4 => history.refused(client, lock),
        5 => history.crashes(client),
        6 => history.starts(client),
        7 => history.owners(lock, [client]),
        8 => history.leased(lock, client, 10),
        9 => history.host(ClientId(client), HostEvent::Afflicted),
        10 => history.host(ClientId(client), HostEvent::Relieved),
        11 => history.host(ServerId(lock), HostEvent::Crashed),
        12 => history.pauses(client),
        13 => history.resumes(client),
        14 => history.released(client, lock, Ending::Done),
        15 => history.writes(client, lock, u64::from(client), (0, u64::from(lock))),
        16 => history.owners(lock, []),
        17 => {
            let (lock, owner) = (LockId(lock), history.owner(client));
            history.see(ServerId(1), Event::LeaseEnded { lock, owner })
        }
        _ => history.healed(),
    }
}

fn anything_at_all() -> impl Strategy<Value = History> {
    let moves = prop::collection::vec((0_u8..19, 1_u32..=3, 1_u32..=2), 0..60);
    moves.prop_map(|moves| {
        let times = 0_u64..;
        moves
            .into_iter()
            .zip(times)
            .fold(History::new(), |history, (one, at)| anything(history.at(at * 100), one))
    })
}

proptest! {
    /// Whatever comes, in whatever order: no panic, the same answers from a copy taken on the
    /// way, and a break stays one.
    #[test]
    fn equal_observations_make_equal_monitors(history in anything_at_all(), half in 0_usize..60) {
        let mut first = monitors();
        let mut copy = first.clone();
        let mut broken = Vec::new();
        for (position, (at, seen)) in history.seen().iter().enumerate() {
            first.observe(*at, seen);
            copy.observe(*at, seen);
            if position == half {
                copy = first.clone();
            }
            for guarantee in broken.drain(..) {
                prop_assert!(first.is_broken(guarantee), "{} came back", guarantee);
            }
            broken.extend(Guarantee::ALL.into_iter().filter(|one| first.is_broken(*one)));
        }
        prop_assert_eq!(&first, &copy);
        prop_assert_eq!(hash(&first), hash(&copy));
        let end = end(&history);
        prop_assert_eq!(first.verdicts(end), copy.verdicts(end));
        for guarantee in broken {
            prop_assert!(first.verdict(guarantee, end).is_broken());
        }
    }
}
