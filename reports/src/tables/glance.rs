//! Each protocol with each guarantee, at a glance.

use super::board::{Board, is_alarm};
use super::sheet::{cell, sheet, text};
use crate::terminal::{Paint, Terminal};
use locklab_protocols::spec::Guarantee;
use locklab_scenarios::judge::{Cell, Judgement};

/// One row for each protocol, one column for each guarantee, the worst over all scenarios.
pub fn glance(board: &Board<'_>, terminal: &Terminal) -> String {
    let guarantees = board.tested();
    let names = board.protocols.iter().map(|name| name.len()).max().unwrap_or(0);
    let narrow = terminal.width < names + 1 + COLUMN * guarantees.len();
    let head = if narrow { short_head } else { head };
    let heads = guarantees.iter().map(|guarantee| head(*guarantee).to_owned());
    let mut table = sheet(terminal, std::iter::once(String::new()).chain(heads));
    let one = board.scenarios.len() == 1;
    let mut seen = Seen::default();
    for protocol in &board.protocols {
        let mut row = vec![cell(Paint::Bold, protocol)];
        for guarantee in &guarantees {
            let cells: Vec<&Cell> = board.of_guarantee(protocol, *guarantee).collect();
            let (paint, said) = worst(&cells, one, &mut seen);
            row.push(cell(paint, if narrow { shortened(&said) } else { said }));
        }
        table.add_row(row);
    }
    let untested: Vec<&str> = Guarantee::ALL
        .into_iter()
        .filter(|guarantee| !guarantees.contains(guarantee))
        .map(Guarantee::name)
        .collect();
    let mut page = text(table, 1);
    page.push('\n');
    for line in seen.legend(one) {
        let line = if narrow { shortened_legend(&line) } else { line };
        page += &terminal.paint(Paint::Dim, &terminal.wrap(&line, LEGEND));
        page.push('\n');
    }
    if !untested.is_empty() {
        let line = format!("Never put to the test here: {}.", untested.join(", "));
        page += &terminal.paint(Paint::Dim, &terminal.wrap(&line, 0));
        page.push('\n');
    }
    page
}

/// In this column of the legend the meanings begin.
const LEGEND: usize = 12;

/// A column needs so much room for whole words.
const COLUMN: usize = 9;

fn shortened(said: &str) -> String {
    said.replacen("breaks", "brk", 1).replacen("BROKEN!", "BRK!", 1).replacen("unknown", "unkn.", 1)
}

fn shortened_legend(line: &str) -> String {
    let (word, meaning) = line.split_at(LEGEND.min(line.len()));
    format!("{:LEGEND$}{meaning}", shortened(word).trim_end())
}

fn short_head(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::GrantExclusion => "grant\nexcl.",
        Guarantee::MutualExclusion => "mutual\nexcl.",
        Guarantee::TokenOrder => "token\norder",
        Guarantee::FencedWrites => "fenced\nwrites",
        Guarantee::NoLostUpdate => "no l.\nupdate",
        Guarantee::LeaseKept => "lease\nkept",
        Guarantee::Progress => "prog-\nress",
        Guarantee::DeadlockFree => "deadl.\nfree",
        Guarantee::Agreement => "agree-\nment",
        Guarantee::Linearizable => "linear",
    }
}

/// A name broken where a narrow column can bear it.
fn head(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::GrantExclusion => "grant-\nexclu-\nsion",
        Guarantee::MutualExclusion => "mutual-\nexclu-\nsion",
        Guarantee::TokenOrder => "token-\norder",
        Guarantee::FencedWrites => "fenced-\nwrites",
        Guarantee::NoLostUpdate => "no-lost-\nupdate",
        Guarantee::LeaseKept => "lease-\nkept",
        Guarantee::Progress => "progress",
        Guarantee::DeadlockFree => "deadlock\n-free",
        Guarantee::Agreement => "agree-\nment",
        Guarantee::Linearizable => "linear-\nizable",
    }
}

/// What the table says, for its legend.
#[derive(Default)]
struct Seen {
    promise: bool,
    breaks: bool,
    alarm: bool,
    unknown: bool,
    untested: bool,
}

/// What to say of one guarantee of one protocol.
fn worst(cells: &[&Cell], one: bool, seen: &mut Seen) -> (Paint, String) {
    let with = |verdict| cells.iter().filter(|cell| cell.verdict == verdict).count();
    let (held, broken) = (with(Judgement::Held), with(Judgement::Broken));
    let alarms = cells.iter().filter(|cell| is_alarm(cell)).count();
    let star = if cells.iter().any(|cell| cell.promised) { "*" } else { "" };
    seen.promise |= !star.is_empty();
    let share = |scenarios: usize| {
        let runs: u64 = cells.iter().map(|cell| cell.runs).sum();
        let broken_runs: u64 = cells.iter().map(|cell| cell.broken_runs).sum();
        if one { format!("{broken_runs}/{runs}") } else { format!("{scenarios}/{}", held + broken) }
    };
    if alarms > 0 {
        seen.alarm = true;
        (Paint::Bad, format!("BROKEN!\n{}", share(alarms)))
    } else if broken > 0 {
        seen.breaks = true;
        (Paint::Notable, format!("breaks{star}\n{}", share(broken)))
    } else if with(Judgement::Unknown) > 0 {
        seen.unknown = true;
        (Paint::Notable, "unknown".to_owned())
    } else if held > 0 {
        (Paint::Good, format!("held{star}"))
    } else {
        seen.untested = true;
        (Paint::Dim, "-".to_owned())
    }
}

impl Seen {
    fn legend(&self, one: bool) -> Vec<String> {
        let of = if one { "runs" } else { "scenarios" };
        let mut lines = vec!["held        in every run that put it to the test".to_owned()];
        if self.breaks {
            lines.push(format!(
                "breaks 2/9  in 2 of 9 {of}, where it is not promised: a finding, no fault of the \
                 protocol"
            ));
        }
        if self.alarm {
            lines.push(format!(
                "BROKEN! 2/9 in 2 of 9 {of}, where it is promised or known to hold: see below"
            ));
        }
        if self.unknown {
            lines.push("unknown     nothing broke, but some check could not decide".to_owned());
        }
        if self.untested {
            lines.push("-           never put to the test".to_owned());
        }
        if self.promise {
            lines.push(
                "*           the protocol promises it, on assumptions that at least one of these \
                 scenarios keeps"
                    .to_owned(),
            );
        }
        lines
    }
}
