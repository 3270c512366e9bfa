//! What locking costs.

use super::board::Board;
use super::sheet::{cell, sheet, text};
use crate::terminal::{Paint, Terminal};
use comfy_table::CellAlignment;
use locklab_scenarios::judge::MeasureRow;
use locklab_scenarios::story::span;

/// One row for each protocol in each of these scenarios.
pub fn measures(board: &Board<'_>, terminal: &Terminal, scenarios: &[&str]) -> String {
    let heads = [
        "",
        "grants",
        "wait\np50",
        "wait\np99",
        "served",
        "msgs\n/grant",
        "writes\n/grant",
        "stale\nrefused",
        "recov.\n(p50)",
    ];
    let mut page = String::new();
    for scenario in scenarios {
        let rows = board.comparison.measures.iter().filter(|row| row.scenario == *scenario);
        page += &format!("in {scenario}\n");
        let mut table = sheet(terminal, heads.map(str::to_owned));
        rows.for_each(|row| {
            table.add_row(cells(row));
        });
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        page += &text(table, if terminal.width < 96 { 1 } else { 2 });
        page.push('\n');
    }
    page
}

fn cells(row: &MeasureRow) -> Vec<comfy_table::Cell> {
    let none = || "-".to_owned();
    let said = [
        row.grants.to_string(),
        row.acquire_latency.map_or_else(none, |wait| span(wait.p50)),
        row.acquire_latency.map_or_else(none, |wait| span(wait.p99)),
        row.availability_permille
            .map_or_else(none, |share| format!("{} %", decimal(share.value, 10))),
        row.messages_per_grant_milli.map_or_else(none, |milli| decimal(milli.value / 100, 10)),
        row.disk_writes_per_grant_milli.map_or_else(none, |milli| decimal(milli.value / 100, 10)),
        row.rejected_stale.to_string(),
        row.recovery.map_or_else(none, |recovery| span(recovery.p50)),
    ];
    let said = said.into_iter().map(|said| cell(Paint::Plain, said));
    std::iter::once(cell(Paint::Bold, &row.protocol)).chain(said).collect()
}

/// A number of tenths with its point.
fn decimal(tenths: u64, ten: u64) -> String {
    format!("{}.{}", tenths / ten, tenths % ten)
}
