//! What breaks in the model breaks in the simulator: each counterexample is staged there, written
//! down as an artifact, read again, and played.

use locklab_models::timed::border::Axes;
use locklab_models::timed::{self, catalogue as timed_catalogue};
use locklab_models::{Finding, Limits, Size, Step, Subject, subjects};
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_reports::staging::{Play, Rates, at_leisure, scenery, stage};
use locklab_scenarios::artifact::Artifact;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::{LockSettings, Persist, Scenario};
use locklab_scenarios::sim::Record;
use rayon::prelude::*;
use std::collections::BTreeMap;

const LIMITS: Limits = Limits { threads: 1, breadth: 3_000_000, states: 3_000_000 };

/// Saves an artifact, reads it again, and plays it: the same run, and the same break.
fn plays_from_a_folder(play: &Play<'_>) -> Result<Artifact, String> {
    let (artifact, outcome) = stage(play)?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    artifact.save(folder.path(), &outcome).map_err(|error| error.to_string())?;
    let shelf = Contestants::shelf();
    let read = Artifact::load(folder.path(), &shelf.names())?;
    let again = read.play(shelf.entry(play.protocol)?, Record::Nothing);
    assert_eq!(again.hash, outcome.hash, "it is the same run");
    let verdict = again.verdicts.get(&play.guarantee);
    assert!(matches!(verdict, Some(Verdict::Broken { .. })), "{verdict:?}");
    Ok(artifact)
}

/// Everything that is known to break in a configuration of the untimed model, staged.
fn staged(subject: &dyn Subject) -> BTreeMap<Guarantee, Result<Artifact, String>> {
    let report = subject.check(LIMITS, &mut |_| true);
    let mut staged = BTreeMap::new();
    for (guarantee, finding) in &report.findings {
        let Finding::Broken { story, route, .. } = finding else { continue };
        let stage = scenery(subject, *guarantee, story);
        let protocol = subject.protocol();
        let play = Play { protocol, guarantee: *guarantee, route, stage, rates: Rates::default() };
        staged.insert(*guarantee, plays_from_a_folder(&play));
    }
    staged
}

#[test]
fn every_known_break_of_a_lock_on_the_shelf_plays_in_the_simulator() {
    let breaks =
        |subject: &dyn Subject| !subject.breaks().is_empty() && subject.protocol() != "storage";
    let one = |number: usize| {
        let subject = &subjects(Size::default())[number];
        if !breaks(subject.as_ref()) {
            return 0;
        }
        let staged = staged(subject.as_ref());
        let broken: Vec<Guarantee> = staged.keys().copied().collect();
        let mut known = subject.breaks().to_vec();
        known.sort_unstable();
        assert_eq!(broken, known, "{} {}", subject.protocol(), subject.about());
        for (guarantee, played) in &staged {
            let name = format!("{} ({}): {guarantee}", subject.protocol(), subject.about());
            let artifact = played.as_ref().unwrap_or_else(|why| panic!("{name}: {why}"));
            assert!(!artifact.schedule.is_empty(), "{name}: the schedule says what arrives when");
        }
        staged.len()
    };
    let numbers = 0..subjects(Size::default()).len();
    let all: usize = numbers.into_par_iter().map(one).sum();
    assert!(all >= 8, "only {all} breaks were staged");
}

/// The bare storage is no lock: there is nothing to play it with, and that is said.
#[test]
fn what_has_no_lock_is_not_staged_and_says_so() {
    let storages = subjects(Size::default());
    let mut storages = storages.iter().filter(|one| one.protocol() == "storage");
    let unfenced = storages.find(|one| !one.breaks().is_empty()).expect("one breaks");
    let staged = staged(unfenced.as_ref());
    let why = staged[&Guarantee::FencedWrites].as_ref().expect_err("it cannot be played");
    assert!(why.contains("storage"), "{why}");
}

/// One tick outside of what the settings cover, by a pause and by wrong clocks: the break of the
/// timed model is one of the simulator, with the worst clocks and a pause of that length.
#[test]
fn the_border_of_the_timed_model_is_there_in_the_simulator() {
    let axes = Axes::of("ttl");
    for (margin_percent, rate_percent, pause) in [(25, 0, 3), (15, 5, 1), (25, 10, 1)] {
        let times = timed_catalogue::times(rate_percent, pause);
        let configuration = timed_catalogue::ttl(axes.lease, margin_percent, times);
        let report = timed::check(&configuration, 10_000_000, |_| true);
        let broken = report.broken.expect("it breaks beyond the border");
        let setting = &configuration.untimed.setting;
        let steps: Vec<Step> = broken.story.iter().map(|moment| moment.step.clone()).collect();
        let stage = Scenario {
            name: format!("ttl-beyond-the-border-{margin_percent}-{rate_percent}-{pause}"),
            about: format!("{} moves", steps.len()),
            clients: setting.clients,
            fencing: setting.fencing,
            lock: LockSettings {
                lease: Some(timed_catalogue::TICK * axes.lease),
                drift_percent: Some(margin_percent),
                persist: Some(Persist::Never),
                ..LockSettings::default()
            },
            workload: at_leisure(&setting.workload),
            ..Scenario::default()
        };
        let rates = Rates { servers: 100 + rate_percent, clients: 100 - rate_percent };
        let guarantee = Guarantee::MutualExclusion;
        let play = Play { protocol: "ttl", guarantee, route: &broken.route, stage, rates };
        let played = plays_from_a_folder(&play);
        played.unwrap_or_else(|why| panic!("{margin_percent} {rate_percent} {pause}: {why}"));
    }
}
