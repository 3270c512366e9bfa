//! The track record: which mistakes were caught, by what, after how many runs, and how to see it.
//!
//! Nothing in it depends on the machine. Those that nobody planted stand in a table of their own,
//! `scenarios/mutants/bugs.toml`, for they are mended and cannot be found again by a run.

use super::patch::{FOLDER, Kind, Mutant};
use super::score::Score;
use super::trial::Trial;
use serde::Deserialize;
use std::path::Path;

/// A mistake that nobody planted.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Bug {
    /// The lock.
    pub lock: String,
    /// What was wrong.
    pub what: String,
    /// What found it.
    pub found_by: String,
    /// After how many runs.
    pub runs: String,
    /// The command that shows it, or that it is mended.
    pub replay: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bugs {
    bug: Vec<Bug>,
}

/// The mistakes of a tree that nobody planted.
///
/// # Errors
///
/// One sentence: which file is wrong, and how.
pub fn bugs(tree: &Path) -> Result<Vec<Bug>, String> {
    let path = tree.join(FOLDER).join("bugs.toml");
    let name = path.display();
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read `{name}`: {error}"))?;
    let bugs: Bugs = toml::from_str(&text).map_err(|error| format!("`{name}`: {error}"))?;
    Ok(bugs.bug)
}

/// How the cell of what nothing caught begins.
const NOTHING: &str = "| nothing";

const HEAD: &str = "\
# Track record

What Locklab has caught. This file is written by

```sh
cargo run --release -- mutants --record TRACK_RECORD.md
```

which plants each of these mistakes in the locks, lets the catalogue, the search and the model checker
look for it, and then puts the locks as they are through the same. `run` is the how many-th run of the
catalogue it was, the scenarios that are known to catch it first; a search begins from several seeds,
and its runs to the first finding are given as median and 95th percentile; a model says how many moves
the shortest run has that breaks the guarantee. What is open is thought to break a guarantee, and
nothing catches it so far: it counts as not caught. With `--only`, the other rows stay as they are.
";

/// The track record as Markdown. What was not tried this time stays as it was told before.
pub fn track_record(mutants: &[Mutant], score: &Score, bugs: &[Bug], before: &str) -> String {
    let rows = Rows { score, before };
    let (faults, benign): (Vec<&Mutant>, Vec<&Mutant>) =
        mutants.iter().partition(|mutant| mutant.kind != Kind::Benign);
    let planted: Vec<String> = faults.into_iter().filter_map(|one| rows.fault(one)).collect();
    let harmless: Vec<String> = benign.into_iter().filter_map(|one| rows.benign(one)).collect();
    let caught = |rows: &[String]| rows.iter().filter(|row| !row.contains(NOTHING)).count();
    let (faults, left_alone) = (planted.len(), harmless.len() - caught(&harmless));
    let mut text = format!(
        "{HEAD}\n{} of {faults} faults are caught; {left_alone} of {} benign changes are left alone.\n",
        caught(&planted),
        harmless.len()
    );
    let untried: Vec<&str> =
        mutants.iter().filter(|one| rows.of(one).is_none()).map(|one| one.id.as_str()).collect();
    if !untried.is_empty() {
        text += &format!("Not tried yet: {}.\n", untried.join(", "));
    }
    text += "\n## Planted\n\n";
    text += "| mistake | known from | found by | replay |\n| --- | --- | --- | --- |\n";
    text += &planted.concat();
    text += "\n## Planted, and benign\n\nThese break nothing, and nothing may cry at them.\n\n";
    text += "| change | why it is benign | found by |\n| --- | --- | --- |\n";
    text += &harmless.concat();
    text += "\n## Real, in our own locks\n\n";
    text += "| mistake | found by | runs to find | replay |\n| --- | --- | --- | --- |\n";
    for Bug { lock, what, found_by, runs, replay } in bugs {
        text += &line(&[&format!("`{lock}`: {what}"), found_by, runs, &format!("`{replay}`")]);
    }
    text
}

/// The rows of those that were tried now or before.
struct Rows<'a> {
    score: &'a Score,
    before: &'a str,
}

impl Rows<'_> {
    fn fault(&self, mutant: &Mutant) -> Option<String> {
        let Mutant { id, what, source, why, .. } = mutant;
        let replay = format!("`cargo run --release -- mutants --only {id}`");
        self.row(mutant, |trial| {
            let by = match (mutant.kind, trial.caught()) {
                (Kind::Open, false) => format!("{}; survives, known: {why}", found_by(trial)),
                _ => found_by(trial),
            };
            line(&[&format!("**{id}** {what}"), source, &by, &replay])
        })
    }

    fn benign(&self, mutant: &Mutant) -> Option<String> {
        let Mutant { id, what, why, .. } = mutant;
        self.row(mutant, |trial| line(&[&format!("**{id}** {what}"), why, &found_by(trial)]))
    }

    fn row(&self, mutant: &Mutant, tell: impl Fn(&Trial) -> String) -> Option<String> {
        Some(match self.of(mutant)? {
            Told::Now(trial) => tell(trial),
            Told::Before(row) => format!("{row}\n"),
        })
    }

    /// What is known of one, from this time if it was tried.
    fn of(&self, mutant: &Mutant) -> Option<Told<'_>> {
        let now = self.score.mutants.iter().find(|row| row.id == mutant.id);
        let begins = format!("| **{}** ", mutant.id);
        let known = || self.before.lines().find(|row| row.starts_with(&begins));
        now.map(|row| Told::Now(&row.trial)).or_else(|| known().map(Told::Before))
    }
}

/// Where a row comes from.
enum Told<'a> {
    /// A trial of this time.
    Now(&'a Trial),
    /// The record as it was, which stays.
    Before(&'a str),
}

fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

fn found_by(trial: &Trial) -> String {
    let mut by = Vec::new();
    if let Some(catch) = &trial.catalogue.catch {
        let (scenario, runs) = (&catch.scenario, trial.catalogue.runs);
        by.push(format!("catalogue: {} in `{scenario}`, run {runs}", catch.guarantee));
    }
    if trial.search.catch.is_some() {
        by.push(format!("search: {}", trial.search.words()));
    }
    if let Some(model) = trial.model.as_ref().filter(|model| model.catch.is_some()) {
        by.push(format!("model checker: {}", model.words()));
    }
    if by.is_empty() { NOTHING.trim_matches(['|', ' ']).to_owned() } else { by.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::patch::load;
    use crate::mutants::score::tests::row;

    #[test]
    fn the_record_tells_of_each() {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut mutants = load(&tree).expect("they are good");
        let open = mutants.iter_mut().find(|mutant| mutant.id == "L24").expect("it is there");
        (open.kind, open.why) = (Kind::Open, "nobody has tried four servers".to_owned());
        let bugs = bugs(&tree).expect("they are good");
        assert!(!bugs.is_empty());
        let rows = vec![
            row("T1", Kind::Fault, true),
            row("B1", Kind::Benign, false),
            row("L24", Kind::Open, false),
        ];
        let known = "| **T2** as it was told | x |\n| **X9** is no more | x |\n";
        let record = track_record(&mutants, &Score::of(rows, Vec::new(), 0), &bugs, known);
        for text in [
            "2 of 3 faults are caught; 1 of 1 benign changes are left alone.",
            "Not tried yet: B2, B3, ",
            "| nothing; survives, known: nobody has tried four servers |",
            "| **T1** A release deletes",
            "catalogue: progress in `calm`, run 4; search: progress, 7 / >50 runs (2 of 3)",
            "`cargo run --release -- mutants --only T1`",
            "| **T2** as it was told | x |",
            "| **B1** ",
            "| nothing |",
            "`raft`: A server that led, followed and led again",
        ] {
            assert!(record.contains(text), "{text} is not in\n{record}");
        }
        assert!(!record.contains("**X9**") && !record.contains("**T3**"), "{record}");
    }
}
