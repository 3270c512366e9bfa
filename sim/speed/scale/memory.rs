//! The memory of a process that plays one run, by the length of the run.
//!
//! Each run has a process of its own, because memory that a process has had once it seldom gives
//! back: the program calls itself with the protocol and the length.
//!
//! Nothing of the past is kept, but one thing grows for a while: `linearizable` knows of each client
//! what it did last at each lock that it ever asked for, so that it can say why something does not
//! fit. That ends when every client has met every lock.

use super::Measured;
use super::curves::{Curve, Job, Point, Series, Work};
use locklab_protocols::contract::Protocol;
use locklab_protocols::raft::Raft;
use locklab_protocols::ttl::Ttl;
use locklab_sim::Record;
use std::process::Command;

/// What the program is called with to play one run, before a protocol and how many simulated
/// seconds it has.
pub(crate) const ARGUMENT: &str = "--play";

/// How many clients there are.
const CLIENTS: usize = 1_000;

/// How many locks.
const LOCKS: u32 = 200;

/// How long the runs are.
const LENGTHS: [u64; 5] = [3, 10, 30, 100, 300];

/// Who plays, by the names with which the program calls itself.
const PLAYERS: [(&str, &str); 2] = [("ttl", "ttl, 1,000 clients"), ("raft", "raft, 1,000 clients")];

fn job<P: Protocol>(protocol: P) -> Job<P> {
    Job { protocol, clients: CLIENTS, locks: LOCKS, record: Record::Nothing }
}

fn work(player: &str) -> Result<Box<dyn Work>, String> {
    match player {
        "ttl" => Ok(Box::new(job(Ttl::default()))),
        "raft" => Ok(Box::new(job(Raft { servers: 3, ..Raft::default() }))),
        _ => Err(format!("nobody here is called {player:?}")),
    }
}

/// In a process of its own: plays one run, and prints the largest resident set in kibibytes.
pub(crate) fn play(player: &str, seconds: &str) -> Result<(), String> {
    let seconds = seconds.parse().map_err(|_| format!("{seconds:?} is no number of seconds"))?;
    work(player)?.run(seconds);
    let status = std::fs::read_to_string("/proc/self/status");
    let status = status.map_err(|error| format!("this system does not tell of memory: {error}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = line.and_then(|line| line.split_whitespace().next());
    println!("{}", peak.ok_or("this system does not tell of the largest memory")?);
    Ok(())
}

/// The largest resident set of a process that plays one run, in mebibytes.
fn peak(player: &str, seconds: u64) -> Result<f64, String> {
    let program = std::env::current_exe().map_err(|error| format!("where am I? {error}"))?;
    let output = Command::new(program).args([ARGUMENT, player, &seconds.to_string()]).output();
    let output = output.map_err(|error| format!("no process for a run: {error}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let kibibytes: f64 = said.trim().parse().map_err(|_| {
        format!("a run of its own failed: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    Ok(kibibytes / 1024.0)
}

/// Has runs of all lengths played.
pub(crate) fn measure() -> Result<Measured, String> {
    let (mut series, mut values) = (Vec::new(), Vec::new());
    for (player, name) in PLAYERS {
        let (mut points, mut peaks) = (Vec::new(), Vec::new());
        for seconds in LENGTHS {
            peaks.push(peak(player, seconds)?);
            points.push(Point { x: seconds, seconds, work: work(player)? });
        }
        series.push(Series { name, points });
        values.push(peaks);
    }
    let curve = Curve { measures: "MiB at the most", by: "simulated seconds, no trace", series };
    Ok(Measured { curve, values })
}
