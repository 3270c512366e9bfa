//! A mistake as a file: some lines that say what it is, and a unified diff.
//!
//! ```text
//! id: T1
//! what: A release deletes the key whoever has it.
//! source: where such a mistake is known from
//! guarantee: what ought to break by it
//! kind: fault
//! protocols: ttl, ttl-watchdog
//! caught by: foreign-release
//!
//! --- a/protocols/src/ttl/keys.rs
//! +++ b/protocols/src/ttl/keys.rs
//! ```
//!
//! A line that begins with a blank goes on with the one before. `protocols` are the locks that are
//! tried, `models` what is checked, if that is something else. `caught by` names scenarios that are
//! known to catch it, which are tried first, or `search`. A `benign` one says `why` it is benign, an
//! `open` one `why` it is thought to break something and what is known about that nothing catches it.
//!
//! Where the catalogue has no scenario that would show a mistake, and chance seldom draws one, there
//! is a *probe* in `probes/`: a scenario like those of the catalogue, tried along with them.

use diffy::Patch;
use diffy::patch_set::{FileOperation, ParseOptions, PatchSet};
use locklab_scenarios::catalogue;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the patches are, below the tree.
pub const FOLDER: &str = "scenarios/mutants";

/// What a mistake is to the locks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It breaks a guarantee, and must be caught.
    Fault,
    /// It breaks nothing, and must not be caught.
    Benign,
    /// It breaks a guarantee, and nothing catches it so far. It counts as not caught; one that is
    /// caught is no longer open.
    Open,
}

/// A mistake that can be planted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mutant {
    /// Its name, such as `T5`.
    pub id: String,
    /// What is wrong, in a sentence.
    pub what: String,
    /// Where it is known from.
    pub source: String,
    /// What ought to break.
    pub guarantee: String,
    /// What it is to the locks.
    pub kind: Kind,
    /// Why it is benign, or what is known of an open one; empty for a fault.
    pub why: String,
    /// The locks that are tried.
    pub protocols: Vec<String>,
    /// What is checked by the model checker instead of these locks.
    pub models: Option<Vec<String>>,
    /// The scenarios that are known to catch it.
    pub known: Vec<String>,
    /// The diff.
    diff: String,
}

/// The probes of a tree, in the order of their names.
///
/// # Errors
///
/// One sentence: which file is wrong, and how.
pub fn probes(tree: &Path) -> Result<Vec<Scenario>, String> {
    let shelf = Contestants::shelf();
    let mut paths = files(&tree.join(FOLDER).join("probes"), "toml")?;
    paths.sort();
    let load = |path: PathBuf| Scenario::load(&path, &shelf.names());
    paths.into_iter().map(|path| load(path).map_err(|error| error.to_string())).collect()
}

/// The files of a folder with such names.
fn files(folder: &Path, wanted: &str) -> Result<Vec<PathBuf>, String> {
    let unread = |error| format!("cannot read `{}`: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(unread)?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(unread)?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == wanted));
    Ok(paths)
}

/// All mutants of a tree, in the order of their ids.
///
/// # Errors
///
/// One sentence: which file is wrong, and how.
pub fn load(tree: &Path) -> Result<Vec<Mutant>, String> {
    let mut mutants: Vec<Mutant> = Vec::new();
    let probes = probes(tree)?;
    for path in files(&tree.join(FOLDER), "patch")? {
        let name = path.display();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("cannot read `{name}`: {error}"))?;
        let mutant = Mutant::parse(&text, &probes).map_err(|wrong| format!("`{name}`: {wrong}"))?;
        if mutants.iter().any(|other| other.id == mutant.id) {
            return Err(format!("`{name}`: there is another one with the id {}", mutant.id));
        }
        mutants.push(mutant);
    }
    mutants.sort_by_key(|mutant| (rank(&mutant.id), mutant.id.clone()));
    Ok(mutants)
}

/// Letters first, then numbers by their size.
fn rank(id: &str) -> (String, u32) {
    let letters: String = id.chars().take_while(char::is_ascii_alphabetic).collect();
    let digits: String = id[letters.len()..].chars().take_while(char::is_ascii_digit).collect();
    (letters, digits.parse().unwrap_or(0))
}

impl Mutant {
    /// Reads a file, in a tree with these probes.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str, probes: &[Scenario]) -> Result<Self, String> {
        let cut = text.find("\n--- ").ok_or("there is no diff: no line begins with `--- `")?;
        let (head, diff) = (&text[..cut], &text[cut + 1..]);
        let mut fields = fields(head)?;
        let mut take = |name: &str| fields.remove(name).filter(|value| !value.is_empty());
        let mut needed =
            |name: &str| take(name).ok_or(format!("the header has no line `{name}: ...`"));
        let kind = match needed("kind")?.as_str() {
            "fault" => Kind::Fault,
            "benign" => Kind::Benign,
            "open" => Kind::Open,
            other => return Err(format!("kind `{other}` is none of `fault`, `benign`, `open`")),
        };
        let (why, known) = match kind {
            Kind::Fault => (String::new(), needed("caught by")?),
            Kind::Benign | Kind::Open => (needed("why")?, String::new()),
        };
        let mutant = Self {
            id: needed("id")?,
            what: needed("what")?,
            source: needed("source")?,
            guarantee: needed("guarantee")?,
            kind,
            why,
            protocols: list(&needed("protocols")?),
            models: take("models").map(|models| list(&models)),
            known: list(&known).into_iter().filter(|name| name != "search").collect(),
            diff: diff.to_owned(),
        };
        if let Some((name, _)) = fields.pop_first() {
            return Err(format!("the header has a line `{name}: ...` that nobody knows"));
        }
        mutant.look_up(probes)?;
        Ok(mutant)
    }

    /// Names of other things must be names of something.
    fn look_up(&self, probes: &[Scenario]) -> Result<(), String> {
        let shelf = Contestants::shelf();
        for protocol in &self.protocols {
            shelf.entry(protocol)?;
        }
        for scenario in &self.known {
            if !probes.iter().any(|probe| probe.name == *scenario) {
                catalogue::find(scenario)?;
            }
        }
        let switch = format!("crate::planted::is(\"{}\")", self.id);
        if !self.diff.contains(&switch) {
            return Err(format!("its change is not guarded by `{switch}`"));
        }
        let others = self.diff.matches("planted::is(").count();
        if others != self.diff.matches(&switch).count() {
            return Err("it asks for another switch than its own".to_owned());
        }
        Ok(())
    }

    /// The changed files, as they were and as they are with it; `text_of` says what is in a file.
    ///
    /// # Errors
    ///
    /// If the patch does not apply: where, and why.
    pub fn changed(
        &self,
        text_of: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<BTreeMap<String, String>, String> {
        let id = &self.id;
        let mut changed = BTreeMap::new();
        for file in PatchSet::parse(&self.diff, ParseOptions::unidiff()) {
            let file = file.map_err(|error| format!("{id} is no unified diff: {error}"))?;
            let operation = file.operation().strip_prefix(1);
            let FileOperation::Modify { original, .. } = &operation else {
                return Err(format!("{id} makes or removes a file; it may only change files"));
            };
            let Some(patch) = file.patch().as_text() else {
                return Err(format!("{id} changes `{original}`, which is no text"));
            };
            let before = text_of(original)?;
            let applied = applied(&before, patch);
            let after =
                applied.map_err(|why| format!("{id} does not apply to `{original}`: {why}"))?;
            changed.insert(original.to_string(), after);
        }
        if changed.is_empty() {
            return Err(format!("{id} changes nothing"));
        }
        Ok(changed)
    }
}

/// Applies a patch where its lines are, which must be one place.
fn applied(before: &str, patch: &Patch<'_, str>) -> Result<String, String> {
    let lines: Vec<&str> = before.split_inclusive('\n').collect();
    for hunk in patch.hunks() {
        let wanted: Vec<&str> = hunk
            .lines()
            .iter()
            .filter_map(|line| match line {
                diffy::Line::Context(text) | diffy::Line::Delete(text) => Some(*text),
                diffy::Line::Insert(_) => None,
            })
            .collect();
        let places = lines.windows(wanted.len().max(1)).filter(|window| **window == *wanted);
        let first = wanted.first().map_or("", |line| line.trim());
        match places.count() {
            1 => {}
            0 => return Err(format!("the lines from `{first}` on are not there (any more)")),
            places => return Err(format!("the lines from `{first}` on are there {places} times")),
        }
    }
    diffy::apply(before, patch).map_err(|error| error.to_string())
}

/// The fields of a header, by their names.
fn fields(head: &str) -> Result<BTreeMap<String, String>, String> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.lines().filter(|line| !line.trim().is_empty()) {
        match (line.strip_prefix(' '), fields.last_mut()) {
            (Some(more), Some((_, value))) => {
                value.push(' ');
                value.push_str(more.trim());
            }
            _ => {
                let (name, value) = line
                    .split_once(':')
                    .ok_or(format!("the header has the line `{line}`, which is not `name: ...`"))?;
                fields.push((name.to_owned(), value.trim().to_owned()));
            }
        }
    }
    Ok(fields.into_iter().collect())
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "\
id: T9
what: It goes
  wrong.
source: here
guarantee: progress
kind: fault
protocols: ttl
caught by: calm

--- a/f.rs
+++ b/f.rs
@@ -1,3 +1,3 @@
 one
-two
+two if crate::planted::is(\"T9\")
 three
";

    fn tree() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn a_good_one_is_read_and_applies_where_its_lines_are() {
        let mutant = Mutant::parse(GOOD, &[]).expect("it is good");
        assert_eq!((mutant.what.as_str(), mutant.kind), ("It goes wrong.", Kind::Fault));
        let apply = |text: &str| mutant.changed(&mut |_| Ok(text.to_owned()));
        let changed = apply("zero\none\ntwo\nthree\n").expect("it applies");
        assert!(changed["f.rs"].contains("two if crate::planted"));
        let wrong = apply("one\n2\nthree\n").unwrap_err();
        assert_eq!(
            wrong,
            "T9 does not apply to `f.rs`: the lines from `one` on are not there (any more)"
        );
        let twice = apply("one\ntwo\nthree\none\ntwo\nthree\n").unwrap_err();
        assert!(twice.ends_with("are there 2 times"), "{twice}");
    }

    #[test]
    fn what_is_missing_or_unknown_is_said() {
        let wrong = |from: &str, to: &str| Mutant::parse(&GOOD.replace(from, to), &[]).unwrap_err();
        assert_eq!(wrong("source: here\n", ""), "the header has no line `source: ...`");
        assert!(wrong("kind: fault", "kind: odd").contains("none of `fault`, `benign`"));
        assert!(wrong("protocols: ttl", "protocols: tll").contains("tll"));
        assert!(wrong("caught by: calm", "caught by: clam").contains("clam"));
        assert!(wrong("planted::is(\"T9\")", "planted::is(\"T8\")").contains("not guarded"));
        assert!(wrong("kind: fault", "kind: benign").contains("`why: ...`"));
        assert!(wrong("kind: fault", "kind: open").contains("`why: ...`"));
        let both = wrong("kind: fault", "kind: open\nwhy: nobody knows");
        assert!(both.contains("`caught by: ...` that nobody knows"), "{both}");
        assert!(wrong("source: here", "source: here\nodd: thing").contains("odd"));
    }

    #[test]
    fn every_patch_of_this_tree_has_its_header_and_applies() {
        let mutants = load(&tree()).expect("all headers are good");
        let count = |kind| mutants.iter().filter(|mutant| mutant.kind == kind).count();
        let (faults, benign) = (count(Kind::Fault), count(Kind::Benign));
        assert!(faults >= 50 && benign >= 4, "{faults} and {benign} of {}", mutants.len());
        for mutant in &mutants {
            let mut text_of = |name: &str| {
                std::fs::read_to_string(tree().join(name)).map_err(|error| error.to_string())
            };
            if let Err(why) = mutant.changed(&mut text_of) {
                panic!("{why}; write `scenarios/mutants/{}-*.patch` anew", mutant.id);
            }
        }
    }
}
