//! Whom a fault strikes, when it strikes.

use crate::fault::{Shape, Target, Targets};
use crate::observer::Roles;
use locklab_protocols::contract::{Protocol, Role, Servers};
use locklab_protocols::id::{ClientId, NodeId, ServerId};

/// A set of nodes, by their positions.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NodeSet(Vec<bool>);

impl NodeSet {
    /// The nodes at whose positions `members` says so.
    pub fn new(members: impl Iterator<Item = bool>) -> Self {
        Self(members.collect())
    }

    /// Whether a node is in it.
    pub fn contains(&self, slot: usize) -> bool {
        self.0[slot]
    }

    /// The positions of its members.
    pub fn slots(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().filter(|(_, member)| **member).map(|(slot, _)| slot)
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        !self.0.contains(&true)
    }

    fn add(&mut self, slot: usize) {
        self.0[slot] = true;
    }

    /// Adds the servers that are among the chosen, or those that are not; nobody if nobody was
    /// chosen.
    fn add_servers(&mut self, chosen: &[bool], among: bool) {
        if chosen.contains(&true) {
            for (member, chosen) in self.0.iter_mut().zip(chosen) {
                *member |= *chosen == among;
            }
        }
    }
}

/// The position of a node among all of them: servers, clients, storage.
pub fn slot_of<P: Protocol>(node: NodeId, protocol: &P, clients: usize) -> Option<usize> {
    let servers = protocol.servers();
    match node {
        NodeId::Server(ServerId(number)) if number as usize <= servers => Some(number as usize - 1),
        NodeId::Client(ClientId(number)) if number as usize <= clients => {
            Some(servers + number as usize - 1)
        }
        NodeId::Storage => Some(servers + clients),
        _ => None,
    }
}

/// What an aim needs to know of the moment.
#[derive(Debug)]
pub struct Field<'a, P: Protocol> {
    /// The protocol.
    pub protocol: &'a P,
    /// How many clients there are.
    pub clients: usize,
    /// The servers, as their own states show them.
    pub servers: Servers<'a, P>,
    /// Who holds and who waits.
    pub roles: &'a Roles,
    /// Where the event happened that triggered the fault.
    pub subject: Option<usize>,
}

impl<P: Protocol> Field<'_, P> {
    fn nodes(&self) -> usize {
        self.protocol.servers() + self.clients + 1
    }

    /// The nodes that the targets stand for now.
    pub fn aim(&self, targets: &Targets) -> NodeSet {
        let mut set = NodeSet(vec![false; self.nodes()]);
        for target in &targets.0 {
            self.aim_at(*target, &mut set);
        }
        set
    }

    fn aim_at(&self, target: Target, set: &mut NodeSet) {
        let servers = self.protocol.servers();
        let storage = self.nodes() - 1;
        let minority = servers.saturating_sub(servers / 2 + 1);
        match target {
            Target::Holder => self.add_node(self.roles.holder().map(NodeId::Client), set),
            Target::NextWaiter => {
                self.add_node(self.roles.next_waiter().map(NodeId::Client), set);
            }
            Target::Subject => {
                if let Some(slot) = self.subject {
                    set.add(slot);
                }
            }
            Target::Leader => set.add_servers(&self.around_leaders(0), true),
            Target::Followers => set.add_servers(&self.around_leaders(0), false),
            Target::LeaderMinority => set.add_servers(&self.around_leaders(minority), true),
            Target::OtherMajority => set.add_servers(&self.around_leaders(minority), false),
            Target::LeaderMajority => {
                set.add_servers(&self.around_leaders(servers - minority), true);
            }
            Target::OtherMinority => {
                set.add_servers(&self.around_leaders(servers - minority), false);
            }
            Target::Storage => set.add(storage),
            Target::Server(id) => self.add_node(Some(NodeId::Server(id)), set),
            Target::Client(id) => self.add_node(Some(NodeId::Client(id)), set),
            Target::Minority => (servers - minority..servers).for_each(|slot| set.add(slot)),
            Target::Majority => (0..servers - minority).for_each(|slot| set.add(slot)),
            Target::Servers => (0..servers).for_each(|slot| set.add(slot)),
            Target::Clients => (servers..storage).for_each(|slot| set.add(slot)),
            Target::All => (0..=storage).for_each(|slot| set.add(slot)),
        }
    }

    /// Which servers lead, with those that come next by number until there are so many; nobody if
    /// nobody leads.
    fn around_leaders(&self, many: usize) -> Vec<bool> {
        let servers = self.protocol.servers();
        let mut chosen = vec![false; servers];
        let leaders = self.protocol.in_role(Role::Leader, self.servers);
        for leader in &leaders {
            chosen[leader.index()] = true;
        }
        let mut left = many.saturating_sub(leaders.len());
        if let Some(first) = leaders.first() {
            for slot in (first.index()..servers).chain(0..first.index()) {
                if left > 0 && !chosen[slot] {
                    chosen[slot] = true;
                    left -= 1;
                }
            }
        }
        chosen
    }

    fn add_node(&self, node: Option<NodeId>, set: &mut NodeSet) {
        if let Some(slot) = node.and_then(|node| slot_of(node, self.protocol, self.clients)) {
            set.add(slot);
        }
    }

    /// The pairs of groups among the servers that a shape keeps apart.
    pub fn apart(&self, shape: Shape) -> Vec<(NodeSet, NodeSet)> {
        let servers = self.protocol.servers();
        let nodes = self.nodes();
        let set = |members: &dyn Fn(usize) -> bool| {
            NodeSet::new((0..nodes).map(|slot| slot < servers && members(slot)))
        };
        match shape {
            Shape::Halves => {
                let majority = servers / 2 + 1;
                vec![(set(&|slot| slot < majority), set(&|slot| slot >= majority))]
            }
            Shape::Bridge => {
                let middle = servers / 2;
                vec![(set(&|slot| slot < middle), set(&|slot| slot > middle))]
            }
            Shape::MajoritiesRing => {
                // Everybody sees so many neighbours on each side that it makes a majority.
                let reach = (servers / 2).div_ceil(2);
                let far = |one: usize, other: usize| {
                    let distance = one.abs_diff(other);
                    distance.min(servers - distance) > reach
                };
                let pair = |one: usize| {
                    (set(&|slot| slot == one), set(&|slot| slot > one && far(one, slot)))
                };
                (0..servers).map(pair).collect()
            }
        }
    }
}
