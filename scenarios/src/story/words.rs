//! How durations and lists are said.

use std::fmt::Display;
use std::time::Duration;

/// A duration as people say it: two or three digits and a unit (`15 s`, `9.8 s`, `250 ms`).
pub fn span(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let (size, unit) = match nanos {
        0 => return "0 s".to_owned(),
        999_950_000.. => (1_000_000_000, "s"),
        999_950.. => (1_000_000, "ms"),
        _ => (1_000, "\u{b5}s"),
    };
    let tenths = (nanos * 10 + size / 2) / size;
    match (tenths / 10, tenths % 10) {
        // From a hundred on nobody asks for tenths.
        (100.., _) => format!("{} {unit}", (nanos + size / 2) / size),
        (whole, 0) => format!("{whole} {unit}"),
        (whole, tenth) => format!("{whole}.{tenth} {unit}"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let mut items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    match items.pop() {
        None => "nobody".to_owned(),
        Some(last) if items.is_empty() => last,
        Some(last) => format!("{} and {last}", items.join(", ")),
    }
}

/// A count with its noun.
pub(super) fn count(number: usize, one: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        _ => format!("{number} {one}s"),
    }
}

/// What a message is about: the names that open what the program prints, each once, and the
/// operation in it if it says one. `Storage(Request(Request { operation: Read, .. }))` is about a
/// `Request Read`.
pub fn gist(message: &str) -> String {
    let name =
        |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric()).collect() };
    let mut names: Vec<String> = Vec::new();
    let opening = message.split('{').next().unwrap_or_default();
    for part in opening.split('(').map(name).filter(|name| !name.is_empty()) {
        let wrapper = names.is_empty() && matches!(part.as_str(), "Lock" | "Storage");
        if !wrapper && names.last() != Some(&part) {
            names.push(part);
        }
    }
    let operation = message.split_once("operation: ").map(|(_, operation)| name(operation));
    names.extend(operation);
    names.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_as_many_digits_as_people_want() {
        let said = |micros| span(Duration::from_micros(micros));
        assert_eq!(said(0), "0 s");
        assert_eq!(said(80), "80 \u{b5}s");
        assert_eq!(said(1_500), "1.5 ms");
        assert_eq!(said(250_000), "250 ms");
        assert_eq!(said(999_960), "1 s");
        assert_eq!(said(9_840_000), "9.8 s");
        assert_eq!(said(15_000_000), "15 s");
        assert_eq!(said(123_456_000), "123 s");
    }

    #[test]
    fn lists_end_in_and() {
        assert_eq!(list(["a"]), "a");
        assert_eq!(list(["a", "b", "c"]), "a, b and c");
    }

    #[test]
    fn the_gist_of_a_message_is_its_names() {
        let read = "Storage(Request(Request { number: 1, operation: Read }))";
        assert_eq!(gist(read), "Request Read");
        let write = "Storage(Request(Request { operation: Write { based_on: Version(3) } }))";
        assert_eq!(gist(write), "Request Write");
        assert_eq!(gist("Ask"), "Ask");
    }
}
