//! What a report's page says of the model checker: what was exhausted, what broke and how, and
//! within which bounds. All of it is text, and needs no script.

use super::command;
use super::verdict::{Point, Tone};
use crate::checks::{Checked, Judged, Outcome, summary};
use crate::report::{Report, ReportCell, ReportVerdict, Standing};
use crate::terminal::many;
use locklab_protocols::spec::Guarantee;
use maud::{Markup, html};

/// The section; nothing where no check joined the report.
pub(super) fn section(report: &Report) -> Markup {
    if report.checks.is_empty() {
        return html! {};
    }
    html! {
        section id="models" {
            h2 { "What the model checker says" }
            p class="dim" {
                "Runs are a sample; a search looks at every order of messages, timers and crashes \
                 of a small system, within the bounds that stand with it. Time is anything there: a \
                 timer may fire at any moment, which is every pause and every wrong clock at once. \
                 " b { "Exhausted" } " means that no way within the bounds breaks the guarantee. \
                 Nothing of this is counted among the runs."
            }
            p { (summary(&report.checks)) }
            @for protocol in &report.protocols {
                @let checks: Vec<&Checked> = report.checks_of(&protocol.name).collect();
                @if !checks.is_empty() {
                    h3 { (protocol.name) }
                    @for check in checks { (configuration(report, check)) }
                }
            }
        }
    }
}

/// Where the check of a cell stands.
pub(super) fn link(report: &Report, cell: &ReportCell) -> String {
    let is_of =
        |check: &Checked| check.protocol == cell.protocol && check.scenario() == cell.scenario;
    let at = report.checks.iter().position(is_of);
    at.map_or_else(|| "#models".to_owned(), |at| format!("#model-{}", at + 1))
}

fn configuration(report: &Report, check: &Checked) -> Markup {
    let cells: Vec<&ReportCell> = report.cells_of(check).collect();
    let replay = cells.iter().find_map(|cell| cell.replay.as_deref());
    let anchor = cells.first().map(|cell| link(report, cell).replacen('#', "", 1));
    html! {
        article class="card model" id=[anchor] {
            p class="headline" { (check.about) }
            ul {
                @for (judged, cell) in check.guarantees.iter().zip(cells) {
                    (guarantee(check, judged, cell))
                }
            }
            @for landmark in &check.landmarks {
                @if landmark.found {
                    p class="small" { "Found: " (landmark.name) "." }
                    (way(&format!("The way there, {}", many(landmark.story.len(), "move")), &landmark.story))
                } @else {
                    p class="small" { strong class="wrong" { "Not found" } ": " (landmark.name) "." }
                }
            }
            @for goal in &check.missed {
                p class="small" { strong class="wrong" { "Goal not reached" } ": " (goal) "." }
            }
            p class="small dim" {
                (check.states) " states, each once, of " (check.generated) " that were made. Bounds: "
                (check.bounds) ". " (capital(&check.cut())) "."
            }
            @if let Some(replay) = replay { (command(replay)) }
        }
    }
}

fn guarantee(check: &Checked, judged: &Judged, cell: &ReportCell) -> Markup {
    let wrong = cell.standing != Standing::AsExpected;
    let (class, sign) = match (cell.verdict, wrong) {
        (_, true) => ("bad", "\u{2715}"),
        (ReportVerdict::Held, _) => ("good", "\u{2713}"),
        (ReportVerdict::Broken, _) => ("notable", "!"),
        (ReportVerdict::Unknown | ReportVerdict::NotExercised, _) => ("dim", "?"),
    };
    let should = match (judged.verdict, judged.expected) {
        (Outcome::Broken, Outcome::Exhausted) => ": it should hold",
        (Outcome::Exhausted, Outcome::Broken) => ": it should break",
        _ => "",
    };
    html! {
        li {
            span class={ "sign " (class) } aria-hidden="true" { (sign) }
            b { (judged.guarantee) } ": " (check.says(judged)) "."
            @if wrong { " " strong class="wrong" { "Not as it should be" (should) "." } }
            (way(&format!("How it breaks, {}", many(judged.story.len(), "move")), &judged.story))
        }
    }
}

/// A way through the model, to be opened; nothing if it has no moves.
fn way(title: &str, story: &[String]) -> Markup {
    html! {
        @if !story.is_empty() {
            details class="small" {
                summary { (title) }
                ol { @for line in story { li { (line) } } }
            }
        }
    }
}

fn capital(text: &str) -> String {
    let mut signs = text.chars();
    signs.next().map_or_else(String::new, |first| first.to_uppercase().chain(signs).collect())
}

/// What there is to know of a lock from its models; nothing without a check of it.
pub(super) fn point(report: &Report, protocol: &str) -> Option<Point> {
    let checks: Vec<&Checked> = report.checks_of(protocol).collect();
    let cells: Vec<&ReportCell> = checks.iter().flat_map(|check| report.cells_of(check)).collect();
    if cells.is_empty() {
        return None;
    }
    let systems = many(checks.len(), "small system");
    let mut said: [Vec<String>; 3] = Default::default();
    for name in Guarantee::ALL.map(Guarantee::name) {
        let of_it = || cells.iter().filter(|cell| cell.guarantee == name);
        let with = |verdict| of_it().filter(|cell| cell.verdict == verdict).count();
        let (held, broken) = (with(ReportVerdict::Held), with(ReportVerdict::Broken));
        let all = of_it().count();
        if all > 0 {
            let (sort, number) = match (broken, held) {
                (0, held) if held == all => (0, all),
                (0, _) => (2, all - held),
                (broken, _) => (1, broken),
            };
            let often =
                if number == all { String::new() } else { format!(" in {number} of {all}") };
            said[sort].push(format!("{name}{often}"));
        }
    }
    let [held, broken, open] = said;
    let parts = [("exhausted", held), ("broken", broken), ("not proved", open)];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    let parts = parts.map(|(word, names)| format!("{word}: {}", names.join(", ")));
    let parts = parts.collect::<Vec<String>>().join("; ");
    let wrong = cells.iter().any(|cell| cell.standing != Standing::AsExpected);
    let held = cells.iter().all(|cell| cell.verdict == ReportVerdict::Held);
    let tone = match (wrong, held) {
        (true, _) => Tone::Bad,
        (false, true) => Tone::Good,
        (false, false) => Tone::Notable,
    };
    let end = if wrong { ". Not all of this is as it should be." } else { "." };
    let text = format!(
        "Every interleaving of {systems} within bounds, in a world in which time is anything: \
         {parts}{end}"
    );
    Some(Point { tone, text, scenarios: Vec::new() })
}
