//! What each lock costs: as charts, which a script draws, and as a table.

use crate::report::{Report, ReportMeasures};
use locklab_scenarios::story::span;
use maud::{Markup, html};
use std::time::Duration;

/// The section.
pub(super) fn section(report: &Report) -> Markup {
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
