//! What can happen next.

/// A move of the world.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Action {
    /// A node takes a step, or part of one.
    Step {
        /// The position of the node.
        node: u8,
        /// Why.
        cause: Cause,
        /// Which way the step goes. There may be several: one for each answer to what the node asks
        /// (a clock, a draw), and, while the bounds allow a crash, one for each place between two
        /// effects at which the process can die.
        stride: u32,
        /// For a message: whether a copy of it stays in the network.
        keep: bool,
    },
    /// A message is lost.
    Drop {
        /// Its number.
        message: u16,
    },
}

/// Why a node takes a step. Messages and timers have numbers that mean something to one model.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cause {
    /// A message arrives.
    Message(u16),
    /// A timer fires, or an application makes its next move.
    Timer(u16),
    /// The process starts from what is on its disk.
    Start,
    /// The process dies between two steps.
    Crash {
        /// Whether its unsynced writes are lost too.
        power: bool,
    },
}

impl Cause {
    /// All of it in 20 bits.
    pub(crate) fn code(self) -> u64 {
        match self {
            Self::Message(message) => u64::from(message),
            Self::Timer(timer) => 1 << 16 | u64::from(timer),
            Self::Start => 2 << 16,
            Self::Crash { power } => 3 << 16 | u64::from(power),
        }
    }
}
