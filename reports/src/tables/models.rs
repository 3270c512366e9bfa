//! What the model checker says, beside what runs came to.

use crate::checks::page;
use crate::report::Report;
use crate::terminal::{Paint, Terminal};

/// One paragraph for each configuration, by protocol, with the command that does it again; nothing
/// where no check joined the report.
pub fn models(report: &Report, terminal: &Terminal) -> String {
    if report.checks.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n\n", terminal.paint(Paint::Bold, "What the model checker says"));
    let about = "Not runs, but every order of messages, timers and crashes within bounds, in a world \
                 in which time is anything. Exhausted: no way within the bounds breaks it.";
    text += &format!("{}\n\n", terminal.paint(Paint::Dim, &terminal.wrap(about, 0)));
    for protocol in &report.protocols {
        for check in report.checks_of(&protocol.name) {
            text += page(check, terminal, false).trim_end();
            text.push('\n');
            let replay = report.cells_of(check).find_map(|cell| cell.replay.as_deref());
            if let Some(replay) = replay {
                text += &format!("      {}\n", terminal.paint(Paint::Dim, replay));
            }
            text.push('\n');
        }
    }
    text
}
