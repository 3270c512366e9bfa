//! turmoil: a host for each node, with a socket.

use super::{DELAY, EVERY, NODES, SIMULATED};
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use turmoil::net::UdpSocket;

const PORT: u16 = 1;

fn name(node: usize) -> String {
    format!("node-{node}")
}

async fn live(node: usize, heard: Arc<AtomicU64>) -> turmoil::Result {
    let socket = Rc::new(UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?);
    let answers = socket.clone();
    tokio::task::spawn_local(async move {
        let mut buffer = [0; 1];
        while let Ok((_, from)) = answers.recv_from(&mut buffer).await {
            heard.fetch_add(1, Ordering::Relaxed);
            if buffer == [0] && answers.send_to(&[1], from).await.is_err() {
                break;
            }
        }
    });
    loop {
        tokio::time::sleep(EVERY).await;
        for other in (0..NODES).filter(|other| *other != node) {
            socket.send_to(&[0], (name(other), PORT)).await?;
        }
    }
}

/// One run; how many messages arrived.
pub(crate) fn run(seed: u64) -> u64 {
    let mut builder = turmoil::Builder::new();
    let mut sim = builder
        .simulation_duration(SIMULATED + Duration::from_secs(1))
        .min_message_latency(Duration::from_millis(*DELAY.start()))
        .max_message_latency(Duration::from_millis(*DELAY.end()))
        .udp_capacity(100_000)
        .rng_seed(seed)
        .build();
    let heard = Arc::new(AtomicU64::new(0));
    for node in 0..NODES {
        let heard = heard.clone();
        sim.host(name(node), move || live(node, heard.clone()));
    }
    sim.client("end", async {
        tokio::time::sleep(SIMULATED).await;
        Ok(())
    });
    sim.run().expect("a run that ends");
    heard.load(Ordering::Relaxed)
}
