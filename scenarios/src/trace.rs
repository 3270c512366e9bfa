//! A trace for programs: one JSON object a line, everything that happened, in order.

use locklab_protocols::contract::Event;
use locklab_protocols::id::NodeId;
use locklab_sim::outcome::{Fate, Happening, Outcome, Traced};
use serde::Serialize;
use std::io::{self, Write};

/// One line of a trace.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TraceLine {
    /// When, in nanoseconds of simulated time.
    pub at: u64,
    /// At which node, as reports call it; `None` for what concerns several or none.
    pub node: Option<String>,
    /// What sort of thing happened.
    pub kind: &'static str,
    /// What happened, as the program prints it.
    pub text: String,
}

/// Writes the trace of a run that was recorded.
///
/// # Errors
///
/// Those of the writer.
pub fn write(outcome: &Outcome, to: &mut impl Write) -> io::Result<()> {
    for traced in &outcome.trace {
        serde_json::to_writer(&mut *to, &TraceLine::from(traced))?;
        to.write_all(b"\n")?;
    }
    Ok(())
}

impl From<&Traced> for TraceLine {
    fn from(traced: &Traced) -> Self {
        let at = traced.at.0;
        let line = |node: NodeId, kind, text| Self { at, node: Some(node.to_string()), kind, text };
        match &traced.what {
            Happening::Seen(seen) => {
                line(seen.node, kind(&seen.event), format!("{:?}", seen.event))
            }
            Happening::Sent { from, to, message, fate } => {
                let fate = match fate {
                    Fate::Arrives(when) => format!("arrives at {}", when.0),
                    Fate::Lost => "lost".to_owned(),
                    Fate::Cut => "cut".to_owned(),
                };
                line(*from, "sent", format!("to {to}, {fate}: {message}"))
            }
            Happening::Delivered { from, to, message, sent } => {
                line(*to, "delivered", format!("from {from}, sent at {}: {message}", sent.0))
            }
            Happening::Fired { node, timer } => line(*node, "fired", timer.clone()),
            Happening::FaultBegins { fault, nodes, what } => {
                let names: Vec<String> = nodes.iter().map(NodeId::to_string).collect();
                let text = format!("fault {} at {}: {what}", fault + 1, names.join(", "));
                Self { at, node: None, kind: "fault-begins", text }
            }
            Happening::FaultEnds { fault } => {
                Self { at, node: None, kind: "fault-ends", text: format!("fault {}", fault + 1) }
            }
        }
    }
}

fn kind(event: &Event) -> &'static str {
    match event {
        Event::Lock(_) => "lock",
        Event::Lease(_) => "lease",
        Event::Milestone(_) => "milestone",
        Event::Queue(_) => "queue",
        Event::Doubts(_) => "doubts",
        Event::Storage(_) => "storage",
        Event::Work(_) => "work",
        Event::Host(_) => "host",
        Event::Owners { .. } => "owners",
        Event::LeaseEnded { .. } => "lease-ended",
    }
}
