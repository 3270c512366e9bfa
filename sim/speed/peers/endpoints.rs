//! madsim's own network: an endpoint for each node, and a task for each thing it waits for.

use super::{EVERY, NODES, SIMULATED};
use madsim::net::Endpoint;
use madsim::runtime::Runtime;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What messages are told apart by.
const BEAT: u64 = 1;
const ANSWER: u64 = 2;

fn address(node: usize) -> SocketAddr {
    format!("10.0.0.{}:1", node + 1).parse().expect("an address")
}

async fn live(node: usize, heard: Arc<AtomicU64>) {
    let endpoint = Arc::new(Endpoint::bind(address(node)).await.expect("a free port"));
    let (beats, answers) = (endpoint.clone(), endpoint.clone());
    let (heard_beats, heard_answers) = (heard.clone(), heard);
    madsim::task::spawn(async move {
        let mut buffer = [0; 8];
        loop {
            let (_, from) = beats.recv_from(BEAT, &mut buffer).await.expect("a beat");
            heard_beats.fetch_add(1, Ordering::Relaxed);
            beats.send_to(from, ANSWER, &[0; 8]).await.expect("a network");
        }
    });
    madsim::task::spawn(async move {
        let mut buffer = [0; 8];
        loop {
            answers.recv_from(ANSWER, &mut buffer).await.expect("an answer");
            heard_answers.fetch_add(1, Ordering::Relaxed);
        }
    });
    loop {
        madsim::time::sleep(EVERY).await;
        for other in (0..NODES).filter(|other| *other != node) {
            endpoint.send_to(address(other), BEAT, &[0; 8]).await.expect("a network");
        }
    }
}

/// One run; how many messages arrived.
pub(crate) fn run(seed: u64) -> u64 {
    let runtime = Runtime::with_seed_and_config(seed, madsim::Config::default());
    let heard = Arc::new(AtomicU64::new(0));
    let count = heard.clone();
    runtime.block_on(async move {
        let handle = madsim::runtime::Handle::current();
        for node in 0..NODES {
            let host = handle.create_node().ip(address(node).ip()).build();
            host.spawn(live(node, heard.clone()));
        }
        madsim::time::sleep(SIMULATED).await;
    });
    count.load(Ordering::Relaxed)
}
