//! What the terminal can show, and text made to fit it.

use std::fmt::Write;
use std::io::IsTerminal;

/// The width of what does not go to a terminal.
const USUAL_WIDTH: usize = 100;

/// What the place that text goes to can show.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Terminal {
    /// How many columns it has.
    pub width: usize,
    /// Whether it shows colours.
    pub colours: bool,
}

/// How a piece of text is set off, where there are colours. Nothing is said by colour alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paint {
    /// As it is.
    Plain,
    /// Less important.
    Dim,
    /// A heading.
    Bold,
    /// As it should be.
    Good,
    /// A finding.
    Notable,
    /// A fault, or something that a fault did.
    Fault,
    /// Wrong.
    Bad,
}

impl Terminal {
    /// Text in a file: no colours.
    pub fn plain(width: usize) -> Self {
        Self { width, colours: false }
    }

    /// What standard output is connected to. The variables `NO_COLOR` and `COLUMNS` are obeyed.
    pub fn of_stdout() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let measured =
            || comfy_table::Table::new().width().map(usize::from).filter(|width| *width > 0);
        let width = columns.or_else(|| if is_terminal { measured() } else { None });
        Self {
            width: width.unwrap_or(USUAL_WIDTH).clamp(60, 160),
            colours: is_terminal && set("NO_COLOR").is_none(),
        }
    }

    /// The text set off.
    pub fn paint(&self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Plain => return text.to_owned(),
            Paint::Dim => "2",
            Paint::Bold => "1",
            Paint::Good => "32",
            Paint::Notable => "33",
            Paint::Fault => "36",
            Paint::Bad => "1;31",
        };
        if self.colours { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A text broken into lines that fit; all but the first begin with `indent` blanks.
    pub fn wrap(&self, text: &str, indent: usize) -> String {
        let mut wrapped = String::new();
        let mut column = 0;
        // What stands before the text (a time, an indentation) stays as it is.
        let start = text.len() - text.trim_start().len();
        wrapped.push_str(&text[..start]);
        column += start;
        for (position, word) in text[start..].split(' ').enumerate() {
            let length = word.chars().count();
            if position > 0 && column + 1 + length > self.width && column > indent {
                let _ = write!(wrapped, "\n{:indent$}", "");
                column = indent;
            } else if position > 0 {
                wrapped.push(' ');
                column += 1;
            }
            wrapped.push_str(word);
            column += length;
        }
        wrapped
    }
}

/// A number of things, each called by this word.
pub(crate) fn many(number: impl TryInto<u64>, one: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {one}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_hang_below_their_column() {
        let wrapped = Terminal::plain(60).wrap(&format!("  at  {}", "word ".repeat(12).trim()), 6);
        assert_eq!(
            wrapped,
            "  at  word word word word word word word word word word word\n      word"
        );
        assert!(wrapped.lines().all(|line| line.len() <= 60));
    }

    #[test]
    fn without_colours_nothing_is_added() {
        assert_eq!(Terminal::plain(80).paint(Paint::Bad, "x"), "x");
        let colourful = Terminal { width: 80, colours: true };
        assert_eq!(colourful.paint(Paint::Bad, "x"), "\u{1b}[1;31mx\u{1b}[0m");
    }
}
