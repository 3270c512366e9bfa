//! One protocol in one scenario: the verdicts, the goals, the faults.

use super::board::{complaint, is_alarm, reason};
use super::sheet::{cell, sheet, text};
use crate::terminal::{Paint, Terminal};
use locklab_protocols::spec::{Goal, Verdict};
use locklab_scenarios::judge::{Cell, Judgement, Wish};
use locklab_scenarios::sim::Outcome;
use locklab_scenarios::sim::outcome::Bites;
use std::collections::BTreeSet;

/// The verdicts of one run, the goals that it should reach, and what its faults did. How a
/// guarantee broke is left out where the story has told it.
pub fn once(
    outcome: &Outcome,
    cells: &[Cell],
    goals: &BTreeSet<Goal>,
    (terminal, story_told): (&Terminal, bool),
) -> String {
    let mut table = sheet(terminal, ["guarantee", "verdict", "expected", ""].map(str::to_owned));
    for one in cells {
        let why = match outcome.verdicts.get(&one.guarantee) {
            Some(Verdict::Broken { at, .. }) if story_told => format!("at {at}"),
            _ if one.verdict == Judgement::Held => String::new(),
            _ => reason(one).to_owned(),
        };
        table.add_row(row(one, why));
    }
    let mut page = text(table, 2);
    page.push('\n');
    for goal in goals {
        let reached = outcome.goals.contains(goal);
        let (paint, said) =
            if reached { (Paint::Good, "reached") } else { (Paint::Bad, "NOT reached") };
        page += &format!("goal {goal}: {}\n", terminal.paint(paint, said));
    }
    // A live run does not know how things stood then.
    let knows = !outcome.coverage.struck.is_empty();
    for (position, bites) in outcome.bites.iter().enumerate() {
        let said = match bites.struck {
            None => "never struck".to_owned(),
            Some(at) if bites.count == 0 => format!("struck at {at} and was never felt"),
            Some(at) => format!("struck at {at}, felt {}", felt(bites, knows)),
        };
        page += &format!("fault {} ({}): {said}\n", position + 1, bites.kind);
    }
    page
}

/// How often a fault was felt, and what it met: one that nobody held a lock under, and nobody waited
/// under, has tested little.
fn felt(bites: &Bites, knows: bool) -> String {
    let Bites { count, while_held, while_awaited, .. } = bites;
    let often = if *count == 1 { "once".to_owned() } else { format!("{count} times") };
    if !knows {
        return often;
    }
    format!("{often} (lock held: {while_held}, awaited: {while_awaited})")
}

/// The verdicts of several runs.
pub fn several(cells: &[Cell], terminal: &Terminal) -> String {
    let heads = ["guarantee", "verdict", "expected", "held", "broken", "unknown", "not exercised"];
    let mut table = sheet(terminal, heads.map(str::to_owned));
    for one in cells {
        let other = one.broken_runs + one.unknown_runs + one.not_exercised_runs;
        let mut row = row(one, (one.runs.saturating_sub(other)).to_string());
        let rest = [one.broken_runs, one.unknown_runs, one.not_exercised_runs];
        row.extend(rest.map(|count| cell(Paint::Plain, count)));
        table.add_row(row);
    }
    text(table, 2)
}

fn row(one: &Cell, last: String) -> Vec<comfy_table::Cell> {
    let paint = match one.verdict {
        Judgement::Held => Paint::Good,
        Judgement::Broken if is_alarm(one) => Paint::Bad,
        Judgement::Broken | Judgement::Unknown => Paint::Notable,
        Judgement::NotExercised => Paint::Dim,
    };
    let alarm = if is_alarm(one) { "!" } else { "" };
    let promised = if one.promised { "promised" } else { "" };
    let expected = one.expected.map_or("", |expected| expected.name());
    let both = [promised, expected].into_iter().filter(|said| !said.is_empty());
    let wish = if matches!(one.as_wished, Wish::AsExpected) { Paint::Plain } else { Paint::Bad };
    vec![
        cell(Paint::Plain, one.guarantee),
        cell(paint, format!("{}{alarm}", one.verdict)),
        cell(wish, both.collect::<Vec<&str>>().join(", ")),
        cell(Paint::Plain, last),
    ]
}

/// What is not as it should be, one line each.
pub fn complaints(cells: &[Cell], terminal: &Terminal) -> String {
    let mut page = String::new();
    for cell in cells.iter().filter(|cell| !cell.as_wished.is_fine()) {
        let line = format!("NOT AS IT SHOULD BE: {}", complaint(cell));
        page += &format!("{}\n", terminal.paint(Paint::Bad, &terminal.wrap(&line, 4)));
    }
    page
}
