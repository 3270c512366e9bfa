//! How much memory a large run takes: 1,000 clients over 10,000 locks on a replicated log with
//! five servers, every monitor on, for 15, 60 and 120 simulated seconds.
//!
//! The peak of the process is printed after each, so a run that kept its past would show: the
//! third is eight times as long as the first.

use locklab_protocols::application::Workload;
use locklab_protocols::raft::Raft;
use locklab_sim::{Plan, Record, run};
use std::sync::Arc;
use std::time::Duration;

/// The largest resident set so far, in mebibytes, as Linux counts it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes / 1024)
}

fn main() {
    let raft = Raft { servers: 5, ..Raft::default() };
    for seconds in [15, 60, 120] {
        let plan = Plan {
            clients: 1_000,
            workload: Arc::new(Workload { locks: 10_000, ..Workload::default() }),
            heal_at: Duration::from_secs(seconds),
            settle: Duration::ZERO,
            ..Plan::default()
        };
        let outcome = run(&raft, &plan, 1, Record::Nothing);
        let grants = outcome.measures.acquire_latencies.count();
        let steps = outcome.steps;
        match peak() {
            Some(peak) => println!(
                "{seconds} simulated seconds: {steps} steps, {grants} grants, {peak} MiB at the most"
            ),
            None => println!("{seconds} simulated seconds: {steps} steps; no peak on this system"),
        }
    }
}
