//! What can happen next.

/// A move of the world. Numbers are positions of nodes, and numbers of messages and timers on the
/// shelves of the model.
///
/// A step of a node may have several *legs*: one for each answer to what the node asks (a clock, a
/// draw), and, while the bounds allow a crash, one for each place between two effects at which
/// the process can die.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// A message arrives.
    Deliver {
        /// Which.
        message: u16,
        /// Which leg of the step.
        leg: u8,
        /// Whether a copy of it stays in the network.
        keep: bool,
    },
    /// A message is lost.
    Drop {
        /// Which.
        message: u16,
    },
    /// A timer fires, or an application makes its next move.
    Fire {
        /// Where.
        node: u8,
        /// Which.
        timer: u16,
        /// Which leg of the step.
        leg: u8,
    },
    /// A process dies between two steps.
    Crash {
        /// Which.
        node: u8,
        /// Whether its unsynced writes are lost too.
        power: bool,
    },
    /// A process starts again from what is on its disk.
    Restart {
        /// Which.
        node: u8,
        /// Which leg of the step.
        leg: u8,
    },
}
