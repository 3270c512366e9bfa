//! What a search leaves out, and how often that mattered.
//!
//! A lock that polls and repeats its requests has no end of states. A search therefore stays
//! within bounds; they are printed with every verdict, and each move that a bound forbade is
//! counted. A verdict whose bounds cut nothing holds without them.

use locklab_protocols::id::NodeId;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much of everything a run may have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Bounds {
    /// How often each application asks for a lock.
    pub acquires: u8,
    /// How many times clients and applications together repeat a request or try again: a timer
    /// that sends something and tells nobody anything.
    pub retries: u8,
    /// How many times clients give up: an acquire that is refused, a release whose outcome is
    /// unknown. Clients that never do wait for ever.
    pub failures: u8,
    /// How many leases the servers end; `u8::MAX` for as many as they like.
    pub expiries: u8,
    /// How many times timers of servers send something, tell nobody anything and write nothing
    /// down (heartbeats, elections); `u8::MAX` for as often as they like.
    pub server_timers: u8,
    /// How many messages are delivered and stay in the network, to be delivered again.
    pub duplicates: u8,
    /// How many messages are thrown away. A message that is never delivered is as good as lost, so
    /// this adds no behaviour to that of 0; it only makes losses show in a story, and makes room
    /// where few messages may be in flight. `u8::MAX` for as many as the network likes.
    pub drops: u8,
    /// How many processes die, each between any two effects of a step or between two steps.
    pub crashes: u8,
    /// Whether only servers die.
    pub only_servers_die: bool,
    /// Of these, how many take what was not synced with them.
    pub power_failures: u8,
    /// Whether the messages from one node to another arrive in the order in which they were sent,
    /// as on one connection; else in any order. A connection loses nothing, but may stand still for
    /// as long as it likes.
    pub in_order: bool,
    /// How many messages each link holds at once, where links keep an order; what comes next pushes
    /// out the oldest, which is lost. `u8::MAX` for links that push nothing out.
    pub link_room: u8,
    /// How many messages are on their way at once, at most [`MOST_IN_FLIGHT`].
    pub in_flight: u8,
    /// Whether what is due at once happens before anything else: a timer of no length fires within
    /// the step that arms it, so that nobody stands still there. (A message may still take for
    /// ever.)
    pub prompt: bool,
}

/// The most messages that a state has room for.
pub const MOST_IN_FLIGHT: usize = 24;

impl Default for Bounds {
    /// Two sections for each client, and a network that delays and reorders as it likes.
    fn default() -> Self {
        Self {
            acquires: 2,
            retries: 0,
            failures: 0,
            expiries: u8::MAX,
            server_timers: 0,
            duplicates: 0,
            drops: 0,
            crashes: 0,
            only_servers_die: false,
            power_failures: 0,
            in_order: false,
            link_room: u8::MAX,
            in_flight: MOST_IN_FLIGHT as u8,
            prompt: false,
        }
    }
}

impl Bounds {
    /// Whether a process may die here.
    pub(crate) fn may_die(&self, node: NodeId) -> bool {
        self.crashes > 0 && (!self.only_servers_die || matches!(node, NodeId::Server(_)))
    }

    /// Whether a message that was sent may as well not have been: where it may take for ever and
    /// holds up no other.
    pub(crate) fn may_lose(&self) -> bool {
        !self.in_order || self.link_room == 1
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let some = |number: u8, what: &str| match number {
            u8::MAX => format!("any number of {what}"),
            number => format!("{number} {what}"),
        };
        let who = if self.only_servers_die { "crashes of servers" } else { "crashes" };
        let mut parts = vec![
            format!("{} acquires a client", self.acquires),
            some(self.failures, "failures"),
            some(self.retries, "retries"),
            some(self.expiries, "expiries"),
            some(self.server_timers, "timers of servers that only repeat"),
            some(self.duplicates, "duplicates"),
            some(self.drops, "drops"),
            format!("{} {who} ({} of them power failures)", self.crashes, self.power_failures),
            format!("{} messages in flight", self.in_flight),
        ];
        match (self.in_order, self.link_room) {
            (false, _) => {}
            (true, u8::MAX) => parts.push("each link in order".to_owned()),
            (true, room) => parts.push(format!("each link in order, with room for {room}")),
        }
        if self.prompt {
            parts.push("what is due at once is done at once".to_owned());
        }
        f.write_str(&parts.join(", "))
    }
}

/// A bound by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Bound {
    /// [`Bounds::acquires`].
    Acquires,
    /// [`Bounds::retries`].
    Retries,
    /// [`Bounds::failures`].
    Failures,
    /// [`Bounds::expiries`].
    Expiries,
    /// [`Bounds::server_timers`].
    ServerTimers,
    /// [`Bounds::link_room`].
    LinkRoom,
    /// [`Bounds::in_flight`].
    InFlight,
    /// [`Configuration::reach`](crate::Configuration::reach).
    Reach,
}

impl Bound {
    /// All of them. The number of faults is a bound too, but of the world and not of the search: a
    /// world with fewer faults than it could have is a world.
    pub const ALL: [Self; 8] = [
        Self::Acquires,
        Self::Retries,
        Self::Failures,
        Self::Expiries,
        Self::ServerTimers,
        Self::LinkRoom,
        Self::InFlight,
        Self::Reach,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acquires => "acquires",
            Self::Retries => "retries",
            Self::Failures => "failures",
            Self::Expiries => "expiries",
            Self::ServerTimers => "server timers",
            Self::LinkRoom => "room on a link",
            Self::InFlight => "messages in flight",
            Self::Reach => "reach",
        }
    }
}

/// How often each bound cut the search.
#[derive(Debug, Default)]
pub struct Cuts {
    counts: [AtomicU64; Bound::ALL.len()],
}

impl Cuts {
    /// A bound forbade a move.
    pub(crate) fn count(&self, bound: Bound) {
        self.counts[bound as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many moves a bound forbade.
    pub fn of(&self, bound: Bound) -> u64 {
        self.counts[bound as usize].load(Ordering::Relaxed)
    }

    /// The bounds that forbade something, with how often.
    pub fn reached(&self) -> Vec<(Bound, u64)> {
        let all = Bound::ALL.into_iter().map(|bound| (bound, self.of(bound)));
        all.filter(|(_, cuts)| *cuts > 0).collect()
    }

    /// Begins to count anew.
    pub(crate) fn clear(&self) {
        for count in &self.counts {
            count.store(0, Ordering::Relaxed);
        }
    }
}
