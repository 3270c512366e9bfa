//! The contract between a lock and whatever runs it.
//!
//! A lock is a set of nodes, and a node is a value with one transition: [`Node::step`] takes one
//! [`Input`] and leaves an ordered list of [`Effect`]s. Nothing else goes in or out: no socket, no
//! clock, no random number. The same node therefore runs in a simulator, in a model checker and
//! on a real network, and what one of them finds is true of the code that the others run.
//!
//! A [`Protocol`] is a configuration value that builds the nodes. Its *servers* keep the locks;
//! its *clients* speak to them on behalf of an [application](crate::application), which lives in
//! the client's process, hears [`LockEvent`]s and gives [`Command`]s. The resource that the lock
//! guards lives on a [storage](crate::storage) node. [`System`](crate::system::System) puts all of
//! them together.
//!
//! # Time and chance
//!
//! A node learns of time only by its timers. It says which of its clocks a timer runs on: the
//! monotonic one, or the wall clock, on which a timer fires early when the clock jumps forward
//! and late when it jumps back. Chance enters as the range of a timer, or as a
//! [draw](Effects::draw), and the host samples it. A protocol that must compare readings (an
//! absolute expiry that it writes to disk, say) asks with [`Effects::read_clock`] and hears
//! [`Input::Clock`] next; there is no other way to read a clock.
//!
//! # Duties of a host
//!
//! 1. One step at a time. The effects of a step are applied in their order. After a `sync`, every
//!    earlier write is durable before any later effect leaves the node. A crash may fall between
//!    any two effects: those before it happened, those after it did not.
//! 2. After a pause, timers that are due are delivered before messages, in the order in which
//!    they fell due. No protocol may depend on this for its safety: the model checker does not
//!    grant it.
//! 3. A restarted node is built by its [`Protocol`] from what is left of its [`Disk`], and from
//!    nothing else. Its first input is [`Input::Started`], with an incarnation that this node
//!    never had before.
//! 4. Arming a timer that is armed replaces it. A late fire is harmless, and so is a spurious
//!    one: a host may deliver a timer that has just been disarmed or replaced.
//! 5. Check, then act, is two steps: between an application's check that it still holds the lock
//!    and its write leaving the process, a pause may fall.
//! 6. The answers to [`Effects::read_clock`] and [`Effects::draw`] are the very next inputs of
//!    the node, in the order of the questions. A crash may fall before them, a pause too.
//!
//! # A whole lock
//!
//! The smallest lock that is one: a server that grants to the first who asks, until he returns
//! it. It is no good (a dead owner keeps it for ever; it repeats its tokens after a crash), and
//! the suite says so.
//!
//! ```
//! use locklab_protocols::prelude::*;
//!
//! #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
//! struct Toy;
//! #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
//! enum Message { Ask(LockId, Owner), Grant(LockId, Token), Return(LockId, Owner) }
//! #[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
//! struct Server { owners: BTreeMap<LockId, Owner>, waiting: Vec<(LockId, Owner)>, grants: Token }
//! #[derive(Clone, PartialEq, Eq, Hash, Debug)]
//! struct Client { me: Owner }
//!
//! impl Node for Server {
//!     type Message = Message; type Timer = Never; type Disk = ();
//!     fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
//!         match input {
//!             Input::Message { body: Message::Ask(lock, owner), .. } => self.waiting.push((lock, owner)),
//!             Input::Message { body: Message::Return(lock, owner), .. } =>
//!                 if self.owners.get(&lock) == Some(&owner) { self.owners.remove(&lock); },
//!             _ => {}
//!         }
//!         let (free, waiting) = self.waiting.drain(..).partition(|(lock, _)| !self.owners.contains_key(lock));
//!         self.waiting = waiting;
//!         for (lock, owner) in Vec::<(LockId, Owner)>::into_iter(free) {
//!             if self.owners.contains_key(&lock) { self.waiting.push((lock, owner)); continue; }
//!             self.owners.insert(lock, owner);
//!             self.grants = self.grants.next();
//!             fx.send(owner.client, Message::Grant(lock, self.grants));
//!         }
//!     }
//! }
//! impl Node for Client {
//!     type Message = Message; type Timer = Never; type Disk = ();
//!     fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
//!         match input {
//!             Input::Started(incarnation) => self.me.incarnation = incarnation,
//!             Input::Command(Command::Acquire { locks }) => fx.send(ServerId(1), Message::Ask(locks.only(), self.me)),
//!             Input::Command(Command::Release { lock }) => {
//!                 fx.send(ServerId(1), Message::Return(lock, self.me));
//!                 fx.notify(LockEvent::Released { lock, outcome: Ending::Done });
//!             }
//!             Input::Message { body: Message::Grant(lock, token), .. } =>
//!                 fx.notify(LockEvent::Granted { lock, token: Some(token) }),
//!             _ => {}
//!         }
//!     }
//! }
//! impl Protocol for Toy {
//!     type Message = Message; type Server = Server; type Client = Client;
//!     fn name(&self) -> &'static str { "toy" }
//!     fn server(&self, _: ServerId, _: &()) -> Server { Server::default() }
//!     fn client(&self, id: ClientId, _: &()) -> Client { Client { me: Owner::first(id) } }
//!     fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
//!         servers.live().filter_map(|(_, server)| server.owners.get(&lock).copied()).collect()
//!     }
//! }
//! ```

mod effects;
mod event;
mod node;
mod portable;
mod promise;
mod protocol;
#[cfg(test)]
pub(crate) mod says;

pub use effects::{Effect, EffectList, Effects, Span, When};
pub use event::{
    Doubt, Ending, Event, HostEvent, LeaseEvent, LockEvent, Milestone, Observation, Party,
    QueueEntry, StorageEvent, Trigger, WorkEvent,
};
pub use node::{Change, Clock, Command, Disk, Input, InputOf, LockSet, Never, Node, Reading};
pub use portable::{Portable, Written};
pub use promise::{Assumption, Promise};
pub use protocol::{Accord, Protocol, Role, Semantics, Servers};
