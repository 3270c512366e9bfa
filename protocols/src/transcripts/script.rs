//! The format of a transcript.
//!
//! A file is prose and scenes. Lines that begin with `#` are prose. A scene is one or more
//! commands, a line `----`, and what they print, up to an empty line:
//!
//! ```text
//! # The first client asks.
//! acquire c1
//! ----
//! 1: c1 -> s1: SET L1 c1#1 NX PX 10s and INCR
//! ```
//!
//! The first command is `lock NAME [SETTING=VALUE]...`: it builds the protocol's servers and two
//! clients, and starts them. Settings are `expiry=monotonic`, `persist=never|every-second`,
//! `lock-delay=15s`, `restart-delay=10s` (Redlock), `wait=yes` (replicated), `participants=2`,
//! `coordinators=2`, `spread=yes`, `lease=none` (two-phase), `servers=5`, `append-limit=1`,
//! `snapshot-every=4`, `chunk=2`, and in seconds `transfer-every=20`, `reconfigure-every=20`,
//! `acquire-timeout=0` (raft), `clients=3`. The others are
//!
//! | command | what happens |
//! | --- | --- |
//! | `acquire c1`, `release c1 L2` | an application asks its client; L1 if it names no lock |
//! | `deliver 1 2` | these messages arrive, in this order |
//! | `deliver c1-s1` | all messages that are now on their way from `c1` to `s1` arrive |
//! | `settle` | messages arrive, oldest first, until none is on its way |
//! | `drop 1`, `drop c1-s1` | they are lost |
//! | `duplicate 1` | another copy of it is on its way |
//! | `fire c1 Validity` | the armed timer of that name fires |
//! | `crash s1` | the process dies, its timers with it |
//! | `restart s1 [kept\|unsynced-lost\|wiped]` | it comes back with what is left of its disk |
//! | `disk s1 term=4 1 1 2` | it restarts with this term and entries of these terms (raft) |
//! | `query c1 s1` | the server is asked, out of turn, who holds the lock (raft) |
//! | `clock s1 5s` | its wall clock shows this from now on |
//! | `state s1` | what it knows, and the timers that are armed |
//! | `owners`, `owners L2` | who owns the lock, by the account of the live servers |
//!
//! Printed are messages as they leave, each with its number; timers as they are armed; writes and
//! syncs; readings of a clock; and what clients and servers report. `quietly COMMAND` prints
//! nothing.

use super::cast;
use std::fmt::Write;
use std::path::Path;

/// Plays a transcript and compares, or rewrites it.
pub(crate) fn check(path: &Path) {
    let golden = std::fs::read_to_string(path).expect("a readable transcript");
    let actual = play(&golden).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if std::env::var_os("REWRITE").is_some() {
        std::fs::write(path, actual).expect("a writable transcript");
    } else {
        assert_eq!(actual, golden, "{} differs", path.display());
    }
}

/// The transcript with what its commands print now.
fn play(golden: &str) -> Result<String, String> {
    let mut stage = None;
    let mut out = String::new();
    let mut printed = String::new();
    let mut lines = golden.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(out, "{line}");
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        if line == "----" {
            out.push_str(&std::mem::take(&mut printed));
            if lines.by_ref().any(str::is_empty) {
                out.push('\n');
            }
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let result = match (words.as_slice(), &mut stage) {
            (["lock", name, settings @ ..], _) => {
                stage = Some(cast::stage(name, settings)?);
                Ok(())
            }
            (["quietly", words @ ..], Some(stage)) => stage.play(words, &mut String::new()),
            (words, Some(stage)) => stage.play(words, &mut printed),
            (_, None) => Err("the first command must be `lock`".to_owned()),
        };
        result.map_err(|error| format!("`{line}`: {error}"))?;
    }
    Ok(out)
}
