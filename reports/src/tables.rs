//! What a comparison says, for people at a terminal.
//!
//! From the widest view to the narrowest: each protocol with each guarantee over all scenarios
//! ([`glance`]), what broke in which scenario ([`detail`]), what locking costs ([`measures`]), and
//! each break with its reason and the command that shows it ([`findings`]), and beside all this what
//! the model checker says ([`models`]). Whether a break is a
//! finding or a complaint is said in words and marks; colours only repeat it.

mod board;
mod detail;
mod findings;
mod glance;
#[cfg(unix)]
pub mod live;
mod measures;
mod models;
mod once;
mod sheet;

use crate::terminal::{Paint, Terminal};

pub use board::Board;
pub use detail::detail;
pub use findings::findings;
pub use glance::glance;
pub use measures::measures;
pub use models::models;
pub use once::{complaints, once, several};

/// A table of set off cells, for other reports than comparisons.
pub(crate) fn painted(
    terminal: &Terminal,
    heads: impl IntoIterator<Item = String>,
    rows: impl IntoIterator<Item = Vec<(Paint, String)>>,
) -> String {
    let mut table = sheet::sheet(terminal, heads);
    for row in rows {
        table.add_row(row.into_iter().map(|(paint, text)| sheet::cell(paint, text)));
    }
    sheet::text(table, 3)
}
