//! What the servers make of a lock, and what happens to the data.

use super::clients::with;
use super::scene::{End, Lease};
use super::teller::{Consequence, Teller};
use super::words::{list, span};
use locklab_protocols::contract::{LeaseEvent, StorageEvent};
use locklab_protocols::id::{ClientId, LockId, NodeId, Owner, Token};
use locklab_protocols::storage::Version;
use locklab_protocols::time::Time;

impl Teller<'_> {
    pub(super) fn leases(&mut self, at: Time, node: NodeId, event: LeaseEvent) {
        match event {
            LeaseEvent::Granted { lock, owner, lease } => {
                *self.scene.lease(lock, owner) = Lease { length: lease, end: None };
                let length =
                    lease.map_or_else(String::new, |lease| format!(" for {}", span(lease)));
                self.trifle(at, node, || format!("gives {lock} to {owner}{length}"));
            }
            LeaseEvent::Renewed { lock, owner, lease } => {
                self.scene.lease(lock, owner).length = lease;
                self.trifle(at, node, || format!("renews {owner}'s lease on {lock}"));
            }
            LeaseEvent::Released { lock, owner, by } if by == owner => {
                self.scene.lease(lock, owner).end = Some((at, End::Released));
                self.trifle(at, node, || format!("frees {lock}, given back by {owner}"));
            }
            LeaseEvent::Released { lock, owner, by } => {
                self.scene.lease(lock, owner).end = Some((at, End::Released));
                let text = format!("frees {lock}, which {owner} has, because {by} gives it back");
                let concerned = [by.client, owner.client];
                self.consequence(&[Consequence::FreedByAnother], &concerned, (at, node), text);
            }
            LeaseEvent::Replaced { lock } => {
                self.trifle(at, node, || {
                    format!("its account of {lock} counts from now, or no more")
                });
            }
            LeaseEvent::Expired { lock, owner } => {
                self.trifle(at, node, || format!("lets {owner}'s lease on {lock} run out"));
            }
        }
    }

    pub(super) fn lease_ended(&mut self, at: Time, node: NodeId, lock: LockId, owner: Owner) {
        self.scene.lease(lock, owner).end = Some((at, End::Expired));
        let client = owner.client;
        if self.scene.believes(owner, lock) {
            let still = match self.scene.paused.get(&client.into()) {
                Some(_) => format!("{client} stands still and does not know"),
                None => format!("{client} still believes that it holds {lock}"),
            };
            let text = format!("ends {owner}'s lease on {lock}; {still}");
            self.consequence(&[Consequence::LeaseEnds], &[client], (at, node), text);
        } else if self.scene.life(client) != owner || self.scene.down.contains_key(&client.into()) {
            let text = format!("ends the lease of the dead {owner} on {lock}");
            self.consequence(&[Consequence::LeaseEnds], &[client], (at, node), text);
        } else {
            self.routine(at, node, client, format!("ends {owner}'s lease on {lock}"));
        }
    }

    pub(super) fn owned(&mut self, at: Time, node: NodeId, lock: LockId, owners: &[Owner]) {
        let before = std::mem::replace(&mut self.scene.lock(lock).owners, owners.to_vec());
        for gone in before.into_iter().filter(|owner| !owners.contains(owner)) {
            let lease = self.scene.lease(lock, gone);
            if lease.end.is_none() {
                lease.end = Some((at, End::Forgotten));
                if self.scene.believes(gone, lock) {
                    let text =
                        format!("knows no longer that {gone} has {lock}, which {gone} believes");
                    let kinds = [Consequence::AccountForgets];
                    self.consequence(&kinds, &[gone.client], (at, node), text);
                }
            }
        }
        if owners.len() > 1 {
            let text = format!("by the servers' account {} have {lock} at once", list(owners));
            let concerned: Vec<ClientId> = owners.iter().map(|owner| owner.client).collect();
            self.consequence(&[Consequence::AccountOverlap], &concerned, (at, node), text);
        } else {
            self.trifle(at, node, || format!("{lock} is now owned by {}", list(owners)));
        }
    }

    pub(super) fn stores(&mut self, at: Time, event: StorageEvent) {
        match event {
            StorageEvent::Read { lock, owner, token, version } => {
                let newest = &mut self.scene.lock(lock).newest_use;
                *newest = (*newest).max(token);
                let made = version.0;
                let text = format!("answers {owner}'s read of {lock}: version {made}");
                self.routine(at, NodeId::Storage, owner.client, text);
            }
            StorageEvent::Written { lock, owner, token, based_on, version } => {
                self.written(at, lock, owner, token, (based_on, version));
            }
            StorageEvent::Rejected { lock, owner, token, newest, write } => {
                let what = if write { "write" } else { "read" };
                let text = format!(
                    "refuses {owner}'s {what} of {lock} with token {token}: it has seen {newest}"
                );
                let kinds = [Consequence::StaleRefused];
                self.consequence(&kinds, &[owner.client], (at, NodeId::Storage), text);
            }
        }
    }

    fn written(
        &mut self,
        at: Time,
        lock: LockId,
        owner: Owner,
        token: Option<Token>,
        (based_on, version): (Version, Version),
    ) {
        let state = self.scene.lock(lock);
        let unseen = state.writes.range(Version(based_on.0 + 1)..version);
        let unseen: Vec<(Owner, Time)> = unseen.map(|(_, write)| *write).collect();
        let stale = token.and(state.newest_use).filter(|newest| token < Some(*newest));
        state.newest_use = state.newest_use.max(token);
        state.writes.insert(version, (owner, at));
        let mut text =
            format!("takes {owner}'s write of {lock}{} as version {}", with(token), version.0);
        let mut kinds = Vec::new();
        let mut concerned = vec![owner.client];
        if let Some((other, when)) = unseen.last() {
            kinds.push(Consequence::Overwrites);
            text += &format!(", overwriting {other}'s write of {when} unseen");
            concerned.extend(unseen.iter().map(|(owner, _)| owner.client));
        }
        if let Some(newest) = stale {
            kinds.push(Consequence::StaleApplied);
            text += &format!(", though it has seen token {newest}");
        }
        self.consequence(&kinds, &concerned, (at, NodeId::Storage), text);
    }
}
