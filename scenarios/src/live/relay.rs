//! The relay: every message between two nodes passes here, and meets the faults of its link.
//!
//! Nodes do not know each other's ports, only those of the relay, one for each receiver. What comes
//! in is asked of the same [`Links`] that the simulator has, lost, doubled or kept back
//! accordingly, and sent on when its time has come. A cut takes what is on its way too.

use super::clocks::Epoch;
use super::frame::{self, Refusal};
use super::mailbox::{Deliver, Outgoing, Port, Refuse, Transport, take_in};
use locklab_protocols::id::NodeId;
use locklab_protocols::time::Time;
use locklab_sim::chance::Chance;
use locklab_sim::links::{Links, Rule};
use locklab_sim::network::Network;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use tokio::sync::Notify;

/// The relay, as its many tasks share it.
#[derive(Clone, Debug)]
pub(super) struct Relay {
    inner: Rc<RefCell<Inner>>,
    woken: Rc<Notify>,
    epoch: Rc<Cell<Epoch>>,
}

#[derive(Debug)]
struct Inner {
    run: u64,
    nodes: Vec<NodeId>,
    links: Links,
    chances: Vec<Chance>,
    bites: Vec<u64>,
    /// What is on its way: when it arrives, and its number, so that no two are the same.
    waiting: BTreeMap<(Time, u64), Parcel>,
    parcels: u64,
    transport: Transport,
    outgoing: Outgoing<usize>,
    /// How often something was refused, and why the last time.
    refused: Option<(u64, Refusal)>,
}

#[derive(Debug)]
struct Parcel {
    from: usize,
    to: usize,
    payload: Vec<u8>,
}

impl Relay {
    pub(super) fn new(
        nodes: &[NodeId],
        network: &Network,
        faults: usize,
        (run, seed): (u64, u64),
        transport: Transport,
    ) -> Self {
        let inner = Inner {
            run,
            nodes: nodes.to_vec(),
            links: Links::new(network, nodes),
            chances: nodes.iter().map(|node| Chance::new(seed, &("network", *node))).collect(),
            bites: vec![0; faults],
            waiting: BTreeMap::new(),
            parcels: 0,
            transport,
            outgoing: Outgoing::new(transport),
            refused: None,
        };
        let epoch = Rc::new(Cell::new(Epoch::now()));
        Self { inner: Rc::new(RefCell::new(inner)), woken: Rc::default(), epoch }
    }

    /// The run begins.
    pub(super) fn begin(&self, epoch: Epoch) {
        self.epoch.set(epoch);
    }

    /// Opens the ports, one for each node, and begins to work.
    pub(super) async fn open(&self) -> io::Result<Vec<(NodeId, SocketAddr)>> {
        let (nodes, run, transport) = {
            let inner = self.inner.borrow();
            (inner.nodes.clone(), inner.run, inner.transport)
        };
        let mut ports = Vec::new();
        for node in nodes {
            let port = Port::any(transport).await?;
            ports.push((node, port.address()?));
            let (relay, counts) = (self.clone(), self.clone());
            let deliver: Deliver = Rc::new(move |payload: Vec<u8>| {
                let taken = relay.take(node, payload);
                Box::pin(async move { taken })
            });
            let refuse: Refuse = Rc::new(move |refusal: Refusal| {
                let refused = &mut counts.inner.borrow_mut().refused;
                let times = refused.as_ref().map_or(0, |(times, _)| *times);
                *refused = Some((times + 1, refusal));
            });
            tokio::task::spawn_local(take_in(port, run, deliver, refuse));
        }
        tokio::task::spawn_local(self.clone().send_on());
        Ok(ports)
    }

    /// A node is to be reached there.
    pub(super) fn reach(&self, slot: usize, address: SocketAddr) {
        self.inner.borrow_mut().outgoing.reach(slot, address);
    }

    fn take(&self, port: NodeId, payload: Vec<u8>) -> Result<(), Refusal> {
        let (from, to) = frame::addresses(&payload)?;
        let inner = &mut *self.inner.borrow_mut();
        let slot = |node| inner.nodes.iter().position(|known| *known == node);
        let (Some(sender), Some(receiver)) = (slot(from), slot(to).filter(|_| to == port)) else {
            return Err(Refusal::Misaddressed { from, to });
        };
        let now = self.epoch.get().time();
        let bites = &mut inner.bites;
        let chance = &mut inner.chances[sender];
        let fate = inner.links.fate(sender, receiver, chance, |fault| bites[fault] += 1);
        if let Ok((delay, copy)) = fate {
            let delays = [Some(delay), copy].into_iter().flatten();
            for delay in delays {
                inner.parcels += 1;
                let parcel = Parcel { from: sender, to: receiver, payload: payload.clone() };
                inner.waiting.insert((now + delay, inner.parcels), parcel);
            }
            self.woken.notify_one();
        }
        Ok(())
    }

    async fn send_on(self) {
        loop {
            let now = self.epoch.get().time();
            let next = {
                let inner = &mut *self.inner.borrow_mut();
                while let Some(entry) = inner.waiting.first_entry().filter(|e| e.key().0 <= now) {
                    let Parcel { to, payload, .. } = entry.remove();
                    inner.outgoing.send(&to, frame::frame(inner.run, &payload));
                }
                inner.waiting.first_key_value().map(|((at, _), _)| at.since(now))
            };
            match next {
                None => self.woken.notified().await,
                Some(wait) => {
                    tokio::select! {
                        () = self.woken.notified() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    /// Puts a rule on links; a cut takes what is on its way on them.
    pub(super) fn put(&self, rule: Rule, cuts: bool) {
        let inner = &mut *self.inner.borrow_mut();
        if cuts {
            let Rule { fault, from, to, .. } = &rule;
            let cut = |parcel: &Parcel| from.contains(parcel.from) && to.contains(parcel.to);
            let before = inner.waiting.len();
            inner.waiting.retain(|_, parcel| !cut(parcel));
            inner.bites[*fault] += (before - inner.waiting.len()) as u64;
        }
        inner.links.rules.push(rule);
    }

    /// Takes the rules of a strike off again.
    pub(super) fn lift(&self, strike: u64) {
        self.inner.borrow_mut().links.rules.retain(|rule| rule.strike != strike);
    }

    /// Whether messages get lost or doubled without any fault.
    pub(super) fn disturbed(&self) -> bool {
        self.inner.borrow().links.disturbed()
    }

    /// How often each fault was felt on a link.
    pub(super) fn bites(&self) -> Vec<u64> {
        self.inner.borrow().bites.clone()
    }

    /// How often something was refused, and why the last time.
    pub(super) fn refused(&self) -> Option<(u64, Refusal)> {
        self.inner.borrow().refused.clone()
    }
}
