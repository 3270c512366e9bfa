//! The simulator beside its peers, on the same work, in one process and in turns.
//!
//! ```text
//! cargo bench -p locklab-sim --bench peers
//! ```
//!
//! Five nodes send each other a heartbeat every 50 ms and answer each that they get, for 60
//! simulated seconds; a message takes 1 to 10 ms. That is done by
//!
//! - a bare event loop: a heap in the order of time, a counter for a node, a running hash. It is
//!   the limit, for it does nothing that a simulator is for;
//! - this simulator, with every monitor on and the hash of the whole run;
//! - madsim's own endpoints, with a task for each thing that a node waits for;
//! - turmoil's sockets, with its usual tick of 1 ms.
//!
//! All are measured in every round, one after the other, and the ratios are those of the medians.
//! (madsim keeps every sender waiting for 1 ms, so its nodes say a little less in the same time.)

mod bare;
mod endpoints;
mod locklab;
mod sockets;

use std::time::{Duration, Instant};

/// How many nodes there are.
pub(crate) const NODES: usize = 5;

/// How often each lets the others hear of it.
pub(crate) const EVERY: Duration = Duration::from_millis(50);

/// How long that goes on, in simulated time.
pub(crate) const SIMULATED: Duration = Duration::from_secs(60);

/// How long a message takes, in milliseconds.
pub(crate) const DELAY: std::ops::RangeInclusive<u64> = 1..=10;

/// How often all are measured.
const ROUNDS: usize = 5;

/// How long each is measured in a round, at least.
const AT_LEAST: Duration = Duration::from_millis(300);

/// Makes the run of a seed, and says how many messages arrived.
type Run = fn(u64) -> u64;

/// Who is measured.
const RUNNERS: [(&str, Run); 4] = [
    ("bare event loop", bare::run),
    ("Locklab, all monitors and the hash", locklab::run),
    ("madsim's endpoints", endpoints::run),
    ("turmoil, tick of 1 ms", sockets::run),
];

/// Simulated seconds for each second that passes, and messages that arrived in a run.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn measure(run: Run) -> (f64, u64) {
    let (begun, mut runs, mut messages) = (Instant::now(), 0_u32, 0);
    while begun.elapsed() < AT_LEAST {
        messages = run(u64::from(runs));
        runs += 1;
    }
    let simulated = SIMULATED.as_secs_f64() * f64::from(runs);
    (simulated / begun.elapsed().as_secs_f64(), messages)
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn main() {
    let mut speeds = [const { Vec::new() }; RUNNERS.len()];
    let mut messages = [0; RUNNERS.len()];
    for _ in 0..ROUNDS {
        for (place, (_, run)) in RUNNERS.iter().enumerate() {
            let (speed, arrived) = measure(*run);
            speeds[place].push(speed);
            messages[place] = arrived;
        }
    }
    let medians = speeds.map(median);
    println!("simulated seconds a second, the medians of {ROUNDS} rounds:");
    for (place, (name, _)) in RUNNERS.iter().enumerate() {
        let (speed, arrived) = (medians[place], messages[place]);
        println!("{name:<35} {speed:>9.0}  {arrived:>6} messages in a run");
    }
    let [bare, ours, madsim, turmoil] = medians;
    println!("Locklab is {:.1} times as fast as madsim's endpoints", ours / madsim);
    println!("Locklab is {:.0} times as fast as turmoil", ours / turmoil);
    println!("the bare event loop is {:.1} times as fast as Locklab", bare / ours);
}
