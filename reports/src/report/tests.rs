//! The record says what came out, and nothing that is not so gets past its reader.

use super::*;
use crate::Calls;
use locklab_scenarios::catalogue;
use locklab_scenarios::judge::{Tally, judge};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::sim::Record;
use locklab_scenarios::suite::{Comparison, Suite};
use std::path::Path;
use std::sync::atomic::AtomicBool;

fn contestants() -> Contestants {
    Contestants::shelf().only(&["ttl-naive", "ttl"]).expect("they are there")
}

fn scenarios() -> Vec<Scenario> {
    let names = ["calm", "gc-pause-past-lease", "storage-crash"];
    names.iter().map(|name| catalogue::find(name).expect("it is in the catalogue")).collect()
}

/// A comparison of some locks in some scenarios with these seeds, and its report.
pub(super) fn compared(first: u64, count: u64) -> (Comparison, Report) {
    let (contestants, scenarios, calls) = (contestants(), scenarios(), Calls::default());
    let suite = Suite::new(&contestants, &scenarios, first..first + count);
    let comparison = suite.run(&|_| {}, &AtomicBool::new(false));
    let seeds = Seeds { first, count };
    let (contestants, scenarios, calls) = (&contestants, &scenarios[..], &calls);
    let report = Report::of(&comparison, &Ran { contestants, scenarios, seeds, calls });
    (comparison, report)
}

fn why(text: &str) -> String {
    Report::from_json(text).expect_err("it is no report").to_string()
}

#[test]
fn a_report_is_read_back_and_is_the_comparison() {
    let (comparison, report) = compared(1, 8);
    assert_eq!(Report::from_json(&report.to_json()).as_ref(), Ok(&report));
    assert_eq!(report.comparison(), Ok(comparison));
}

#[test]
fn parts_that_were_run_apart_are_the_whole() {
    let (_, whole) = compared(1, 8);
    let (_, one) = compared(1, 3);
    let (_, two) = compared(4, 5);
    let tally = |report: &Report, row: usize| {
        let row = &report.measures[row];
        let same =
            |cell: &&ReportCell| (&cell.protocol, &cell.scenario) == (&row.protocol, &row.scenario);
        row.tally(report.cells.iter().filter(same)).expect("it is in order")
    };
    let scenarios = scenarios();
    let contestants = contestants();
    for row in 0..whole.measures.len() {
        let merged = tally(&two, row).merge(tally(&one, row));
        assert_eq!(merged, tally(&whole, row));
        let (protocol, scenario) = (&whole.measures[row].protocol, &whole.measures[row].scenario);
        let scenario = scenarios.iter().find(|known| known.name == *scenario).expect("it is there");
        let contestant = contestants.build(protocol, scenario).expect("it is there");
        let judged = judge(contestant.as_ref(), scenario, &merged);
        let judged: Vec<ReportCell> =
            judged.iter().map(|cell| ReportCell::of(cell, &Calls::default())).collect();
        let cells = whole.cells.iter();
        let cells = cells.filter(|c| c.protocol == *protocol && c.scenario == scenario.name);
        assert_eq!(judged.iter().collect::<Vec<_>>(), cells.collect::<Vec<_>>());
    }
}

#[test]
fn equal_inputs_give_equal_bytes_one_line_a_record() {
    let (_, report) = compared(1, 2);
    let text = report.to_json();
    assert_eq!(text, compared(1, 2).1.to_json());
    let lines = text.lines().filter(|line| line.starts_with("{\"protocol\""));
    assert_eq!(lines.count(), report.cells.len() + report.measures.len());
    assert!(!text.contains('.') || serde_json::from_str::<serde_json::Value>(&text).is_ok());
}

#[test]
fn every_number_is_whole() {
    fn check(value: &serde_json::Value) {
        match value {
            serde_json::Value::Number(number) => assert!(number.is_u64(), "{number}"),
            serde_json::Value::Array(all) => all.iter().for_each(check),
            serde_json::Value::Object(all) => all.values().for_each(check),
            _ => {}
        }
    }
    check(&serde_json::to_value(compared(1, 8).1).expect("it has a form in JSON"));
}

#[test]
fn the_schema_that_is_checked_in_is_that_of_the_types_and_of_reports() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/report-2.json");
    let mut schema = serde_json::to_string_pretty(&schema()).expect("a schema is JSON");
    schema.push('\n');
    if std::env::var_os("LOCKLAB_UPDATE").is_some() {
        std::fs::write(&path, &schema).expect("it can be written");
    }
    let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(schema == checked_in, "run the tests with LOCKLAB_UPDATE=1 to write {path:?}");
    let schema = serde_json::from_str(&checked_in).expect("JSON");
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("report.json", schema).expect("a resource");
    let compiled = compiler.compile("report.json", &mut schemas).expect("a schema");
    let fits = |value: &serde_json::Value| schemas.validate(value, compiled).is_ok();
    let report = serde_json::to_value(compared(1, 2).1).expect("it has a form in JSON");
    assert!(fits(&report), "a report is as its schema says");
    let mut joined = compared(1, 2).1;
    joined
        .join(crate::checks::sample::report([crate::checks::sample::check("ttl")]))
        .expect("it fits");
    let joined = serde_json::to_value(joined).expect("it has a form in JSON");
    assert!(fits(&joined), "one that a check has joined too");
    let wrong = |change: fn(&mut serde_json::Value)| {
        let mut other = report.clone();
        change(&mut other);
        assert!(other != report && !fits(&other));
    };
    wrong(|report| report["seed"] = 1.into());
    wrong(|report| report["cells"][0]["verdict"] = "fine".into());
    wrong(|report| report["cells"][0]["runs"] = (-1).into());
    wrong(|report| report["measures"][0]["grants"] = 1.5.into());
    wrong(|report| {
        report["cells"][0].as_object_mut().expect("an object").remove("guarantee");
    });
}

#[test]
fn what_is_no_report_is_said_to_be_none() {
    let text = compared(1, 1).1.to_json();
    assert!(why(&text[..text.len() / 2]).starts_with("it is cut short: "));
    assert!(why("").starts_with("it is cut short: "));
    assert!(why("hello").starts_with("it is no report of Locklab: "));
    assert!(why("[]").starts_with("it is no report of Locklab: "));
    assert_eq!(why("{}"), "it has no schema; a report begins with `locklab/report/2`");
    assert_eq!(
        why(r#"{"schema": "locklab/report/1"}"#),
        "its schema is `locklab/report/1`, of an older Locklab; run the comparison again with \
         this one"
    );
    assert_eq!(
        why(r#"{"schema": "locklab/report/9"}"#),
        "its schema is `locklab/report/9`; this program reads `locklab/report/2`"
    );
    let more = text.replacen("\"cells\"", "\"seed\": 1, \"cells\"", 1);
    assert!(why(&more).contains("unknown field `seed`"));
}

#[test]
fn what_contradicts_itself_is_refused() {
    let report = compared(1, 8).1;
    let changed = |change: fn(&mut Report)| {
        let mut other = report.clone();
        change(&mut other);
        why(&other.to_json())
    };
    let broken = |report: &mut Report| -> usize {
        report.cells.iter().position(|cell| cell.broken_runs > 0).expect("something broke")
    };
    assert!(broken(&mut report.clone()) > 0);
    let said = changed(|report| {
        let broken = report.cells.iter().position(|cell| cell.broken_runs > 0).expect("a break");
        report.cells[broken].verdict = ReportVerdict::Held;
    });
    assert!(said.contains("is not as broken as it says"), "{said}");
    let said = changed(|report| report.cells[0].held_runs += 1);
    assert!(said.contains("has 8 runs and 9 verdicts"), "{said}");
    let said = changed(|report| report.measures[0].grants += 1);
    assert!(said.contains("its numbers are not what its runs add up to"), "{said}");
    let said = changed(|report| {
        report.measures[0].by_run.grants.pop();
    });
    assert!(said.contains("columns of its runs differ in length"), "{said}");
    let said = changed(|report| report.measures[0].by_run.seed[1] = 1);
    assert!(said.contains("columns of its runs differ in length"), "{said}");
    let said = changed(|report| "luck".clone_into(&mut report.cells[0].guarantee));
    assert_eq!(said, "it names a guarantee that there is not: `luck`");
    let said = changed(|report| report.measures[0].by_run.grants[0] = u64::MAX);
    assert!(said.contains("its numbers are not"), "{said}");
}

#[test]
fn a_run_that_was_recorded_is_the_run_that_was_not() {
    let scenario = &scenarios()[1];
    let lock = contestants().build("ttl", scenario).expect("it is there");
    let told = Tally::of(lock.run(scenario, 3, Record::Everything));
    assert_eq!(told, Tally::of(lock.run(scenario, 3, Record::Nothing)));
}
