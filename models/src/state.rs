//! A state: numbers of parts, messages on their way, and what faults there were.

use crate::bounds::MOST_IN_FLIGHT;

/// The most nodes that a state has room for.
pub const MOST_NODES: usize = 8;

/// A state of the whole system. It is a few words long and holds no pointer: the parts stand on
/// the shelves of the model.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct State {
    /// The parts of all nodes, by position.
    pub(crate) nodes: [u32; MOST_NODES],
    /// What an observer knows.
    pub(crate) witness: u32,
    /// The messages on their way, each as often as it is there; 0 is none. They are in the order of
    /// their links, those of one link in the order of their numbers, or of sending where links keep
    /// it.
    pub(crate) flights: [u16; MOST_IN_FLIGHT],
    /// What was used up of the bounds.
    pub(crate) used: Used,
}

/// What a run has used up of its bounds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Used {
    pub(crate) retries: u8,
    pub(crate) failures: u8,
    /// Counted only where they are bounded.
    pub(crate) expiries: u8,
    pub(crate) server_timers: u8,
    pub(crate) duplicates: u8,
    pub(crate) drops: u8,
    pub(crate) crashes: u8,
    pub(crate) power_failures: u8,
}

impl State {
    /// The messages on their way, in order.
    pub(crate) fn in_flight(&self) -> &[u16] {
        let used = self.flights.iter().position(|message| *message == 0);
        &self.flights[..used.unwrap_or(self.flights.len())]
    }

    /// Puts a message on its way, behind those for which `before` says so; false if there is no
    /// room.
    pub(crate) fn send(&mut self, message: u16, before: impl Fn(u16) -> bool) -> bool {
        let length = self.in_flight().len();
        if length == self.flights.len() {
            return false;
        }
        let place = self.flights[..length].partition_point(|other| before(*other));
        self.flights.copy_within(place..length, place + 1);
        self.flights[place] = message;
        true
    }

    /// Takes the first copy of a message off its way; false if there is none.
    pub(crate) fn take(&mut self, message: u16) -> bool {
        let length = self.in_flight().len();
        let Some(place) = self.flights[..length].iter().position(|other| *other == message) else {
            return false;
        };
        self.flights.copy_within(place + 1..length, place);
        self.flights[length - 1] = 0;
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
        flights: [0; MOST_IN_FLIGHT],
        used: Used {
            retries: 0,
            failures: 0,
            expiries: 0,
            server_timers: 0,
            duplicates: 0,
            drops: 0,
            crashes: 0,
            power_failures: 0,
        },
    };

    #[test]
    fn messages_stay_in_order_however_they_come_and_go() {
        let mut state = EMPTY;
        for message in [5, 3, 9, 3, 1] {
            assert!(state.send(message, |other| other <= message));
        }
        assert_eq!(state.in_flight(), [1, 3, 3, 5, 9]);
        assert!(state.take(3));
        assert!(!state.take(4));
        assert_eq!(state.in_flight(), [1, 3, 5, 9]);
        for message in [9, 5, 3, 1] {
            assert!(state.take(message));
        }
        assert_eq!(state, EMPTY);
    }

    #[test]
    fn a_full_network_takes_no_more() {
        let mut state = EMPTY;
        assert!((0..MOST_IN_FLIGHT).all(|_| state.send(7, |_| true)));
        assert!(!state.send(7, |_| true));
    }

    /// A new field of a state does not compile here until it is changed below.
    #[test]
    fn every_field_is_in_the_fingerprint() {
        let State { nodes, witness, flights, used } = EMPTY;
        let Used { retries, failures, expiries, server_timers, .. } = used;
        let Used { duplicates, drops, crashes, power_failures, .. } = used;
        let mut changed = vec![State { witness: witness + 1, ..EMPTY }];
        for place in 0..MOST_NODES {
            let mut nodes = nodes;
            nodes[place] += 1;
            changed.push(State { nodes, ..EMPTY });
        }
        for place in 0..MOST_IN_FLIGHT {
            let mut flights = flights;
            flights[place] += 1;
            changed.push(State { flights, ..EMPTY });
        }
        let all_used = [
            Used { retries: retries + 1, ..used },
            Used { failures: failures + 1, ..used },
            Used { expiries: expiries + 1, ..used },
            Used { server_timers: server_timers + 1, ..used },
            Used { duplicates: duplicates + 1, ..used },
            Used { drops: drops + 1, ..used },
            Used { crashes: crashes + 1, ..used },
            Used { power_failures: power_failures + 1, ..used },
        ];
        changed.extend(all_used.map(|used| State { used, ..EMPTY }));
        changed.push(EMPTY);
        let mut fingerprints: Vec<u64> = changed.iter().map(StableHasher::hash_of).collect();
        fingerprints.sort_unstable();
        fingerprints.dedup();
        assert_eq!(fingerprints.len(), changed.len());
    }
}
