//! A run that is written down and played from what was written is the same run, and a schedule
//! that says nothing is played without any seed.

use locklab_scenarios::catalogue;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::sim::schedule::Schedule;
use locklab_scenarios::sim::{Outcome, Record};

/// Chance in every place: the network's own, that of each fault of links, timers, choices.
const SCENARIOS: [&str; 7] = [
    "calm",
    "loss",
    "duplicate",
    "reorder",
    "gc-pause-past-lease",
    "server-power-failure-unsynced",
    "two-locks-own-order",
];

/// What must not depend on where chance came from.
fn compared(outcome: &Outcome) -> (u64, u64, usize) {
    (outcome.hash, outcome.steps, outcome.trace.len())
}

#[test]
fn a_schedule_plays_the_run_that_it_was_written_from() {
    let shelf = Contestants::shelf();
    for name in SCENARIOS {
        let scenario = catalogue::find(name).expect("it is in the catalogue");
        for protocol in ["ttl", "ttl-watchdog", "redlock", "two-phase", "raft"] {
            let lock = shelf.build(protocol, &scenario).expect("it is on the shelf");
            for seed in 1..=3 {
                let plain = lock.run(&scenario, seed, Record::Nothing);
                let (written, schedule) = lock.write_down(&scenario, seed, Record::Everything);
                assert_eq!(plain.hash, written.hash, "to write it down changes nothing");
                assert!(schedule.len() > 100);
                let text = serde_json::to_string(&schedule).expect("it has a form in JSON");
                let read: Schedule = serde_json::from_str(&text).expect("what was written is read");
                assert_eq!(read, schedule);
                let played = lock.play(&scenario, &read, Record::Everything);
                assert_eq!(
                    compared(&played),
                    compared(&written),
                    "{protocol} in {name}, seed {seed}"
                );
                let differs = played.trace.iter().zip(&written.trace).find(|(one, two)| one != two);
                assert_eq!(differs, None, "{protocol} in {name}, seed {seed}");
                let broken = |outcome: &Outcome| {
                    let verdicts = outcome.verdicts.clone().into_iter();
                    verdicts.filter(|(_, verdict)| verdict.is_broken()).collect::<Vec<_>>()
                };
                assert_eq!(broken(&played), broken(&written));
            }
        }
    }
}

/// Candidates part company and clients come to be granted although nobody draws anything.
#[test]
fn a_run_without_chance_makes_progress() {
    let scenario = catalogue::find("calm").expect("it is in the catalogue");
    let shelf = Contestants::shelf();
    for protocol in shelf.names() {
        let lock = shelf.build(protocol, &scenario).expect("it is on the shelf");
        let outcome = lock.play(&scenario, &Schedule::default(), Record::Nothing);
        assert!(outcome.measures.acquire_latencies.count() > 20, "{protocol}: {outcome:?}");
    }
}

#[test]
fn what_a_schedule_says_is_taken_and_the_rest_is_plain() {
    let scenario = catalogue::find("calm").expect("it is in the catalogue");
    let lock = Contestants::shelf().build("ttl", &scenario).expect("it is on the shelf");
    let nothing = lock.play(&scenario, &Schedule::default(), Record::Everything);
    let (_, written) = lock.write_down(&scenario, 1, Record::Nothing);
    let (key, _) = written.messages.iter().next().expect("messages were sent");
    let mut schedule = Schedule::default();
    schedule.messages.insert(*key, Vec::new());
    let one_lost = lock.play(&scenario, &schedule, Record::Everything);
    assert_ne!(nothing.hash, one_lost.hash);
    assert_eq!(one_lost.hash, lock.play(&scenario, &schedule, Record::Nothing).hash);
}

#[test]
fn a_schedule_that_says_a_thing_twice_is_refused() {
    let twice = r#"{ "messages": [], "timers": [], "draws": [
        { "node": { "client": 1 }, "nth": 1, "drawn": 0 },
        { "node": { "client": 1 }, "nth": 1, "drawn": 1 } ] }"#;
    let error = serde_json::from_str::<Schedule>(twice).expect_err("twice");
    assert!(error.to_string().contains("draw 1 of c1 is listed twice"), "{error}");
}
