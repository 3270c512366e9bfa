//! Where promises of progress end, and that they do.

use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_scenarios::promise::inside;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_sim::Record;

/// Whether progress is promised there, and in how many of five runs it broke.
fn tried(protocol: &str, servers: &str, lock: &str, hold: &str, network: &str) -> (bool, usize) {
    let clients = match protocol {
        "two-phase" | "raft" => 3,
        _ => 5,
    };
    let text = format!(
        "name = \"border\"\nclients = {clients}\n{servers}\nheal_at = \"2s\"\nsettle = \"41s\"\n\
         progress_within = \"30s\"\n[lock]\n{lock}\n[network]\n{network}\n[workload]\n\
         think = {{ least = \"200ms\", most = \"900ms\" }}\n\
         hold = {{ least = \"1ms\", most = \"{hold}\" }}\n"
    );
    let scenario = Scenario::from_toml_for("border.toml", &text, &[protocol]);
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
    let shelf = Contestants::shelf();
    let contestant = shelf.entry(protocol).expect("it is on the shelf").build(&scenario);
    let promises = contestant.promises();
    let mut of_it = promises.iter().filter(|one| one.guarantee == Guarantee::Progress);
    let promised = of_it.any(|promise| inside(promise, &scenario).is_ok());
    let breaks = |seed: &u64| {
        let outcome = contestant.run(&scenario, *seed, Record::Nothing);
        matches!(outcome.verdicts[&Guarantee::Progress], Verdict::Broken { .. })
    };
    (promised, (1..=5).filter(breaks).count())
}

/// It is promised on the one network and kept there; on the other one it is neither.
#[track_caller]
fn ends(protocol: &str, servers: &str, lock: &str, hold: &str, networks: [&str; 2]) {
    let [within, beyond] = networks;
    assert_eq!(tried(protocol, servers, lock, hold, within), (true, 0), "{within}");
    let (promised, broken) = tried(protocol, servers, lock, hold, beyond);
    assert!(!promised, "{beyond}");
    assert!(broken >= 3, "{beyond}: it broke in {broken} of 5 runs");
}

#[test]
fn with_the_speed_of_links() {
    let slow =
        |within: u32, beyond: u32| [within, beyond].map(|delay| format!("delay = \"{delay}ms\""));
    let cases = [
        ("ttl", "", "lease = \"10s\"", "1s", slow(50, 500)),
        ("ttl", "", "lease = \"1s\"\nacquire_timeout = \"300ms\"", "100ms", slow(50, 200)),
        ("two-phase", "", "lease = \"10s\"", "1s", slow(125, 250)),
        ("two-phase", "", "lease = \"1s\"\nacquire_timeout = \"300ms\"", "100ms", slow(50, 75)),
        (
            "two-phase-wait",
            "servers = 4",
            "lease = \"10s\"\nacquire_timeout = \"300ms\"",
            "60ms",
            slow(20, 50),
        ),
        ("raft", "", "lease = \"4s\"", "400ms", slow(100, 300)),
    ];
    for (protocol, servers, lock, hold, [within, beyond]) in &cases {
        ends(protocol, servers, lock, hold, [within, beyond]);
    }
}

#[test]
fn with_what_links_lose() {
    let lossy =
        |within: u32, beyond: u32| [within, beyond].map(|loss| format!("loss_percent = {loss}"));
    let cases = [
        ("redlock", "servers = 5", "lease = \"10s\"", "1s", lossy(2, 20)),
        ("redlock", "servers = 2", "lease = \"2s\"", "200ms", lossy(10, 30)),
        ("two-phase-wound-wait", "servers = 4", "lease = \"10s\"", "1s", lossy(5, 20)),
        ("two-phase-wait-die", "servers = 4", "lease = \"10s\"", "1s", lossy(5, 20)),
    ];
    for (protocol, servers, lock, hold, [within, beyond]) in &cases {
        ends(protocol, servers, lock, hold, [within, beyond]);
    }
}
