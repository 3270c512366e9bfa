//! What all trials say together, for people and for programs.

use super::patch::{Kind, Mutant};
use super::trial::{Catch, Modelled, Sought, Trial};
use crate::cli::Exit;
use crate::tables::painted;
use crate::terminal::{Paint, Terminal};
use serde::Serialize;

/// The name and the version of the format.
pub const SCHEMA: &str = "locklab/mutants/1";

/// What became of all of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Score {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// One for each mistake that was planted.
    pub mutants: Vec<Row>,
    /// The tree as it is, put through the same: one for each lock and each model.
    pub unplanted: Vec<Control>,
    /// How many trials were asked for and not made.
    pub missing: usize,
}

/// What became of one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// What is wrong.
    pub what: String,
    /// What it is to the locks.
    pub kind: Kind,
    /// Whether anything caught it.
    pub caught: bool,
    /// Its trial.
    pub trial: Trial,
    /// The program in which it was planted.
    pub program: String,
}

/// The tree as it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Control {
    /// The lock or the model.
    pub name: String,
    /// Its trial.
    pub trial: Trial,
}

impl Row {
    /// Of a mutant and its trial.
    pub fn of(mutant: &Mutant, trial: Trial, program: String) -> Self {
        Self {
            id: mutant.id.clone(),
            what: mutant.what.clone(),
            kind: mutant.kind,
            caught: trial.caught(),
            trial,
            program,
        }
    }

    /// Whether it is as its header says: a fault that was caught, or another one that was not.
    pub fn is_fine(&self) -> bool {
        self.caught == (self.kind == Kind::Fault)
    }

    /// The command that shows its first catch in the program in which it is planted.
    pub fn replay(&self) -> Option<String> {
        let Catch { protocol, scenario, seed, .. } = self.trial.catalogue.catch.as_ref()?;
        let (id, program) = (&self.id, &self.program);
        let run = format!("run {scenario} --protocol {protocol} --seed {seed}");
        Some(format!("{}={id} {program} {run}", super::tree::VARIABLE))
    }

    fn cells(&self) -> Vec<(Paint, String)> {
        let paint = if self.is_fine() { Paint::Plain } else { Paint::Bad };
        let kind = match self.kind {
            Kind::Fault => self.id.clone(),
            Kind::Benign => format!("{} (benign)", self.id),
            Kind::Open if self.caught => format!("{} (open)", self.id),
            Kind::Open => format!("{} (survives, known)", self.id),
        };
        let Trial { catalogue, search, model } = &self.trial;
        let tried = catalogue.catch.as_ref().map_or_else(
            || format!("no ({} runs)", catalogue.runs),
            |Catch { scenario, guarantee, .. }| {
                format!("{guarantee} in {scenario}, run {}", catalogue.runs)
            },
        );
        let modelled = model.as_ref().map_or_else(|| "no model".to_owned(), Modelled::words);
        let seconds = format!("{:.1}", self.trial.millis() as f64 / 1e3);
        let cells = [kind, tried, search.words(), modelled, seconds];
        cells.into_iter().map(|text| (paint, text)).collect()
    }
}

impl Trial {
    /// Whether anything caught it.
    pub fn caught(&self) -> bool {
        self.catches().next().is_some()
    }

    /// What caught it.
    pub fn catches(&self) -> impl Iterator<Item = &Catch> {
        let model = self.model.as_ref().and_then(|model| model.catch.as_ref());
        let (catalogue, search) = (self.catalogue.catch.as_ref(), self.search.catch.as_ref());
        [catalogue, search, model].into_iter().flatten()
    }

    fn millis(&self) -> u64 {
        let model = self.model.as_ref().map_or(0, |model| model.millis);
        self.catalogue.millis + self.search.millis + model
    }
}

impl Sought {
    /// The runs up to the finding, of so many of a hundred seeds; nothing where fewer had one.
    pub fn percentile(&self, percent: usize) -> Option<u64> {
        let mut runs: Vec<u64> = self.found.iter().map(|found| found.unwrap_or(u64::MAX)).collect();
        runs.sort_unstable();
        let place = (runs.len() * percent).div_ceil(100).checked_sub(1)?;
        Some(runs[place]).filter(|runs| *runs < u64::MAX)
    }

    /// From how many seeds something was found.
    pub fn times(&self) -> usize {
        self.found.iter().flatten().count()
    }

    /// In a few words: median and 95th percentile.
    pub fn words(&self) -> String {
        let (times, seeds) = (self.times(), self.found.len());
        if times == 0 {
            return format!("no ({seeds} × {} runs)", self.length);
        }
        let at = |percent| {
            let runs = self.percentile(percent);
            runs.map_or_else(|| format!(">{}", self.length), |runs| runs.to_string())
        };
        let guarantee = self.catch.as_ref().map_or("", |catch| catch.guarantee.as_str());
        format!("{guarantee}, {} / {} runs ({times} of {seeds})", at(50), at(95))
    }
}

impl Modelled {
    /// In a few words.
    pub fn words(&self) -> String {
        match &self.catch {
            None => format!("no ({} states)", self.states),
            Some(Catch { guarantee, .. }) => {
                format!("{guarantee}, {} moves, {} states", self.moves, self.states)
            }
        }
    }
}

impl Score {
    /// What came out of these.
    pub fn of(mutants: Vec<Row>, unplanted: Vec<Control>, missing: usize) -> Self {
        Self { schema: SCHEMA, mutants, unplanted, missing }
    }

    /// How the command ends.
    pub fn exit(&self) -> Exit {
        let fine = self.mutants.iter().all(Row::is_fine);
        let sound = self.unplanted.iter().all(|control| !control.trial.caught());
        match (fine && sound, self.missing) {
            (false, _) => Exit::Broken,
            (true, 0) => Exit::Fine,
            (true, _) => Exit::Stopped,
        }
    }

    /// As text for programs.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a score has a form in JSON");
        text.push('\n');
        text
    }

    /// For people.
    pub fn page(&self, terminal: &Terminal) -> String {
        let heads = ["mutant", "catalogue", "search (median / 95th)", "model checker", "seconds"];
        let heads = heads.map(|head| terminal.paint(Paint::Plain, head));
        let mut page = painted(terminal, heads, self.mutants.iter().map(Row::cells));
        for row in self.mutants.iter().filter(|row| !row.is_fine()) {
            let (id, what) = (&row.id, &row.what);
            let text = match row.kind {
                Kind::Fault => format!("{id} SURVIVES: {what}"),
                Kind::Benign => format!("{id} is benign and was CAUGHT: {what}"),
                Kind::Open => {
                    format!(
                        "{id} was CAUGHT, and its header, which calls it open, is out of date: {what}"
                    )
                }
            };
            page += &format!("\n{}\n", terminal.paint(Paint::Bad, &terminal.wrap(&text, 4)));
            for catch in row.trial.catches() {
                page += &format!("{}\n", terminal.wrap(&format!("    {}", told(catch)), 6));
            }
        }
        for control in &self.unplanted {
            for catch in control.trial.catches() {
                let text =
                    format!("The tree as it is does NOT pass ({}): {}", control.name, told(catch));
                page += &format!("\n{}\n", terminal.paint(Paint::Bad, &terminal.wrap(&text, 4)));
            }
        }
        let shown = self
            .mutants
            .iter()
            .rev()
            .find_map(|row| row.replay().filter(|_| row.kind != Kind::Benign));
        if let Some(command) = shown {
            let text = format!("Any catch can be told, for example:\n  {command}");
            page += &format!("\n{}\n", terminal.paint(Paint::Dim, &text));
        }
        page + &format!("\n{}\n", self.summary())
    }

    /// In two lines.
    pub fn summary(&self) -> String {
        let (benign, faults): (Vec<&Row>, Vec<&Row>) =
            self.mutants.iter().partition(|row| row.kind == Kind::Benign);
        let caught = faults.iter().filter(|row| row.caught).count();
        let quiet = benign.iter().filter(|row| !row.caught).count();
        let of = |by: fn(&Trial) -> bool| faults.iter().filter(|row| by(&row.trial)).count();
        let catalogue = of(|trial| trial.catalogue.catch.is_some());
        let search = of(|trial| trial.search.catch.is_some());
        let model = of(|trial| trial.model.as_ref().is_some_and(|model| model.catch.is_some()));
        let sound = self.unplanted.iter().filter(|control| !control.trial.caught()).count();
        let known = faults.iter().filter(|row| row.kind == Kind::Open && !row.caught).count();
        let survive = match known {
            0 => String::new(),
            known => format!("; {known} survive and are known to"),
        };
        let missing = match self.missing {
            0 => String::new(),
            missing => format!("\nStopped: {missing} trials are missing."),
        };
        format!(
            "{caught} of {} faults caught (catalogue {catalogue}, search {search}, model checker \
             {model}){survive}; {quiet} of {} benign ones left alone.\n\
             The tree as it is passes {sound} of {} trials of the same length.{missing}",
            faults.len(),
            benign.len(),
            self.unplanted.len()
        )
    }
}

fn told(catch: &Catch) -> String {
    let Catch { protocol, scenario, guarantee, seed, reason } = catch;
    format!("{protocol}, {scenario}, seed {seed}: {guarantee}: {reason}")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::mutants::trial::Tried;

    pub(in crate::mutants) fn catch() -> Catch {
        Catch {
            protocol: "ttl".to_owned(),
            scenario: "calm".to_owned(),
            guarantee: "progress".to_owned(),
            seed: 3,
            reason: "c1 waits".to_owned(),
        }
    }

    pub(in crate::mutants) fn row(id: &str, kind: Kind, caught: bool) -> Row {
        let found = vec![caught.then_some(7), None, caught.then_some(2)];
        let caught = caught.then(catch);
        let trial = Trial {
            catalogue: Tried { runs: 4, catch: caught.clone(), millis: 100 },
            search: Sought { found, length: 50, catch: caught, millis: 900 },
            model: None,
        };
        let (what, program) = ("It goes wrong.".to_owned(), "locklab-1".to_owned());
        Row { id: id.to_owned(), what, kind, caught: trial.caught(), trial, program }
    }

    #[test]
    fn a_survivor_or_a_false_alarm_is_wrong() {
        let score = |rows| Score::of(rows, Vec::new(), 0);
        let good = score(vec![row("T1", Kind::Fault, true), row("B1", Kind::Benign, false)]);
        assert_eq!(good.exit(), Exit::Fine);
        assert_eq!(score(vec![row("T1", Kind::Fault, false)]).exit(), Exit::Broken);
        assert_eq!(score(vec![row("B1", Kind::Benign, true)]).exit(), Exit::Broken);
        assert_eq!(score(vec![row("T1", Kind::Open, false)]).exit(), Exit::Fine);
        assert_eq!(score(vec![row("T1", Kind::Open, true)]).exit(), Exit::Broken);
        assert_eq!(Score { missing: 2, ..good.clone() }.exit(), Exit::Stopped);
        let trial = row("T1", Kind::Fault, true).trial;
        let unsound = Control { name: "ttl".to_owned(), trial };
        assert_eq!(Score { unplanted: vec![unsound], ..good }.exit(), Exit::Broken);
    }

    #[test]
    fn the_page_says_how_and_what_is_wrong() {
        let rows = vec![
            row("T4", Kind::Open, true),
            row("T1", Kind::Fault, true),
            row("T2", Kind::Fault, false),
            row("T3", Kind::Open, false),
            row("B1", Kind::Benign, true),
        ];
        let page = Score::of(rows, Vec::new(), 1).page(&Terminal::plain(160));
        for text in [
            "progress in calm, run 4",
            "progress, 7 / >50 runs (2 of 3)",
            "no (3 × 50 runs)",
            "T2 SURVIVES: It goes wrong.",
            "B1 is benign and was CAUGHT",
            "LOCKLAB_PLANTED=T1 locklab-1 run calm --protocol ttl --seed 3",
            "T4 was CAUGHT, and its header, which calls it open, is out of date: It goes wrong.",
            "T3 (survives, known)",
            "2 of 4 faults caught (catalogue 2, search 2, model checker 0)",
            "; 1 survive and are known to; 0 of 1 benign ones",
            "Stopped: 1 trials are missing.",
        ] {
            assert!(page.contains(text), "{text} is not in\n{page}");
        }
    }

    #[test]
    fn percentiles_count_those_that_found_nothing() {
        let found = (1..=9).map(Some).chain([None]).collect();
        let sought = Sought { found, length: 50, ..Sought::default() };
        assert_eq!(sought.percentile(50), Some(5));
        assert_eq!(sought.percentile(95), None);
        assert_eq!(Sought::default().percentile(50), None);
    }
}
