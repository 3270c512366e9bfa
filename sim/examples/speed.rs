//! tmp
#![allow(clippy::disallowed_methods)]
use locklab_protocols::application::Workload;
use locklab_protocols::ttl::*;
use locklab_sim::*;
use std::sync::Arc;
use std::time::Duration;
fn main() {
    for clients in [5usize, 10, 100, 1000] {
        let mut plan = Plan::default();
        plan.clients = clients;
        plan.workload = Arc::new(Workload {
            locks: (clients as u32).div_ceil(5).max(1),
            ..Workload::default()
        });
        plan.heal_at = Duration::from_secs((20000 / clients as u64).max(30));
        let t = std::time::Instant::now();
        let out = run(&Ttl::default(), &plan, 1, Record::Nothing);
        let e = t.elapsed();
        println!(
            "{clients} clients: {} steps {:?} {:.2} M steps/s, grants {}",
            out.steps,
            e,
            out.steps as f64 / e.as_secs_f64() / 1e6,
            out.measures.acquire_latencies.len()
        );
    }
}
