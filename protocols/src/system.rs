//! Everything together: servers, clients with their applications, and storage.
//!
//! [`System`] is the one transition that both the simulator and the model checker drive, so what
//! is checked is what is simulated. It holds what nodes are (their state in memory, what is on
//! their disks), and nothing of how the world treats them: messages on their way, armed timers
//! and true time belong to the host.

mod machine;
mod outlet;
mod part;
mod process;
#[cfg(test)]
mod tests;

pub use machine::Machine;
pub use outlet::Outlet;
pub use part::Part;
pub use process::{ClientProcess, ClientTimer};

use crate::application::{AppTimer, Workload};
use crate::contract::{Change, Effect, Effects, Input, Node, Protocol, Servers};
use crate::id::{ClientId, Incarnation, NodeId, ServerId};
use crate::storage::{Fencing, Storage, StorageChange, StorageDisk, StorageMessage};
use process::Scratch;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A message between any two nodes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Packet<M> {
    /// Of the lock protocol.
    Lock(M),
    /// Between an application and the storage.
    Storage(StorageMessage),
}

/// A timer of any node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum SystemTimer<S, C> {
    /// Of a server.
    Server(S),
    /// Of a client of the lock protocol.
    Client(C),
    /// Of an application.
    Application(AppTimer),
}

/// A disk write of any node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum SystemChange<S, C> {
    /// Of a server.
    Server(S),
    /// Of a client.
    Client(C),
    /// Of the storage.
    Storage(StorageChange),
}

/// What is on the disk of any node.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum SystemDisk<S, C> {
    /// Of a server.
    Server(S),
    /// Of a client.
    Client(C),
    /// Of the storage.
    Storage(StorageDisk),
}

/// The timers of a protocol's system.
pub type TimerOf<P> =
    SystemTimer<<<P as Protocol>::Server as Node>::Timer, <<P as Protocol>::Client as Node>::Timer>;

/// The disk writes of a protocol's system.
pub type ChangeOf<P> =
    SystemChange<Change<<P as Protocol>::Server>, Change<<P as Protocol>::Client>>;

/// The disks of a protocol's system.
pub type DiskOf<P> =
    SystemDisk<<<P as Protocol>::Server as Node>::Disk, <<P as Protocol>::Client as Node>::Disk>;

/// The messages of a protocol's system.
pub type PacketOf<P> = Packet<<P as Protocol>::Message>;

/// The timers of a protocol's client process.
pub type ClientTimerOf<P> = ClientTimer<<<P as Protocol>::Client as Node>::Timer>;

/// The inputs of a protocol's system.
pub type SystemInput<P> = Input<PacketOf<P>, TimerOf<P>>;

/// The effects of a protocol's system.
pub type SystemEffect<P> = Effect<PacketOf<P>, TimerOf<P>, ChangeOf<P>>;

/// What does not change during a run.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Setting<P> {
    /// The protocol with its settings.
    pub protocol: P,
    /// How many clients there are.
    pub clients: usize,
    /// What their applications do.
    pub workload: Arc<Workload>,
    /// What the storage checks.
    pub fencing: Fencing,
}

/// The state of all nodes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct System<P: Protocol> {
    servers: Vec<Machine<P::Server>>,
    clients: Vec<Machine<ClientProcess<P>>>,
    storage: Machine<Storage>,
}

/// Buffers that a host lends to every step, so that a step need not allocate.
#[derive(Debug)]
pub struct Buffers<P: Protocol> {
    server: Effects<P::Server>,
    storage: Effects<Storage>,
    client: Effects<ClientProcess<P>>,
    scratch: Scratch<P>,
}

impl<P: Protocol> Default for Buffers<P> {
    fn default() -> Self {
        Self {
            server: Effects::<P::Server>::default(),
            storage: Effects::<Storage>::default(),
            client: Effects::<ClientProcess<P>>::default(),
            scratch: Scratch::default(),
        }
    }
}

impl<P: Protocol> System<P> {
    /// All nodes down, all disks empty.
    pub fn new(setting: &Setting<P>) -> Self {
        Self {
            servers: (0..setting.protocol.servers()).map(|_| Machine::default()).collect(),
            clients: (0..setting.clients).map(|_| Machine::default()).collect(),
            storage: Machine::default(),
        }
    }

    /// The ids of all nodes: servers, clients, storage.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + use<P> {
        let servers = (0..self.servers.len()).map(|index| NodeId::Server(ServerId::at(index)));
        let clients = (0..self.clients.len()).map(|index| NodeId::Client(ClientId::at(index)));
        servers.chain(clients).chain([NodeId::Storage])
    }

    /// The servers, as their own states show them.
    pub fn servers(&self) -> Servers<'_, P> {
        Servers::new(&self.servers)
    }

    /// The storage's state; `None` while it is down.
    pub fn storage(&self) -> Option<&Storage> {
        self.storage.node()
    }

    /// Whether a node is up.
    pub fn is_up(&self, node: NodeId) -> bool {
        match node {
            NodeId::Server(id) => self.servers[id.index()].node().is_some(),
            NodeId::Client(id) => self.clients[id.index()].node().is_some(),
            NodeId::Storage => self.storage.node().is_some(),
        }
    }

    /// Builds a node that is down from its disk and says which life this is; the host hands it
    /// [`Input::Started`] next.
    pub fn start(&mut self, node: NodeId, setting: &Setting<P>) -> Incarnation {
        let protocol = &setting.protocol;
        match node {
            NodeId::Server(id) => self.servers[id.index()].start(|disk| protocol.server(id, disk)),
            NodeId::Client(id) => self.clients[id.index()].start(|disk| {
                let (client, sets) = (protocol.client(id, disk), protocol.takes_sets());
                ClientProcess::new(id, client, setting.workload.clone(), sets)
            }),
            NodeId::Storage => self.storage.start(|disk| Storage::new(setting.fencing, disk)),
        }
    }

    /// What is on a node's disk, synced or not.
    pub fn disk(&self, node: NodeId) -> DiskOf<P> {
        match node {
            NodeId::Server(id) => SystemDisk::Server(self.servers[id.index()].disk()),
            NodeId::Client(id) => SystemDisk::Client(self.clients[id.index()].disk()),
            NodeId::Storage => SystemDisk::Storage(self.storage.disk()),
        }
    }

    /// Puts a machine in a node's place that is down, has this on its disk, and whose next life is
    /// this one: for hosts whose nodes come back as processes that remember nothing else.
    ///
    /// # Panics
    ///
    /// If the disk is not one of this node's kind.
    pub fn restore(&mut self, node: NodeId, disk: DiskOf<P>, next_life: Incarnation) {
        match (node, disk) {
            (NodeId::Server(id), SystemDisk::Server(disk)) => {
                self.servers[id.index()].restore(disk, next_life);
            }
            (NodeId::Client(id), SystemDisk::Client(disk)) => {
                self.clients[id.index()].restore(disk, next_life);
            }
            (NodeId::Storage, SystemDisk::Storage(disk)) => self.storage.restore(disk, next_life),
            (node, disk) => panic!("{node} cannot keep {disk:?}"),
        }
    }

    /// Kills the process of a node; its disk stays as it is.
    pub fn crash(&mut self, node: NodeId) {
        match node {
            NodeId::Server(id) => self.servers[id.index()].crash(),
            NodeId::Client(id) => self.clients[id.index()].crash(),
            NodeId::Storage => self.storage.crash(),
        }
    }

    /// Loses the writes that a node has not synced; says how many.
    pub fn lose_unsynced(&mut self, node: NodeId) -> usize {
        match node {
            NodeId::Server(id) => self.servers[id.index()].lose_unsynced(),
            NodeId::Client(id) => self.clients[id.index()].lose_unsynced(),
            NodeId::Storage => self.storage.lose_unsynced(),
        }
    }

    /// Loses everything on a node's disk; says whether there was anything.
    pub fn wipe(&mut self, node: NodeId) -> bool {
        match node {
            NodeId::Server(id) => self.servers[id.index()].wipe(),
            NodeId::Client(id) => self.clients[id.index()].wipe(),
            NodeId::Storage => self.storage.wipe(),
        }
    }

    /// Applies a write to a node's disk.
    ///
    /// # Panics
    ///
    /// If the change is not one of this node's kind.
    pub fn write(&mut self, node: NodeId, change: ChangeOf<P>) {
        match (node, change) {
            (NodeId::Server(id), SystemChange::Server(change)) => {
                self.servers[id.index()].write(change);
            }
            (NodeId::Client(id), SystemChange::Client(change)) => {
                self.clients[id.index()].write(change);
            }
            (NodeId::Storage, SystemChange::Storage(change)) => self.storage.write(change),
            (node, change) => panic!("{node} cannot write {change:?}"),
        }
    }

    /// Makes every write of a node durable.
    pub fn sync(&mut self, node: NodeId) {
        match node {
            NodeId::Server(id) => self.servers[id.index()].sync(),
            NodeId::Client(id) => self.clients[id.index()].sync(),
            NodeId::Storage => self.storage.sync(),
        }
    }

    /// Hands one input to a node and the effects that follow to `out`, in order. A node that is down
    /// does nothing, and a node ignores what is not meant for its kind.
    pub fn step(
        &mut self,
        node: NodeId,
        input: SystemInput<P>,
        buffers: &mut Buffers<P>,
        out: &mut impl Outlet<P>,
    ) {
        self.step_into(node, input, buffers);
        buffers.hand_out(node, out);
    }

    /// The same, but leaves the effects where [`Buffers::hand_out`] finds them.
    pub fn step_into(&mut self, node: NodeId, input: SystemInput<P>, buffers: &mut Buffers<P>) {
        match node {
            NodeId::Server(id) => {
                if let Some(server) = self.servers[id.index()].node_mut()
                    && let Some(input) = for_server::<P>(input)
                {
                    server.step(input, &mut buffers.server);
                }
            }
            NodeId::Client(id) => {
                if let Some(client) = self.clients[id.index()].node_mut()
                    && let Some(input) = for_client::<P>(input)
                {
                    client.step_with(input, &mut buffers.scratch, &mut buffers.client);
                }
            }
            NodeId::Storage => {
                if let Some(storage) = self.storage.node_mut()
                    && let Some(input) = for_storage::<P>(input)
                {
                    storage.step(input, &mut buffers.storage);
                }
            }
        }
    }
}

fn lift_timer<P: Protocol>(timer: ClientTimerOf<P>) -> TimerOf<P> {
    match timer {
        ClientTimer::Client(timer) => SystemTimer::Client(timer),
        ClientTimer::Application(timer) => SystemTimer::Application(timer),
    }
}

fn for_server<P: Protocol>(
    input: SystemInput<P>,
) -> Option<Input<P::Message, <P::Server as Node>::Timer>> {
    Some(match input {
        Input::Started(incarnation) => Input::Started(incarnation),
        Input::Message { from, body: Packet::Lock(body) } => Input::Message { from, body },
        Input::Fired(SystemTimer::Server(timer)) => Input::Fired(timer),
        Input::Clock(clock, reading) => Input::Clock(clock, reading),
        Input::Drawn(draw) => Input::Drawn(draw),
        _ => return None,
    })
}

fn for_client<P: Protocol>(input: SystemInput<P>) -> Option<Input<PacketOf<P>, ClientTimerOf<P>>> {
    Some(match input {
        Input::Started(incarnation) => Input::Started(incarnation),
        Input::Message { from, body } => Input::Message { from, body },
        Input::Fired(SystemTimer::Client(timer)) => Input::Fired(ClientTimer::Client(timer)),
        Input::Fired(SystemTimer::Application(timer)) => {
            Input::Fired(ClientTimer::Application(timer))
        }
        Input::Fired(SystemTimer::Server(_)) => return None,
        Input::Command(command) => Input::Command(command),
        Input::Clock(clock, reading) => Input::Clock(clock, reading),
        Input::Drawn(draw) => Input::Drawn(draw),
    })
}

fn for_storage<P: Protocol>(
    input: SystemInput<P>,
) -> Option<Input<StorageMessage, crate::contract::Never>> {
    match input {
        Input::Message { from, body: Packet::Storage(body) } => Some(Input::Message { from, body }),
        _ => None,
    }
}
