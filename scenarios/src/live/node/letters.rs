//! What comes in at a node's port, if it is a message for this node.

use super::{Journal, Letter, MAILBOX};
use crate::live::frame::{self, Refusal};
use crate::live::journal::{Entry, NodeConfig, say};
use crate::live::mailbox::{Port, take_in};
use locklab_protocols::contract::Portable;
use locklab_protocols::id::NodeId;
use locklab_protocols::system::Setting;
use locklab_sim::aim::slot_of;
use std::cell::Cell;
use std::rc::Rc;
use tokio::sync::mpsc;

/// Opens the mailbox: what comes in at the port, if it is a message for this node.
pub(super) fn mailbox<P: Portable>(
    port: Port,
    setting: &Setting<P>,
    config: &NodeConfig,
    journal: Journal,
) -> mpsc::Receiver<Letter<P>> {
    let (sender, letters) = mpsc::channel(MAILBOX);
    let (me, protocol, clients) = (config.node, setting.protocol.clone(), setting.clients);
    let deliver = move |payload: Vec<u8>| {
        let sender = sender.clone();
        let letter = frame::open::<P::Message>(&payload).and_then(|envelope| {
            let (from, to) = (envelope.from, envelope.to);
            let known = number_of(from) > 0 && slot_of(from, &protocol, clients).is_some();
            if to == me && known { Ok(envelope) } else { Err(Refusal::Misaddressed { from, to }) }
        });
        async move {
            // If nobody takes letters any more, the process is at its end.
            let _gone = sender.send(letter?).await;
            Ok(())
        }
    };
    let times = Rc::new(Cell::new(0_u64));
    let refuse = move |refusal: Refusal| {
        times.set(times.get() + 1);
        // A flood of them is told of less and less often.
        if times.get().is_power_of_two() {
            let entry = Entry::<P>::Refused { times: times.get(), reason: refusal.to_string() };
            let _gone = say(&mut *journal.borrow_mut(), &entry);
        }
    };
    tokio::task::spawn_local(take_in(port, config.run, deliver, refuse));
    letters
}

fn number_of(node: NodeId) -> u32 {
    match node {
        NodeId::Server(id) => id.0,
        NodeId::Client(id) => id.0,
        NodeId::Storage => 1,
    }
}
