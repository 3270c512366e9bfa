//! The readers of histories, on text that nobody meant for them.

use crate::spec::linearizable::{
    Budget, History, Semantics, check, read_edn, read_json_lines, write_json_lines,
};
use proptest::prelude::*;

/// Text in which the readers find something to do.
fn almost_edn() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "#{",
        "#_",
        "#t",
        "\"",
        "\\",
        ";",
        "\n",
        " ",
        ":type",
        ":invoke",
        ":ok",
        ":fail",
        ":info",
        ":f",
        ":acquire",
        ":release",
        ":process",
        "0",
        "1",
        ":time",
        "-1",
        "99999999999999999999",
        "nil",
        ":value",
        "1.5",
        ",",
        "é",
        "{:type :invoke, :f :acquire, :process 0}",
        "{:type :ok, :f :acquire, :process 0, :value 3}",
        "{:type :invoke, :f :release, :process 4294967295}",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

/// Lines whose fields are right and whose values are anything.
fn almost_json() -> impl Strategy<Value = String> {
    let action = prop::sample::select(vec!["acquire", "release", "lease-ended"]);
    let outcome = prop::sample::select(vec!["ok", "fail", "unknown"]);
    let line = (0..4_u32, 1..3_u32, action, any::<u64>(), any::<Option<u64>>(), outcome);
    let line = line.prop_map(|(client, lock, action, called, returned, outcome)| {
        let returned = returned.map_or("null".to_owned(), |returned| returned.to_string());
        let who = format!(r#""client":{client},"lock":{lock},"action":"{action}""#);
        let when = format!(r#""called":{called},"returned":{returned}"#);
        format!(r#"{{{who},{when},"outcome":"{outcome}"}}"#)
    });
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.join("\n"))
}

/// Whatever was read can be judged, and written and read again.
fn judge(history: &History) {
    for semantics in [Semantics::PLAIN, Semantics::REENTRANT_FENCED] {
        check(history, semantics, Budget { steps: 1_000 });
    }
    let again = read_json_lines(&write_json_lines(history)).expect("what was written reads");
    assert_eq!(&again, history);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_is_read_or_refused(text in any::<String>()) {
        let blank = text.lines().all(|line| line.trim().is_empty());
        prop_assert_eq!(read_json_lines(&text).is_ok(), blank);
        if let Ok(history) = read_edn(&text) {
            judge(&history);
        }
    }

    #[test]
    fn almost_edn_is_read_or_refused(text in almost_edn()) {
        match read_edn(&text) {
            Ok(history) => judge(&history),
            Err(error) => {
                prop_assert!(error.line >= 1 && error.line <= text.lines().count() + 1);
            }
        }
    }

    #[test]
    fn almost_json_is_read_or_refused(text in almost_json()) {
        match read_json_lines(&text) {
            Ok(history) => judge(&history),
            Err(error) => prop_assert!(error.to_string().contains("number 0"), "{}", error),
        }
    }
}
