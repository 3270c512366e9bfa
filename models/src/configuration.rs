//! What is searched: a protocol in a setting, within bounds, for given guarantees and goals.

use crate::bounds::Bounds;
use crate::part::Workshop;
use locklab_protocols::contract::{Protocol, Reading, Servers};
use locklab_protocols::id::{NodeId, ServerId};
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::system::{Setting, TimerOf};
use std::fmt;
use std::sync::Arc;

/// What is searched.
#[derive(Clone, Debug)]
pub struct Configuration<P: Protocol> {
    /// The protocol, the clients, what they do, and what the storage checks.
    pub setting: Setting<P>,
    /// Who the servers are, where their number does not say it.
    pub servers: Option<String>,
    /// How far the search goes.
    pub bounds: Bounds,
    /// How far a server may go, in terms of its protocol: what no bound can say that knows nothing
    /// of it.
    pub reach: Option<Reach<P>>,
    /// What has happened before the search begins.
    pub prelude: Option<Prelude<P>>,
    /// Nodes that are alike, in groups: of states that differ only by who of them is who, one is
    /// gone on from.
    pub alike: Vec<Vec<NodeId>>,
    /// What clocks may show to those who read them.
    pub readings: Vec<Reading>,
    /// What is watched. A run ends where one of these breaks.
    pub watch: Vec<Guarantee>,
    /// Those of them that are known to break, in a world without time and with these faults.
    pub breaks: Vec<Guarantee>,
    /// What must be reached somewhere, or the search proved nothing.
    pub goals: Vec<Goal>,
    /// The same in terms of the protocol: states of its servers that must be found.
    pub landmarks: Vec<Landmark<P>>,
}

impl<P: Protocol> Configuration<P> {
    /// Whether a timer fires at all in this search.
    pub(crate) fn fires(&self, timer: &TimerOf<P>) -> bool {
        self.reach.as_ref().is_none_or(|reach| (reach.fires)(timer))
    }

    pub(crate) fn workshop(&self) -> Workshop<'_, P> {
        Workshop {
            setting: &self.setting,
            reach: self.reach.as_ref(),
            readings: &self.readings,
            bounds: &self.bounds,
        }
    }
}

/// Whether this server, in this state, is still within reach.
pub type Within<P> = Arc<dyn Fn(ServerId, &<P as Protocol>::Server) -> bool + Send + Sync>;

/// Whether this timer fires at all.
pub type Fires<P> = Arc<dyn Fn(&TimerOf<P>) -> bool + Send + Sync>;

/// How far a server may go. A step that takes one further is cut, and counted as such.
#[derive(Clone)]
pub struct Reach<P: Protocol> {
    /// In words.
    pub about: String,
    /// Whether a server is still within.
    pub within: Within<P>,
    /// Which timers fire; none that does not is ever looked at.
    pub fires: Fires<P>,
}

/// What has happened before a search begins: it looks at all runs that begin so, and at no others.
/// What is used up by then is not counted.
#[derive(Clone, Debug)]
pub struct Prelude<P: Protocol> {
    /// What the situation is, in words.
    pub about: String,
    /// What leads there from the start of all nodes.
    pub cues: Vec<Cue<P>>,
}

/// Something that happens in a prelude.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Cue<P: Protocol> {
    /// A timer of this node fires.
    Fire(NodeId, TimerOf<P>),
    /// The first message on the link from one node to another arrives.
    Deliver {
        /// Who sent it.
        from: NodeId,
        /// Where it arrives.
        to: NodeId,
    },
    /// What a node says arrives, and what it is told, until something that it says is on its way to
    /// this one.
    Finds {
        /// Who asks.
        node: NodeId,
        /// Whom it is to find.
        whom: NodeId,
    },
    /// A process dies between two steps, and starts again from its disk.
    Restart(NodeId),
}

impl<P: Protocol> fmt::Debug for Reach<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reach").field(&self.about).finish()
    }
}

/// Whether the servers are in a state.
pub type IsHere<P> = Arc<dyn Fn(Servers<'_, P>) -> bool + Send + Sync>;

/// A state of the servers that a search must find, for its own sake (blocking is a fault of
/// two-phase commit that no guarantee of safety names) or so that it has looked at something.
#[derive(Clone)]
pub struct Landmark<P: Protocol> {
    /// In a few words.
    pub name: &'static str,
    /// Whether this is it.
    pub is_here: IsHere<P>,
}

impl<P: Protocol> fmt::Debug for Landmark<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Landmark").field(&self.name).finish()
    }
}
