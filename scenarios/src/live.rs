//! The live host: the same locks as operating-system processes, with real sockets, real files and
//! real stops.
//!
//! A simulator is believed when its predictions come true. Here every server, client and storage
//! node is a process of its own on this machine, driven by tokio. What a scenario says of faults is
//! made real: a pause is SIGSTOP, a crash is SIGKILL, a partition is a relay that passes nothing
//! on. What a run did goes through the same monitors, and comes out as the same
//! [`Outcome`].
//!
//! # How it hangs together
//!
//! ```text
//!             host process                                  node process (one for each node)
//!   strikes ── signals, rules, words ──────────────────────▶ node ── disk (fsync)
//!   cluster ◀── journal: every input, with its moment ─────── │  ▲
//!      │                                                      ▼  │ frames over TCP
//!      │                                       relay (in the host): delays, cuts, loses, doubles
//!      ▼
//!   replay: the same nodes, stepped again ──▶ observer ──▶ Outcome
//! ```
//!
//! - A [`node`] steps its share of a [`System`](locklab_protocols::system::System) and applies
//!   the effects itself: frames over TCP or UDP ([`frame`]), an append-only file with checksums
//!   ([`disk`]), timers on the machine's clocks ([`clocks`]).
//! - It tells its host not what it observes but its *inputs* ([`journal`]), each before any effect
//!   of it leaves the process. Nodes are pure, so the host steps them again and knows everything
//!   that a simulator knows: every event, who owns a lock by the servers' account, what they agree
//!   on. While the run goes on it does so to aim faults; when it is over, in the order of the
//!   machine's monotonic clock, to judge.
//! - Where a fault waits for an event, the node that comes to it waits too, until the fault has
//!   struck. So a holder is stopped exactly between its check and its write.
//! - Nobody outlives the host: nodes die with it, and the last one out
//!   removes the files.
//!
//! # What is real, and what is not
//!
//! Processes, their stops and deaths, sockets, files and fsyncs are real, and so is time. Delays,
//! losses and partitions are a relay's; a clock is wrong in a layer between the node and the
//! machine's clocks; a power failure is a file cut at its last fsync; a disk that stalls or lies
//! is the host withholding the call. A run says which of these it used. What needs more processes
//! than [`MOST_NODES`] is not run, and its verdicts are `not-exercised`.

pub mod bench;
pub mod by_hand;
pub mod clocks;
mod cluster;
pub mod compared;
pub mod disk;
mod folder;
pub mod frame;
pub mod journal;
mod mailbox;
pub mod node;
mod process;
mod relay;
mod replay;
pub mod soak;
mod strikes;
mod verdict;

pub use folder::janitor;
pub use mailbox::Transport;

use crate::contestant::Contestant;
use crate::registry::Contestants;
use crate::scenario::Scenario;
use journal::NodeConfig;
use locklab_protocols::contract::Portable;
use locklab_protocols::id::{ClientId, NodeId, ServerId};
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_protocols::time::Time;
use locklab_sim::Outcome;
use locklab_sim::measures::Measures;
use locklab_sim::outcome::{Bites, Coverage};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// A run of more nodes than this is not made: they would do nothing but wait for a processor.
pub const MOST_NODES: usize = 40;

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// The program that runs a node when its first argument is `live-node`, and a janitor when it
    /// is `live-janitor`: the one that is running.
    pub program: PathBuf,
    /// What the chance of timers, choices and links grows from. It does not make a run repeat
    /// itself: the machine does not.
    pub seed: u64,
    /// Whether to record a trace.
    pub traces: bool,
    /// How frames travel.
    pub transport: Transport,
    /// Whether nodes talk to each other without the relay: faster, and no fault of links bites.
    pub direct: bool,
    /// Whether the faults of one kind count as one when it is asked whether all of them were felt:
    /// of a hundred strikes some find nobody alive.
    pub pools_bites: bool,
    /// Set to end the run.
    pub stop: Arc<AtomicBool>,
}

/// What came out of a live run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LiveRun {
    /// As of a simulated run. Its times are real, and its hash says nothing.
    pub outcome: Outcome,
    /// What a person may want to know: torn writes that were cut off, frames that were refused.
    pub notes: Vec<String>,
    /// Which faults were not made by the machine itself.
    pub emulated: Vec<&'static str>,
    /// For each strike of a fault, by kind, how long after it the next grant came.
    pub strikes: BTreeMap<&'static str, Vec<Duration>>,
    /// Whether somebody ended it before its time.
    pub interrupted: bool,
}

/// Why a live run came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The operating system refuses.
    #[error("cannot {0}: {1}")]
    Io(&'static str, io::Error),
    /// A node ended by itself.
    #[error("{node} is dead, and nobody killed it: {how}")]
    Died {
        /// Which.
        node: NodeId,
        /// How it ended, and its last words.
        how: String,
    },
    /// The nodes do not start.
    #[error("the nodes did not start within {0:?}")]
    Slow(Duration),
}

impl LiveError {
    fn io(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| Self::Io(what, error)
    }
}

/// A lock that can be run live: every one whose messages, timers and disks can be written down.
pub trait Live: Contestant {
    /// Runs a scenario with real processes. The nodes die with the calling thread.
    ///
    /// # Errors
    ///
    /// If the operating system refuses something, or a node ends by itself.
    fn run_live(&self, scenario: &Scenario, options: &Options) -> Result<LiveRun, LiveError>;

    /// Is one node of it, until its host is gone.
    ///
    /// # Errors
    ///
    /// If its disk, its port or its host fails it.
    fn be_node(&self, scenario: &Scenario, config: NodeConfig) -> Result<(), node::NodeError>;

    /// Is a server that somebody started [by hand](by_hand).
    ///
    /// # Errors
    ///
    /// If its folder, its disk or its port fails it.
    fn serve(
        &self,
        server: ServerId,
        base: by_hand::Base,
        folder: &Path,
        tell: Box<dyn Fn(&str)>,
    ) -> Result<(), node::NodeError>;

    /// Is a client that somebody started [by hand](by_hand).
    ///
    /// # Errors
    ///
    /// If its port fails it.
    fn be_client(
        &self,
        client: ClientId,
        base: by_hand::Base,
        commands: UnboundedReceiver<String>,
        tell: Box<dyn Fn(&str)>,
    ) -> Result<(), node::NodeError>;
}

impl<P: Portable> Live for P {
    fn run_live(&self, scenario: &Scenario, options: &Options) -> Result<LiveRun, LiveError> {
        let nodes = Contestant::servers(self) + scenario.clients + 1;
        if nodes > MOST_NODES {
            let why = format!("{nodes} processes are more than {MOST_NODES}: not run live");
            return Ok(LiveRun::not_made(&why, scenario));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(LiveError::io("start a runtime"))?;
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, cluster::play(self, scenario, options))
    }

    fn be_node(&self, scenario: &Scenario, config: NodeConfig) -> Result<(), node::NodeError> {
        node::run(self.clone(), &scenario.plan(), config)
    }

    fn serve(
        &self,
        server: ServerId,
        base: by_hand::Base,
        folder: &Path,
        tell: Box<dyn Fn(&str)>,
    ) -> Result<(), node::NodeError> {
        by_hand::serve(self.clone(), server, base, folder, tell)
    }

    fn be_client(
        &self,
        client: ClientId,
        base: by_hand::Base,
        commands: UnboundedReceiver<String>,
        tell: Box<dyn Fn(&str)>,
    ) -> Result<(), node::NodeError> {
        by_hand::client(self, client, base, commands, tell)
    }
}

impl LiveRun {
    /// A run that was not made: nothing was put to the test.
    fn not_made(why: &str, scenario: &Scenario) -> Self {
        let verdict = |guarantee| (guarantee, Verdict::not_exercised(why.to_owned()));
        let bites = scenario
            .faults
            .iter()
            .map(|fault| Bites { kind: fault.kind.name(), ..Bites::default() });
        let outcome = Outcome {
            seed: 0,
            hash: 0,
            steps: 0,
            end: Time::ZERO,
            verdicts: Guarantee::ALL.into_iter().map(verdict).collect(),
            goals: BTreeSet::new(),
            measures: Measures::default(),
            bites: bites.collect(),
            coverage: Coverage::default(),
            trace: Vec::new(),
        };
        let notes = vec![why.to_owned()];
        Self { outcome, notes, emulated: Vec::new(), strikes: BTreeMap::new(), interrupted: false }
    }
}

/// A number that nobody else knows.
fn fresh_number() -> u64 {
    // The keys of a hash map: the machine's randomness, without a crate for it.
    RandomState::new().build_hasher().finish()
}

/// What a process does whose first argument is `live-node`: it reads on its standard input which
/// node it is, and is that node until its host is gone. `contestants` are the locks that it knows.
///
/// # Errors
///
/// One sentence, for the host to show.
pub fn node_main(contestants: &Contestants) -> Result<(), String> {
    let config: NodeConfig =
        journal::hear(&mut io::stdin().lock()).ok_or("a node is started by its host alone")?;
    process::die_with(config.host);
    let run_folder = config.folder.parent().ok_or("a node has a folder in that of its run")?;
    let _in_use = folder::lock(run_folder).map_err(|error| error.to_string())?;
    let names = contestants.names();
    let scenario = Scenario::from_toml_for("the scenario", &config.scenario, &names);
    let scenario = scenario.map_err(|error| error.to_string())?;
    let live = contestants.live(&config.protocol, &scenario)?;
    live.be_node(&scenario, config).map_err(|error| error.to_string())
}
