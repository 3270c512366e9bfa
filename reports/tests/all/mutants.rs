//! `locklab mutants`, as a shell sees it: what it says before anything is built.

use crate::program::{command, locklab, stderr, stdout};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

const TREE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn the_list_has_each_with_what_is_wrong() {
    let output = locklab(&["mutants", "--tree", TREE, "--list"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.starts_with("B1 "), "{text}");
    for id in ["T1 ", "P9 ", "R17-token", "F7 ", "L29"] {
        assert!(text.lines().any(|line| line.starts_with(id)), "{id} is not in\n{text}");
    }
}

#[test]
fn what_is_not_there_is_bad_input() {
    let output = locklab(&["mutants", "--tree", TREE, "--only", "T99"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no mutant `T99`; there are: "));
    let output = locklab(&["mutants", "--tree", "/nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("cannot read `/nowhere/scenarios/mutants/probes`"));
}

#[test]
fn a_patch_that_no_longer_applies_is_bad_input() {
    let tree = tempfile::tempdir().expect("a folder");
    let folder = tree.path().join("scenarios/mutants");
    fs::create_dir_all(folder.join("probes")).expect("a folder");
    let name = "T20-loss-is-not-told.patch";
    let from = Path::new(TREE).join("scenarios/mutants").join(name);
    fs::copy(from, folder.join(name)).expect("a copy");
    let source = tree.path().join("protocols/src/ttl");
    fs::create_dir_all(&source).expect("a folder");
    fs::write(source.join("claims.rs"), "//! Written anew.\n").expect("a file");
    let output = locklab(&["mutants", "--tree", &tree.path().display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(text.contains("T20 does not apply to `protocols/src/ttl/claims.rs`"), "{text}");
}

#[test]
fn what_is_no_task_is_bad_input() {
    let mut trial = command(&["trial"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    trial.stdin.take().expect("a pipe").write_all(b"{}").expect("it reads");
    let output = trial.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("this is no task"), "{}", stderr(&output));
}
