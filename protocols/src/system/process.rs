//! A client's process: the client of the lock protocol, and the application on top of it.
//!
//! What the client tells the application and what the application wants of the client pass
//! within one step: nothing can come between them, as in one thread of one program. Where a
//! pause matters (between the check and the write) the application ends its step.

#[cfg(test)]
mod tests;

use super::{Packet, PacketOf};
use crate::application::{AppInput, AppOutput, AppTimer, Application, Workload};
use crate::contract::{Effect, Effects, Event, Input, InputOf, LockEvent, Node, Protocol};
use crate::id::ClientId;
use std::collections::VecDeque;
use std::sync::Arc;

/// A timer in a client's process.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ClientTimer<T> {
    /// Of the client.
    Client(T),
    /// Of the application.
    Application(AppTimer),
}

/// A client with its application.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ClientProcess<P: Protocol> {
    client: P::Client,
    application: Application,
    /// Who asked for a number: the answers come in the order of the questions.
    draws: VecDeque<Asker>,
}

/// Which part of the process asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Asker {
    Client,
    Application,
}

/// Buffers for one step.
#[derive(Debug)]
pub(super) struct Scratch<P: Protocol> {
    client: Effects<P::Client>,
    application: AppOutput,
    heard: Vec<LockEvent>,
}

impl<P: Protocol> Default for Scratch<P> {
    fn default() -> Self {
        Self {
            client: Effects::<P::Client>::default(),
            application: AppOutput::default(),
            heard: Vec::new(),
        }
    }
}

impl<P: Protocol> ClientProcess<P> {
    /// A client and the application on top of it.
    pub fn new(id: ClientId, client: P::Client, workload: Arc<Workload>, sets: bool) -> Self {
        let application = Application::new(id, workload, sets);
        Self { client, application, draws: VecDeque::new() }
    }

    /// One step, with buffers of the caller's.
    pub(super) fn step_with(
        &mut self,
        input: InputOf<Self>,
        scratch: &mut Scratch<P>,
        fx: &mut Effects<Self>,
    ) {
        match input {
            Input::Started(incarnation) => {
                self.client.step(Input::Started(incarnation), &mut scratch.client);
                self.drain_client(scratch, fx);
                self.application(Input::Started(incarnation), scratch, fx);
            }
            Input::Message { from, body: Packet::Lock(body) } => {
                self.client.step(Input::Message { from, body }, &mut scratch.client);
            }
            Input::Message { from, body: Packet::Storage(body) } => {
                self.application(Input::Message { from, body }, scratch, fx);
            }
            Input::Fired(ClientTimer::Client(timer)) => {
                self.client.step(Input::Fired(timer), &mut scratch.client);
            }
            Input::Fired(ClientTimer::Application(timer)) => {
                self.application(Input::Fired(timer), scratch, fx);
            }
            Input::Command(command) => {
                self.client.step(Input::Command(command), &mut scratch.client);
            }
            Input::Clock(clock, reading) => {
                self.client.step(Input::Clock(clock, reading), &mut scratch.client);
            }
            Input::Drawn(draw) => match self.draws.pop_front() {
                Some(Asker::Client) => self.client.step(Input::Drawn(draw), &mut scratch.client),
                Some(Asker::Application) => self.application(Input::Drawn(draw), scratch, fx),
                None => {}
            },
        }
        self.settle(scratch, fx);
    }

    fn application(&mut self, input: AppInput, scratch: &mut Scratch<P>, fx: &mut Effects<Self>) {
        self.application.step(input, &mut scratch.application);
        self.drain_application(scratch, fx);
    }

    /// Passes words between client and application until neither has anything to say.
    fn settle(&mut self, scratch: &mut Scratch<P>, fx: &mut Effects<Self>) {
        loop {
            self.drain_client(scratch, fx);
            if !scratch.heard.is_empty() {
                let event = scratch.heard.remove(0);
                self.application.hear(event, &mut scratch.application);
                self.drain_application(scratch, fx);
            } else if !scratch.application.commands.is_empty() {
                let command = scratch.application.commands.remove(0);
                self.client.step(Input::Command(command), &mut scratch.client);
            } else {
                return;
            }
        }
    }

    fn drain_client(&mut self, scratch: &mut Scratch<P>, fx: &mut Effects<Self>) {
        for effect in scratch.client.drain() {
            match &effect {
                Effect::Notify(Event::Lock(event)) => scratch.heard.push(*event),
                Effect::Draw(_) => self.draws.push_back(Asker::Client),
                _ => {}
            }
            fx.push(effect.lift(Packet::Lock, ClientTimer::Client, |change| change));
        }
    }

    fn drain_application(&mut self, scratch: &mut Scratch<P>, fx: &mut Effects<Self>) {
        for effect in scratch.application.effects.drain() {
            if matches!(effect, Effect::Draw(_)) {
                self.draws.push_back(Asker::Application);
            }
            fx.push(effect.lift(Packet::Storage, ClientTimer::Application, |never| match never {}));
        }
    }
}

impl<P: Protocol> Node for ClientProcess<P> {
    type Message = PacketOf<P>;
    type Timer = ClientTimer<<P::Client as Node>::Timer>;
    type Disk = <P::Client as Node>::Disk;

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        self.step_with(input, &mut Scratch::default(), fx);
    }
}
