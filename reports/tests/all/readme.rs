//! Every output that the README shows is real: the commands of its `console` blocks are run, one
//! after the other in one folder, and what they print is what stands there. A line `[...]` stands
//! for any number of lines. What it points at in the tree is there.

use crate::program::{locklab_in, stdout};
use std::path::Path;

const README: &str = include_str!("../../../README.md");
const PROMPT: &str = "$ cargo run --release -- ";

/// The arguments and the expected lines of each command in the `console` blocks.
fn shown() -> Vec<(Vec<&'static str>, Vec<&'static str>)> {
    let blocks = README.split("```console\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split_once("\n```").map(|(block, _)| block));
    let mut shown: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
    for line in blocks.flat_map(str::lines) {
        match (line.strip_prefix(PROMPT), shown.last_mut()) {
            (Some(arguments), _) => shown.push((arguments.split(' ').collect(), Vec::new())),
            (None, Some((_, expected))) => expected.push(line),
            (None, None) => panic!("the README shows `{line}` before any command"),
        }
    }
    shown
}

/// Whether the lines are those expected, where `[...]` stands for any number of lines.
fn matches(expected: &[&str], lines: &[&str]) -> bool {
    match (expected, lines) {
        ([], []) => true,
        (["[...]", rest @ ..], _) => {
            (0..=lines.len()).any(|skipped| matches(rest, &lines[skipped..]))
        }
        ([first, rest @ ..], [line, lines @ ..]) => {
            first.trim_end() == line.trim_end() && matches(rest, lines)
        }
        _ => false,
    }
}

#[test]
fn what_the_readme_shows_is_what_the_commands_print() {
    let shown = shown();
    assert!(shown.len() >= 2, "the README shows the main job and a run");
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, expected) in shown {
        let text = stdout(&locklab_in(folder.path(), &arguments));
        let lines: Vec<&str> = text.lines().collect();
        let command = arguments.join(" ");
        assert!(matches(&expected, &lines), "`{command}` printed something else:\n{text}");
    }
}

/// The files and folders of this tree that a text links to, or names with their crate.
fn pointed_at(text: &str) -> Vec<&str> {
    let links = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let links = links.map(|(target, _)| target.split('#').next().unwrap_or_default());
    let links = links.filter(|target| !target.is_empty() && !target.contains("://"));
    let quoted = text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
    let crates = ["protocols/", "sim/", "models/", "scenarios/", "reports/"];
    let named = quoted.filter(|word| crates.iter().any(|start| word.starts_with(start)));
    links.chain(named).collect()
}

#[test]
fn what_the_readme_points_at_is_there() {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let paths = pointed_at(README);
    assert!(paths.len() >= 10, "{paths:?}");
    let missing: Vec<_> = paths.iter().filter(|path| !tree.join(path).exists()).collect();
    assert!(missing.is_empty(), "the README points at {missing:?}");
}

#[test]
fn the_check_sees_a_path() {
    let text = "See [`sim/a.rs`](sim/a.rs#L1), [that](#there), [this](https://mutants.rs)\n\
                and `reports/b.json`, or `cargo test`.";
    assert_eq!(pointed_at(text), ["sim/a.rs", "sim/a.rs", "reports/b.json"]);
}

#[test]
fn the_check_sees_a_difference() {
    assert!(matches(&["a", "[...]", "d"], &["a", "b", "c", "d"]));
    assert!(matches(&["a", "[...]"], &["a"]));
    assert!(!matches(&["a", "[...]", "d"], &["a", "b", "c"]));
    assert!(!matches(&["a"], &["a", "b"]));
    assert!(!matches(&["a", "b"], &["a", "x"]));
}
