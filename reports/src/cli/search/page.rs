//! What a search tells people.

use super::Searched;
use crate::cli::heading;
use crate::terminal::Terminal;
use locklab_protocols::spec::Goal;
use locklab_scenarios::search::{
    Feature, Finding, Found, Reach, chance_still_there, failure_rate_at_most,
};
use locklab_scenarios::sim::fault::Kind;
use std::fmt::Write as _;

pub(super) fn page(searched: &Searched, terminal: &Terminal) -> String {
    let found = &searched.found;
    let mut page = heading(terminal, "What was found");
    page += &findings(searched, terminal);
    page += &heading(terminal, "What was looked at");
    page += &reached(&found.reach, terminal);
    if let Some((plans, new)) = searched.corpus {
        let _ = writeln!(page, "corpus: {plans} plans, {new} of them new");
    }
    let _ = writeln!(page, "\n{}", heading(terminal, "How sure that is").trim_end());
    page += &sure(searched, terminal);
    let count = found.findings.len();
    let _ = writeln!(page, "\n{} runs, {count} findings.", found.runs);
    page
}

fn findings(searched: &Searched, terminal: &Terminal) -> String {
    let mut page = String::new();
    let found = &searched.found;
    for (finding, saved) in found.findings.iter().zip(&searched.saved) {
        let Finding { protocol, guarantee, seed, run, times, reason, .. } = finding;
        let control = match saved.without_faults {
            true => "It breaks without any fault, too.",
            false => "Without the faults, the same seed keeps it.",
        };
        let text = format!(
            "{protocol}: {guarantee} is promised and broke in {times} of {} runs, first in run \
             {run} (seed {seed}): {reason}. {control}",
            found.runs
        );
        let _ = writeln!(page, "{}", terminal.wrap(&text, 2));
        let _ = writeln!(page, "  cargo run --release -- replay {}\n", saved.folder.display());
    }
    if found.findings.is_empty() {
        page += "Nothing that is promised broke.\n\n";
    }
    page
}

/// What was reached, and what never was.
fn reached(reach: &Reach, terminal: &Terminal) -> String {
    let mut page = String::new();
    let (mut goals, mut never) = (Vec::new(), Vec::new());
    for goal in Goal::ALL {
        match reach.goals.get(&goal) {
            Some(runs) => goals.push(format!("{goal} {runs}")),
            None => never.push(goal.name().to_owned()),
        }
    }
    let line = |title: &str, what: &[String]| {
        terminal.wrap(&format!("{title}{}", what.join(", ")), 2) + "\n"
    };
    page += &line("goals, by runs: ", &goals);
    page += &faults(reach, &mut never);
    let never_tested = reach.never_tested();
    never.extend(never_tested.map(|(protocol, guarantee)| format!("{guarantee} of {protocol}")));
    if !never.is_empty() {
        page += &line("never: ", &never);
    }
    for ((protocol, guarantee), (runs, reason)) in &reach.unknown {
        let text = format!("{protocol}: {guarantee} could not be decided in {runs} runs: {reason}");
        page += &format!("{}\n", terminal.wrap(&text, 2));
    }
    let count = |is: fn(&Feature) -> bool| reach.features.iter().filter(|one| is(one)).count();
    let struck = count(|feature| matches!(feature, Feature::Struck(..)));
    let sequences = count(|feature| matches!(feature, Feature::Sequence(..)));
    let controls = reach.controls;
    let text = format!(
        "{struck} pairs of a kind of fault and what it met, {sequences} sequences of three \
         events; {controls} of the runs were controls without faults"
    );
    page += &format!("{}\n", terminal.wrap(&text, 2));
    page
}

/// One line for each kind of fault that was felt; the others were never.
fn faults(reach: &Reach, never: &mut Vec<String>) -> String {
    let mut page = format!("\n  {:<14}", "runs by fault");
    let _ = writeln!(
        page,
        "{:>8} {:>8} {:>10} {:>13}",
        "in plan", "felt", "while held", "while awaited"
    );
    for kind in Kind::NAMES {
        let faults = reach.faults.get(kind).copied().unwrap_or_default();
        if faults.bit == 0 {
            never.push(kind.to_owned());
            continue;
        }
        let _ = writeln!(
            page,
            "  {kind:<14}{:>8} {:>8} {:>10} {:>13}",
            faults.drawn, faults.bit, faults.while_held, faults.while_awaited
        );
    }
    page.push('\n');
    page
}

/// The bounds that clean runs support.
fn sure(searched: &Searched, terminal: &Terminal) -> String {
    let found: &Found = &searched.found;
    let mut page =
        "\nWith 95 % confidence, the share of such runs that break a promise is at most:\n"
            .to_owned();
    let broke = |protocol: &str| found.findings.iter().any(|finding| finding.protocol == protocol);
    for (protocol, runs) in &found.reach.runs {
        let share = match broke(protocol) {
            true => "it broke".to_owned(),
            false => format!("{:.3} %", failure_rate_at_most(*runs) * 100.0),
        };
        let _ = writeln!(page, "  {protocol:<22} {share:>9}   ({runs} runs)");
    }
    for gone in &searched.gone {
        let rate = gone.rate.times as f64 / gone.rate.runs as f64;
        let chance = chance_still_there(rate, gone.clean) * 100.0;
        let text = format!(
            "{} came in {} of {} runs before, and in none of {} now: if it were still there, that \
             would have a chance of {chance:.1} %.",
            gone.folder.display(),
            gone.rate.times,
            gone.rate.runs,
            gone.clean
        );
        let _ = writeln!(page, "\n{}", terminal.wrap(&text, 2));
    }
    page
}
