//! What broke, in words, each with the command that shows it.

use super::board::{Board, is_alarm};
use crate::replay;
use crate::terminal::{Paint, Terminal};
use locklab_scenarios::judge::{Cell, Judgement, Wish};
use std::fmt::Write;

/// What broke where nobody promised otherwise, and then, loudly, what is not as it should be.
pub fn findings(board: &Board<'_>, terminal: &Terminal) -> String {
    let mut page = String::new();
    let known = found(board, |cell| cell.verdict == Judgement::Broken && cell.as_wished.is_fine());
    if !known.is_empty() {
        page += &terminal.paint(Paint::Bold, "What breaks where it is not promised");
        page.push('\n');
        known.iter().for_each(|found| found.tell(&mut page, terminal, Paint::Notable));
    }
    let wrong = found(board, |cell| !cell.as_wished.is_fine());
    if !wrong.is_empty() {
        let heading = format!("{:!<1$}", "!!! NOT AS IT SHOULD BE ", terminal.width.min(100));
        page += &format!("\n{}\n", terminal.paint(Paint::Bad, &heading));
        wrong.iter().for_each(|found| found.tell(&mut page, terminal, Paint::Bad));
    }
    page
}

/// The first of all cells of one protocol and guarantee that are of one sort.
struct Found<'a> {
    cell: &'a Cell,
    more: usize,
}

fn found<'a>(board: &Board<'a>, is: impl Fn(&Cell) -> bool) -> Vec<Found<'a>> {
    let mut all: Vec<Found<'a>> = Vec::new();
    for protocol in &board.protocols {
        for cell in board.of_protocol(protocol).filter(|cell| is(cell)) {
            let same = |found: &&mut Found<'_>| {
                found.cell.protocol == cell.protocol
                    && found.cell.guarantee == cell.guarantee
                    && found.cell.as_wished.name() == cell.as_wished.name()
            };
            match all.iter_mut().find(same) {
                Some(found) => found.more += 1,
                None => all.push(Found { cell, more: 0 }),
            }
        }
    }
    all.sort_by_key(|found| {
        let place = board.protocols.iter().position(|protocol| *protocol == found.cell.protocol);
        (place, found.cell.guarantee)
    });
    all
}

impl Found<'_> {
    fn tell(&self, page: &mut String, terminal: &Terminal, paint: Paint) {
        let Cell { protocol, scenario, guarantee, broken_runs, runs, .. } = self.cell;
        let more = match self.more {
            0 => String::new(),
            1 => ", and in 1 more scenario".to_owned(),
            more => format!(", and in {more} more scenarios"),
        };
        let what = match &self.cell.as_wished {
            Wish::Blind(_) => "is not seen to break",
            Wish::Undecided(_) => "is undecided",
            Wish::Regression(_) if !is_alarm(self.cell) => "is not what is known of it",
            _ if is_alarm(self.cell) && self.cell.promised => "BREAKS, though promised,",
            _ if is_alarm(self.cell) => "BREAKS",
            _ => "breaks",
        };
        let head = format!("{protocol}: {guarantee} {what}");
        let runs =
            if *broken_runs > 0 { format!(" ({broken_runs}/{runs} runs)") } else { String::new() };
        let line = format!("{} in {scenario}{runs}{more}", terminal.paint(paint, &head));
        let _ = writeln!(page, "{}", terminal.wrap(&line, 4));
        let why = match self.cell.as_wished.why() {
            "" => &self.cell.reason,
            _ if is_alarm(self.cell) => &self.cell.reason,
            why => why,
        };
        let _ = writeln!(page, "{}", terminal.wrap(&format!("    {why}"), 4));
        let seed = self.cell.first_broken_seed.unwrap_or(1);
        let command = replay(scenario, protocol, seed);
        let _ = writeln!(page, "    {}", terminal.paint(Paint::Dim, &command));
    }
}
