//! The `locklab` binary, as a shell sees it.

use crate::program::{command, locklab, stderr, stdout};
use locklab_reports::report::{Report, ReportVerdict};
use std::path::Path;
use std::process::Command;

/// A selection in which something breaks as expected and nothing else does.
const SMALL: [&str; 9] = [
    "compare",
    "--protocol",
    "ttl",
    "--scenario",
    "calm",
    "--scenario",
    "gc-pause-past-lease",
    "--seeds",
    "2",
];

fn small(more: &[&str]) -> Vec<&'static str> {
    let more = more.iter().map(|word| &*word.to_string().leak());
    SMALL.into_iter().chain(more).collect()
}

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

/// The names in a folder, hidden ones too.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("a file").file_name().display().to_string()).collect()
}

#[test]
fn without_arguments_it_says_what_to_try_first() {
    let output = locklab(&[]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(stdout(&output), @r"
    Locklab puts distributed locks through the faults that break them, deterministically, and says
    which guarantees held, which broke, and how.

    Try first:
      locklab compare                                   every lock in every scenario
      locklab run gc-pause-past-lease --protocol ttl    the story of one run
      locklab list scenarios                            what can go wrong

    `locklab help` lists all commands; from the source tree, `cargo run --release --` stands for
    `locklab`.
    ");
}

#[test]
fn help_tells_the_exit_codes() {
    let output = locklab(&["help"]);
    assert_eq!(output.status.code(), Some(0));
    for part in ["compare", "run", "list", "130  stopped by Ctrl-C"] {
        assert!(stdout(&output).contains(part), "{part}");
    }
}

#[test]
fn a_report_has_many_faces_now_and_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| path(&folder, name);
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a file");
    let (json, html, junit, comment) = (at("r.json"), at("r.html"), at("r.xml"), at("r.md"));
    let files = ["--json", &json, "--html", &html, "--junit", &junit, "--markdown", &comment];
    let made = locklab(&small(&files));
    assert_eq!(made.status.code(), Some(0));
    let faces = ["r.html", "r.xml", "r.md"].map(read);
    let later = locklab(&["report", &json, "--html", &html, "--junit", &junit]);
    assert_eq!(stdout(&later), stdout(&made), "the tables too");
    assert_eq!(later.status.code(), Some(0));
    assert_eq!([read("r.html"), read("r.xml")], faces[..2]);
    let comment = stdout(&locklab(&["report", &json, "--format", "markdown"]));
    assert_eq!(comment, faces[2]);
    assert_eq!(stdout(&locklab(&["report", &json, "--format", "json"])), read("r.json"));
    for outside in ["http://", "https://", "src=", "@import", "url(http"] {
        let page = faces[0].replace("http://www.w3.org", "");
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(faces[1].contains("<testsuite name=\"ttl\"") && faces[1].contains("failures=\"0\""));
    assert!(faces[2].contains("all is as promised and expected"));
}

#[test]
fn what_is_no_report_gets_one_clear_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = path(&folder, "old.json");
    let said = |text: &str| {
        std::fs::write(&file, text).expect("written");
        let output = locklab(&["report", &file]);
        assert_eq!(output.status.code(), Some(2));
        stderr(&output)
    };
    let old = said(r#"{"schema": "locklab/report/1", "cells": []}"#);
    assert!(
        old.starts_with(&format!(
            "error: `{file}` is not a report: its schema is `locklab/report/1`"
        )),
        "{old}"
    );
    assert!(said(r#"{"schema": "locklab/rep"#).contains("it is cut short"));
    assert!(said("").contains("it is cut short"));
}

#[test]
fn shells_and_man_are_told() {
    let bash = stdout(&locklab(&["completions", "bash"]));
    assert!(bash.contains("complete -F _locklab") && bash.contains("--protocol"));
    let page = stdout(&locklab(&["man", "compare"]));
    assert!(page.contains(".TH locklab-compare") && page.contains("Examples"), "{page}");
    assert_eq!(locklab(&["man", "nothing"]).status.code(), Some(2));
}

#[test]
fn every_list_is_there_as_text_and_as_json() {
    let lists = [
        ("protocols", "ttl"),
        ("scenarios", "gc-pause-past-lease"),
        ("guarantees", "mutual-exclusion"),
        ("faults", "clock-jump"),
        ("goals", "lease-expired-under-holder"),
    ];
    for (list, member) in lists {
        let text = locklab(&["list", list]);
        assert_eq!(text.status.code(), Some(0), "{list}");
        let text = stdout(&text);
        assert!(text.lines().any(|line| line.starts_with(member)), "{list}: {text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{list}: {text}");
        let json = stdout(&locklab(&["list", list, "--json"]));
        let json: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
        assert!(json.iter().any(|one| one["name"] == member && one["about"].is_string()));
    }
}

#[test]
fn bad_input_gets_one_clear_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = path(&folder, "none/report.json");
    let directory = folder.path().display().to_string();
    let broken = path(&folder, "broken.toml");
    std::fs::write(&broken, "name = \"x\"\nclintes = 3\n").expect("written");
    let missing = path(&folder, "missing.toml");
    let cases: [(&[&str], String); 10] = [
        (
            &["compare", "--protocol", "tttl"],
            "error: unknown protocol `tttl`; did you mean `ttl`?\n".to_owned(),
        ),
        (
            &["run", "clam", "--protocol", "ttl"],
            "error: unknown scenario `clam`; did you mean `calm`?\n".to_owned(),
        ),
        (
            &["run", "calm", "--protocol", "zookeeper-quorum-xyz"],
            "error: unknown protocol `zookeeper-quorum-xyz`; there are: ".to_owned(),
        ),
        (
            &["run", &missing, "--protocol", "ttl"],
            format!("error: {missing}: cannot be read: No such file or directory (os error 2)\n"),
        ),
        (&["run", &broken, "--protocol", "ttl"], format!("error: {broken}:2: unknown key")),
        (
            &["compare", "--json", &nowhere],
            format!("error: cannot write `{nowhere}`: No such file or directory (os error 2)\n"),
        ),
        (
            &["compare", "--json", &directory],
            format!("error: cannot write `{directory}`: is a directory\n"),
        ),
        (
            &["compare", "--seeds", "0"],
            "error: invalid value '0' for '--seeds <N>': 0 is not in 1..=1000000\n".to_owned(),
        ),
        (&["compare", "--seedz", "1"], "error: unexpected argument '--seedz' found\n".to_owned()),
        (&["lst"], "error: unrecognized subcommand 'lst'\n".to_owned()),
    ];
    for (arguments, message) in cases {
        let output = locklab(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
        let said = stderr(&output);
        assert!(said.starts_with(&message), "{arguments:?} said {said:?}, not {message:?}");
        assert_eq!(said.matches("error:").count(), 1, "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    assert_eq!(names(folder.path()), ["broken.toml"]);
}

#[test]
fn a_comparison_says_what_holds_and_what_breaks() {
    let output = locklab(&small(&[]));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    for part in [
        "What holds",
        "breaks*",
        "gc-pause-past-lease   M",
        "Nothing broke in: calm.",
        "cargo run --release -- run gc-pause-past-lease --protocol ttl --seed 1",
        "4 runs: 1 protocol, 2 scenarios, seeds 1 to 2.",
        "all is as promised and expected",
    ] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours outside of a terminal");
    assert_eq!(stderr(&output), "");
}

#[test]
fn tables_fit_the_terminal() {
    for columns in ["80", "100", "120"] {
        let output = command(&small(&[])).env("COLUMNS", columns).output().expect("runs");
        let widest = stdout(&output).lines().map(|line| line.chars().count()).max();
        // The command to paste is one line whatever its length.
        assert!(widest <= columns.parse().ok(), "{columns}: {}", stdout(&output));
    }
}

#[test]
fn the_report_is_the_same_whoever_makes_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = |name: &str, threads: &str| {
        let file = path(&folder, name);
        let made = command(&small(&["--json", &file])).env("RAYON_NUM_THREADS", threads).output();
        assert_eq!(made.expect("runs").status.code(), Some(0));
        std::fs::read_to_string(file).expect("a report")
    };
    let one = report("one.json", "1");
    assert_eq!(one, report("again.json", "1"));
    assert_eq!(one, report("two.json", "2"));
    let read = Report::from_json(&one).expect("a report");
    assert_eq!(read.to_json(), one);
    let broken =
        read.cells.iter().find(|cell| cell.verdict == ReportVerdict::Broken).expect("a break");
    assert_eq!(broken.guarantee, "mutual-exclusion");
    assert_eq!((broken.runs, broken.broken_runs), (2, 2));
    assert!(broken.replay.as_ref().is_some_and(|command| command.ends_with("--seed 1")));
    assert_eq!(read.measures.len(), 2);
    assert_eq!(names(folder.path()).len(), 3, "no temporary file is left");
}

#[cfg(unix)]
#[test]
fn what_is_stopped_leaves_no_half_report() {
    use std::process::Stdio;
    let folder = tempfile::tempdir().expect("a folder");
    let file = path(&folder, "report.json");
    for (signal, code) in [("INT", Some(130)), ("KILL", None)] {
        let long = ["compare", "--seeds", "1000000", "--protocol", "ttl", "--json", &file];
        let mut running =
            command(&long).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        std::thread::sleep(std::time::Duration::from_millis(700));
        let id = running.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status().expect("kill runs");
        assert!(sent.success());
        assert_eq!(running.wait().expect("ends").code(), code);
        assert!(names(folder.path()).is_empty(), "{:?}", names(folder.path()));
    }
}

#[cfg(unix)]
#[test]
fn a_stopped_comparison_shows_what_is_there() {
    use std::process::Stdio;
    let long = ["compare", "--seeds", "1000000", "--protocol", "ttl", "--scenario", "calm"];
    let running =
        command(&long).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    std::thread::sleep(std::time::Duration::from_millis(700));
    let id = running.id().to_string();
    assert!(Command::new("kill").args(["-s", "INT", &id]).status().expect("kill runs").success());
    let output = running.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(stdout(&output).contains("What holds"));
    assert!(stderr(&output).contains("runs are missing"), "{}", stderr(&output));
}

#[test]
fn a_reader_who_has_seen_enough_is_no_error() {
    use std::io::Read;
    use std::process::Stdio;
    let mut running = command(&["list", "scenarios", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts");
    drop(running.stdout.take());
    assert_eq!(running.wait().expect("ends").code(), Some(0));
    let mut said = String::new();
    running.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!(said, "");
}

#[test]
fn a_run_tells_its_story() {
    let output = locklab(&["run", "gc-pause-past-lease", "--protocol", "ttl", "--seed", "1"]);
    assert_eq!(output.status.code(), Some(0), "an expected break is no complaint");
    insta::assert_snapshot!(stdout(&output), @r"
    ttl in gc-pause-past-lease, seed 1
    The holder stops for longer than its lease, between its check and its write. The storage checks the
    token of reads and writes.
    M. Kleppmann, How to do distributed locking, 2016

       0.608 s  c2       asks for L1
       0.618 s  c2       is granted L1 with token 1 (lease 10 s)
       0.622 s  storage  answers c2's read of L1: version 0
       0.653 s  c1       asks for L1, which c2 has
       1.072 s  c2       checks that it still holds L1, is about to write
       1.072 s  c2       stands still, holding L1, between its check and its write
      10.616 s  s1       ends c2's lease on L1; c2 stands still and does not know
      10.826 s  c1       is granted L1 with token 2 (lease 10 s, waited 10.2 s) while c2 still believes
                         that it holds it (c2 has stood still since 1.072 s)
                ^^^      mutual-exclusion breaks: c1 was granted L1 at 10.826 s while c2 still believed
                         to hold it (granted at 0.618 s, standing still since 1.072 s)
      10.837 s  storage  answers c1's read of L1: version 0
      11.093 s  c1       checks that it still holds L1, is about to write
      11.102 s  storage  takes c1's write of L1 with token 2 as version 1
      11.108 s  c1       gives L1 back
                ...      9 sections with more of the same by c1 and c3 until 15.666 s
      16.072 s  c2       goes on after 15 s, still believes that it holds L1 with token 1; its lease
                         ended 5.5 s ago, and c1 has it
      16.072 s  c2       learns that it has lost L1
      16.076 s  storage  refuses c2's write of L1 with token 1: it has seen 12
                ...      1 section with more of the same and 31 uneventful by c1, c2 and c3 until 29.905
                         s
      30.000 s           all faults are over
                ...      101 uneventful sections by c1, c2 and c3 until 74.545 s

    guarantee          verdict         expected
    ───────────────────────────────────────────────────────────────────────────────────────────────
    grant-exclusion    held            promised
    mutual-exclusion   broken          broken           at 10.826 s
    token-order        held            promised
    fenced-writes      held            promised
    no-lost-update     held            promised, held
    lease-kept         held            promised, held
    progress           held            promised, held
    deadlock-free      not-exercised                    no client waited for a lock while it held
                                                        another
    agreement          not-exercised                    there was nothing that its servers had to
                                                        agree on
    linearizable       held            promised, held

    goal contention: reached
    goal lease-expired-under-holder: reached
    goal stale-write-rejected: reached
    goal holder-paused: reached
    fault 1 (pause): struck at 1.072 s, felt 2 times (lock held: 2, awaited: 2)
    ");
}

#[test]
fn a_run_without_its_story_gives_verdicts() {
    let output = locklab(&["run", "gc-pause-past-lease", "--protocol", "ttl", "--quiet"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(text.starts_with("guarantee "), "{text}");
    assert!(text.contains("mutual-exclusion   broken"), "{text}");
}

#[test]
fn many_runs_tell_the_first_that_breaks() {
    let output = locklab(&["run", "gc-pause-past-lease", "--protocol", "ttl", "--seeds", "4"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(text.contains("ttl in gc-pause-past-lease, seeds 1 to 4"), "{text}");
    assert!(text.contains("mutual-exclusion breaks: "), "{text}");
    assert!(text.ends_with("run gc-pause-past-lease --protocol ttl --seed 1\n"), "{text}");
}

#[test]
fn a_file_of_ones_own_is_a_scenario_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = path(&folder, "mine.toml");
    let text = "name = \"mine\"\nclients = 2\n\n[[fault]]\nwhen = { event = \"granted\" }\n\
                pause = { target = \"subject\", for = \"15s\" }\n";
    std::fs::write(&file, text).expect("written");
    let output = locklab(&["compare", "--protocol", "ttl", "--scenario", &file, "--seeds", "2"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{said}{}", stderr(&output));
    assert!(said.contains(&format!("-- run {file} --protocol ttl --seed 1")), "{said}");
}

#[test]
fn a_trace_is_one_object_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = path(&folder, "trace.jsonl");
    let output = locklab(&["run", "calm", "--protocol", "ttl", "--trace", &file, "-q"]);
    assert_eq!(output.status.code(), Some(0));
    let trace = std::fs::read_to_string(&file).expect("a trace");
    let mut last = 0;
    for line in trace.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let at = line["at"].as_u64().expect("nanoseconds");
        assert!(at >= last && line["kind"].is_string() && line["text"].is_string());
        last = at;
    }
    assert!(trace.lines().count() > 1000);
}

#[test]
fn a_check_says_what_is_exhausted_and_tells_the_shortest_break() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = path(&folder, "check.json");
    let output = locklab(&["check", "storage", "--json", &file]);
    assert_eq!(output.status.code(), Some(0), "a break that is known is no complaint");
    let text = stdout(&output);
    for part in [
        "storage: no servers, 2 clients, a storage that looks at no tokens, 1 crash",
        "fenced-writes     broken after 12 moves",
        "fenced-writes     exhausted",
        "the search was cut by: acquires",
        "How fenced-writes breaks\n    1  c1 asks for L1; c1 is granted L1 with token 1\n",
        "12  storage takes the write of L1 by c1 on 0 as version 2",
        "3 configurations, 688781 states; all is as expected.",
    ] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert_eq!(stderr(&output), "");
    let json = std::fs::read_to_string(&file).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["schema"], "locklab/check/1");
    let judged = &report["checks"][0]["guarantees"][0];
    assert_eq!(judged["verdict"], "broken");
    assert_eq!(judged["story"].as_array().map(Vec::len), Some(12));
    assert_eq!(report["checks"][1]["guarantees"][0]["verdict"], "exhausted");
    assert_eq!(names(folder.path()), ["check.json"]);
}

/// What a search has not seen, it does not vouch for.
#[test]
fn a_check_that_stops_early_says_that_it_does_not_know() {
    let output = locklab(&["check", "ttl-naive", "--clients", "3", "--million-states", "1", "-q"]);
    assert_eq!(output.status.code(), Some(3));
    let text = stdout(&output);
    assert!(
        text.contains("grant-exclusion   unknown: the search stopped before its end"),
        "{text}"
    );
    assert!(text.contains("1 is NOT as it should be"), "{text}");
}

#[test]
fn a_check_of_what_has_no_model_says_so() {
    let crowd = ["check", "--servers", "5", "--clients", "3"];
    let cases: [(&[&str], &str); 6] = [
        (&crowd, "error: 5 servers, 3 clients and the storage are 9 nodes; a model has room for 8"),
        (&["check", "tttl"], "error: unknown protocol `tttl`; did you mean `ttl`?\n"),
        (&["check", "ttl-watchdog"], "error: `ttl-watchdog` has no model; there are: ttl, "),
        (&["check", "ttl", "--servers", "3"], "error: `ttl` does not come with --servers 3\n"),
        (&["check", "--clients", "1"], "error: invalid value '1' for '--clients <N>'"),
        (&["explore", "ttl", "--configuration", "9"], "error: `ttl` has 4 configurations, not 9\n"),
    ];
    for (arguments, message) in cases {
        let output = locklab(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
        assert!(stderr(&output).starts_with(message), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn the_explorer_answers_a_browser() {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = free.local_addr().expect("its address");
    drop(free);
    let port = address.port().to_string();
    let mut explorer = command(&["explore", "ttl", "--port", &port]);
    let mut running = explorer.stderr(std::process::Stdio::null()).spawn().expect("starts");
    let mut tries = 0;
    let mut stream = loop {
        match TcpStream::connect(address) {
            Ok(stream) => break stream,
            Err(_) if tries < 100 => std::thread::sleep(std::time::Duration::from_millis(100)),
            Err(error) => panic!("nobody listens at {address}: {error}"),
        }
        tries += 1;
    };
    stream.write_all(b"GET /.status HTTP/1.0\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    running.kill().expect("it runs");
    running.wait().expect("it ends");
    assert!(answer.contains("mutual-exclusion"), "{answer}");
}
