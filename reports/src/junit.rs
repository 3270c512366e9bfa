//! A report for the test page of a CI: one suite for each protocol, one case for each verdict.
//!
//! A case fails if its verdict is not as promised and expected. A break outside of all promises
//! is a finding and no failure; what was never put to the test is skipped, and so is what cannot
//! be said.

use crate::report::{Report, ReportCell, ReportVerdict, Standing};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

/// The report as JUnit's XML.
pub fn junit(report: &Report) -> String {
    let mut all = quick_junit::Report::new("locklab");
    for protocol in &report.protocols {
        let mut suite = TestSuite::new(&protocol.name);
        let cells = report.cells.iter().filter(|cell| cell.protocol == protocol.name);
        suite.add_test_cases(cells.map(case));
        all.add_test_suite(suite);
    }
    let mut text = all.to_string().expect("a report has a form in XML");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn case(cell: &ReportCell) -> TestCase {
    let status = match (cell.standing, cell.verdict) {
        (Standing::Regression, _) => failed("regression", cell),
        (Standing::Blind, _) => failed("blind", cell),
        (Standing::Undecided, _) => skipped(&cell.why),
        (Standing::AsExpected, ReportVerdict::Held | ReportVerdict::Broken) => {
            TestCaseStatus::success()
        }
        (Standing::AsExpected, ReportVerdict::NotExercised | ReportVerdict::Unknown) => {
            skipped(&cell.reason)
        }
    };
    let mut case = TestCase::new(&cell.guarantee, status);
    case.set_classname(format!("{}.{}", cell.protocol, cell.scenario));
    if cell.verdict == ReportVerdict::Broken && cell.standing == Standing::AsExpected {
        let replay = cell.replay.as_deref().unwrap_or_default();
        let (broken, runs) = (cell.broken_runs, cell.runs);
        let reason = &cell.reason;
        case.set_system_out(format!(
            "broke in {broken} of {runs} runs, where it is not promised: {reason}\n{replay}"
        ));
    }
    case
}

fn failed(kind: &str, cell: &ReportCell) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(kind).set_message(&cell.why);
    if let Some(replay) = &cell.replay {
        status.set_description(replay);
    }
    status
}

fn skipped(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(why);
    status
}
