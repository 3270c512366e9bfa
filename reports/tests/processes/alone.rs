//! A node of a live run whose host is the test.

use locklab_protocols::id::{Incarnation, NodeId};
use locklab_protocols::ttl::TtlNaive;
use locklab_scenarios::live::Transport;
use locklab_scenarios::live::clocks::NodeClocks;
use locklab_scenarios::live::journal::{DiskState, Entry, NodeConfig, hear, say};
use locklab_scenarios::scenario::Scenario;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The number of its run.
pub(crate) const RUN: u64 = 0x5eed;

/// A node of the simplest lock.
pub(crate) struct Alone {
    /// Its process.
    pub(crate) process: Child,
    /// Where its host speaks to it.
    pub(crate) host: ChildStdin,
    /// What it says.
    pub(crate) journal: ChildStdout,
}

impl Alone {
    /// Starts this node, with its disk in this folder.
    pub(crate) fn start(node: NodeId, transport: Transport, folder: &Path) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_locklab"))
            .arg("live-node")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let (mut host, journal) =
            (process.stdin.take().expect("a pipe"), process.stdout.take().expect("a pipe"));
        say(&mut host, &config(node, transport, folder)).expect("said");
        Self { process, host, journal }
    }

    /// What it says next.
    pub(crate) fn hear(&mut self) -> Option<Entry<TtlNaive>> {
        hear(&mut self.journal)
    }
}

fn config(node: NodeId, transport: Transport, folder: &Path) -> NodeConfig {
    NodeConfig {
        protocol: "ttl-naive".to_owned(),
        scenario: Scenario::new("alone").clients(1).to_toml(),
        node,
        life: Incarnation(1),
        run: RUN,
        folder: folder.to_owned(),
        transport,
        halts: BTreeSet::new(),
        seed: 1,
        clocks: NodeClocks::default(),
        disk: DiskState::default(),
        slow: Duration::ZERO,
        host: std::process::id(),
    }
}
