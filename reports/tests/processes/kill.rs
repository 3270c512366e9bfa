//! Killed at any moment, no command leaves half of anything under the name of the whole.
//!
//! Each command is started and killed (SIGKILL: nothing can be tidied up) after a random part of
//! the time that it takes. Then what it was to write is there as it was before, or whole; and the
//! same command, run again to its end, gives what it would have given. A few kills of each are
//! tried here; more with `LOCKLAB_KILLS=50 cargo test -p locklab-reports --test processes kill`.
use locklab_reports::envelope::State;
use locklab_reports::gate::Baseline;
use locklab_reports::report::Report;
use locklab_scenarios::artifact::Artifact;
use locklab_scenarios::registry;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

fn kills() -> u64 {
    let asked = std::env::var("LOCKLAB_KILLS").ok();
    asked.map_or(6, |asked| asked.parse().expect("LOCKLAB_KILLS is a number"))
}

fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_locklab"));
    command.current_dir(folder).args(arguments).args(["--quiet"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs")
}

/// Runs it to its end, and says how many steps of ten milliseconds that took.
fn to_the_end(folder: &Path, arguments: &[&str]) -> u64 {
    let mut child = start(folder, arguments);
    let mut steps = 0;
    while child.try_wait().expect("it can be waited for").is_none() {
        sleep(Duration::from_millis(10));
        steps += 1;
    }
    let code = child.wait().expect("it ended").code();
    assert!(matches!(code, Some(0 | 1 | 3)), "{arguments:?} ended with {code:?}");
    steps
}

/// Kills it again and again, at moments spread over its time, and looks at what it left.
fn killed(folder: &Path, arguments: &[&str], reset: impl Fn(), look: impl Fn()) {
    let steps = to_the_end(folder, arguments) + 2;
    look();
    let mut killed = 0;
    // On a quick machine it may be over before most kills: then they come sooner and sooner.
    for number in 0..kills() * 40 {
        if number >= kills() && killed > 0 {
            break;
        }
        let sooner = 1 + number / kills();
        reset();
        let mut child = start(folder, arguments);
        // Golden ratio: moments that lie everywhere, whatever their number. Most of what is
        // written is written late, so every other moment is in the last fifth.
        let part = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let micros = steps * 10_000;
        let late = if number % 2 == 0 { micros * 4 / 5 } else { 0 };
        sleep(Duration::from_micros((late + (((micros - late) * part) >> 32)) / sooner));
        let over = child.try_wait().expect("it can be waited for").is_some();
        child.kill().expect("it can be killed");
        child.wait().expect("it is dead");
        killed += u64::from(!over);
        look();
    }
    println!("{}: killed {killed} of {} times before its end", arguments[0], kills());
    assert!(killed > 0, "{arguments:?} was always faster than its killer");
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("it is there")
}

/// Everything that can be seen in a folder is one of these.
fn nothing_else_than(folder: &Path, names: &[&str]) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let name = entry.expect("a file").file_name().display().to_string();
        assert!(name.starts_with(".locklab-") || names.contains(&name.as_str()), "{name} is left");
    }
}

const SMALL: [&str; 7] =
    ["compare", "--protocol", "ttl", "--scenario", "gc-pause-past-lease", "--seeds", "400"];

pub(crate) fn a_report_is_whole_or_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("report.json");
    let arguments = [&SMALL[..], &["--json", "report.json"]].concat();
    to_the_end(folder.path(), &arguments);
    let whole = read(&path);
    for before in [None, Some("what was there before")] {
        let reset = || match before {
            None => drop(std::fs::remove_file(&path)),
            Some(text) => std::fs::write(&path, text).expect("written"),
        };
        let look = || {
            nothing_else_than(folder.path(), &["report.json"]);
            if before.is_none() && !path.exists() {
                return;
            }
            let text = read(&path);
            if Some(text.as_str()) != before {
                assert!(text == whole, "half a report");
                Report::from_json(&text).expect("a report");
            }
        };
        killed(folder.path(), &arguments, reset, look);
    }
}

pub(crate) fn a_baseline_is_whole_or_as_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("baseline.json");
    let small = [&SMALL[..], &["--json", "report.json"]].concat();
    to_the_end(folder.path(), &small);
    let from = ["gate", "--baseline", "baseline.json", "--json", "report.json", "--update"];
    to_the_end(folder.path(), &from);
    let whole = read(&path);
    let other = whole.replacen("\"version\":\"", "\"version\":\"before-", 1);
    assert_ne!(whole, other);
    let reset = || std::fs::write(&path, &other).expect("written");
    let look = || {
        nothing_else_than(folder.path(), &["report.json", "baseline.json"]);
        let text = read(&path);
        assert!(text == whole || text == other, "half a baseline");
        Baseline::from_json(&text).expect("a baseline");
    };
    killed(folder.path(), &["gate", "--baseline", "baseline.json", "--update"], reset, look);
}

pub(crate) fn an_artifact_is_whole_or_not_there_and_a_search_begins_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("findings");
    // A lock that is known to break its promise in drawn plans would be a finding to mend, so a
    // failure that is kept is made small again instead: that writes an artifact, too.
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/regressions");
    let kept = kept.join("ttl-gc-pause-mutual-exclusion");
    let fresh = || {
        let _ = std::fs::remove_dir_all(&out);
        std::fs::create_dir(&out).expect("a folder");
        for entry in std::fs::read_dir(&kept).expect("it is kept") {
            let from = entry.expect("a file").path();
            std::fs::copy(&from, out.join(from.file_name().expect("a name"))).expect("copied");
        }
    };
    let look = || {
        // Shrinking writes over what it reads, and its finding last.
        let artifact = Artifact::load(&out, &registry::names());
        artifact.expect("it plays, before, after and at any time between");
    };
    fresh();
    killed(folder.path(), &["shrink", "findings"], fresh, look);
    let search =
        ["search", "--protocol", "ttl", "--runs", "600", "--out", "found", "--json", "s.json"];
    to_the_end(folder.path(), &search);
    let whole = read(&folder.path().join("s.json"));
    let look = || {
        let text = std::fs::read_to_string(folder.path().join("s.json"));
        assert!(text.is_err() || text.is_ok_and(|text| text == whole), "half a summary");
    };
    let reset = || drop(std::fs::remove_file(folder.path().join("s.json")));
    killed(folder.path(), &search, reset, look);
    to_the_end(folder.path(), &search);
    assert_eq!(read(&folder.path().join("s.json")), whole, "the search begins again");
}

pub(crate) fn an_envelope_goes_on_and_ends_as_one_that_was_never_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let of = |json, state| {
        [
            "envelope", "ttl", "raft", "--over", "pause", "--seeds", "2", "--json", json,
            "--state", state,
        ]
    };
    let path = |name: &str| folder.path().join(name);
    to_the_end(folder.path(), &of("whole.json", "whole-state.json"));
    let (whole, whole_state) = (read(&path("whole.json")), read(&path("whole-state.json")));
    let look = || {
        if let Ok(text) = std::fs::read_to_string(path("state.json")) {
            State::from_json(&text, 1, 2).expect("a state is whole");
        }
        if let Ok(text) = std::fs::read_to_string(path("end.json")) {
            assert!(text == whole, "half an envelope");
        }
    };
    let reset = || {
        let _ = std::fs::remove_file(path("state.json"));
        let _ = std::fs::remove_file(path("end.json"));
    };
    killed(folder.path(), &of("end.json", "state.json"), reset, look);
    // Killed over and over without a reset it comes to its end, and to the same end.
    reset();
    for millis in [40, 80, 160, 320] {
        let mut child = start(folder.path(), &of("end.json", "state.json"));
        sleep(Duration::from_millis(millis));
        child.kill().expect("it can be killed");
        child.wait().expect("it is dead");
        look();
    }
    to_the_end(folder.path(), &of("end.json", "state.json"));
    assert_eq!(read(&path("end.json")), whole);
    assert_eq!(read(&path("state.json")), whole_state);
}
