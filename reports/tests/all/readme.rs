//! Every output that the README shows is real: the commands of its `console` blocks are run, one
//! after the other in one folder, and what they print is what stands there. A line `[...]` stands
//! for any number of lines.

use crate::program::{locklab_in, stdout};

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

#[test]
fn the_check_sees_a_difference() {
    assert!(matches(&["a", "[...]", "d"], &["a", "b", "c", "d"]));
    assert!(matches(&["a", "[...]"], &["a"]));
    assert!(!matches(&["a", "[...]", "d"], &["a", "b", "c"]));
    assert!(!matches(&["a"], &["a", "b"]));
    assert!(!matches(&["a", "b"], &["a", "x"]));
}
