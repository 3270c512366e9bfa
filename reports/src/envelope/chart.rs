//! The envelope on a terminal: a bar for each lock.

use super::{Envelope, EnvelopeRow};
use crate::terminal::{Paint, Terminal};
use std::fmt::Write as _;

/// The bars of an envelope: one chart for each kind of fault and measure, a line for each lock.
pub fn chart(envelope: &Envelope, terminal: &Terminal) -> String {
    let mut page = String::new();
    for rows in envelope.charts() {
        let Some(over) = rows[0].fault() else { continue };
        let title = format!("{}: {}", over.name(), rows[0].measure);
        let _ = writeln!(page, "{}", terminal.paint(Paint::Bold, &title));
        let _ = writeln!(page, "{}\n", terminal.wrap(&format!("{} ...", over.about()), 0));
        let names = rows.iter().map(|row| row.protocol.chars().count()).max().unwrap_or(0);
        for row in rows {
            page += &line(row, names, (envelope.seeds, terminal));
        }
        page.push('\n');
    }
    page += "█ held   · broke, or was not put to the test   | promised up to here\n";
    let promises = envelope.rows.iter().filter(|row| row.breaks_its_promise());
    for row in promises {
        let EnvelopeRow { protocol, measure, over, .. } = row;
        let text = format!("{protocol} BREAKS ITS PROMISE of {measure} over {over}");
        let _ = writeln!(page, "\n{}", terminal.paint(Paint::Bad, &text));
        if let Some(replay) = &row.replay {
            let _ = writeln!(page, "  {replay}");
        }
    }
    if let Some(replay) = envelope.rows.iter().find_map(|row| row.replay.as_ref()) {
        let _ = writeln!(page, "\nOne of these breaks, told:\n  {replay}");
    }
    page
}

fn line(row: &EnvelopeRow, names: usize, (seeds, to): (u64, &Terminal)) -> String {
    let width = to.width.saturating_sub(names + 58).clamp(8, 40);
    let paint = if row.breaks_its_promise() { Paint::Bad } else { Paint::Plain };
    let bar = to.paint(paint, &bar(row, width));
    let text = format!("{:names$}  {bar}  {}", row.protocol, row.told(seeds));
    format!("{}\n", text.trim_end())
}

/// So many columns for the largest amount; the promise is a line across.
fn bar(row: &EnvelopeRow, width: usize) -> String {
    let column = |amount: u64| {
        let columns = u128::from(amount) * width as u128 / u128::from(row.most.max(1));
        usize::try_from(columns).unwrap_or(width).min(width)
    };
    let held = row.tolerates.map_or(0, column);
    let promised = row.promise_in_sight().map(column);
    let mut bar = String::new();
    for position in 0..=width {
        bar.push(match promised {
            Some(at) if at == position => '|',
            _ if position < held => '█',
            _ => '·',
        });
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(protocol: &str, tolerates: Option<u64>, breaks_at: Option<u64>) -> EnvelopeRow {
        EnvelopeRow {
            over: "pause".to_owned(),
            measure: "mutual-exclusion".to_owned(),
            protocol: protocol.to_owned(),
            unit: "ms".to_owned(),
            most: 40_000,
            tolerates,
            breaks_at,
            broken_runs: u64::from(breaks_at.is_some()) * 3,
            holds_again: Vec::new(),
            promised: None,
            replay: breaks_at.map(|amount| format!("run envelope-pause-{amount}")),
        }
    }

    #[test]
    fn every_outcome_has_a_line_of_its_own() {
        let promised = |promised, row: EnvelopeRow| EnvelopeRow { promised: Some(promised), ..row };
        let again =
            EnvelopeRow { holds_again: vec![20_000], ..row("strange", Some(9_000), Some(9_050)) };
        let envelope = Envelope {
            schema: super::super::SCHEMA.to_owned(),
            version: "0.1.0".to_owned(),
            first_seed: 1,
            seeds: 20,
            rows: vec![
                promised(1_998, row("ttl", Some(9_000), Some(9_050))),
                promised(40_000, row("fenced", Some(40_000), None)),
                promised(9_500, row("liar", Some(9_000), Some(9_050))),
                row("deaf", Some(0), None),
                row("broken", None, Some(0)),
                row("idle", None, None),
                again,
            ],
        };
        let page = chart(&envelope, &Terminal::plain(90));
        for line in [
            "pause: mutual-exclusion",
            "the holder stands still between its check and its write, for ...",
            "ttl      █|███·····················  9.00 s, not 9.05 s (3/20); promised 1.99 s",
            "fenced   █████████████████████████|  never, up to 40.00 s; promised",
            "liar     █████|····················  9.00 s, not 9.05 s (3/20); BROKEN PROMISE",
            "deaf     ··························  the fault is never felt",
            "broken   ··························  breaks without the fault",
            "idle     ··························  never put to the test",
            "strange  █████·····················  9.00 s, not 9.05 s (3/20); again at 20.00 s",
            "liar BREAKS ITS PROMISE of mutual-exclusion over pause",
            "  run envelope-pause-9050",
        ] {
            assert!(page.lines().any(|found| found == line), "`{line}` is not in\n{page}");
        }
    }
}
