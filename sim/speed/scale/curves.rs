//! What is measured: which protocol, with how much of what.

use locklab_protocols::application::Workload;
use locklab_protocols::contract::Protocol;
use locklab_protocols::raft::Raft;
use locklab_protocols::ttl::{Redlock, Ttl};
use locklab_sim::{Plan, Record, run};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// So many steps are enough to know what one costs.
const STEPS: u64 = 100_000;

/// The simulated time after which it is known how many steps there are in a second.
const PROBE: u64 = 4;

/// How much simulated time a point may take.
const SECONDS: std::ops::RangeInclusive<u64> = PROBE..=4_000;

/// Clients for each lock where clients are added, so that contention stays the same.
const CLIENTS_PER_LOCK: usize = 5;

/// Clients where locks are added.
const CLIENTS: usize = 100;

/// Simulated seconds of runs whose length matters.
const LENGTHS: [u64; 4] = [60, 240, 960, 3_840];

/// A chart: something against how much there is of something else.
pub(crate) struct Curve {
    /// What is measured.
    pub(crate) measures: &'static str,
    /// Against what.
    pub(crate) by: &'static str,
    /// For whom.
    pub(crate) series: Vec<Series>,
}

/// The points of one protocol.
pub(crate) struct Series {
    /// What it is called.
    pub(crate) name: &'static str,
    /// In order.
    pub(crate) points: Vec<Point>,
}

/// One run.
pub(crate) struct Point {
    /// How much there is of what the curve is about.
    pub(crate) x: u64,
    /// How many simulated seconds are played.
    pub(crate) seconds: u64,
    /// What is played.
    pub(crate) work: Box<dyn Work>,
}

/// A run whose length is still open.
pub(crate) trait Work {
    /// Plays so many simulated seconds, and says how many steps they took.
    fn run(&self, seconds: u64) -> u64;
}

/// Everything about a run but its length.
pub(crate) struct Job<P> {
    /// Who plays.
    pub(crate) protocol: P,
    /// How many clients there are.
    pub(crate) clients: usize,
    /// How many locks.
    pub(crate) locks: u32,
    /// Whether a trace is kept.
    pub(crate) record: Record,
}

impl<P: Protocol> Work for Job<P> {
    fn run(&self, seconds: u64) -> u64 {
        let plan = plan(self.clients, self.locks, seconds);
        let outcome = run(&self.protocol, black_box(&plan), 1, self.record);
        black_box(&outcome).steps
    }
}

/// A calm run.
fn plan(clients: usize, locks: u32, seconds: u64) -> Plan {
    Plan {
        clients,
        workload: Arc::new(Workload { locks, ..Workload::default() }),
        heal_at: Duration::from_secs(seconds),
        settle: Duration::ZERO,
        ..Plan::default()
    }
}

/// A run that is long enough to know what a step costs.
fn point(x: u64, work: impl Work + 'static) -> Point {
    let in_a_second = (work.run(PROBE) / PROBE).max(1);
    let seconds = (STEPS / in_a_second).clamp(*SECONDS.start(), *SECONDS.end());
    Point { x, seconds, work: Box::new(work) }
}

fn by_clients<P: Protocol>(name: &'static str, protocol: &P) -> Series {
    let points = [10, 100, 1_000, 10_000].map(|clients: usize| {
        let locks = u32::try_from(clients / CLIENTS_PER_LOCK).expect("few locks");
        let protocol = protocol.clone();
        point(clients as u64, Job { protocol, clients, locks, record: Record::Nothing })
    });
    Series { name, points: points.into() }
}

fn by_locks<P: Protocol>(name: &'static str, protocol: &P) -> Series {
    let points = [1, 10, 100, 1_000, 10_000, 100_000].map(|locks: u32| {
        let protocol = protocol.clone();
        let job = Job { protocol, clients: CLIENTS, locks, record: Record::Nothing };
        point(u64::from(locks), job)
    });
    Series { name, points: points.into() }
}

fn by_servers<P: Protocol>(name: &'static str, protocols: Vec<P>) -> Series {
    let points = protocols.into_iter().map(|protocol| {
        let servers = protocol.servers() as u64;
        point(servers, Job { protocol, clients: 5, locks: 1, record: Record::Nothing })
    });
    Series { name, points: points.collect() }
}

fn by_length<P: Protocol>(name: &'static str, protocol: &P, record: Record) -> Series {
    let points = LENGTHS.map(|seconds| {
        let job = Job { protocol: protocol.clone(), clients: 5, locks: 1, record };
        Point { x: seconds, seconds, work: Box::new(job) }
    });
    Series { name, points: points.into() }
}

/// Everything whose cost in time is measured.
pub(crate) fn curves() -> Vec<Curve> {
    let (ttl, raft) = (Ttl::default(), Raft { servers: 3, ..Raft::default() });
    let measures = "nanoseconds a step";
    let redlocks = [3, 5, 11, 25, 51, 63].map(|servers| Redlock { servers, ..Redlock::default() });
    let rafts = [3, 5, 11, 25, 51, 101].map(|servers| Raft { servers, ..Raft::default() });
    let curve = |by, series| Curve { measures, by, series };
    vec![
        curve(
            "clients, five for each lock",
            vec![by_clients("ttl", &ttl), by_clients("raft, 3 servers", &raft)],
        ),
        curve(
            "locks, for 100 clients",
            vec![by_locks("ttl", &ttl), by_locks("raft, 3 servers", &raft)],
        ),
        curve(
            "servers, for 5 clients and a lock",
            vec![
                by_servers("ttl", vec![ttl]),
                by_servers("redlock", redlocks.into()),
                by_servers("raft", rafts.into()),
            ],
        ),
        curve(
            "simulated seconds, without a trace",
            vec![
                by_length("ttl", &ttl, Record::Nothing),
                by_length("raft, 3 servers", &raft, Record::Nothing),
            ],
        ),
        curve(
            "simulated seconds, with a trace",
            vec![
                by_length("ttl", &ttl, Record::Everything),
                by_length("raft, 3 servers", &raft, Record::Everything),
            ],
        ),
    ]
}
