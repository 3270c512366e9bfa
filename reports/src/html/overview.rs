//! What a report's page says without scripts: the verdicts, the matrices, the costs, the findings.

use super::verdict::{Tone, verdict};
use super::{command, models, moment};
use crate::report::{Report, ReportCell, ReportMeasures, ReportVerdict, Source, Standing};
use locklab_protocols::spec::Guarantee;
use locklab_scenarios::story::span;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::time::Duration;

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
            (places(report))
            (costs(report))
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

fn pair_link(protocol: &str, scenario: &str) -> String {
    format!("#pair/{protocol}/{scenario}")
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

/// The letter of a guarantee.
fn letter(guarantee: &str) -> char {
    match guarantee {
        "grant-exclusion" => 'G',
        "mutual-exclusion" => 'M',
        "token-order" => 'T',
        "fenced-writes" => 'F',
        "no-lost-update" => 'U',
        "lease-kept" => 'K',
        "progress" => 'P',
        "deadlock-free" => 'D',
        "agreement" => 'A',
        _ => 'L',
    }
}

/// What sort of fault a scenario is about: that of its first fault.
fn sort(scenario: &crate::report::ReportScenario) -> &'static str {
    match scenario.faults.first().map(|fault| fault.kind.as_str()) {
        None => "No fault",
        Some("pause" | "slow") => "Pauses",
        Some("crash") => "Crashes",
        Some("cut" | "partition") => "Partitions",
        Some("loss" | "duplicate" | "delay" | "reorder") => "Networks that lose, double or delay",
        Some("disk-stall" | "disk-lie") => "Disks",
        Some(_) => "Clocks",
    }
}

fn places(report: &Report) -> Markup {
    let mut cells: BTreeMap<(&str, &str), Vec<&ReportCell>> = BTreeMap::new();
    for cell in report.sampled() {
        cells.entry((&cell.scenario, &cell.protocol)).or_default().push(cell);
    }
    let sorts = [
        "No fault",
        "Pauses",
        "Crashes",
        "Partitions",
        "Networks that lose, double or delay",
        "Clocks",
        "Disks",
    ];
    html! {
        section id="where" {
            h2 { "What breaks where" }
            p class="dim" { "Each scenario with each lock, by what goes wrong in it. Letters stand \
                             for the guarantees that broke." }
            div class="tools" {
                label { "Show " select id="only" {
                    option value="" { "all guarantees" }
                    @for guarantee in Guarantee::ALL {
                        option value=(letter(guarantee.name())) { (guarantee.name()) }
                    }
                } }
                label { span class="dim" { "Find " } input type="search" id="find" placeholder="scenario"; }
            }
            div class="scroll" tabindex="0" role="region" aria-label="Scenarios and locks" {
                table class="matrix where" {
                    thead {
                        tr {
                            td {}
                            @for protocol in &report.protocols { th scope="col" { (protocol.name) } }
                        }
                    }
                    @for wanted in sorts {
                        @let of_sort: Vec<_> =
                            report.scenarios.iter().filter(|one| sort(one) == wanted).collect();
                        @if !of_sort.is_empty() {
                            tbody {
                                tr class="group" {
                                    th colspan=(report.protocols.len() + 1) scope="rowgroup" { (wanted) }
                                }
                                @for scenario in of_sort {
                                    tr data-name=(scenario.name) {
                                        th scope="row" title=(scenario.about) { (scenario.name) }
                                        @for protocol in &report.protocols {
                                            td { (place(cells.get(&(&*scenario.name, &*protocol.name)),
                                                &protocol.name, &scenario.name)) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
            ul class="legend" {
                @for guarantee in Guarantee::ALL {
                    li { b { (letter(guarantee.name())) } " " (guarantee.name()) }
                }
                li { b { "\u{b7}" } " nothing broke" }
                li { b { "?" } " unknown" }
                li { b { "!" } " where it should have held" }
            }
        }
    }
}

/// The field of one protocol in one scenario.
fn place(cells: Option<&Vec<&ReportCell>>, protocol: &str, scenario: &str) -> Markup {
    let Some(cells) = cells else { return html! {} };
    let mut said = String::new();
    let mut class = "held";
    for cell in cells {
        let mark = match (cell.verdict, cell.standing) {
            (ReportVerdict::Broken, Standing::Regression) => {
                class = "alarm";
                "!"
            }
            (ReportVerdict::Broken, _) => "",
            (ReportVerdict::Unknown, _) => "?",
            _ => continue,
        };
        if class == "held" {
            class = if cell.verdict == ReportVerdict::Broken { "broken" } else { "unknown" };
        }
        said.push(letter(&cell.guarantee));
        said.push_str(mark);
    }
    let words = if said.is_empty() { "nothing broke".to_owned() } else { format!("broke: {said}") };
    let said = if said.is_empty() { "\u{b7}".to_owned() } else { said };
    html! {
        a class={ "cell " (class) } href=(pair_link(protocol, scenario))
            aria-label={ (protocol) " in " (scenario) ", " (words) } { (said) }
    }
}

fn costs(report: &Report) -> Markup {
    let calm = report.scenarios.iter().find(|scenario| scenario.faults.is_empty());
    let Some(shown) = calm.or(report.scenarios.first()) else { return html! {} };
    html! {
        section id="costs" {
            h2 { "What it costs" }
            p class="dim" {
                "Simulated time, all locks on the same workload. Lines through the marks show where \
                 the value lies with 95 % confidence, over the runs."
            }
            div class="tools" {
                label { "In " select id="scenario" {
                    @for scenario in &report.scenarios {
                        option value=(scenario.name) selected[scenario.name == shown.name] {
                            (scenario.name)
                        }
                    }
                } }
            }
            div id="charts" class="charts" {}
            details {
                summary { "The same as a table (" (shown.name) ")" }
                div class="scroll" tabindex="0" role="region" aria-label="Costs" {
                    (cost_table(report, &shown.name))
                }
            }
        }
    }
}

fn cost_table(report: &Report, scenario: &str) -> Markup {
    let said = |nanos: u64| span(Duration::from_nanos(nanos));
    let thousandths = |value: u64| format!("{}.{}", value / 1000, value % 1000 / 100);
    let row = |row: &ReportMeasures| {
        let wait = row.acquire_latency;
        let none = || "\u{2013}".to_owned();
        [
            row.grants.to_string(),
            wait.map_or_else(none, |wait| said(wait.p50)),
            wait.map_or_else(none, |wait| said(wait.p90)),
            wait.map_or_else(none, |wait| said(wait.p99)),
            wait.map_or_else(none, |wait| said(wait.max)),
            row.availability_permille
                .map_or_else(none, |share| format!("{}.{} %", share.value / 10, share.value % 10)),
            row.messages_per_grant_permille.map_or_else(none, |one| thousandths(one.value)),
            row.disk_writes_per_grant_permille.map_or_else(none, |one| thousandths(one.value)),
            row.recovery.map_or_else(none, |recovery| said(recovery.p50)),
        ]
    };
    html! {
        table {
            thead {
                tr {
                    td {}
                    @for head in ["grants", "wait p50", "p90", "p99", "longest", "served",
                        "messages a grant", "disk writes a grant", "recovery p50"] {
                        th scope="col" class="num" { (head) }
                    }
                }
            }
            tbody {
                @for measures in report.measures.iter().filter(|one| one.scenario == scenario) {
                    tr {
                        th scope="row" { (measures.protocol) }
                        @for number in row(measures) { td class="num" { (number) } }
                    }
                }
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
