//! What the model checker found joins the report of a comparison: end to end, through the binary.

use crate::program::{locklab_in, stderr, stdout};
use locklab_reports::report::{Report, ReportVerdict};
use std::path::Path;

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("it was written")
}

/// Copies a file with something in it changed.
fn change(folder: &Path, (from, to): (&str, &str), changes: &[(&str, &str)]) {
    let mut text = read(folder, from);
    for (was, is) in changes {
        assert!(text.contains(was), "{was} is not in {text}");
        text = text.replacen(was, is, 1);
    }
    std::fs::write(folder.join(to), text).expect("written");
}

/// A folder with the report of a comparison and a check.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let what = ["compare", "--protocol", "ttl-naive", "--scenario", "calm", "--quiet"];
    let how = ["--scenario", "gc-pause-past-lease", "--seeds", "3", "--json", "report.json"];
    let compared = locklab_in(folder.path(), &[&what[..], &how].concat());
    assert_eq!(compared.status.code(), Some(0), "{}", stderr(&compared));
    let check = ["check", "ttl-naive", "--quiet", "--json", "check.json"];
    let checked = locklab_in(folder.path(), &check);
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    folder
}

const JOIN: [&str; 4] = ["report", "report.json", "--check", "check.json"];

#[test]
fn a_check_joins_a_report_and_every_face_shows_it() {
    let folder = folder();
    let folder = folder.path();
    let files = ["--json", "joined.json", "--html", "p.html", "--junit", "j.xml"];
    let more = ["--markdown", "c.md"];
    let made = locklab_in(folder, &[&JOIN[..], &files, &more].concat());
    assert_eq!((made.status.code(), stderr(&made)), (Some(0), String::new()));
    let said = stdout(&made);
    let alone = stdout(&locklab_in(folder, &["report", "report.json"]));
    assert!(said.starts_with(alone.split("\n6 runs: ").next().expect("a summary")), "{said}");
    for part in [
        "What the model checker says\n",
        "  grant-exclusion   exhausted\n",
        "  mutual-exclusion  broken after 11 moves: c2 was granted L1 while c1 still believed",
        "  bounds: 2 acquires a client, ",
        "      cargo run --release -- check ttl-naive\n",
        "\n6 runs: 1 protocol, 2 scenarios, seeds 1 to 3.\n",
        "\nThe model checker: 1 configuration, 15892 states; all is as expected.\n",
    ] {
        assert!(said.contains(part), "no `{part}` in:\n{said}");
    }
    assert!(said.lines().all(|line| line.chars().count() <= 100), "{said}");
    let report = Report::from_json(&read(folder, "joined.json")).expect("it is read back");
    let cells: Vec<(&str, ReportVerdict, u64)> =
        report.modelled().map(|cell| (&*cell.guarantee, cell.verdict, cell.runs)).collect();
    let expected = [
        ("grant-exclusion", ReportVerdict::Held, 15892),
        ("mutual-exclusion", ReportVerdict::Broken, 15892),
        ("no-lost-update", ReportVerdict::Broken, 15892),
    ];
    assert_eq!(cells, expected);
    // The command that stands there does it again.
    let replay = report.modelled().find_map(|cell| cell.replay.clone()).expect("a command");
    let words: Vec<&str> = replay.split(' ').skip(4).collect();
    let again = stdout(&locklab_in(folder, &words));
    assert!(again.contains("15892 states") && again.contains("broken after 11 moves"), "{again}");
    // Later, from its file, it is the same.
    let later = locklab_in(folder, &["report", "joined.json"]);
    assert_eq!((stdout(&later), later.status.code()), (said.clone(), Some(0)));
    let json = stdout(&locklab_in(folder, &["report", "joined.json", "--format", "json"]));
    assert_eq!(json, read(folder, "joined.json"));
    assert!(read(folder, "p.html").contains("<summary>How it breaks, 11 moves</summary>"));
    assert!(read(folder, "j.xml").contains("classname=\"ttl-naive.model: 1 server, 2 clients, "));
    assert!(read(folder, "c.md").contains("\n### What the model checker says\n"));
    // And to join it again changes nothing.
    let twice = locklab_in(folder, &["report", "joined.json", "--check", "check.json"]);
    assert_eq!((stdout(&twice), twice.status.code()), (said, Some(0)));
    let note = "`check.json`: 1 of its checks had joined the report before\n";
    assert_eq!(stderr(&twice), note);
}

#[test]
fn what_is_not_as_it_should_be_decides_how_the_command_ends() {
    let folder = folder();
    let folder = folder.path();
    let ends = |changes: &[(&str, &str)], code: i32, said: &str| {
        change(folder, ("check.json", "other.json"), changes);
        let output = locklab_in(folder, &["report", "report.json", "--check", "other.json"]);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(code), "{changes:?}: {text}{}", stderr(&output));
        assert!(text.contains(said), "no `{said}` in:\n{text}");
        assert!(text.contains("all is as promised and expected"), "the runs are as they were");
        assert!(
            text.contains("1 configuration, 15892 states; 1 is NOT as it should be."),
            "{text}"
        );
    };
    let blind = [("\"expected\": \"exhausted\"", "\"expected\": \"broken\"")];
    ends(&blind, 1, "it should BREAK: the search has gone blind");
    let regression = [("\"expected\": \"broken\"", "\"expected\": \"exhausted\"")];
    ends(&regression, 1, "broken after 11 moves; it should HOLD");
    let stopped = [("\"verdict\": \"exhausted\"", "\"verdict\": \"unknown\"")];
    ends(&stopped, 3, "unknown: the search stopped before its end");
    let idle = [("\"missed\": []", "\"missed\": [\"granted\"]")];
    ends(&idle, 3, "goal granted: NOT reached, so that nothing is proved");
}

#[test]
fn a_lock_that_the_report_does_not_have_is_left_out_with_a_note() {
    let folder = folder();
    let folder = folder.path();
    let other = [("\"protocol\": \"ttl-naive\"", "\"protocol\": \"storage\"")];
    change(folder, ("check.json", "other.json"), &other);
    let join = ["report", "report.json", "--check", "other.json", "--json", "joined.json"];
    let output = locklab_in(folder, &join);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        stderr(&output),
        "`other.json`: left out, for the report does not have it: storage\n`other.json` says \
         nothing of the locks of this report\n"
    );
    assert_eq!(read(folder, "joined.json"), read(folder, "report.json"));
}

#[test]
fn what_is_no_check_gets_one_clear_message_and_nothing_is_written() {
    let folder = folder();
    let folder = folder.path();
    let refused = |arguments: &[&str], message: &str| {
        let output = locklab_in(folder, &[arguments, &["--json", "out.json"]].concat());
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
        let said = stderr(&output);
        assert!(said.starts_with(&format!("error: {message}")), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!folder.join("out.json").exists());
    };
    let with = |name| ["report", "report.json", "--check", name];
    let text = read(folder, "check.json");
    std::fs::write(folder.join("cut.json"), &text[..text.len() / 2]).expect("written");
    std::fs::write(folder.join("noise.json"), [0xff, 0xfe, 0]).expect("written");
    refused(&with("cut.json"), "`cut.json` is not a check of the model: it is cut short: ");
    refused(&with("noise.json"), "`noise.json`: it is no text\n");
    refused(&with("none.json"), "cannot read `none.json`: ");
    refused(
        &with("report.json"),
        "`report.json` is not a check of the model: its schema is `locklab/report/2`; this program \
         reads `locklab/check/1`, as `locklab check --json` writes it\n",
    );
    refused(
        &["report", "check.json"],
        "`check.json` is not a report: its schema is `locklab/check",
    );
    change(folder, ("check.json", "odd.json"), &[("\"states\": 15892", "\"states\": 0")]);
    refused(
        &with("odd.json"),
        "`odd.json` is not a check of the model: it contradicts itself on ttl-naive, 1 server, 2 \
         clients, a storage that looks at no tokens: 0 different states of 36578 that were made\n",
    );
    locklab_in(folder, &[&JOIN[..], &["--json", "joined.json"]].concat());
    change(folder, ("check.json", "new.json"), &[("\"states\": 15892", "\"states\": 15891")]);
    refused(
        &["report", "joined.json", "--check", "new.json"],
        "`new.json` cannot join the report: the report has the check of ttl-naive with 1 server, 2 \
         clients, a storage that looks at no tokens already, and it says something else",
    );
    change(folder, ("joined.json", "odd.json"), &[("\"runs\":15892", "\"runs\":15893")]);
    refused(
        &["report", "odd.json"],
        "`odd.json` is not a report: it contradicts itself: it does not say what the check says of \
         grant-exclusion of ttl-naive in model: 1 server, 2 clients, ",
    );
    let part = ["compare", "--protocol", "ttl-naive", "--scenario", "calm", "--seeds", "2"];
    let shard = ["--shard", "1/1", "--json", "part.json", "--quiet"];
    locklab_in(folder, &[&part[..], &shard].concat());
    refused(
        &["report", "part.json", "--check", "check.json"],
        "`check.json` cannot join the report: the report is part 1/1 of one; `locklab merge` makes",
    );
}

#[test]
fn the_gate_sees_what_got_worse_in_the_model() {
    let folder = folder();
    let folder = folder.path();
    const GATE: [&str; 4] = ["gate", "--baseline", "baseline.json", "--quiet"];
    let gate = |more: &[&str]| {
        let output = locklab_in(folder, &[&GATE[..], more].concat());
        (output.status.code(), stdout(&output))
    };
    let report = ["--json", "report.json"];
    let checked = ["--check", "check.json"];
    let made = gate(&[&report[..], &checked, &["--update"]].concat());
    assert_eq!(made.0, Some(0), "{}", made.1);
    let green = "2 pairs of a protocol and a scenario, 1 configuration of the model checker, 0 \
                 regressions, 0 news: the gate is green.\n";
    assert_eq!(gate(&[&report[..], &checked].concat()), (Some(0), green.to_owned()));
    assert_eq!(gate(&checked), (Some(0), green.to_owned()), "it runs the comparison itself");
    let (code, said) = gate(&report);
    assert_eq!(code, Some(1));
    for part in ["NOT TESTED", "was checked -> is in no check", "`--check` takes in what"] {
        assert!(said.contains(part), "no `{part}` in:\n{said}");
    }
    let stopped = [("\"verdict\": \"exhausted\"", "\"verdict\": \"unknown\"")];
    change(folder, ("check.json", "stopped.json"), &stopped);
    let (code, said) = gate(&[&report[..], &["--check", "stopped.json"]].concat());
    assert_eq!(code, Some(1));
    assert!(said.contains("  UNKNOWN     grant-exclusion   exhausted -> unknown"), "{said}");
    assert!(said.contains("              cargo run --release -- check ttl-naive\n"), "{said}");
    // A baseline that knows of no check: one that is as it should be is news, and passes.
    assert_eq!(gate(&[&report[..], &["--update"]].concat()).0, Some(0));
    assert_eq!(gate(&[&report[..], &checked].concat()).0, Some(0));
    let wrong = [("\"expected\": \"broken\"", "\"expected\": \"exhausted\"")];
    change(folder, ("check.json", "wrong.json"), &wrong);
    let (code, said) = gate(&[&report[..], &["--check", "wrong.json"]].concat());
    assert_eq!(code, Some(1));
    assert!(
        said.contains("  BREAKS      mutual-exclusion  not in the baseline -> broken"),
        "{said}"
    );
}
