//! What broke where.

use super::board::{Board, is_alarm};
use super::sheet::{cell, sheet, text};
use crate::terminal::{Paint, Terminal};
use locklab_protocols::spec::Guarantee;
use locklab_scenarios::judge::{Cell, Judgement};

/// What a column needs beside its text.
const GAP: usize = 3;

/// One column for each protocol, in as many tables below each other as it takes; in each of them
/// one row for each scenario in which one of its protocols broke.
pub fn detail(board: &Board<'_>, terminal: &Terminal) -> String {
    let breaks = |scenario: &&str| {
        let cells = &board.comparison.cells;
        cells.iter().any(|cell| cell.scenario == **scenario && is_worth_a_row(cell))
    };
    let (eventful, calm): (Vec<&str>, Vec<&str>) =
        board.scenarios.iter().copied().partition(|scenario| breaks(scenario));
    let mut page = String::new();
    if !eventful.is_empty() {
        for protocols in blocks(board, &eventful, terminal.width) {
            page += &block(board, terminal, &eventful, protocols);
            page.push('\n');
        }
        let letters = board.tested().into_iter();
        let letters: Vec<String> =
            letters.map(|guarantee| format!("{} {guarantee}", letter(guarantee))).collect();
        let legend = format!("Broke: {}. ! it should have held.  ? unknown.", letters.join(", "));
        page += &terminal.paint(Paint::Dim, &terminal.wrap(&legend, 7));
        page.push('\n');
        let rest = "A lock without a row, or with a dot in it, did not break in that scenario.";
        page += &terminal.paint(Paint::Dim, &terminal.wrap(rest, 0));
        page.push('\n');
    }
    if !calm.is_empty() {
        let line = format!("Nothing broke in: {}.", calm.join(", "));
        page += &terminal.wrap(&line, 18);
        page.push('\n');
    }
    page
}

fn is_worth_a_row(cell: &Cell) -> bool {
    matches!(cell.verdict, Judgement::Broken | Judgement::Unknown)
}

/// Protocols dealt into tables that fit.
fn blocks<'a, 'b>(board: &'a Board<'b>, scenarios: &[&str], width: usize) -> Vec<&'a [&'b str]> {
    let names = scenarios.iter().map(|name| name.len()).max().unwrap_or(0) + GAP;
    let mut blocks = Vec::new();
    let (mut start, mut used) = (0, names);
    for (position, protocol) in board.protocols.iter().enumerate() {
        let said = scenarios.iter().map(|name| letters(&board.of_pair(protocol, name)).1.len());
        let wide = said.max().unwrap_or(0).max(protocol.len()) + GAP;
        if used + wide > width && position > start {
            blocks.push(&board.protocols[start..position]);
            (start, used) = (position, names);
        }
        used += wide;
    }
    blocks.push(&board.protocols[start..]);
    blocks
}

fn block(board: &Board<'_>, terminal: &Terminal, scenarios: &[&str], protocols: &[&str]) -> String {
    let heads = protocols.iter().map(|protocol| (*protocol).to_owned());
    let mut table = sheet(terminal, std::iter::once(String::new()).chain(heads));
    for scenario in scenarios {
        let said: Vec<_> =
            protocols.iter().map(|protocol| board.of_pair(protocol, scenario)).collect();
        if !said.iter().flatten().any(|cell| is_worth_a_row(cell)) {
            continue;
        }
        let mut row = vec![cell(Paint::Plain, scenario)];
        for cells in said {
            let (paint, letters) = letters(&cells);
            row.push(cell(paint, letters));
        }
        table.add_row(row);
    }
    text(table, 2)
}

/// The letters of what broke for one protocol in one scenario.
fn letters(cells: &[&Cell]) -> (Paint, String) {
    let mut said = Vec::new();
    let mut paint = Paint::Notable;
    for cell in cells.iter().filter(|cell| is_worth_a_row(cell)) {
        let mark = if cell.verdict == Judgement::Unknown { "?" } else { "" };
        let alarm = if is_alarm(cell) { "!" } else { "" };
        if is_alarm(cell) {
            paint = Paint::Bad;
        }
        said.push(format!("{}{mark}{alarm}", letter(cell.guarantee)));
    }
    match (cells.is_empty(), said.is_empty()) {
        (true, _) => (Paint::Dim, String::new()),
        (_, true) => (Paint::Dim, ".".to_owned()),
        _ => (paint, said.concat()),
    }
}

fn letter(guarantee: Guarantee) -> char {
    match guarantee {
        Guarantee::GrantExclusion => 'G',
        Guarantee::MutualExclusion => 'M',
        Guarantee::TokenOrder => 'T',
        Guarantee::FencedWrites => 'F',
        Guarantee::NoLostUpdate => 'U',
        Guarantee::LeaseKept => 'K',
        Guarantee::Progress => 'P',
        Guarantee::DeadlockFree => 'D',
        Guarantee::Agreement => 'A',
        Guarantee::Linearizable => 'L',
    }
}
