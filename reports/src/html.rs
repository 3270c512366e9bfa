//! Pages: a report, an envelope or one run as one self-contained HTML file.
//!
//! A page works without a server and without a network: its style, its scripts and its data are
//! inside, and its content policy forbids everything else. What matters most (the verdicts, the
//! matrix, the findings with their commands) stands in the page as text; scripts add what is too
//! much to spell out beforehand: the details behind each field, the charts, the diagrams.
//!
//! Charts and diagrams are drawn by the page itself, from data: thirteen hundred charts spelt out
//! as SVG would not fit into five megabytes, and a diagram that is zoomed has to be laid out anew.
//! A charting library would bring more script than all of it is.

mod costs;
mod data;
mod envelope;
mod models;
mod overview;
mod places;
mod verdict;

pub use envelope::envelope;
pub use verdict::{Point, Tone, Verdict, verdict};

use crate::report::{Report, ReportFailure};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("html/style.css");
const DIAGRAM: &str = include_str!("html/diagram.js");
const CHARTS: &str = include_str!("html/charts.js");
const REPORT: &str = include_str!("html/report.js");
const RUN: &str = include_str!("html/run.js");

/// The only thing that a page may load is what is in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                      img-src data:; base-uri 'none'; form-action 'none'";

/// Where the page of a report has one lock in one scenario.
fn pair_link(protocol: &str, scenario: &str) -> String {
    format!("#pair/{protocol}/{scenario}")
}

/// The page of a report.
pub fn report(report: &Report) -> String {
    let runs: u64 = report.measures.iter().map(|row| row.runs).sum();
    let title = format!("Locklab: {} locks, {runs} runs", report.protocols.len());
    let scripts = [DIAGRAM, CHARTS, REPORT].concat();
    page(&title, overview::body(report), &data::report(report), &scripts)
}

/// The page of one run: its story and its diagram. `which` says which run of many it is.
pub fn run(failure: &ReportFailure, which: &str, about: &[&str]) -> String {
    let ReportFailure { protocol, scenario, .. } = failure;
    let title = format!("{protocol} in {scenario}, {which}");
    let body = html! {
        main id="content" {
            h1 { (title) }
            @for line in about {
                @if !line.is_empty() { p { (line) } }
            }
            @if failure.breaks.is_empty() {
                p class="banner good" { "Nothing broke in this run." }
            } @else {
                div class="banner bad" {
                    "Broke in this run:"
                    ul {
                        @for broke in &failure.breaks {
                            li { b { (broke.guarantee) } ": " (broke.reason) }
                        }
                    }
                }
            }
            (command(&failure.replay))
            h2 { "What happened" }
            ol class="story" id="story" { (story(failure)) }
            h2 { "The same as a picture" }
            div id="diagram" {
                noscript { "The picture needs scripts; the story says the same." }
            }
        }
    };
    page(&title, body, &data::run(failure), &[DIAGRAM, RUN].concat())
}

/// A command with a button that copies it.
fn command(text: &str) -> Markup {
    html! {
        p class="command" {
            code { (text) }
            button type="button" data-copy=(text) { "Copy" }
        }
    }
}

/// The lines of a story.
fn story(failure: &ReportFailure) -> Markup {
    html! {
        @for line in &failure.story {
            li class=(line.mark) {
                time { (moment(line.at)) }
                span class="node" { (line.node.as_deref().unwrap_or("")) }
                span class="text" { (line.text) }
            }
        }
    }
}

/// A moment as a story has it.
fn moment(nanos: u64) -> String {
    locklab_protocols::time::Time(nanos).to_string()
}

fn page(title: &str, body: Markup, data: &str, scripts: &str) -> String {
    // What ends a script or begins a comment in HTML must not stand in one.
    let data = data.replace('<', "\\u003c");
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#content" { "To the content" }
                (body)
                script type="application/json" id="data" { (PreEscaped(data)) }
                script { (PreEscaped(scripts)) }
            }
        }
    };
    page.into_string()
}
