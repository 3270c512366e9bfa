//! Whatever stands in a file, the answer is a message and never a panic.
//!
//! Valid reports, checks of the model, baselines, shards, summaries, states, scenario files and artifacts are changed in some places,
//! of their bytes or of their values, and read. What can still be read is then used: written and
//! read again, shown with every face, gated, merged, held against promises, now and then played. Each input has a number. A few thousand are tried here;
//! more with `LOCKLAB_FUZZ=200000 cargo test -p locklab-reports --test all fuzz`, so many of each sort.

mod mutate;

use crate::program::command;
use locklab_reports::checks;
use locklab_reports::envelope::State;
use locklab_reports::gate::{Baseline, Tolerances, changes};
use locklab_reports::merge::merge;
use locklab_reports::report::Report;
use locklab_reports::summary::{self, Summary};
use locklab_reports::{html, junit, markdown};
use locklab_scenarios::artifact::Artifact;
use locklab_scenarios::registry::{self, Contestants};
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::sim::Record;
use locklab_scenarios::{catalogue, promise};
use mutate::{Dice, changed};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// How many inputs of each sort.
fn inputs() -> usize {
    let asked = std::env::var("LOCKLAB_FUZZ").ok();
    asked.map_or(800, |asked| asked.parse().expect("LOCKLAB_FUZZ is a number"))
}

/// Reads changed texts. `read` says whether a text could be read, or why not.
fn fuzz(sort: &str, valid: &[String], read: impl Fn(&str, &mut Dice) -> Result<(), String>) {
    let (mut good, mut bad) = (0, 0);
    for text in valid {
        let read = read(text, &mut Dice(0));
        assert_eq!(read, Ok(()), "a valid {sort} cannot be read: {text}");
    }
    for number in 0..inputs() {
        let mut dice = Dice(number as u64);
        let text = changed(valid, &mut dice);
        let result = catch_unwind(AssertUnwindSafe(|| read(&text, &mut dice)));
        match result {
            Ok(Ok(())) => good += 1,
            Ok(Err(why)) => {
                assert!(!why.trim().is_empty(), "{sort} {number}: refused without a word");
                bad += 1;
            }
            Err(_) => {
                let file = std::env::temp_dir().join(format!("locklab-{sort}-{number}"));
                std::fs::write(&file, text).expect("written");
                panic!("{sort} {number} panicked; it is in {}", file.display());
            }
        }
    }
    println!("{sort}: {good} of {} inputs could be read and were used", good + bad);
    assert!(good > 0 && bad > 0, "{sort}: {good} read, {bad} refused: that looks at one side only");
}

#[test]
fn reports() {
    let valid = [compared(&[])];
    fuzz("report", &valid, |text, dice| {
        let report = Report::from_json(text).map_err(|why| why.to_string())?;
        let again = Report::from_json(&report.to_json());
        assert_eq!(again.as_ref(), Ok(&report), "what was written is not read back");
        if dice.below(8) == 0 {
            html::report(&report);
            junit::junit(&report);
            markdown::markdown(&report);
        }
        Ok(())
    });
}

/// The report of a small comparison.
fn compared(more: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.json");
    let mut compare =
        command(&["compare", "--quiet", "--protocol", "ttl", "--protocol", "redlock"]);
    compare.args(["--scenario", "calm", "--scenario", "gc-pause-past-lease", "--seeds", "2"]);
    compare.args(more).arg("--json").arg(&file).output().expect("the binary runs");
    std::fs::read_to_string(&file).expect("a report")
}

/// The report of a small check.
fn checked() -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("check.json");
    let mut check = command(&["check", "ttl-naive", "--quiet", "--json"]);
    check.arg(&file).output().expect("the binary runs");
    std::fs::read_to_string(&file).expect("a report")
}

#[test]
fn checks_of_the_model() {
    let report = Report::from_json(&compared(&["--protocol", "ttl-naive"])).expect("a report");
    let join = |text: &str| {
        let found = checks::Report::from_json(text).map_err(|why| why.to_string())?;
        let mut joined = report.clone();
        joined.join(found).map(|_| joined)
    };
    let use_up = |report: &Report, dice: &mut Dice| {
        let again = Report::from_json(&report.to_json());
        assert_eq!(again.as_ref(), Ok(report), "what was written is not read back");
        if dice.below(8) == 0 {
            html::report(report);
            junit::junit(report);
            markdown::markdown(report);
            let baseline = Baseline::of(report, Tolerances::default());
            assert_eq!(changes(&baseline, report), Ok(Vec::new()));
        }
    };
    let valid = checked();
    fuzz("check", std::slice::from_ref(&valid), |text, dice| {
        use_up(&join(text)?, dice);
        Ok(())
    });
    fuzz("joined report", &[join(&valid).expect("it joins").to_json()], |text, dice| {
        let report = Report::from_json(text).map_err(|why| why.to_string())?;
        use_up(&report, dice);
        Ok(())
    });
}

#[test]
fn baselines() {
    let report = Report::from_json(&compared(&[])).expect("a report");
    let valid = [Baseline::of(&report, Tolerances::default()).to_json()];
    fuzz("baseline", &valid, |text, _| {
        let baseline = Baseline::from_json(text).map_err(|why| why.to_string())?;
        let again = Baseline::from_json(&baseline.to_json());
        assert_eq!(again.as_ref(), Ok(&baseline), "what was written is not read back");
        changes(&baseline, &report).map(drop)
    });
}

#[test]
fn shards() {
    let parts = [compared(&["--shard", "1/2"]), compared(&["--shard", "2/2"])];
    let other = Report::from_json(&parts[1]).expect("a report");
    fuzz("shard", &parts[..1], |text, _| {
        let part = Report::from_json(text).map_err(|why| why.to_string())?;
        let parts = vec![("one".to_owned(), part), ("other".to_owned(), other.clone())];
        merge(parts).map(drop)
    });
}

#[test]
fn summaries() {
    let folder = tempfile::tempdir().expect("a folder");
    let part = |shard: &str| {
        let file = folder.path().join("part.json");
        let mut search = command(&["search", "--quiet", "--protocol", "ttl"]);
        search.args(["--runs", "20", "--shard", shard, "--json"]).arg(&file);
        search.current_dir(folder.path()).output().expect("the binary runs");
        std::fs::read_to_string(&file).expect("a summary")
    };
    let valid = [part("1/2")];
    let other = Summary::from_json(&part("2/2")).expect("a summary");
    fuzz("summary", &valid, |text, _| {
        let part = Summary::from_json(text).map_err(|why| why.to_string())?;
        let again = Summary::from_json(&part.to_json());
        assert_eq!(again.as_ref(), Ok(&part), "what was written is not read back");
        let parts = vec![("one".to_owned(), part), ("other".to_owned(), other.clone())];
        summary::merge(parts).map(drop)
    });
}

#[test]
fn states() {
    let probe = r#"{"protocol":"ttl","over":"pause","amount":9000,"runs":20,"felt":20,
        "served_us":70,"waited_us":100,"guarantees":{"mutual-exclusion":
        {"held":17,"broken":2,"unknown":0,"first_broken":9}}}"#;
    let head = r#""schema":"locklab/envelope-state/1","first_seed":1,"seeds":20"#;
    let version = env!("CARGO_PKG_VERSION");
    let valid = [format!(r#"{{{head},"version":"{version}","probes":[{probe}]}}"#)];
    fuzz("state", &valid, |text, _| {
        let state = State::from_json(text, 1, 20).map_err(|why| why.to_string())?;
        let again = State::from_json(&state.to_json(), 1, 20);
        assert_eq!(again.as_ref(), Ok(&state), "what was written is not read back");
        Ok(())
    });
}

#[test]
fn scenario_files() {
    let mut valid: Vec<String> = catalogue::FILES.iter().map(|(_, text)| (*text).into()).collect();
    valid.extend(catalogue::all().iter().map(Scenario::to_toml));
    let shelf = Contestants::shelf();
    fuzz("scenario", &valid, |text, dice| {
        let read = Scenario::from_toml("scenario.toml", text);
        let scenario = read.map_err(|why| why.to_string())?;
        let again = Scenario::from_toml("again.toml", &scenario.to_toml());
        assert!(again.is_ok_and(|again| again == scenario), "what was written is not read back");
        for entry in shelf.entries() {
            let contestant = entry.build(&scenario);
            for promised in contestant.promises() {
                let _ = promise::inside(&promised, &scenario);
            }
            if dice.below(2_000) == 0 && is_small(&scenario) && scenario.is_for(&*contestant) {
                contestant.run(&scenario, 1, Record::Nothing);
            }
        }
        Ok(())
    });
}

/// Whether a run of it is short.
fn is_small(scenario: &Scenario) -> bool {
    let minutes = Duration::from_secs(200);
    scenario.clients <= 8
        && scenario.servers.is_none_or(|servers| servers <= 9)
        && scenario.workload.locks <= 16
        && scenario.heal_at <= minutes
        && scenario.settle <= minutes
        && scenario.workload.think.shortest >= Duration::from_millis(50)
        && scenario.workload.retry.shortest >= Duration::from_millis(20)
}

#[test]
fn artifacts() {
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/regressions");
    let mut kept: Vec<_> =
        kept.read_dir().expect("there are some").map(|entry| entry.expect("one").path()).collect();
    kept.retain(|folder| folder.join("finding.json").is_file());
    kept.sort();
    let files = ["finding.json", "schedule.json", "scenario.toml"];
    let text = |folder: &std::path::Path, file: &str| {
        std::fs::read_to_string(folder.join(file)).expect("it can be read")
    };
    let from = &kept[0];
    let folder = tempfile::tempdir().expect("a folder");
    for file in files {
        let valid: Vec<String> = kept.iter().map(|folder| text(folder, file)).collect();
        let valid = if file == "finding.json" { valid } else { vec![text(from, file)] };
        for other in files {
            std::fs::write(folder.path().join(other), text(from, other)).expect("written");
        }
        fuzz(file, &valid, |text, _| {
            std::fs::write(folder.path().join(file), text).expect("written");
            Artifact::load(folder.path(), &registry::names()).map(drop)
        });
    }
}
