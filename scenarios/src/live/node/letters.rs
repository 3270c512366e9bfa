//! What comes in at a node's port, if it is a message for this node.

use super::{Journal, Letter, MAILBOX, Tell};
use crate::live::by_hand::refused;
use crate::live::frame::{self, Refusal};
use crate::live::journal::{Entry, NodeConfig, say};
use crate::live::mailbox::{Deliver, Port, take_in, told_less_and_less};
use locklab_protocols::contract::Portable;
use locklab_protocols::id::NodeId;
use locklab_protocols::system::Setting;
use locklab_sim::aim::slot_of;
use std::rc::Rc;
use tokio::sync::mpsc;

/// Opens the mailbox: what comes in at the port, if it is a message for this node. What is refused
/// is told to the host, or to the person who has the place of one.
pub(super) fn mailbox<P: Portable>(
    port: Port,
    setting: &Setting<P>,
    config: &NodeConfig,
    (journal, tell): (Journal, Option<Tell>),
) -> mpsc::Receiver<Letter<P>> {
    let (sender, letters) = mpsc::channel(MAILBOX);
    let (me, protocol, clients) = (config.node, setting.protocol.clone(), setting.clients);
    let deliver: Deliver = Rc::new(move |payload: Vec<u8>| {
        let sender = sender.clone();
        let letter = frame::open::<P::Message>(&payload).and_then(|envelope| {
            let (from, to) = (envelope.from, envelope.to);
            let known = number_of(from) > 0 && slot_of(from, &protocol, clients).is_some();
            if to == me && known { Ok(envelope) } else { Err(Refusal::Misaddressed { from, to }) }
        });
        Box::pin(async move {
            // If nobody takes letters any more, the process is at its end.
            let _gone = sender.send(letter?).await;
            Ok(())
        })
    });
    let refuse = told_less_and_less(move |times, refusal| {
        if let Some(tell) = &tell {
            tell(&refused(times, refusal));
        }
        let entry = Entry::<P>::Refused { times, reason: refusal.to_string() };
        let _gone = say(&mut *journal.borrow_mut(), &entry);
    });
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
