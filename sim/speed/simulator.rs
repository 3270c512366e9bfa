//! What a run costs: the bare event loop as the limit, the simulator with every monitor on, and
//! how the cost of a step grows with the number of clients.
//!
//! All of it is measured in one run, so the figures can be held against each other. An element
//! of the throughput is one step of a node.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use locklab_protocols::application::Workload;
use locklab_protocols::raft::Raft;
use locklab_protocols::stable_hash::StableHasher;
use locklab_protocols::ttl::Ttl;
use locklab_sim::chance::Chance;
use locklab_sim::{Plan, Record, run};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::{Hash, Hasher};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// Simulated time of one measured run.
const SIMULATED: Duration = Duration::from_secs(300);

/// Clients for each lock, so that contention stays the same as clients are added.
const CLIENTS_PER_LOCK: usize = 5;

fn plan(clients: usize, simulated: Duration) -> Plan {
    let locks = u32::try_from(clients.div_ceil(CLIENTS_PER_LOCK)).expect("few locks");
    Plan {
        clients,
        workload: Arc::new(Workload { locks, ..Workload::default() }),
        heal_at: simulated,
        settle: Duration::ZERO,
        ..Plan::default()
    }
}

/// The limit: six nodes, a message each, taken from a heap in the order of time, handed to a
/// counter, hashed, and answered after 1 to 10 ms. No network, no disk, no clocks, no monitors.
fn bare_event_loop(steps: u64) -> u64 {
    let mut chance = Chance::new(1, &"bare");
    let mut heap = BinaryHeap::new();
    let mut hash = StableHasher::default();
    let mut nodes = [0_u64; 6];
    for node in 0..nodes.len() {
        heap.push(Reverse((chance.below(1000), node as u64, node)));
    }
    for sequence in 6..steps + 6 {
        let Some(Reverse((now, _, node))) = heap.pop() else { break };
        nodes[node] += 1;
        (now, node, nodes[node]).hash(&mut hash);
        let to = if node == 0 { 1 + chance.below(5) as usize } else { 0 };
        heap.push(Reverse((now + chance.between(1_000_000, 10_000_000), sequence, to)));
    }
    hash.finish()
}

fn steps(criterion: &mut Criterion) {
    let ttl = Ttl::default();
    let calm = plan(5, SIMULATED);
    let outcome = run(&ttl, &calm, 1, Record::Nothing);
    let per_second = outcome.steps / SIMULATED.as_secs();
    println!("ttl with 5 clients takes {per_second} steps in each simulated second");
    let mut group = criterion.benchmark_group("steps");
    group.throughput(Throughput::Elements(outcome.steps));
    group.bench_function("bare event loop", |bencher| {
        bencher.iter(|| bare_event_loop(black_box(outcome.steps)));
    });
    group.bench_function("simulator, ttl, 5 clients, all monitors", |bencher| {
        bencher.iter(|| run(&ttl, black_box(&calm), 1, Record::Nothing));
    });
    let raft = Raft { servers: 5, ..Raft::default() };
    let outcome = run(&raft, &calm, 1, Record::Nothing);
    let per_second = outcome.steps / SIMULATED.as_secs();
    println!("raft with 5 servers and 5 clients takes {per_second} steps in each simulated second");
    group.throughput(Throughput::Elements(outcome.steps));
    group.bench_function("simulator, raft, 5 servers, 5 clients, all monitors", |bencher| {
        bencher.iter(|| run(&raft, black_box(&calm), 1, Record::Nothing));
    });
    group.finish();
}

fn clients(criterion: &mut Criterion) {
    let ttl = Ttl::default();
    let mut group = criterion.benchmark_group("simulator, ttl, by clients");
    for clients in [10_usize, 100, 1000] {
        let seconds = 10_000 / clients as u64;
        let plan = plan(clients, Duration::from_secs(seconds.max(60)));
        let outcome = run(&ttl, &plan, 1, Record::Nothing);
        group.throughput(Throughput::Elements(outcome.steps));
        group.bench_function(format!("{clients} clients"), |bencher| {
            bencher.iter(|| run(&ttl, black_box(&plan), 1, Record::Nothing));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = steps, clients
}
criterion_main!(benches);
