//! A message leaves a node, and the network decides what becomes of it.

use super::script::Fates;
use super::{Next, World};
use crate::aim::NodeSet;
use crate::outcome::{Fate, Happening};
use locklab_protocols::contract::Protocol;
use locklab_protocols::id::NodeId;
use locklab_protocols::system::{Packet, PacketOf};
use locklab_protocols::time::Time;

impl<P: Protocol> World<P> {
    /// Hands a message to the network.
    pub(super) fn send(&mut self, from: usize, to: NodeId, body: PacketOf<P>) {
        if matches!(body, Packet::Lock(_)) {
            self.observer.measures.messages += 1;
        }
        let Some(slot) = self.slot(to) else { return };
        let fate = self.fate(from, slot);
        let node = self.nodes[from].id;
        match fate {
            Ok((delay, copy)) => {
                let at = self.after(delay);
                let fate = Fate::Arrives(at);
                self.trace(|| sent(node, to, &body, fate));
                if let Some(delay) = copy {
                    self.dispatch(from, slot, body.clone(), self.after(delay));
                }
                self.dispatch(from, slot, body, at);
            }
            Err(fate) => self.trace(|| sent(node, to, &body, fate)),
        }
    }

    fn dispatch(&mut self, from: usize, to: usize, body: PacketOf<P>, at: Time) {
        let sent = self.now;
        self.queue.push(at, Next::Arrival { from, to, body, sent, cut: false });
    }

    /// How long the message takes, and how long a second copy of it; or why it never arrives.
    pub(super) fn drawn_fate(&mut self, from: usize, to: usize) -> Fates {
        let faults = &mut self.faults;
        let chance = &mut self.nodes[from].network_chance;
        self.links.fate(from, to, chance, |fault| faults.bite(fault))
    }

    /// Cuts what is on its way on links that have just been cut.
    pub(super) fn cut_in_flight(&mut self, fault: usize, senders: &NodeSet, receivers: &NodeSet) {
        let mut hits = 0;
        for next in self.queue.waiting_mut() {
            if let Next::Arrival { from, to, cut, .. } = next
                && !*cut
                && senders.contains(*from)
                && receivers.contains(*to)
            {
                *cut = true;
                hits += 1;
            }
        }
        self.faults.bite_often(fault, hits);
    }
}

fn sent<M: std::fmt::Debug>(from: NodeId, to: NodeId, body: &M, fate: Fate) -> Happening {
    Happening::Sent { from, to, message: format!("{body:?}"), fate }
}
