//! A report for the test page of a CI: one suite for each protocol, one case for each verdict.
//!
//! A case fails if its verdict is not as promised and expected. A break outside of all promises
//! is a finding and no failure; what was never put to the test is skipped, and so is what cannot
//! be said. What the model checker says stands in the suite of its protocol, in classes of its own.

use crate::checks::{Checked, Judged};
use crate::report::{Report, ReportCell, ReportVerdict, Standing};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

/// The report as JUnit's XML.
pub fn junit(report: &Report) -> String {
    let mut all = quick_junit::Report::new("locklab");
    for protocol in &report.protocols {
        let mut suite = TestSuite::new(&protocol.name);
        let cells = report.sampled().filter(|cell| cell.protocol == protocol.name);
        suite.add_test_cases(cells.map(case));
        for check in report.checks_of(&protocol.name) {
            let cells = report.cells_of(check).zip(&check.guarantees);
            suite.add_test_cases(cells.map(|(cell, judged)| checked_case(cell, check, judged)));
        }
        all.add_test_suite(suite);
    }
    let mut text = all.to_string().expect("a report has a form in XML");
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

fn case(cell: &ReportCell) -> TestCase {
    let mut case = plain_case(cell);
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

/// What the model checker says of a guarantee, with the way to a break.
fn checked_case(cell: &ReportCell, check: &Checked, judged: &Judged) -> TestCase {
    let mut case = plain_case(cell);
    let mut out = format!("{}\nbounds: {}\n{}\n", check.says(judged), check.bounds, check.cut());
    for (place, line) in judged.story.iter().enumerate() {
        out += &format!("{:>4}  {line}\n", place + 1);
    }
    out += cell.replay.as_deref().unwrap_or_default();
    case.set_system_out(out);
    case
}

fn plain_case(cell: &ReportCell) -> TestCase {
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
