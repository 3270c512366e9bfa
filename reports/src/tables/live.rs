//! What live runs came to, beside what the simulator says.

use super::sheet::{cell, sheet, text};
use crate::terminal::{Paint, Terminal};
use comfy_table::CellAlignment;
use locklab_scenarios::judge::{Estimate, MeasureRow};
use locklab_scenarios::live::bench::Cost;
use locklab_scenarios::live::compared::Row;
use locklab_scenarios::story::span;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a live run cost, in one line.
pub fn costs(row: &MeasureRow) -> String {
    let mut said = format!("{} grants", row.grants);
    if let Some(wait) = row.acquire_latency {
        said += &format!(", waits of {} (p50) and {} (p99)", span(wait.p50), span(wait.p99));
    }
    if let (Some(messages), Some(writes)) =
        (row.messages_per_grant_milli, row.disk_writes_per_grant_milli)
    {
        said += &format!(
            ", {} messages and {} disk writes a grant",
            tenths(messages.value),
            tenths(writes.value)
        );
    }
    if let Some(recovery) = row.recovery {
        said += &format!(", the first one {} after the faults", span(recovery.p50));
    }
    said + "\n"
}

/// How often faults struck, and how soon after it somebody was granted the lock again.
pub fn struck(strikes: &BTreeMap<&'static str, Vec<Duration>>) -> String {
    let mut page = String::new();
    for (kind, waits) in strikes {
        let mut waits = waits.clone();
        waits.sort_unstable();
        let (Some(longest), median) = (waits.last(), waits.get(waits.len() / 2)) else { continue };
        let median = median.unwrap_or(longest);
        page += &format!(
            "{kind}: struck {} times, the next grant came after {} (median) and {} at the latest\n",
            waits.len(),
            span(*median),
            span(*longest),
        );
    }
    page
}

fn estimated(milli: Estimate) -> String {
    tenths(milli.value)
}

fn tenths(milli: u64) -> String {
    format!("{}.{}", milli / 1000, milli % 1000 / 100)
}

/// Prediction and reality, one line for each lock in a scenario.
pub fn compared(rows: &[Row], terminal: &Terminal) -> String {
    let heads = ["scenario", "lock", "breaks in simulation", "broke live", ""];
    let mut table = sheet(terminal, heads.map(str::to_owned));
    for row in rows {
        let (paint, said) = compares(row);
        table.add_row([
            cell(Paint::Plain, &row.scenario),
            cell(Paint::Plain, &row.protocol),
            cell(Paint::Plain, row.predicted()),
            cell(Paint::Plain, row.broke()),
            cell(paint, said),
        ]);
    }
    text(table, 2) + "\n" + &summary(rows)
}

/// The same for a page in Markdown.
pub fn compared_in_markdown(rows: &[Row]) -> String {
    let mut page = "| scenario | lock | breaks in simulation | broke live | |\n".to_owned();
    page += "| --- | --- | --- | --- | --- |\n";
    for row in rows {
        let (_, said) = compares(row);
        let said = said.replace('|', "\\|").replace('\n', " ");
        let (predicted, broke) = (row.predicted(), row.broke());
        page +=
            &format!("| {} | {} | {predicted} | {broke} | {said} |\n", row.scenario, row.protocol);
    }
    page + "\n" + &summary(rows)
}

/// How a live run compares with what was predicted.
fn compares(row: &Row) -> (Paint, String) {
    let differences = row.differences();
    match (&row.failed, differences.is_empty()) {
        (Some(why), _) => (Paint::Bad, why.clone()),
        (None, _) if row.is_idle_as_predicted() => {
            (Paint::Good, format!("as predicted, that nothing is tested: {}", row.why_idle()))
        }
        (None, _) if row.is_idle() => (Paint::Dim, row.why_idle()),
        (None, true) => (Paint::Good, "as predicted".to_owned()),
        (None, false) => (Paint::Bad, differences.join("; ")),
    }
}

fn summary(rows: &[Row]) -> String {
    let differ = rows.iter().filter(|row| !row.differences().is_empty()).count();
    let idle = rows.iter().filter(|row| row.is_idle()).count();
    let failed = rows.iter().filter(|row| row.failed.is_some()).count();
    format!(
        "{} runs: {} as predicted, {differ} otherwise, {idle} put nothing to the test, {failed} \
         failed.\n",
        rows.len(),
        rows.len() - differ - idle - failed,
    )
}

/// What locking costs on this machine, and in messages and writes by the simulator's count.
pub fn measured(costs: &[Cost], terminal: &Terminal) -> String {
    let heads = [
        "",
        "clients",
        "grants/s",
        "wait\np50",
        "wait\np99",
        "msgs\n/grant",
        "writes\n/grant",
        "msgs\n(sim)",
        "writes\n(sim)",
    ];
    let mut table = sheet(terminal, heads.map(str::to_owned));
    let none = || "-".to_owned();
    for cost in costs {
        let (live, simulated) = (&cost.live, &cost.simulated);
        let said = [
            cost.clients.to_string(),
            tenths(cost.grants_per_second_milli),
            live.acquire_latency.map_or_else(none, |wait| exact(wait.p50)),
            live.acquire_latency.map_or_else(none, |wait| exact(wait.p99)),
            live.messages_per_grant_milli.map_or_else(none, estimated),
            live.disk_writes_per_grant_milli.map_or_else(none, estimated),
            simulated.messages_per_grant_milli.map_or_else(none, estimated),
            simulated.disk_writes_per_grant_milli.map_or_else(none, estimated),
        ];
        let said = said.into_iter().map(|said| cell(Paint::Plain, said));
        table.add_row(std::iter::once(cell(Paint::Bold, &live.protocol)).chain(said));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    text(table, 2)
}

/// A duration to the hundredth of a millisecond.
fn exact(duration: Duration) -> String {
    let hundredths = duration.as_micros() / 10;
    format!("{}.{:02} ms", hundredths / 100, hundredths % 100)
}
