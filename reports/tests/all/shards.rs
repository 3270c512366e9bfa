//! A comparison in parts, put together again: the same bytes, or a reason why not.

use crate::program::locklab_in;
use std::path::Path;
use std::process::Output;

const SCENARIO: &str = "name = \"mine\"\nclients = 2\nheal_at = \"20s\"\nsettle = \"35s\"\n\n\
    [[fault]]\nwhen = { event = \"checked\" }\npause = { target = \"subject\", for = \"12s\" }\n\n\
    [expect.ttl]\nmutual-exclusion = \"broken\"\n";

/// Arguments of a comparison of two locks in two scenarios, one of them from a file.
fn compare<'a>(seeds: &'a str, json: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let what = ["compare", "--protocol", "ttl", "--protocol", "raft", "--scenario", "calm"];
    let how = ["--scenario", "mine.toml", "--seeds", seeds, "--first-seed", "5", "--json", json];
    [&what[..], &how, more].concat()
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mine.toml"), SCENARIO).expect("written");
    folder
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("it was written")
}

/// Makes the parts, and gives their names back.
fn parts(folder: &Path, seeds: &str, of: u64) -> Vec<String> {
    let part = |number: u64| {
        let (name, shard) = (format!("part-{number}-{of}.json"), format!("{number}/{of}"));
        let output = locklab_in(folder, &compare(seeds, &name, &["--shard", &shard]));
        assert_eq!(output.status.code(), Some(0), "a part is not judged");
        name
    };
    (1..=of).map(part).collect()
}

fn merge(folder: &Path, parts: &[impl AsRef<str>]) -> Output {
    let names = parts.iter().map(AsRef::as_ref);
    let arguments: Vec<&str> = ["merge"].into_iter().chain(names).chain(["-o", "m.json"]).collect();
    locklab_in(folder, &arguments)
}

#[test]
fn one_two_seven_and_sixteen_parts_are_the_whole() {
    let folder = folder();
    let folder = folder.path();
    // Eleven seeds: sixteen parts cannot all have one.
    let whole = locklab_in(folder, &compare("11", "whole.json", &[]));
    for of in [1, 2, 7, 16] {
        let mut parts = parts(folder, "11", of);
        // The order in which they are named says nothing.
        parts.reverse();
        let merged = merge(folder, &parts);
        assert_eq!(merged.status, whole.status, "it is judged as the whole");
        assert!(read(folder, "m.json") == read(folder, "whole.json"), "{of} parts differ");
        let said = |output: &Output| {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.lines().rev().take(2).map(str::to_owned).collect::<Vec<String>>()
        };
        assert_eq!(said(&merged), said(&whole), "it is shown as the whole");
        std::fs::remove_file(folder.join("m.json")).expect("it was there");
    }
}

#[test]
fn parts_that_do_not_fit_are_refused_with_the_reason() {
    let folder = folder();
    let folder = folder.path();
    let parts = parts(folder, "6", 3);
    let [one, two, three] = parts.as_slice() else { panic!("three parts") };
    let refused = |names: &[&str], message: &str| {
        let output = merge(folder, names);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{names:?}: {said}");
        assert!(said.contains(message), "{names:?}: {said}");
        assert!(!folder.join("m.json").exists(), "nothing is written");
    };
    let change = |from: &str, to: &str, name: &str| {
        let text = read(folder, two);
        assert!(text.contains(from), "{from} is not in {text}");
        std::fs::write(folder.join(name), text.replace(from, to)).expect("written");
    };
    refused(&[one, two], "seeds 9 to 10 are in no part");
    refused(&[one, three], "seeds 7 to 8 are in no part");
    refused(&[two, three], "seeds 5 to 6 are in no part");
    refused(
        &[one, two, two, three],
        "seeds 7 to 8 are both in `part-2-3.json` and in `part-2-3.json`",
    );
    let text = read(folder, two);
    std::fs::write(folder.join("cut.json"), &text[..text.len() * 2 / 3]).expect("written");
    refused(&[one, "cut.json", three], "`cut.json` is not a report: it is cut short: ");
    std::fs::write(folder.join("foreign.json"), "{\"schema\": \"somebody/else/4\"}")
        .expect("written");
    refused(&[one, "foreign.json", three], "its schema is `somebody/else/4`");
    refused(&[one, "mine.toml", three], "`mine.toml` is not a report: ");
    refused(&[one, "nowhere.json", three], "nowhere.json");
    change("\"source\":\"simulation\"", "\"source\":\"live\"", "live.json");
    let message = "`live.json` is not a report of the simulator: real processes were run";
    refused(&[one, "live.json", three], message);
    change("\"version\":\"0.1.0\"", "\"version\":\"0.0.9\"", "old.json");
    refused(
        &[one, "old.json", three],
        "`old.json` does not fit `part-1-3.json`: it is of version 0.0.9",
    );
    locklab_in(folder, &compare("6", "whole.json", &[]));
    refused(&[one, "whole.json", three], "`whole.json` is a whole report and no part of one");
    let others = locklab_in(folder, &compare("9", "nine.json", &["--shard", "2/3"]));
    assert_eq!(others.status.code(), Some(0));
    refused(&[one, "nine.json", three], "it is a part of 9 seeds from 5, not of 6 seeds from 5");
    // The same scenario with one setting changed.
    std::fs::write(folder.join("mine.toml"), SCENARIO.replace("12s", "13s")).expect("written");
    let other = locklab_in(folder, &compare("6", "text.json", &["--shard", "2/3"]));
    assert_eq!(other.status.code(), Some(0));
    refused(
        &[one, "text.json", three],
        "`text.json` does not fit `part-1-3.json`: its scenario mine has another text",
    );
    // A part whose numbers were changed.
    let rows = read(folder, two);
    let grants = rows.split("\"grants\":").nth(1).and_then(|rest| rest.split(',').next());
    let grants = grants.expect("somebody was granted something");
    change(&format!("\"grants\":{grants},"), "\"grants\":1,", "forged.json");
    refused(&[one, "forged.json", three], "it contradicts itself");
}

#[test]
fn a_part_without_a_file_and_a_part_that_is_none_are_bad_input() {
    let folder = folder();
    for (shard, message) in [("0/3", "`0/3` is no part"), ("4/3", "`4/3`"), ("1", "`1` is no part")]
    {
        let output = locklab_in(folder.path(), &compare("6", "x.json", &["--shard", shard]));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(message), "{said}");
    }
    let output = locklab_in(folder.path(), &["compare", "--scenario", "calm", "--shard", "1/2"]);
    assert_eq!(output.status.code(), Some(2), "nobody would know what came out");
}

/// Arguments of a search of two locks.
fn search<'a>(runs: &'a str, json: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let what = ["search", "--protocol", "ttl", "--protocol", "redlock", "--out", "found"];
    [&what[..], &["--runs", runs, "--json", json], more].concat()
}

#[test]
fn a_search_in_parts_is_the_whole_search() {
    let folder = folder();
    let folder = folder.path();
    let whole = locklab_in(folder, &search("70", "whole.json", &[]));
    for of in [1, 3, 7] {
        let part = |number: u64| {
            let (name, shard) = (format!("part-{number}.json"), format!("{number}/{of}"));
            locklab_in(folder, &search("70", &name, &["--shard", &shard]));
            name
        };
        let parts: Vec<String> = (1..=of).rev().map(part).collect();
        let merged = merge(folder, &parts);
        assert_eq!(merged.status, whole.status, "it is judged as the whole");
        assert!(read(folder, "m.json") == read(folder, "whole.json"), "{of} parts differ");
    }
    let refused = |names: &[&str], message: &str| {
        let output = merge(folder, names);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(message), "`{message}` is not in: {said}");
    };
    refused(&["whole.json"], "is a whole search and no part of one");
    let six =
        ["part-1.json", "part-2.json", "part-3.json", "part-4.json", "part-5.json", "part-6.json"];
    refused(&six, "part 7 of 7 is missing");
    refused(&["part-1.json", "part-1.json"], "part 1 of 7 is there twice");
    locklab_in(folder, &search("71", "other.json", &["--shard", "2/7"]));
    refused(&["part-1.json", "other.json"], "it is a part of another search");
    let text = read(folder, "part-2.json");
    std::fs::write(folder.join("cut.json"), &text[..text.len() / 2]).expect("written");
    refused(&["part-1.json", "cut.json"], "it is cut short");
    refused(&["cut.json", "part-1.json"], "`cut.json` is not the summary of a search: it is cut");
}
