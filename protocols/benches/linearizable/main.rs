//! The checker of lock histories beside stateright's `LinearizabilityTester`, on the same histories.
//!
//! ```text
//! cargo bench -p locklab-protocols --bench linearizable
//! ```
//!
//! Whether a history fits is a hard question in general, so a tester that knows nothing of locks
//! searches through orders, and the more operations there are whose outcome nobody knows, the more
//! orders there are. Our checker knows that it judges a lock, and decides these histories by a sort
//! and a sweep. This program measures what that is worth, and holds the two against each other:
//! wherever both answer, they must say the same.
//!
//! Both are measured in turns, in several rounds, and the middle one counts. Stateright's tester
//! runs in a process of its own, because it may need more time or memory than anybody has: past
//! its limits it is stopped, and the table says so. Its stack is large, so that the depth of its
//! recursion is not what stops it.

mod child;
mod histories;
mod stateright_lock;

use child::Ended;
use histories::{Case, legal};
use locklab_protocols::spec::linearizable::{Answer, Budget, History, Semantics, check, is_direct};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often both are measured.
const ROUNDS: usize = 3;

/// How long ours is measured in a round, at the least.
const AT_LEAST: Duration = Duration::from_millis(50);

/// How many operations the histories have with which the growth of ours is shown.
const GROWTH: [usize; 5] = [100, 1_000, 10_000, 100_000, 1_000_000];

/// How long one check takes, and whether the history fits.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn measure(history: &History) -> (Duration, bool) {
    let (begun, mut checks) = (Instant::now(), 0);
    let answer = loop {
        let answer = check(black_box(history), Semantics::PLAIN, Budget::default());
        checks += 1;
        if begun.elapsed() >= AT_LEAST {
            break answer;
        }
    };
    let took = begun.elapsed() / checks;
    match answer {
        Answer::Fits => (took, true),
        Answer::Broken { .. } => (took, false),
        Answer::Unknown { reason } => panic!("these histories can be decided: {reason}"),
    }
}

/// The middle one of these times.
fn median(mut of: Vec<Duration>) -> Duration {
    of.sort();
    of[of.len() / 2]
}

/// A time as people read it.
fn text(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        0.0..1e-3 => format!("{:.1} us", seconds * 1e6),
        1e-3..1.0 => format!("{:.2} ms", seconds * 1e3),
        _ => format!("{seconds:.2} s"),
    }
}

/// Measures one case with both and prints its row.
fn row(number: usize, case: Case) -> Result<(), String> {
    let history = case.history();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut stopped = None;
    for _ in 0..ROUNDS {
        let (took, fits) = measure(&history);
        assert_eq!(fits, case.legal(), "{} is what it was made to be", case.name());
        ours.push(took);
        if stopped.is_some() {
            continue;
        }
        match child::ask(number)? {
            Ended::Answered { took, fits: says } => {
                assert_eq!(says, fits, "both say the same of {}", case.name());
                theirs.push(took);
            }
            // Once past a limit, always past it: another round would only take its time again.
            Ended::Stopped(reason) => stopped = Some(reason),
        }
    }
    let ours = median(ours);
    let (theirs, ratio) = match stopped {
        Some(reason) => (reason, String::new()),
        None => {
            let theirs = median(theirs);
            let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
            (text(theirs), format!("{ratio:.0} times as fast"))
        }
    };
    let verdict = if case.legal() { "fits" } else { "broken" };
    let (count, unknown) = (history.operations.len(), case.unknown());
    println!("{count:>10}  {unknown:>7}  {verdict:<7}  {:>10}  {theirs:>16}  {ratio}", text(ours));
    Ok(())
}

/// Prints how the time of ours grows with the history.
fn growth() {
    println!("\nours by the length of a history that fits:");
    println!("{:>10}  {:>10}  an operation", "operations", "all");
    for operations in GROWTH {
        let history = legal(operations);
        assert!(is_direct(&history, Semantics::PLAIN), "no search is needed");
        let took = median((0..ROUNDS).map(|_| measure(&history).0).collect());
        let each = took.as_nanos() as f64 / operations as f64;
        println!("{operations:>10}  {:>10}  {each:.0} ns", text(took));
    }
}

fn compare() -> Result<(), String> {
    println!("the middle one of {ROUNDS} rounds; a check with all that it needs to lay out:");
    println!("operations  unknown  verdict  {:>10}  {:>16}", "Locklab", "stateright");
    for (number, case) in Case::ALL.into_iter().enumerate() {
        row(number, case)?;
    }
    growth();
    Ok(())
}

fn main() -> ExitCode {
    // Cargo adds `--bench` to what a benchmark is called with.
    let given: Vec<String> = std::env::args().skip(1).filter(|given| given != "--bench").collect();
    let done = match given.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare(),
        [child::ARGUMENT, number] => child::answer(number),
        _ => Err(format!("this benchmark takes no arguments, and was given {given:?}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("linearizable: {reason}");
            ExitCode::from(2)
        }
    }
}
