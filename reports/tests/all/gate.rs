//! The gate, as a pipeline sees it.

use crate::program::{locklab_in, stderr, stdout};
use std::path::Path;

/// A pause of so many seconds; the lease is ten.
fn scenario(folder: &Path, pause: &str) {
    let text = format!(
        "name = \"mine\"\nclients = 3\n\n[[fault]]\nwhen = {{ event = \"checked\" }}\n\
         pause = {{ target = \"subject\", for = \"{pause}\" }}\n"
    );
    std::fs::write(folder.join("mine.toml"), text).expect("written");
}

const GATE: [&str; 3] = ["gate", "--baseline", "baseline.json"];

/// A baseline of a lock in a scenario with such a pause.
fn baseline(folder: &Path, pause: &str) {
    scenario(folder, pause);
    let compare = ["compare", "--protocol", "ttl", "--scenario", "mine.toml", "--scenario", "calm"];
    let report = ["--seeds", "12", "--json", "report.json"];
    let compared = locklab_in(folder, &[&compare[..], &report].concat());
    assert_eq!(compared.status.code(), Some(0), "{}", stderr(&compared));
    let made = locklab_in(folder, &[&GATE[..], &["--json", "report.json", "--update"]].concat());
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
}

#[test]
fn unchanged_it_is_green_twenty_times_in_a_row() {
    let folder = tempfile::tempdir().expect("a folder");
    baseline(folder.path(), "15s");
    for _ in 0..20 {
        let output = locklab_in(folder.path(), &GATE);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
        assert_eq!(
            stdout(&output),
            "2 pairs of a protocol and a scenario, 0 regressions, 0 news: the gate is green.\n"
        );
    }
}

#[test]
fn a_guarantee_that_breaks_makes_it_red_with_a_command_that_shows_it() {
    let folder = tempfile::tempdir().expect("a folder");
    baseline(folder.path(), "2s");
    scenario(folder.path(), "15s");
    let output = locklab_in(folder.path(), &GATE);
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output);
    for part in [
        "ttl in mine\n  BREAKS      mutual-exclusion  held 12/12 -> broken ",
        "cargo run --release -- run mine.toml --protocol ttl --seed ",
        "scenario mine\n  text ",
        "the gate is RED.",
        "If this is meant: locklab gate --baseline baseline.json --update",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    // If it is meant, the baseline is written anew, and it is green.
    let updated = locklab_in(folder.path(), &[&GATE[..], &["--update"]].concat());
    assert_eq!(updated.status.code(), Some(0));
    assert!(stdout(&updated).contains("held 12/12 -> broken "));
    assert!(stdout(&updated).ends_with("the baseline is written anew.\n"));
    assert_eq!(locklab_in(folder.path(), &GATE).status.code(), Some(0));
}

#[test]
fn a_break_that_is_not_found_makes_it_red() {
    let folder = tempfile::tempdir().expect("a folder");
    baseline(folder.path(), "15s");
    scenario(folder.path(), "2s");
    let output = locklab_in(folder.path(), &GATE);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("NOT FOUND   mutual-exclusion"), "{output:?}");
}

#[test]
fn a_scenario_that_is_gone_makes_it_red() {
    let folder = tempfile::tempdir().expect("a folder");
    baseline(folder.path(), "15s");
    std::fs::remove_file(folder.path().join("mine.toml")).expect("it was there");
    let output = locklab_in(folder.path(), &GATE);
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output);
    assert!(said.contains("scenario mine\n  NOT TESTED"), "{said}");
    assert!(stderr(&output).contains("mine.toml"), "{output:?}");
}

#[test]
fn bad_input_gets_one_clear_message() {
    let folder = tempfile::tempdir().expect("a folder");
    baseline(folder.path(), "15s");
    let path = folder.path().join("baseline.json");
    let known = std::fs::read_to_string(&path).expect("it is there");
    let refused = |arguments: &[&str], message: &str| {
        let output = locklab_in(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let said = stderr(&output);
        assert!(said.starts_with("error: ") && said.contains(message), "{said}");
    };
    refused(&["gate", "--baseline", "none.json"], "none.json");
    let other = ["compare", "--protocol", "ttl", "--scenario", "calm", "--seeds", "3"];
    locklab_in(folder.path(), &[&other[..], &["--json", "three.json"]].concat());
    let with = |report| [&GATE[..], &["--json", report]].concat();
    refused(&with("three.json"), "the report is of 3 seeds from 1, the baseline of 12 from 1");
    locklab_in(folder.path(), &[&other[..], &["--shard", "1/2", "--json", "part.json"]].concat());
    refused(&with("part.json"), "it is part 1/2 of a report");
    refused(&with("mine.toml"), "`mine.toml` is not a report: ");
    let simulated = std::fs::read_to_string(folder.path().join("three.json")).expect("written");
    let live = simulated.replace("\"source\":\"simulation\"", "\"source\":\"live\"");
    assert_ne!(live, simulated);
    std::fs::write(folder.path().join("live.json"), live).expect("written");
    refused(&with("live.json"), "`live.json` is not a report of the simulator: real processes ");
    std::fs::write(&path, &known[..known.len() / 2]).expect("written");
    refused(&GATE, "`baseline.json` is not a baseline: it is cut short: ");
    std::fs::write(&path, [0xff, 0xfe, 0]).expect("written");
    refused(&GATE, "`baseline.json`: it is no text");
}

/// What comes out of this tree is what `reports/baseline.json` says. If a change is meant, run
/// `locklab gate --baseline reports/baseline.json --update`, and read the difference.
#[test]
fn this_tree_is_as_its_own_baseline_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let output = locklab_in(root, &["gate", "--baseline", "reports/baseline.json", "--quiet"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
}
