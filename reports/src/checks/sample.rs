//! Checks that no search made, for tests.

use super::{Checked, Cut, Found, Judged, Outcome, Report};

/// What a search says of a guarantee.
pub(crate) fn judged(guarantee: &str, verdict: Outcome, expected: Outcome) -> Judged {
    let broken = verdict == Outcome::Broken;
    let moves = ["c1 asks for L1", "c2 is granted <L1> too"].map(str::to_owned);
    Judged {
        guarantee: guarantee.to_owned(),
        verdict,
        expected,
        reason: broken.then(|| "c2 was granted <L1> while c1 held it".to_owned()),
        story: if broken { moves.to_vec() } else { Vec::new() },
    }
}

/// A check in which everything is as expected: something breaks, the rest is exhausted.
pub(crate) fn check(protocol: &str) -> Checked {
    Checked {
        protocol: protocol.to_owned(),
        about: "1 server, 2 clients, a storage of a test".to_owned(),
        bounds: "2 acquires a client, 24 messages in flight".to_owned(),
        cuts: vec![Cut { bound: "retries".to_owned(), moves: 3 }],
        states: 123_456,
        generated: 234_567,
        guarantees: vec![
            judged("mutual-exclusion", Outcome::Broken, Outcome::Broken),
            judged("token-order", Outcome::Exhausted, Outcome::Exhausted),
        ],
        missed: Vec::new(),
        landmarks: vec![Found {
            name: "somebody waits".to_owned(),
            found: true,
            story: vec!["c1 asks for L1".to_owned()],
        }],
    }
}

/// The same, and nothing is as expected: what should hold breaks, what should break does not.
pub(crate) fn wrong(protocol: &str) -> Checked {
    let mut wrong = check(protocol);
    wrong.guarantees = vec![
        judged("mutual-exclusion", Outcome::Exhausted, Outcome::Broken),
        judged("token-order", Outcome::Broken, Outcome::Exhausted),
    ];
    wrong
}

/// A report of some checks.
pub(crate) fn report(checks: impl IntoIterator<Item = Checked>) -> Report {
    Report { checks: checks.into_iter().collect(), ..Report::default() }
}
