//! What a report's page says without scripts: the verdicts, the matrices, the costs, the findings.

use super::verdict::{Tone, verdict};
use super::{command, costs, models, moment, pair_link, places};
use crate::report::{Report, ReportCell, ReportVerdict, Source, Standing};
use locklab_protocols::spec::Guarantee;
use maud::{Markup, html};
use std::collections::BTreeMap;

pub(super) fn body(report: &Report) -> Markup {
    html! {
        header class="bar" {
            div {
                nav aria-label="Parts of this page" {
                    strong { "Locklab" }
                    a href="#verdicts" { "Verdicts" }
                    a href="#matrix" { "What holds" }
                    a href="#where" { "What breaks where" }
                    a href="#costs" { "What it costs" }
                    a href="#failures" { "Failures" }
                    @if !report.checks.is_empty() { a href="#models" { "The model checker" } }
                    a href="#reading" { "How to read" }
                }
            }
        }
        main id="content" {
            (opening(report))
            section id="detail" class="panel" hidden tabindex="-1" aria-live="polite" {}
            (verdicts(report))
            (matrix(report))
            (places::section(report))
            (costs::section(report))
            (failures(report))
            (models::section(report))
            (reading())
        }
        footer {
            main {
                "Locklab " (report.version) ". Times are simulated; the same version and seeds give \
                 the same page, byte for byte. This file needs no network and no server."
            }
        }
    }
}

fn opening(report: &Report) -> Markup {
    let runs: u64 = report.measures.iter().map(|row| row.runs).sum();
    let wrong: Vec<&ReportCell> =
        report.cells.iter().filter(|cell| cell.standing != Standing::AsExpected).collect();
    let broken = report.sampled().filter(|cell| cell.verdict == ReportVerdict::Broken).count();
    let link = |cell: &ReportCell| match cell.source {
        Source::Model => models::link(report, cell),
        Source::Simulation | Source::Live => pair_link(&cell.protocol, &cell.scenario),
    };
    let seeds = (report.seeds.first, report.seeds.first + report.seeds.count.saturating_sub(1));
    html! {
        h1 { "Which lock is safe, when, and what happens when it is not?" }
        p {
            (report.protocols.len()) " locks met " (report.scenarios.len()) " scenarios, each pair \
             with the seeds " (seeds.0) " to " (seeds.1) ": " (runs) " runs, all on the same faults. "
            (broken) " of " (report.sampled().count()) " verdicts are that a guarantee broke."
            @if !report.checks.is_empty() {
                " Beside them stands " a href="#models" { "what the model checker says" } "."
            }
        }
        @if wrong.is_empty() {
            p class="banner good" { "\u{2713} All is as promised and expected." }
        } @else {
            div class="banner bad" role="alert" {
                "\u{2715} " (wrong.len()) " verdicts are not as they should be:"
                ul {
                    @for cell in wrong.iter().take(30) {
                        li {
                            a href=(link(cell)) {
                                (cell.protocol) " in " (cell.scenario)
                            }
                            ": " (cell.why)
                        }
                    }
                }
            }
        }
    }
}

fn sign(tone: Tone) -> (&'static str, &'static str) {
    match tone {
        Tone::Good => ("good", "\u{2713}"),
        Tone::Notable => ("notable", "!"),
        Tone::Bad => ("bad", "\u{2715}"),
        Tone::Dim => ("dim", "?"),
    }
}

fn verdicts(report: &Report) -> Markup {
    html! {
        section id="verdicts" {
            h2 { "What to make of each lock" }
            p class="dim" {
                "For " b { "efficiency" } " it is enough that work is seldom done twice; for "
                b { "correctness" } " two holders must never meet, or the data must survive it. \
                 Drawn from the runs of this report"
                @if !report.checks.is_empty() { ", from its checks" }
                ", and from nothing else."
            }
            div class="cards" {
                @for protocol in &report.protocols {
                    @let made = verdict(report, protocol);
                    article class="card" {
                        h3 { (protocol.name) }
                        p class="about" { (protocol.about) }
                        p class="headline" { (made.headline) }
                        ul {
                            @for point in &made.points {
                                @let (class, sign) = sign(point.tone);
                                li {
                                    span class={ "sign " (class) } aria-hidden="true" { (sign) }
                                    (point.text)
                                    (examples(&protocol.name, &point.scenarios))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A few scenarios that show something.
fn examples(protocol: &str, scenarios: &[String]) -> Markup {
    html! {
        @for (at, scenario) in scenarios.iter().take(2).enumerate() {
            @if at == 0 { " See " } @else { ", " }
            a href=(pair_link(protocol, scenario)) { (scenario) }
        }
        @if scenarios.len() > 2 { " and " (scenarios.len() - 2) " more." }
        @else if !scenarios.is_empty() { "." }
    }
}

/// What all scenarios together say of a guarantee of a protocol.
struct Glance {
    class: &'static str,
    word: &'static str,
    count: String,
    promised: bool,
}

fn glance(cells: &[&ReportCell]) -> Glance {
    let with = |verdict| cells.iter().filter(|cell| cell.verdict == verdict).count();
    let (held, broken) = (with(ReportVerdict::Held), with(ReportVerdict::Broken));
    let alarm = cells.iter().filter(|cell| {
        cell.verdict == ReportVerdict::Broken && cell.standing == Standing::Regression
    });
    let alarms = alarm.count();
    let share = |broken: usize| format!("in {broken} of {}", held + broken);
    let (class, word, count) = if alarms > 0 {
        ("alarm", "\u{2715} BROKEN", share(alarms))
    } else if broken > 0 {
        ("broken", "! breaks", share(broken))
    } else if with(ReportVerdict::Unknown) > 0 {
        ("unknown", "? unknown", String::new())
    } else if held > 0 {
        ("held", "\u{2713} held", format!("in {held}"))
    } else {
        ("none", "\u{2013}", String::new())
    };
    Glance { class, word, count, promised: cells.iter().any(|cell| cell.promised) }
}

fn matrix(report: &Report) -> Markup {
    let mut cells: BTreeMap<(&str, &str), Vec<&ReportCell>> = BTreeMap::new();
    for cell in report.sampled() {
        cells.entry((&cell.protocol, &cell.guarantee)).or_default().push(cell);
    }
    let none = Vec::new();
    html! {
        section id="matrix" {
            h2 { "What holds" }
            p class="dim" { "Each lock with each guarantee, over all scenarios. Choose a field for \
                             what is behind it." }
            div class="scroll" tabindex="0" role="region" aria-label="Locks and guarantees" {
                table class="matrix" {
                    thead {
                        tr {
                            td {}
                            @for guarantee in Guarantee::ALL {
                                th scope="col" title=(guarantee.about()) {
                                    (guarantee.name().replace('-', " "))
                                }
                            }
                        }
                    }
                    tbody {
                        @for protocol in &report.protocols {
                            tr {
                                th scope="row" { (protocol.name) }
                                @for guarantee in Guarantee::ALL {
                                    @let key = (protocol.name.as_str(), guarantee.name());
                                    @let glance = glance(cells.get(&key).unwrap_or(&none));
                                    td {
                                        a class={ "cell " (glance.class) }
                                            href={ "#cell/" (protocol.name) "/" (guarantee.name()) } {
                                            b { (glance.word) @if glance.promised { "*" } }
                                            small { (glance.count) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            ul class="legend" {
                li { span class="cell held" { "\u{2713} held" } "in every run that put it to the test" }
                li {
                    span class="cell broken" { "! breaks" }
                    "in so many scenarios, where it is not promised: a finding"
                }
                li { span class="cell alarm" { "\u{2715} BROKEN" } "where it is promised or known to hold" }
                li { span class="cell none" { "\u{2013}" } "never put to the test" }
                li { b { "*" } " promised, on assumptions that some scenario keeps" }
            }
        }
    }
}

fn failures(report: &Report) -> Markup {
    html! {
        section id="failures" {
            h2 { "Failures" }
            p class="dim" {
                "The first run that broke something, for each lock and scenario, with its story and \
                 a picture of it. " (report.failures.len()) " runs."
            }
            @if report.failures.is_empty() {
                p { "None of the runs is told in this report." }
            }
            @for protocol in &report.protocols {
                @let of_it: Vec<_> =
                    report.failures.iter().filter(|one| one.protocol == protocol.name).collect();
                @if !of_it.is_empty() {
                    details {
                        summary { b { (protocol.name) } " (" (of_it.len()) ")" }
                        ul class="small" {
                            @for failure in of_it {
                                @let link = format!("#run/{}/{}/{}", failure.protocol,
                                    failure.scenario, failure.seed);
                                li {
                                    a href=(link) { (failure.scenario) ", seed " (failure.seed) }
                                    @for broke in &failure.breaks {
                                        ": " b { (broke.guarantee) } " at " (moment(broke.at))
                                    }
                                    noscript { (command(&failure.replay)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn reading() -> Markup {
    html! {
        section id="reading" {
            h2 { "How to read this" }
            p { "A lock is judged in three views at once, because they part company in practice: \
                 what the " b { "servers" } " decided (grant exclusion, lease kept), what the "
                 b { "holders" } " believe (mutual exclusion), and what happened to the "
                 b { "data" } " (fenced writes, no lost update)." }
            ul {
                @for guarantee in Guarantee::ALL {
                    li { b { (guarantee.name()) } ": " (guarantee.about()) "." }
                }
            }
            p { "A lock promises a guarantee on assumptions. Where a scenario keeps them, a break \
                 is a bug; where it does not, the break is the finding. A guarantee that was never \
                 put to the test, or of which a check could not decide, never reads as held." }
        }
    }
}
