//! JSON with one line for each record: short enough to store, and a difference of two reports
//! shows whole records.

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use std::io::{self, Write};

/// Up to this depth everything stands on a line of its own.
const DEPTH: usize = 2;

#[derive(Default)]
struct Records {
    depth: usize,
    empty: bool,
}

/// The text of a value, with a line break at its end.
pub(crate) fn text(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut text, Records::default());
    value.serialize(&mut serializer).expect("a report has a form in JSON");
    text.push(b'\n');
    String::from_utf8(text).expect("JSON is text")
}

impl Records {
    fn opens<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.empty = true;
        writer.write_all(bracket)
    }

    fn closes<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8]) -> io::Result<()> {
        if self.depth <= DEPTH && !self.empty {
            writer.write_all(b"\n")?;
        }
        self.depth -= 1;
        self.empty = false;
        writer.write_all(bracket)
    }

    fn begins<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.empty = false;
        match (first, self.depth <= DEPTH) {
            (true, true) => writer.write_all(b"\n"),
            (false, true) => writer.write_all(b",\n"),
            (true, false) => Ok(()),
            (false, false) => writer.write_all(b","),
        }
    }
}

impl Formatter for Records {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.opens(writer, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.closes(writer, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.begins(w, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.opens(writer, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.closes(writer, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, w: &mut W, first: bool) -> io::Result<()> {
        self.begins(w, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        CompactFormatter.begin_object_value(writer)
    }
}
