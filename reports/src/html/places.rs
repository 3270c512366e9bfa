//! What breaks where: each scenario with each lock, by what goes wrong in it.

use super::pair_link;
use crate::report::{Report, ReportCell, ReportScenario, ReportVerdict, Standing};
use locklab_protocols::spec::Guarantee;
use maud::{Markup, html};
use std::collections::BTreeMap;

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
fn sort(scenario: &ReportScenario) -> &'static str {
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

/// The section.
pub(super) fn section(report: &Report) -> Markup {
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
