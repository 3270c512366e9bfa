//! Checks join a report, stay apart from its runs, and are shown by every face.

use super::super::tests::compared;
use super::*;
use crate::checks::{Outcome, sample};
use crate::merge::merge;
use crate::report::{ReportShard, ReportVerdict, Standing};
use crate::tables::models;
use crate::terminal::Terminal;
use crate::{html, junit, markdown};

/// A report of runs that these checks have joined.
fn joined(checks: impl IntoIterator<Item = Checked>) -> Report {
    let mut report = compared(1, 2).1;
    report.join(sample::report(checks)).expect("they fit");
    report
}

#[test]
fn a_joined_report_is_read_back_and_its_runs_are_what_they_were() {
    let (comparison, alone) = compared(1, 2);
    let report = joined([sample::check("ttl")]);
    assert_eq!(Report::from_json(&report.to_json()).as_ref(), Ok(&report));
    assert_eq!(report.comparison(), Ok(comparison));
    assert_eq!(report.modelled().count(), 2);
    assert!(report.sampled().eq(&alone.cells));
    assert_eq!(Report { cells: alone.cells.clone(), checks: Vec::new(), ..report }, alone);
    assert!(!alone.to_json().contains("\"checks\""), "without checks it is as it was");
}

#[test]
fn what_has_joined_does_not_join_twice_and_nothing_takes_its_place() {
    let mut report = joined([sample::check("ttl")]);
    let before = report.clone();
    let found = sample::report([sample::check("ttl"), sample::check("storage")]);
    let said = report.join(found).expect("it is the same");
    assert_eq!(said, Joined { added: 0, known: 1, left_out: vec!["storage".to_owned()] });
    assert_eq!(report, before);
    let why = report.join(sample::report([sample::wrong("ttl")])).expect_err("it is another");
    assert_eq!(
        why,
        "the report has the check of ttl with 1 server, 2 clients, a storage of a test already, \
         and it says something else; join it to the report as it was before that"
    );
    assert_eq!(report, before, "nothing of it is taken in");
}

#[test]
fn checks_are_of_a_whole_and_no_part() {
    let mut part = compared(1, 2).1;
    part.shard = Some(ReportShard { number: 1, of: 1, whole: part.seeds });
    let why = part.clone().join(sample::report([sample::check("ttl")])).expect_err("a part");
    assert!(why.starts_with("the report is part 1/1 of one; `locklab merge` makes it"), "{why}");
    assert!(merge(vec![("a.json".to_owned(), part.clone())]).is_ok());
    let checked = joined([sample::check("ttl")]);
    let part = Report { shard: part.shard, ..checked };
    let why = merge(vec![("a.json".to_owned(), part)]).expect_err("it has checks");
    assert_eq!(
        why,
        "`a.json` has checks of the model, which are of no part; they can join the whole"
    );
}

#[test]
fn a_report_that_contradicts_its_checks_is_refused() {
    let report = joined([sample::check("ttl")]);
    let first = report.sampled().count();
    let changed = |change: &dyn Fn(&mut Report)| {
        let mut other = report.clone();
        change(&mut other);
        Report::from_json(&other.to_json()).expect_err("it contradicts itself").to_string()
    };
    let place = "mutual-exclusion of ttl in model: 1 server, 2 clients, a storage of a test";
    let differs = format!("it contradicts itself: it does not say what the check says of {place}");
    assert_eq!(changed(&|it| it.cells[first].verdict = ReportVerdict::Held), differs);
    assert_eq!(changed(&|it| it.cells[first].runs += 1), differs);
    assert_eq!(changed(&|it| it.cells.swap(first, first + 1)), differs);
    assert_eq!(changed(&|it| it.cells[first].source = Source::Simulation), {
        format!("it contradicts itself: {place} is not as broken as it says")
    });
    let said = changed(&|it| it.checks.clear());
    assert_eq!(said, format!("it contradicts itself: there is no check for {place}"));
    let said = changed(&|it| it.protocols.retain(|protocol| protocol.name != "ttl"));
    assert!(said.contains("is of none of its protocols"), "{said}");
    let said = changed(&|it| it.checks[0].guarantees[0].reason = None);
    assert!(said.contains("mutual-exclusion is not as broken as it says"), "{said}");
    // Another version may do the same check by another command.
    let mut other = report.clone();
    other.cells[first].replay = Some("another".to_owned());
    assert!(Report::from_json(&other.to_json()).is_ok());
}

#[test]
fn the_worst_of_all_checks_decides() {
    assert_eq!(compared(1, 2).1.model_exit(), Exit::Fine);
    assert_eq!(joined([sample::check("ttl")]).model_exit(), Exit::Fine);
    let mut stopped = sample::check("ttl-naive");
    stopped.guarantees[1].verdict = Outcome::Unknown;
    assert_eq!(joined([sample::check("ttl"), stopped.clone()]).model_exit(), Exit::Undecided);
    assert_eq!(joined([stopped, sample::wrong("ttl")]).model_exit(), Exit::Broken);
}

#[test]
fn the_terminal_shows_them_apart() {
    let page = models(&joined([sample::check("ttl")]), &Terminal::plain(100));
    for part in [
        "What the model checker says\n",
        "ttl: 1 server, 2 clients, a storage of a test\n",
        "  mutual-exclusion  broken after 2 moves: c2 was granted <L1> while c1 held it\n",
        "  token-order       exhausted\n",
        "  found after 1 move: somebody waits\n",
        "  bounds: 2 acquires a client, 24 messages in flight\n",
        "  the search was cut by: retries 3 times\n",
    ] {
        assert!(page.contains(part), "no `{part}` in:\n{page}");
    }
    let page = models(&joined([sample::wrong("ttl")]), &Terminal::plain(100));
    assert!(page.contains("exhausted; it should BREAK: the search has gone blind\n"), "{page}");
    assert!(page.contains("broken after 2 moves; it should HOLD: c2 was"), "{page}");
    assert_eq!(models(&compared(1, 1).1, &Terminal::plain(100)), "");
}

#[test]
fn a_comment_counts_no_state_as_a_run() {
    let alone = markdown::markdown(&compared(1, 2).1);
    let page = markdown::markdown(&joined([sample::check("ttl")]));
    let table = |page: &str| {
        page.lines()
            .filter(|line| line.starts_with("| **ttl"))
            .take(2)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(table(&page), table(&alone), "the table of the runs");
    for part in [
        "all is as promised and expected",
        "2 locks, 3 scenarios, seeds 1 to 2: 12 runs.",
        "The model checker: 1 configuration, 123456 states; all is as expected.",
        "| **ttl** | 1 server, 2 clients, a storage of a test | token-order | mutual-exclusion | - |",
        "  - mutual-exclusion: broken after 2 moves: c2 was granted &lt;L1> while c1 held it",
        "123456 states within 2 acquires a client, 24 messages in flight; the search was cut by: ",
    ] {
        assert!(page.contains(part), "no `{part}` in:\n{page}");
    }
    let page = markdown::markdown(&joined([sample::wrong("ttl")]));
    for part in [
        "2 verdicts are not as they should be",
        "- **ttl** in **model: 1 server, 2 clients, a storage of a test**: token-order should hold",
        "| \u{274c} mutual-exclusion | \u{274c} token-order | - |",
    ] {
        assert!(page.contains(part), "no `{part}` in:\n{page}");
    }
}

#[test]
fn a_page_has_the_ways_to_the_breaks_and_leaves_the_matrices_to_the_runs() {
    let alone = html::report(&compared(1, 2).1);
    let page = html::report(&joined([sample::check("ttl")]));
    let part = |page: &str, from: &str, to: &str| {
        let (_, rest) = page.split_once(from).expect("it begins");
        rest.split_once(to).expect("it ends").0.to_owned()
    };
    for (from, to) in [
        ("<title>", "</title>"),
        ("id=\"matrix\"", "</section>"),
        ("id=\"where\"", "</section>"),
        ("id=\"data\">", "</script>"),
    ] {
        assert_eq!(part(&page, from, to), part(&alone, from, to), "{from}");
    }
    let section = part(&page, "id=\"models\"", "</section>");
    for part in [
        "1 configuration, 123456 states; all is as expected.",
        "<b>token-order</b>: exhausted.",
        "<summary>How it breaks, 2 moves</summary>",
        "<li>c2 is granted &lt;L1&gt; too</li>",
        "Found: somebody waits.",
        "Bounds: 2 acquires a client, 24 messages in flight.",
    ] {
        assert!(section.contains(part), "no `{part}` in:\n{section}");
    }
    assert!(page.contains("exhausted: token-order; broken: mutual-exclusion."), "the lock's card");
    assert!(!alone.contains("id=\"models\"") && !alone.contains("href=\"#models\""));
    let page = html::report(&joined([sample::wrong("ttl")]));
    assert!(page.contains("2 verdicts are not as they should be"));
    assert!(page.contains("href=\"#model-1\"") && page.contains("id=\"model-1\""));
    assert!(page.contains("Not all of this is as it should be."));
    assert!(page.contains("Not as it should be: it should hold."));
    assert!(page.contains("Not as it should be: it should break."));
}

#[test]
fn a_search_that_did_not_look_reads_as_held_nowhere() {
    let mut blind = sample::check("ttl");
    blind.missed.push("granted".to_owned());
    blind.landmarks[0] =
        crate::checks::Found { found: false, story: vec![], ..blind.landmarks[0].clone() };
    let report = joined([blind]);
    let said = "not proved: the search did not come by goal granted; somebody waits";
    assert!(html::report(&report).contains(said));
    assert!(junit::junit(&report).contains(said));
    let comment = markdown::markdown(&report);
    assert!(comment.contains(said));
    assert!(
        comment.contains("a test | - | \u{274c} mutual-exclusion | \u{274c} token-order |"),
        "{comment}"
    );
    let page = models(&report, &Terminal::plain(100));
    assert!(page.contains("goal granted: NOT reached, so that nothing is proved"), "{page}");
    assert!(page.contains("NOT found: somebody waits"), "{page}");
}

#[test]
fn a_ci_sees_them_in_the_suite_of_their_lock() {
    let count = |text: &str, what: &str| text.matches(what).count();
    let alone = junit::junit(&compared(1, 2).1);
    let report = joined([sample::check("ttl"), sample::check("ttl-naive")]);
    let text = junit::junit(&report);
    assert_eq!(count(&text, "<testcase"), count(&alone, "<testcase") + 4);
    assert_eq!(count(&text, "<testsuite "), 2);
    assert_eq!(count(&text, "<failure"), 0);
    let case = "classname=\"ttl.model: 1 server, 2 clients, a storage of a test\"";
    assert_eq!(count(&text, case), 2);
    let wrong = joined([sample::wrong("ttl")]);
    let text = junit::junit(&wrong);
    assert_eq!(count(&text, "<failure"), 2);
    for part in ["type=\"regression\"", "type=\"blind\"", "   2  c2 is granted &lt;L1&gt; too"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    let bad = wrong.modelled().filter(|cell| cell.standing != Standing::AsExpected);
    assert_eq!(bad.count(), 2);
}
