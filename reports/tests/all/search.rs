//! `locklab search`, `locklab replay` and `locklab shrink`, as a shell sees them.

use crate::program::{locklab, stderr, stdout};
use std::path::Path;

/// A failure that is known and small.
const KNOWN: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/regressions/ttl-gc-pause-mutual-exclusion");

#[test]
fn a_failure_that_still_breaks_is_told_and_exits_with_1() {
    let output = locklab(&["replay", KNOWN]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    let story = std::fs::read_to_string(Path::new(KNOWN).join("story.txt")).expect("it is there");
    assert!(text.starts_with(&story), "{text}");
    assert!(text.contains("ttl: mutual-exclusion still breaks, at "), "{text}");
    assert!(!text.contains("its hash is"), "{text}");
}

#[test]
fn a_failure_that_is_mended_exits_with_0() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["finding.json", "scenario.toml", "schedule.json"] {
        std::fs::copy(Path::new(KNOWN).join(name), folder.path().join(name)).expect("a copy");
    }
    let scenario = folder.path().join("scenario.toml");
    let text = std::fs::read_to_string(&scenario).expect("it is there");
    let pause = text.find("[fault.pause]").expect("there is a pause");
    let lasts = text[pause..].find("for = \"").expect("it lasts") + pause;
    let end = text[lasts..].find('\n').map_or(text.len(), |end| end + lasts);
    let shorter = format!("{}for = \"100ms\"{}", &text[..lasts], &text[end..]);
    std::fs::write(&scenario, shorter).expect("it can be written");
    let output = locklab(&["replay", &folder.path().display().to_string(), "--quiet"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.contains("mutual-exclusion holds now"), "{text}");
}

#[test]
fn what_is_no_failure_is_bad_input() {
    for command in ["replay", "shrink"] {
        let output = locklab(&[command, "nowhere"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("cannot read `nowhere/finding.json`"));
    }
}

#[test]
fn a_search_says_what_it_looked_at() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("findings").display().to_string();
    let json = folder.path().join("search.json").display().to_string();
    let search = |jobs: &str| {
        let arguments = ["search", "--protocol", "ttl", "--runs", "60", "--jobs", jobs];
        locklab(&[&arguments[..], &["--out", &out, "--json", &json, "--quiet"]].concat())
    };
    let output = search("1");
    let text = stdout(&output);
    // 0 or 3: whether sixty runs reach every goal is chance's affair; nothing may break.
    assert!(matches!(output.status.code(), Some(0 | 3)), "{text}{}", stderr(&output));
    assert!(text.contains("Nothing that is promised broke."), "{text}");
    assert!(text.contains("4.870 %   (60 runs)"), "{text}");
    assert!(text.contains("60 runs, 0 findings."), "{text}");
    let report = std::fs::read_to_string(&json).expect("it was written");
    assert!(report.contains("\"schema\": \"locklab/search/2\""), "{report}");
    assert_eq!(stdout(&search("3")), text);
    assert_eq!(std::fs::read_to_string(&json).expect("it was written"), report);
}

#[test]
fn a_failure_is_made_small_in_its_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["finding.json", "scenario.toml", "schedule.json"] {
        std::fs::copy(Path::new(KNOWN).join(name), folder.path().join(name)).expect("a copy");
    }
    let path = folder.path().display().to_string();
    let output = locklab(&["shrink", &path, "--runs", "200", "--quiet"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}{}", stderr(&output));
    assert!(text.starts_with("before  1 fault, 2 clients, 1 server"), "{text}");
    for name in ["finding.json", "scenario.toml", "schedule.json", "trace.jsonl", "story.txt"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
    assert_eq!(locklab(&["replay", &path]).status.code(), Some(1));
}
