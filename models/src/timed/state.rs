//! A state of the timed model, and what can happen in it.

use crate::state::MOST_NODES;

/// How many messages a state has room for.
pub(crate) const MOST_FLIGHTS: usize = 16;

/// A message on its way, and how long it may still be, in half ticks. The message 0 is none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Flight {
    pub(crate) message: u16,
    pub(crate) left: u16,
}

/// A state of the whole system, with all distances in time and no time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct State {
    /// The nodes, by position.
    pub(crate) nodes: [u32; MOST_NODES],
    /// What an observer knows.
    pub(crate) witness: u32,
    /// The messages on their way, in the order of their numbers.
    pub(crate) flights: [Flight; MOST_FLIGHTS],
    pub(crate) retries: u8,
    pub(crate) failures: u8,
    pub(crate) expiries: u8,
    pub(crate) duplicates: u8,
}

/// What can happen next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Move {
    /// Half a tick passes.
    Pass,
    /// A node takes a step, stands still, or goes on.
    Step {
        /// The position of the node.
        node: u8,
        /// Why.
        why: Why,
        /// Which way the step goes.
        stride: u32,
        /// For a message: whether a copy of it stays in the network.
        keep: bool,
    },
}

/// Why a node takes a step. Messages and timers have numbers that mean something to one model.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Why {
    /// A message arrives that might have been on its way for so many half ticks more.
    Message {
        /// Its number.
        message: u16,
        /// What was left of its time.
        left: u16,
    },
    /// A timer fires.
    Timer(u16),
    /// The process starts.
    Start,
    /// It begins to stand still.
    Stand,
    /// It goes on.
    Wake,
}

impl Why {
    /// All of it in 20 bits, but for how long a message might have taken.
    pub(crate) fn code(self) -> u64 {
        match self {
            Self::Message { message, .. } => u64::from(message),
            Self::Timer(timer) => 1 << 16 | u64::from(timer),
            Self::Start => 2 << 16,
            Self::Stand => 3 << 16,
            Self::Wake => 4 << 16,
        }
    }
}

impl State {
    /// The messages on their way, in order.
    pub(crate) fn in_flight(&self) -> &[Flight] {
        let used = self.flights.iter().position(|flight| flight.message == 0);
        &self.flights[..used.unwrap_or(self.flights.len())]
    }

    /// Puts a message on its way; false if there is no room.
    pub(crate) fn send(&mut self, flight: Flight) -> bool {
        let length = self.in_flight().len();
        if length == self.flights.len() {
            return false;
        }
        let place = self.flights[..length].partition_point(|other| *other <= flight);
        self.flights.copy_within(place..length, place + 1);
        self.flights[place] = flight;
        true
    }

    /// Takes a message off its way; false if it is not there.
    pub(crate) fn take(&mut self, flight: Flight) -> bool {
        let length = self.in_flight().len();
        let Some(place) = self.flights[..length].iter().position(|other| *other == flight) else {
            return false;
        };
        self.flights.copy_within(place + 1..length, place);
        self.flights[length - 1] = Flight::default();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use locklab_protocols::stable_hash::StableHasher;

    const EMPTY: State = State {
        nodes: [0; MOST_NODES],
        witness: 0,
        flights: [Flight { message: 0, left: 0 }; MOST_FLIGHTS],
        retries: 0,
        failures: 0,
        expiries: 0,
        duplicates: 0,
    };

    #[test]
    fn messages_stay_in_order_however_they_come_and_go() {
        let mut state = EMPTY;
        let flight = |(message, left)| Flight { message, left };
        for pair in [(5, 1), (3, 2), (9, 0), (3, 1)] {
            assert!(state.send(flight(pair)));
        }
        assert_eq!(state.in_flight(), [(3, 1), (3, 2), (5, 1), (9, 0)].map(flight));
        assert!(!state.take(flight((5, 2))));
        for pair in [(3, 1), (9, 0), (5, 1), (3, 2)] {
            assert!(state.take(flight(pair)));
        }
        assert_eq!(state, EMPTY);
    }

    /// A new field of a state does not compile here until it is changed below.
    #[test]
    fn every_field_is_in_the_fingerprint() {
        let State { nodes, witness, flights, retries, failures, expiries, duplicates } = EMPTY;
        let mut changed = vec![
            EMPTY,
            State { witness: witness + 1, ..EMPTY },
            State { retries: retries + 1, ..EMPTY },
            State { failures: failures + 1, ..EMPTY },
            State { expiries: expiries + 1, ..EMPTY },
            State { duplicates: duplicates + 1, ..EMPTY },
        ];
        for place in 0..MOST_NODES {
            let mut nodes = nodes;
            nodes[place] += 1;
            changed.push(State { nodes, ..EMPTY });
        }
        for place in 0..MOST_FLIGHTS {
            for (message, left) in [(1, 0), (0, 1)] {
                let mut flights = flights;
                flights[place] = Flight { message, left };
                changed.push(State { flights, ..EMPTY });
            }
        }
        let mut fingerprints: Vec<u64> = changed.iter().map(StableHasher::hash_of).collect();
        fingerprints.sort_unstable();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), changed.len());
    }
}
