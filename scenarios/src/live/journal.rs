//! What a node and its host say to each other, over the node's standard input and output.
//!
//! A node does not report observations. It reports its *inputs*, each with the moment at which it
//! took it, before any effect of it leaves the process. A node is a pure function of its inputs, so
//! whoever has the journal has the node: the host plays it on a [`System`] of its own, and sees
//! every event, what the servers together make of a lock, and what they agree on, exactly as the
//! simulator does.
//!
//! The effects of a step are not all applied at once: a sync takes its time, a full stop may be
//! asked for at an event ([`Control::Go`]), a disk may stall. Where effects wait, both sides know
//! it by the same rule ([`Barrier`]), and [`Entry::Went`] says that they went on.
//!
//! [`System`]: locklab_protocols::system::System

use super::clocks::{Epoch, NodeClocks};
use super::mailbox::Transport;
use locklab_protocols::contract::{Effect, Event, Portable, Trigger};
use locklab_protocols::id::{Incarnation, NodeId};
use locklab_protocols::system::{DiskOf, SystemEffect, SystemInput};
use locklab_protocols::time::Time;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What a node needs to know when it starts; the first thing that it reads.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct NodeConfig {
    /// The name of its protocol on the shelf.
    pub protocol: String,
    /// The scenario, as TOML: it sets the protocol up and says what applications do.
    pub scenario: String,
    /// Which node it is.
    pub node: NodeId,
    /// Which of its lives this is.
    pub life: Incarnation,
    /// The number of the run.
    pub run: u64,
    /// The folder with its disk.
    pub folder: PathBuf,
    /// How frames travel.
    pub transport: Transport,
    /// At which events it waits for its host.
    pub halts: BTreeSet<Trigger>,
    /// What its chance grows from.
    pub seed: u64,
    /// Its clocks, as faults have left them.
    pub clocks: NodeClocks,
    /// The state of its disk, as faults have left it.
    pub disk: DiskState,
    /// How long each of its steps takes longer.
    pub slow: Duration,
    /// The process that started it: when it is gone, the node goes.
    pub host: u32,
}

/// What faults have made of a disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct DiskState {
    /// It takes no write and finishes no sync.
    pub stalled: bool,
    /// It says that a sync is done and does nothing.
    pub lying: bool,
}

/// What a host says to a node.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Control {
    /// Where the nodes are to be reached, and when the run began; and go.
    Begin {
        /// The nodes with their addresses.
        peers: Vec<(NodeId, SocketAddr)>,
        /// When the run began.
        epoch: Epoch,
    },
    /// Go on: you have halted for long enough.
    Go,
    /// These are your clocks from now on.
    Clocks(NodeClocks),
    /// This is the state of your disk from now on.
    Disk(DiskState),
    /// From now on each step takes so much longer.
    Slow(Duration),
}

/// What a node says to its host.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(bound = "P: Portable")]
pub enum Entry<P: Portable> {
    /// It can be reached there.
    Listening(SocketAddr),
    /// Something that a person may want to know.
    Note(String),
    /// It refused what came in on its port, so many times so far; why the last time.
    Refused {
        /// How often.
        times: u64,
        /// Why.
        reason: String,
    },
    /// It was built from this and takes its first step.
    Started {
        /// When.
        at: Time,
        /// Which life.
        life: Incarnation,
        /// What was on its disk.
        disk: DiskOf<P>,
        /// How much of its file is durable.
        durable: u64,
        /// Whether effects wait, and for what.
        waits: Waits,
    },
    /// It takes a step.
    Step {
        /// When.
        at: Time,
        /// With this input.
        input: SystemInput<P>,
        /// If it is a message: when it was sent.
        sent: Option<Time>,
        /// Whether effects wait, and for what.
        waits: Waits,
    },
    /// It has halted at an event of [`NodeConfig::halts`], with all effects up to it applied, and
    /// waits for [`Control::Go`].
    Halted,
    /// The effects that waited at a barrier go on.
    Went {
        /// When.
        at: Time,
        /// How much of its file is durable.
        durable: u64,
        /// Whether effects wait, and for what.
        waits: Waits,
    },
}

/// For what the effects of a step wait besides syncs and the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Waits {
    /// The node is slow: all of them wait.
    pub at_once: bool,
    /// The disk is stalled: writes wait.
    pub at_writes: bool,
}

/// Where the effects of a step wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Barrier {
    /// Nowhere: the effect is applied and the next one follows.
    None,
    /// Before it.
    Before,
    /// After it.
    After,
}

impl Barrier {
    /// Where this effect waits.
    pub fn at<P: Portable>(
        effect: &SystemEffect<P>,
        waits: Waits,
        halts: &BTreeSet<Trigger>,
    ) -> Self {
        match effect {
            Effect::Write(_) if waits.at_writes => Self::Before,
            Effect::Sync => Self::After,
            Effect::Notify(event) if is_halt(event, halts) => Self::After,
            _ => Self::None,
        }
    }
}

/// Whether a node waits for its host after this event.
pub fn is_halt(event: &Event, halts: &BTreeSet<Trigger>) -> bool {
    event.trigger().is_some_and(|trigger| halts.contains(&trigger))
}

/// A value in postcard's encoding.
///
/// # Errors
///
/// If it cannot be written down, as a sequence of unknown length.
pub fn written<T: Serialize + ?Sized>(what: &T) -> postcard::Result<Vec<u8>> {
    postcard::to_extend(what, Vec::new())
}

/// Writes one thing, whole.
///
/// # Errors
///
/// Those of the writer.
pub fn say(to: &mut impl Write, what: &impl Serialize) -> io::Result<()> {
    let payload = written(what).map_err(io::Error::other)?;
    let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
    let mut bytes = Vec::with_capacity(4 + payload.len());
    bytes.extend(length.to_le_bytes());
    bytes.extend(payload);
    to.write_all(&bytes)?;
    to.flush()
}

/// The bytes of the next thing that was said; `None` if nothing more comes. What was cut off in
/// the middle counts as never said: its speaker died.
pub fn hear_bytes(from: &mut impl Read) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length).ok()?;
    let length = u32::from_le_bytes(length);
    let mut payload = Vec::new();
    let read = from.take(u64::from(length)).read_to_end(&mut payload).ok()?;
    (read == length as usize).then_some(payload)
}

/// The next thing that was said.
pub fn hear<T: DeserializeOwned>(from: &mut impl Read) -> Option<T> {
    postcard::from_bytes(&hear_bytes(from)?).ok()
}
