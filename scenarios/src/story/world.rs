//! What happens to nodes and messages from outside.

use super::Mark;
use super::scene::Phase;
use super::teller::{Consequence, Teller};
use super::words::{count, gist, list, span};
use locklab_protocols::contract::HostEvent;
use locklab_protocols::id::{ClientId, NodeId};
use locklab_protocols::time::Time;
use locklab_sim::outcome::Fate;
use std::time::Duration;

/// A message that was on its way for longer than this is late.
const LATE: Duration = Duration::from_secs(1);

/// How many lost messages of one section are told.
const LOST_TOLD: u32 = 2;

impl Teller<'_> {
    pub(super) fn hosts(&mut self, at: Time, node: NodeId, event: HostEvent) {
        match event {
            HostEvent::Started(incarnation) => {
                if let NodeId::Client(client) = node {
                    self.scene.client(client).incarnation = incarnation;
                }
                match self.scene.down.remove(&node) {
                    Some(since) => {
                        let text = format!("is back after {}", span(at.since(since)));
                        self.always(at, Some(node), text, Mark::Fault);
                    }
                    None => self.trifle(at, node, || "starts".to_owned()),
                }
            }
            HostEvent::Crashed => self.crashes(at, node),
            HostEvent::Paused => {
                let text = format!("stands still{}", self.circumstances(node));
                self.matters_if_client(node);
                self.scene.paused.insert(node, at);
                self.always(at, Some(node), text, Mark::Fault);
            }
            HostEvent::Resumed => self.resumes(at, node),
            HostEvent::Healed => {
                self.always(at, None, "all faults are over".to_owned(), Mark::Fault);
            }
            HostEvent::Afflicted => self.trifle(at, node, || "a fault touches it".to_owned()),
            HostEvent::Relieved => self.trifle(at, node, || "a fault leaves it".to_owned()),
        }
    }

    fn crashes(&mut self, at: Time, node: NodeId) {
        let text = format!("dies{}", self.circumstances(node));
        self.matters_if_client(node);
        self.always(at, Some(node), text, Mark::Fault);
        self.scene.paused.remove(&node);
        self.scene.down.insert(node, at);
        if let NodeId::Client(client) = node {
            let state = self.scene.client(client);
            state.beliefs.clear();
            state.waits.clear();
            state.phase = Phase::Outside;
        }
    }

    fn resumes(&mut self, at: Time, node: NodeId) {
        let Some(since) = self.scene.paused.remove(&node) else { return };
        self.scene.resumed.insert(node, at);
        let mut text = format!("goes on after {}", span(at.since(since)));
        if let NodeId::Client(client) = node {
            let beliefs = self.beliefs(at, client);
            if !beliefs.is_empty() {
                text += &format!(", still believes that it holds {}", list(beliefs));
            }
        }
        self.always(at, Some(node), text, Mark::Fault);
    }

    fn matters_if_client(&mut self, node: NodeId) {
        if let NodeId::Client(client) = node
            && self.scene.client(client).phase != Phase::Outside
        {
            self.matters(client);
        }
    }

    /// What a client is in the middle of.
    fn circumstances(&self, node: NodeId) -> String {
        let NodeId::Client(client) = node else { return String::new() };
        let Some(state) = self.scene.clients.get(&client) else { return String::new() };
        let held = list(state.beliefs.keys());
        match state.phase {
            Phase::Outside => String::new(),
            Phase::Waiting if state.beliefs.is_empty() => {
                format!(" while it waits for {}", list(state.waits.keys()))
            }
            Phase::Waiting => {
                format!(", holding {held} and waiting for {}", list(state.waits.keys()))
            }
            Phase::Working => format!(", holding {held}"),
            Phase::Checked => format!(", holding {held}, between its check and its write"),
            Phase::Written => format!(", holding {held}, its write done"),
        }
    }

    pub(super) fn fault_begins(&mut self, at: Time, fault: usize, nodes: &[NodeId], what: &str) {
        self.faults.insert(fault, what.to_owned());
        if !self.told_by_its_nodes(fault) {
            let node = if let [node] = nodes { Some(*node) } else { None };
            let named = match nodes {
                [] | [_] | [_, _, _, _, _, ..] => String::new(),
                few => format!(" ({})", list(few)),
            };
            self.always(at, node, format!("fault: {what}{named}"), Mark::Fault);
        }
    }

    pub(super) fn fault_ends(&mut self, at: Time, fault: usize) {
        if self.told_by_its_nodes(fault) {
            return;
        }
        let what = self.faults.get(&fault).map_or("fault", String::as_str);
        let felt = self.bites.get(fault).map_or(0, |bites| bites.count);
        let felt = match felt {
            0 => "never felt".to_owned(),
            felt => format!("felt {}", count(usize::try_from(felt).unwrap_or(usize::MAX), "time")),
        };
        self.always(at, None, format!("over: {what} ({felt})"), Mark::Fault);
    }

    /// Pauses and crashes are told where they happen.
    fn told_by_its_nodes(&self, fault: usize) -> bool {
        self.bites.get(fault).is_some_and(|bites| matches!(bites.kind, "pause" | "crash"))
    }

    pub(super) fn sent(&mut self, at: Time, from: NodeId, to: NodeId, message: &str, fate: Fate) {
        let why = match fate {
            Fate::Arrives(_) => {
                self.trifle(at, from, || format!("to {to}: {message}"));
                return;
            }
            Fate::Lost => "is lost on the way",
            Fate::Cut => "does not get through, the link is cut",
        };
        let concerned = [from, to].into_iter().find_map(client_of);
        let section = concerned.and_then(|client| self.scene.section(client));
        let (Some(client), Some(section)) = (concerned, section) else {
            self.trifle(at, from, || format!("to {to}, but {why}: {message}"));
            return;
        };
        let drafted = self.lost.entry(section).or_default();
        *drafted += 1;
        if *drafted <= LOST_TOLD {
            let text = format!("message to {to} {why}: {}", gist(message));
            self.routine(at, from, client, text);
        } else {
            self.trifle(at, from, || format!("message to {to} {why}: {message}"));
        }
    }

    pub(super) fn delivered(
        &mut self,
        at: Time,
        from: NodeId,
        to: NodeId,
        message: &str,
        sent: Time,
    ) {
        let waited_in_mailbox = self.scene.resumed.get(&to).is_some_and(|at| *at >= sent);
        let concerned = [from, to].into_iter().find_map(client_of);
        match concerned {
            Some(client) if at.since(sent) >= LATE && !waited_in_mailbox => {
                let text = format!(
                    "hears from {from} what was sent {} ago: {}",
                    span(at.since(sent)),
                    gist(message)
                );
                self.consequence(&[Consequence::Late], &[client], (at, to), text);
            }
            _ => self.trifle(at, to, || format!("from {from}: {message}")),
        }
    }
}

fn client_of(node: NodeId) -> Option<ClientId> {
    match node {
        NodeId::Client(client) => Some(client),
        NodeId::Server(_) | NodeId::Storage => None,
    }
}
