//! A process that asks stateright's tester about one history, and can be stopped.
//!
//! The program calls itself with the number of a case. The child makes the history anew, asks, and
//! prints the answer and the time; the parent waits, and ends it when it is past a limit.

use super::histories::Case;
use super::stateright_lock;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What a child is called with, before the number of its case.
pub(crate) const ARGUMENT: &str = "--ask-stateright";

/// How long a child may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// How much memory it may use, in kibibytes. The tester copies the rest of the history at each step
/// and keeps the copy while it goes deeper, so a long history would fill the machine.
const MEMORY: u64 = 2 * 1024 * 1024;

/// The stack of the tester, in bytes: it goes one call deeper with each operation.
const STACK: usize = 1 << 30;

/// How often the parent looks.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How a child ended.
pub(crate) enum Ended {
    /// With an answer.
    Answered {
        /// How long the tester took.
        took: Duration,
        /// What it says.
        fits: bool,
    },
    /// Without one; what stopped it, for the table.
    Stopped(String),
}

/// In the child: asks the tester about a case, and prints what it says.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn answer(number: &str) -> Result<(), String> {
    let case = number.parse().ok().and_then(|number: usize| Case::ALL.get(number).copied());
    let case = case.ok_or_else(|| format!("there is no case {number:?}"))?;
    let history = case.history();
    let ask = move || {
        let begun = Instant::now();
        let fits = stateright_lock::fits(&history);
        (fits, begun.elapsed())
    };
    let asked = std::thread::Builder::new().stack_size(STACK).spawn(ask);
    let asked = asked.map_err(|error| format!("no thread for the tester: {error}"))?;
    let (fits, took) = asked.join().map_err(|_| "the tester panicked".to_owned())?;
    println!("{fits} {}", took.as_nanos());
    Ok(())
}

/// In the parent: has a child ask about a case.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn ask(number: usize) -> Result<Ended, String> {
    let program = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let mut command = Command::new(program);
    command.args([ARGUMENT, &number.to_string()]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("no child: {error}"))?;
    let begun = Instant::now();
    loop {
        let ended = child.try_wait().map_err(|error| format!("a child is lost: {error}"))?;
        if let Some(status) = ended {
            return read(&mut child, status);
        }
        let late = begun.elapsed() > DEADLINE;
        if late || resident(child.id()).is_some_and(|used| used > MEMORY) {
            let stopped = child.kill().and_then(|()| child.wait());
            stopped.map_err(|error| format!("a child cannot be stopped: {error}"))?;
            return Ok(Ended::Stopped(match late {
                true => format!("> {} s", DEADLINE.as_secs()),
                false => format!("> {} GiB", MEMORY / 1024 / 1024),
            }));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// What a child that has ended leaves behind.
fn read(child: &mut Child, status: ExitStatus) -> Result<Ended, String> {
    if !status.success() {
        return Ok(Ended::Stopped(format!("died: {status}")));
    }
    let mut said = String::new();
    let pipe = child.stdout.as_mut().ok_or("a child without a voice")?;
    pipe.read_to_string(&mut said).map_err(|error| format!("a child mumbles: {error}"))?;
    let parts: Vec<&str> = said.split_whitespace().collect();
    let [fits, took] = parts[..] else { return Err(format!("a child said {said:?}")) };
    match (fits.parse(), took.parse()) {
        (Ok(fits), Ok(took)) => Ok(Ended::Answered { took: Duration::from_nanos(took), fits }),
        _ => Err(format!("a child said {said:?}")),
    }
}

/// How much memory a process uses, in kibibytes, as Linux counts it; none where it does not say.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
