//! The look that all tables share: no box, one line below the heads.

use crate::terminal::{Paint, Terminal};
use comfy_table::{
    Attribute, Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
};

const STYLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// A table with these heads, as wide as its terminal at the most.
pub(super) fn sheet(terminal: &Terminal, heads: impl IntoIterator<Item = String>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(terminal.width).unwrap_or(u16::MAX));
    if terminal.colours {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table.set_header(heads.into_iter().map(|head| cell(Paint::Bold, head)));
    table
}

/// A cell set off.
pub(super) fn cell(paint: Paint, text: impl ToString) -> Cell {
    let cell = Cell::new(text);
    match paint {
        Paint::Plain => cell,
        Paint::Dim => cell.add_attribute(Attribute::Dim),
        Paint::Bold => cell.add_attribute(Attribute::Bold),
        Paint::Good => cell.fg(Color::DarkGreen),
        Paint::Notable => cell.fg(Color::DarkYellow),
        Paint::Fault => cell.fg(Color::DarkCyan),
        Paint::Bad => cell.fg(Color::Red).add_attribute(Attribute::Bold),
    }
}

/// The text of a table with so many blanks between its columns, its lines without blanks at
/// their ends.
pub(super) fn text(mut table: Table, gap: u16) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, gap));
    }
    if let Some(names) = table.column_mut(0) {
        names.set_constraint(ColumnConstraint::ContentWidth);
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}
