//! `deadlock-free`: clients that take several locks never wait in a circle.
//!
//! A client that holds one lock and wants another waits for whoever holds that one. Somebody is
//! in its way if he believes to hold the lock and the servers' account agrees: a holder whose
//! lease is gone blocks nobody. A client that is refused, keeps what it has and asks again waits
//! as one does that stands in a queue; whether a lock queues or refuses makes no difference here.
//!
//! What a set is taken from piece by piece shows itself only to the servers: attempts that have one
//! piece and stand in line for another. They report their lines ([`Event::Queue`]), and a circle
//! through the lines of all servers is a deadlock too, though no client holds anything yet.
//!
//! A circle among clients can close when a client begins to wait, when one that waits for something else is
//! granted a lock, and when the servers' account changes. Nobody looks for one before some client
//! waits for a lock while it holds another.

use super::monitor::{FirstBreak, Monitor};
use super::scene::{ClientScene, Scene};
use super::verdict::Verdict;
use crate::contract::{Event, HostEvent, LockEvent, Observation, Party, QueueEntry, WorkEvent};
use crate::id::{ClientId, LockId, NodeId, ServerId};
use crate::time::Time;
use std::collections::BTreeMap;

/// Watches `deadlock-free`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct DeadlockFree {
    broken: FirstBreak,
    /// Whether a client waited for a lock while it held another.
    entangled: bool,
    /// The lines at the servers.
    lines: BTreeMap<ServerId, Vec<QueueEntry>>,
    /// Whether somebody stood in line behind one who stood in line himself.
    chained: bool,
}

impl DeadlockFree {
    /// The line at a server changed; looks for a circle through those who stand in it.
    fn queue(&mut self, at: Time, server: ServerId, line: &[QueueEntry]) {
        self.lines.insert(server, line.to_vec());
        for entry in line {
            let mut path = vec![(server, *entry)];
            let mut visited = vec![entry.waiter];
            if self.follow(entry.waiter, entry.holder, &mut path, &mut visited) {
                self.broken.set(at, describe_lines(&path));
            }
            self.chained |= visited.len() > 2;
        }
    }

    /// Follows the lines from one who is waited for back to the start.
    fn follow(
        &self,
        start: Party,
        from: Party,
        path: &mut Vec<(ServerId, QueueEntry)>,
        visited: &mut Vec<Party>,
    ) -> bool {
        if from == start {
            return true;
        }
        if visited.contains(&from) {
            return false;
        }
        visited.push(from);
        for (server, line) in &self.lines {
            for entry in line.iter().filter(|entry| entry.waiter == from) {
                path.push((*server, *entry));
                if self.follow(start, entry.holder, path, visited) {
                    return true;
                }
                path.pop();
            }
        }
        false
    }

    /// Looks for a circle through a client.
    #[inline(never)]
    fn look(&mut self, at: Time, client: ClientId, scene: &Scene) {
        if self.broken.is_set() {
            return;
        }
        let mut search = Search { scene, start: client, visited: Vec::new(), path: Vec::new() };
        if search.reaches_start(client) {
            self.broken.set(at, describe(&search.path));
        }
    }
}

/// Whether it waits for a lock that it does not itself hold, while it holds one.
fn holds_another(client: ClientId, scene: &Scene) -> bool {
    let waits = scene.client(client).map_or(&[][..], |client| &client.waits);
    waits.iter().any(|wait| scene.holder(client, wait.lock).is_none())
}

/// A search through the graph of who waits for whom.
struct Search<'a> {
    scene: &'a Scene,
    start: ClientId,
    visited: Vec<ClientId>,
    /// Who waits for which lock, from the start on.
    path: Vec<(ClientId, LockId)>,
}

impl Search<'_> {
    fn reaches_start(&mut self, client: ClientId) -> bool {
        if self.visited.contains(&client) {
            return false;
        }
        self.visited.push(client);
        let scene = self.scene;
        for wait in scene.client(client).map_or(&[][..], |client| &client.waits) {
            for holder in scene.holders(wait.lock) {
                let in_the_way =
                    holder.client != client && scene.owns(scene.life(holder.client), wait.lock);
                if !in_the_way {
                    continue;
                }
                self.path.push((client, wait.lock));
                if holder.client == self.start || self.reaches_start(holder.client) {
                    return true;
                }
                self.path.pop();
            }
        }
        false
    }
}

/// Spells out a circle: each holds what the one before it waits for.
fn describe(path: &[(ClientId, LockId)]) -> String {
    let before = path.iter().cycle().skip(path.len() - 1);
    let links: Vec<String> = before
        .zip(path)
        .map(|((_, held), (client, wanted))| {
            format!("{client} holds {held} and waits for {wanted}")
        })
        .collect();
    links.join("; ")
}

/// Spells out a circle through lines.
fn describe_lines(path: &[(ServerId, QueueEntry)]) -> String {
    let links = path.iter().map(|(server, QueueEntry { waiter, lock, holder })| {
        let (waiter, holder) = (waiter.owner, holder.owner);
        format!("{waiter} waits for {lock} at {server}, which {holder} has there")
    });
    links.collect::<Vec<_>>().join("; ")
}

impl Monitor for DeadlockFree {
    fn observe(&mut self, _: Time, _: &Observation, _: &Scene) {}

    fn settle(&mut self, at: Time, seen: &Observation, scene: &Scene) {
        match (&seen.event, seen.node) {
            (Event::Work(WorkEvent::Acquires { .. }), NodeId::Client(client))
            | (Event::Lock(LockEvent::Granted { .. }), NodeId::Client(client)) => {
                let entangled = |scene: &ClientScene| scene.holds > 0 && !scene.waits.is_empty();
                if scene.client(client).is_some_and(entangled) {
                    self.entangled |= holds_another(client, scene);
                    self.look(at, client, scene);
                }
            }
            (Event::Queue(line), NodeId::Server(server)) => self.queue(at, server, line),
            (Event::Host(HostEvent::Crashed), NodeId::Server(server)) => {
                self.lines.remove(&server);
            }
            (Event::Owners { lock, .. }, _) if self.entangled => {
                for holder in scene.holders(*lock) {
                    self.look(at, holder.client, scene);
                }
            }
            _ => {}
        }
    }

    fn is_broken(&self) -> bool {
        self.broken.is_set()
    }

    fn verdict(&self, _: Time, _: &Scene) -> Verdict {
        let idle = (!self.entangled && !self.chained)
            .then_some("no client waited for a lock while it held another");
        self.broken.verdict_unless(idle)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{History, is_idle};
    use super::*;

    /// Each client holds the lock of its number, by its own and by the servers' account.
    fn each_holds_one() -> History {
        (1..=3).fold(History::new(), |history, id| {
            history.acquires(id, id).owners(id, [id]).granted(id, id, None)
        })
    }

    #[test]
    fn two_who_wait_for_each_other_break_it() {
        let history = each_holds_one().acquires(1, 2).at(7).acquires(2, 1);
        assert_eq!(
            history.break_of(DeadlockFree::default()),
            "0.007 s: c2 holds L2 and waits for L1; c1 holds L1 and waits for L2"
        );
    }

    /// At this server, these attempts wait for a lock that those have there.
    fn line(history: History, server: u32, entries: &[(u32, u32, u32)]) -> History {
        let party = |client| Party { owner: history.owner(client), attempt: u64::from(client) };
        let entries = entries.iter().map(|(waiter, lock, holder)| QueueEntry {
            waiter: party(*waiter),
            lock: LockId(*lock),
            holder: party(*holder),
        });
        let entries = entries.collect();
        history.see(ServerId(server), Event::Queue(entries))
    }

    #[test]
    fn lines_that_meet_in_a_circle_break_it() {
        let history = line(History::new(), 2, &[(1, 1, 2)]).at(7);
        assert_eq!(
            line(history, 3, &[(2, 1, 1)]).break_of(DeadlockFree::default()),
            "0.007 s: c2 waits for L1 at s3, which c1 has there; c1 waits for L1 at s2, which c2 \
             has there"
        );
    }

    #[test]
    fn a_line_that_has_moved_on_or_died_closes_no_circle() {
        let moved = line(line(History::new(), 2, &[(1, 1, 2)]), 2, &[]);
        assert!(is_idle(&line(moved, 3, &[(2, 1, 1)]).judge(DeadlockFree::default())));
        let died = line(History::new(), 2, &[(1, 1, 2)]).host(ServerId(2), HostEvent::Crashed);
        assert!(is_idle(&line(died, 3, &[(2, 1, 1)]).judge(DeadlockFree::default())));
        let chain = line(line(History::new(), 2, &[(1, 1, 2)]), 3, &[(2, 2, 3)]);
        let settled = line(chain, 2, &[(1, 1, 2)]);
        assert_eq!(settled.judge(DeadlockFree::default()), Verdict::Held);
    }

    #[test]
    fn a_circle_of_three_breaks_it() {
        let history = each_holds_one().acquires(1, 2).acquires(3, 1).at(7).acquires(2, 3);
        assert_eq!(
            history.break_of(DeadlockFree::default()),
            "0.007 s: c2 holds L2 and waits for L3; c3 holds L3 and waits for L1; \
             c1 holds L1 and waits for L2"
        );
    }

    #[test]
    fn refusals_do_not_open_a_circle_while_all_keep_what_they_have() {
        let history = each_holds_one().acquires(1, 2).refused(1, 2).acquires(2, 1);
        assert!(history.judge(DeadlockFree::default()).is_broken());
    }

    #[test]
    fn a_grant_to_one_who_waits_for_something_else_can_close_it() {
        let history = History::new()
            .acquires(2, 2)
            .owners(2, [2])
            .granted(2, 2, None)
            .acquires(1, 1)
            .acquires(1, 2)
            .acquires(2, 1)
            .owners(1, [1])
            .granted(1, 1, None);
        assert!(history.judge(DeadlockFree::default()).is_broken());
    }

    #[test]
    fn the_account_can_close_it_too() {
        let open = each_holds_one().owners(1, []).acquires(1, 2).acquires(2, 1);
        assert_eq!(open.judge(DeadlockFree::default()), Verdict::Held);
        let closed = open.owners(1, [1]);
        assert!(closed.judge(DeadlockFree::default()).is_broken());
    }

    #[test]
    fn a_queue_is_no_circle() {
        let history = each_holds_one().acquires(1, 2).acquires(2, 3);
        assert_eq!(history.judge(DeadlockFree::default()), Verdict::Held);
    }

    #[test]
    fn one_who_gives_back_or_gives_up_is_in_nobodys_way() {
        let gives_back = each_holds_one().acquires(1, 2).releases(1, 1).acquires(2, 1);
        assert_eq!(gives_back.judge(DeadlockFree::default()), Verdict::Held);
        let gives_up = each_holds_one().acquires(1, 2).refused(1, 2).acquires(1, 3).acquires(2, 1);
        assert_eq!(gives_up.judge(DeadlockFree::default()), Verdict::Held);
        let dies = each_holds_one().acquires(1, 2).crashes(1).acquires(2, 1);
        assert_eq!(dies.judge(DeadlockFree::default()), Verdict::Held);
    }

    #[test]
    fn taking_a_lock_twice_is_no_circle_of_one() {
        let history = each_holds_one().acquires(1, 1);
        assert!(is_idle(&history.judge(DeadlockFree::default())));
    }

    #[test]
    fn clients_that_hold_one_lock_at_most_prove_nothing() {
        assert!(is_idle(&each_holds_one().judge(DeadlockFree::default())));
    }
}
