//! What broke, in words, each with the command that shows it.

use super::board::{Board, complaint, is_alarm, reason};
use crate::Calls;
use crate::terminal::{Paint, Terminal};
use locklab_scenarios::judge::{Cell, Judgement};

/// What broke where nobody promised otherwise, and then, loudly, what is not as it should be.
pub fn findings(board: &Board<'_>, calls: &Calls, terminal: &Terminal) -> String {
    let mut page = String::new();
    let known = found(board, |cell| cell.verdict == Judgement::Broken && cell.as_wished.is_fine());
    if !known.is_empty() {
        let heading = "What breaks outside of promises";
        page += &format!("{}\n", terminal.paint(Paint::Bold, heading));
        let legend = "(broken runs/runs + further scenarios: how; the command tells it in full)";
        page += &format!("{}\n", terminal.paint(Paint::Dim, legend));
        page += &tell(&known, calls, terminal, |found| found.line(terminal));
    }
    let wrong = found(board, |cell| !cell.as_wished.is_fine());
    if !wrong.is_empty() {
        let width = terminal.width.min(100);
        let heading = format!("{:!<width$}", "!!!!! NOT AS IT SHOULD BE ");
        page += &format!("\n{}\n", terminal.paint(Paint::Bad, &heading));
        page += &tell(&wrong, calls, terminal, |found| found.paragraph(terminal));
    }
    page
}

/// The first of all cells of one protocol and guarantee that are of one sort.
struct Found<'a> {
    cell: &'a Cell,
    /// In how many other scenarios it is the same.
    more: usize,
}

/// One for each protocol and guarantee (and complaint), those of one scenario together.
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
    all
}

/// By protocol; those that one run shows together, and its command.
fn tell(
    all: &[Found<'_>],
    calls: &Calls,
    terminal: &Terminal,
    text: impl Fn(&Found<'_>) -> String,
) -> String {
    let mut page = String::new();
    let mut protocol = "";
    for together in all.chunk_by(same_run) {
        let first = together[0].cell;
        if first.protocol != protocol {
            protocol = &first.protocol;
            page += &format!("\n{}\n", terminal.paint(Paint::Bold, protocol));
        }
        for found in together {
            page += &format!("  {}\n", text(found));
        }
        let command = calls.replay(&first.scenario, &first.protocol, seed(first));
        page += &format!("      {}\n", terminal.paint(Paint::Dim, &command));
    }
    page
}

/// The seed that shows it.
fn seed(cell: &Cell) -> u64 {
    cell.first_broken_seed.unwrap_or(1)
}

fn same_run(a: &Found<'_>, b: &Found<'_>) -> bool {
    let (a, b) = (a.cell, b.cell);
    (&a.protocol, &a.scenario, seed(a)) == (&b.protocol, &b.scenario, seed(b))
}

impl Found<'_> {
    /// How often it breaks.
    fn extent(&self) -> String {
        let Cell { broken_runs, runs, .. } = self.cell;
        let more = match self.more {
            0 => String::new(),
            more => format!(" + {more} more"),
        };
        if *broken_runs == 0 { more } else { format!(" {broken_runs}/{runs}{more}") }
    }

    /// A finding: one line, cut where the terminal ends. The story has the rest.
    fn line(&self, terminal: &Terminal) -> String {
        let guarantee = self.cell.guarantee.name();
        let head = format!("{guarantee}{}", self.extent());
        let room = terminal.width.saturating_sub(head.chars().count() + 4);
        let why = reason(self.cell);
        let why = match why.char_indices().nth(room.saturating_sub(3)) {
            Some((end, _)) if why.chars().count() > room => format!("{}...", &why[..end]),
            _ => why.to_owned(),
        };
        format!("{}: {why}", terminal.paint(Paint::Notable, &head))
    }

    /// A complaint: told in full.
    fn paragraph(&self, terminal: &Terminal) -> String {
        let complaint = complaint(self.cell);
        let why = if is_alarm(self.cell) { reason(self.cell) } else { "" };
        let stop = if why.is_empty() { "" } else { ": " };
        let text = format!("{complaint}{}{stop}{why}", self.extent());
        let text = terminal.wrap(&format!("  {text}"), 4);
        terminal.paint(Paint::Bad, text.trim_start())
    }
}
