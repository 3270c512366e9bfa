//! A report for a comment on a pull request: what is wrong first, then what holds, in Markdown.

use crate::checks;
use crate::html::verdict;
use crate::report::{Report, ReportCell, ReportVerdict, Standing};
use locklab_protocols::spec::Guarantee;
use std::fmt::Write;

/// No comment names more than this.
const NAMED: usize = 50;

/// The report as Markdown.
pub fn markdown(report: &Report) -> String {
    let mut page = String::new();
    let runs: u64 = report.measures.iter().map(|row| row.runs).sum();
    let wrong: Vec<&ReportCell> =
        report.cells.iter().filter(|cell| cell.standing != Standing::AsExpected).collect();
    let line = match wrong.len() {
        0 => "\u{2705} Locklab: all is as promised and expected".to_owned(),
        1 => "\u{274c} Locklab: 1 verdict is not as it should be".to_owned(),
        many => format!("\u{274c} Locklab: {many} verdicts are not as they should be"),
    };
    let _ = writeln!(page, "## {line}\n");
    let (first, count) = (report.seeds.first, report.seeds.count);
    let _ = writeln!(
        page,
        "{} locks, {} scenarios, seeds {first} to {}: {runs} runs.\n",
        report.protocols.len(),
        report.scenarios.len(),
        first + count.saturating_sub(1)
    );
    if !report.checks.is_empty() {
        let _ = writeln!(page, "The model checker: {}\n", checks::summary(&report.checks));
    }
    for cell in wrong.iter().take(NAMED) {
        let _ = writeln!(
            page,
            "- **{}** in **{}**: {}",
            cell.protocol,
            cell.scenario,
            escaped(&cell.why)
        );
        if let Some(replay) = &cell.replay {
            let _ = writeln!(page, "  ```sh\n  {replay}\n  ```");
        }
    }
    if wrong.len() > NAMED {
        let _ = writeln!(page, "- and {} more", wrong.len() - NAMED);
    }
    if !wrong.is_empty() {
        page.push('\n');
    }
    table(report, &mut page);
    let _ = writeln!(page, "\n<details><summary>What to make of each lock</summary>\n");
    for protocol in &report.protocols {
        let made = verdict(report, protocol);
        let _ = writeln!(page, "- **{}**: {}", protocol.name, escaped(&made.headline));
    }
    page.push_str("\n</details>\n");
    if !report.checks.is_empty() {
        models(report, &mut page);
    }
    page
}

/// What the model checker says: a row for each configuration, and below what it is worth.
fn models(report: &Report, page: &mut String) {
    page.push_str(
        "\n### What the model checker says\n\nNot runs, but every order of messages, timers and \
         crashes within bounds, in a world in which time is anything.\n\n\
         | | configuration | exhausted | broken | not proved |\n|---|---|---|---|---|\n",
    );
    let mut details = String::new();
    for check in report.protocols.iter().flat_map(|protocol| report.checks_of(&protocol.name)) {
        let (name, about) = (&check.protocol, escaped(&check.about));
        let mut said: [Vec<String>; 3] = Default::default();
        let (states, within, cut) = (check.states, escaped(&check.bounds), escaped(&check.cut()));
        let _ = writeln!(details, "- **{name}**, {about}: {states} states within {within}; {cut}.");
        for (judged, cell) in check.guarantees.iter().zip(report.cells_of(check)) {
            let column = match cell.verdict {
                ReportVerdict::Held => 0,
                ReportVerdict::Broken => 1,
                ReportVerdict::Unknown | ReportVerdict::NotExercised => 2,
            };
            let wrong = if cell.standing == Standing::AsExpected { "" } else { "\u{274c} " };
            said[column].push(format!("{wrong}{}", judged.guarantee));
            if column > 0 {
                let says = escaped(&check.says(judged));
                let _ = writeln!(details, "  - {}: {says}", judged.guarantee);
            }
        }
        let said = said.map(|names| match names.is_empty() {
            true => "-".to_owned(),
            false => names.join(", "),
        });
        let _ = writeln!(page, "| **{name}** | {about} | {} |", said.join(" | "));
    }
    page.push_str("\n<details><summary>Within which bounds, and how it breaks</summary>\n\n");
    page.push_str(&details);
    page.push_str("\n</details>\n");
}

/// Each protocol with each guarantee that was put to the test, over all scenarios.
fn table(report: &Report, page: &mut String) {
    let tested = |guarantee: &Guarantee| {
        report.sampled().any(|cell| {
            cell.guarantee == guarantee.name() && cell.verdict != ReportVerdict::NotExercised
        })
    };
    let guarantees: Vec<Guarantee> = Guarantee::ALL.into_iter().filter(tested).collect();
    let heads: Vec<&str> = guarantees.iter().map(|guarantee| guarantee.name()).collect();
    let _ = writeln!(page, "| | {} |", heads.join(" | "));
    let _ = writeln!(page, "|---|{}", "---|".repeat(heads.len()));
    for protocol in &report.protocols {
        let said = guarantees.iter().map(|guarantee| {
            let cells = report.sampled().filter(|cell| {
                cell.protocol == protocol.name && cell.guarantee == guarantee.name()
            });
            glance(cells.collect())
        });
        let said: Vec<String> = said.collect();
        let _ = writeln!(page, "| **{}** | {} |", protocol.name, said.join(" | "));
    }
    let legend = "\nheld: in every run that put it to the test. breaks 2/9: in 2 of 9 scenarios, \
                  where it is not promised. \\*: promised, on assumptions that some scenario keeps.";
    let _ = writeln!(page, "{legend}");
}

fn glance(cells: Vec<&ReportCell>) -> String {
    let with = |verdict| cells.iter().filter(|cell| cell.verdict == verdict).count();
    let (held, broken) = (with(ReportVerdict::Held), with(ReportVerdict::Broken));
    let alarms = cells.iter().filter(|cell| {
        cell.verdict == ReportVerdict::Broken && cell.standing == Standing::Regression
    });
    let alarms = alarms.count();
    let star = if cells.iter().any(|cell| cell.promised) { "\\*" } else { "" };
    if alarms > 0 {
        format!("**BROKEN! {alarms}/{}**", held + broken)
    } else if broken > 0 {
        format!("breaks{star} {broken}/{}", held + broken)
    } else if with(ReportVerdict::Unknown) > 0 {
        "unknown".to_owned()
    } else if held > 0 {
        format!("held{star}")
    } else {
        "-".to_owned()
    }
}

/// A text in which nothing is markup.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for sign in text.chars() {
        match sign {
            '<' => escaped.push_str("&lt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' => {
                escaped.push('\\');
                escaped.push(sign);
            }
            _ => escaped.push(sign),
        }
    }
    escaped
}
