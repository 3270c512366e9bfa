//! The pieces of work whose instructions are counted.
//!
//! Each is done so many times and says how much of it was done. For the steps of a protocol that is
//! a whole run, with everything that a step costs: its share of the queue, the network, the hash and
//! the monitors. The smaller pieces are parts of that by themselves, so that it can be seen where
//! something became dearer.

mod ball;

use locklab_protocols::application::Workload;
use locklab_protocols::contract::{Input, Observation, Protocol};
use locklab_protocols::id::{NodeId, ServerId};
use locklab_protocols::raft::Raft;
use locklab_protocols::raft::log::{Index, Term};
use locklab_protocols::raft::message::{AppendEntries, Message};
use locklab_protocols::spec::{MonitorSettings, Monitors};
use locklab_protocols::stable_hash::StableHasher;
use locklab_protocols::storage::Fencing;
use locklab_protocols::system::{Packet, Setting, System, SystemInput};
use locklab_protocols::time::Time;
use locklab_protocols::ttl::{Redlock, Ttl};
use locklab_protocols::two_phase::TwoPhase;
use locklab_sim::chance::Chance;
use locklab_sim::links::Links;
use locklab_sim::network::Network;
use locklab_sim::observer::Observer;
use locklab_sim::outcome::Happening;
use locklab_sim::queue::Queue;
use locklab_sim::{Plan, Record, run};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// A piece of work.
pub(crate) struct Piece {
    /// What it is called.
    pub(crate) name: &'static str,
    /// How often it is done at first; then twice as often.
    pub(crate) times: u64,
    /// Does it so often, or for so many simulated seconds, and says how much was done.
    pub(crate) work: fn(u64) -> u64,
}

/// All of them.
pub(crate) const PIECES: [Piece; 12] = [
    Piece { name: "step of ttl", times: 200, work: |seconds| steps(&Ttl::default(), seconds) },
    Piece {
        name: "step of redlock",
        times: 60,
        work: |seconds| steps(&Redlock::default(), seconds),
    },
    Piece {
        name: "step of two-phase",
        times: 60,
        work: |seconds| steps(&TwoPhase::default(), seconds),
    },
    Piece { name: "step of raft", times: 20, work: |seconds| steps(&Raft::default(), seconds) },
    Piece {
        name: "step of ttl among many",
        times: 2,
        work: |seconds| steps_among_many(&Ttl::default(), seconds),
    },
    Piece {
        name: "step of raft among many",
        times: 2,
        work: |seconds| steps_among_many(&Raft::default(), seconds),
    },
    Piece { name: "delivery of a message", times: 60, work: ball::deliveries },
    Piece { name: "fate of a message", times: 20_000, work: fates },
    Piece { name: "event seen by all monitors", times: 10, work: events },
    Piece { name: "hash of an input", times: 20_000, work: inputs },
    Piece { name: "hash of a state", times: 2_000, work: states },
    Piece { name: "push and pop of the queue", times: 20_000, work: pushes },
];

/// How many clients there are.
const CLIENTS: usize = 5;

/// How many events wait while others are put in and taken out.
const WAITING: usize = 1_000;

fn plan(seconds: u64) -> Plan {
    Plan {
        clients: CLIENTS,
        heal_at: Duration::from_secs(seconds),
        settle: Duration::ZERO,
        ..Plan::default()
    }
}

/// The steps of a calm run.
fn steps(protocol: &impl Protocol, seconds: u64) -> u64 {
    steps_of(protocol, &plan(seconds))
}

/// The steps of a calm run with many clients and locks, so that what looks through all of them at
/// every step is seen. What only grows to matter with ten thousand clients is not: that would take
/// minutes under callgrind, and the benchmark `scale` measures it.
fn steps_among_many(protocol: &impl Protocol, seconds: u64) -> u64 {
    let workload = Arc::new(Workload { locks: 10_000, ..Workload::default() });
    steps_of(protocol, &Plan { clients: 1_000, workload, ..plan(seconds) })
}

fn steps_of(protocol: &impl Protocol, plan: &Plan) -> u64 {
    let outcome = run(protocol, black_box(plan), 1, Record::Nothing);
    black_box(outcome.hash);
    outcome.steps
}

/// What becomes of messages between two nodes, on links without faults.
fn fates(times: u64) -> u64 {
    let ids = [NodeId::Server(ServerId(1)), NodeId::Server(ServerId(2))];
    let mut links = Links::new(&Network::default(), &ids);
    let mut chance = Chance::new(1, &"fates");
    for _ in 0..times {
        _ = black_box(links.fate(black_box(0), black_box(1), &mut chance, |_| ()));
    }
    times
}

/// The events of a run, seen by the monitors again, each time by new ones.
fn events(times: u64) -> u64 {
    let protocol = Ttl::default();
    let plan = plan(60);
    let outcome = run(&protocol, &plan, 1, Record::Everything);
    let seen: Vec<(Time, Observation)> = outcome
        .trace
        .into_iter()
        .filter_map(|line| match line.what {
            Happening::Seen(seen) => Some((line.at, seen)),
            _ => None,
        })
        .collect();
    let semantics = protocol.semantics();
    let settings = MonitorSettings { semantics, progress_bound: plan.progress_bound };
    for _ in 0..times {
        let mut monitors = Monitors::new(settings);
        for (at, seen) in &seen {
            monitors.observe(*at, black_box(seen));
        }
        black_box(monitors.any_broken());
    }
    times * seen.len() as u64
}

/// The input that a server of `raft` gets most often, taken into the hash of a run.
fn inputs(times: u64) -> u64 {
    let heartbeat = AppendEntries {
        term: Term(1),
        prev_log_index: Index(100),
        prev_log_term: Term(1),
        entries: Vec::new(),
        leader_commit: Index(100),
        round: 1_000,
    };
    let body = Packet::Lock(Message::AppendEntries(heartbeat));
    let input: SystemInput<Raft> = Input::Message { from: NodeId::Server(ServerId(1)), body };
    let mut observer = Observer::new(&Raft::default(), &plan(1), false);
    for number in 0..times {
        observer.hash_input(Time(number), 1, black_box(&input));
    }
    black_box(&observer);
    times
}

/// The state of all nodes of `raft`, all up and none of them past its start.
fn states(times: u64) -> u64 {
    let setting = Setting {
        protocol: Raft::default(),
        clients: CLIENTS,
        workload: Arc::new(Workload::default()),
        fencing: Fencing::default(),
    };
    let mut system = System::new(&setting);
    for node in system.nodes() {
        system.start(node, &setting);
    }
    for _ in 0..times {
        black_box(StableHasher::hash_of(black_box(&system)));
    }
    times
}

/// Something is put into a queue in which much waits, and what comes next is taken out.
fn pushes(times: u64) -> u64 {
    let mut chance = Chance::new(1, &"pushes");
    let delays: Vec<u64> = (0..WAITING).map(|_| chance.between(1_000_000, 10_000_000)).collect();
    let mut queue = Queue::default();
    for delay in &delays {
        queue.push(Time(*delay), 0_u64);
    }
    let mut now = Time::ZERO;
    for (number, delay) in (0..times).zip(delays.iter().cycle()) {
        queue.push(Time(now.0 + delay), black_box(number));
        if let Some((at, what)) = queue.pop() {
            now = at;
            black_box(what);
        }
    }
    times
}
