//! A coordinator and three participants by hand, in states that the protocol never leads to: each
//! property is seen to break, and what is allowed is seen to hold.

use super::*;
use crate::contract::{Disk, Effects, Input, Node};
use crate::id::{ClientId, Incarnation, NodeId, Owner, Token};
use crate::system::Machine;
use crate::two_phase::coordinator::{Commit, LogChange};
use crate::two_phase::message::{Age, Decision, Message, Preparation, Request, Tokens, Vote};
use crate::two_phase::participant::{LedgerChange, Prepared};
use crate::two_phase::{ServerChange, ServerDisk};

const COORDINATOR: u32 = 1;
const FIRST: AttemptId = attempt(1, 1);
const SECOND: AttemptId = attempt(1, 2);

const fn attempt(life: u32, number: u32) -> AttemptId {
    AttemptId { coordinator: ServerId(COORDINATOR), life: Incarnation(life), number }
}

fn request(of: AttemptId) -> Request {
    Request { owner: Owner::first(ClientId(of.number)), number: 1 }
}

fn age(of: AttemptId) -> Age {
    Age { count: 1, owner: request(of).owner }
}

fn tokens() -> Tokens {
    Tokens::from([(LockId(1), Token(1))])
}

fn prepares_after(attempt: AttemptId, floor: AttemptId) -> ServerChange {
    let locks = vec![LockId(1)];
    let (request, age) = (request(attempt), age(attempt));
    let preparation = Preparation { attempt, request, age, locks, floor };
    let prepared = Prepared { preparation, tokens: tokens() };
    ServerChange::Participant(LedgerChange::Prepare(prepared))
}

fn prepares(attempt: AttemptId) -> ServerChange {
    prepares_after(attempt, FIRST)
}

fn commits(attempt: AttemptId) -> ServerChange {
    ServerChange::Participant(LedgerChange::Commit(attempt, tokens()))
}

fn renounces(attempt: AttemptId) -> ServerChange {
    ServerChange::Participant(LedgerChange::Renounce(attempt))
}

fn logs(attempt: AttemptId) -> ServerChange {
    let commit = Commit { request: request(attempt), tokens: tokens() };
    ServerChange::Coordinator(LogChange::Commit(attempt, commit))
}

struct Cluster {
    protocol: TwoPhase,
    machines: Vec<Machine<Server>>,
    facts: Facts,
}

impl Cluster {
    /// All servers down.
    fn new() -> Self {
        let protocol = TwoPhase::default();
        let machines = (0..4).map(|_| Machine::default()).collect();
        Self { protocol, machines, facts: Facts::default() }
    }

    /// A server is in this life, with this on its disk.
    fn is(&mut self, number: u32, life: u32, changes: &[ServerChange]) -> &mut Self {
        let mut disk = ServerDisk::default();
        changes.iter().for_each(|change| disk.apply(change.clone()));
        let (id, settings) = (ServerId(number), self.protocol.settings);
        let machine = &mut self.machines[id.index()];
        machine.restore(disk, Incarnation(life));
        machine.start(|disk| Server::new(settings, id, disk));
        self.step(number, Input::Started(Incarnation(life)));
        self
    }

    fn step(&mut self, number: u32, input: Input<Message, crate::two_phase::ServerTimer>) {
        let machine = &mut self.machines[ServerId(number).index()];
        machine.node_mut().expect("it is up").step(input, &mut Effects::<Server>::default());
    }

    /// A client asks, and so another attempt begins.
    fn begins(&mut self, attempt: AttemptId) {
        let (request, age) = (request(attempt), age(attempt));
        let body = Message::Acquire { request, age, locks: vec![LockId(1)], copy: 1 };
        self.step(COORDINATOR, Input::Message { from: request.owner.client.into(), body });
    }

    fn hears(&mut self, from: u32, body: Message) {
        self.step(COORDINATOR, Input::Message { from: NodeId::Server(ServerId(from)), body });
    }

    fn look(&mut self, number: u32) -> Accord {
        let servers = Servers::new(&self.machines);
        look(&self.protocol.settings, servers, ServerId(number), &mut self.facts)
    }

    #[track_caller]
    fn is_fine(&mut self, number: u32) -> &mut Self {
        let accord = self.look(number);
        assert!(!matches!(accord, Accord::Broken(_)), "{accord:?}");
        self
    }

    #[track_caller]
    fn is_broken(&mut self, number: u32, reason: &str) {
        assert_eq!(self.look(number), Accord::Broken(reason.to_owned()));
    }

    fn decision(&self, attempt: AttemptId) -> Option<u64> {
        self.facts.get(about("decision", attempt))
    }
}

fn gave_up_alone() -> String {
    format!("s2 voted yes on {FIRST} and gave it up on its own")
}

#[test]
fn what_is_decided_is_kept() {
    let mut cluster = Cluster::new();
    assert_eq!(cluster.look(1), Accord::NothingToAgree, "it is down");
    cluster.is(2, 1, &[prepares(FIRST)]);
    assert_eq!(cluster.look(2), Accord::NothingToAgree, "nothing is decided");
    cluster.is(2, 1, &[prepares(FIRST), commits(FIRST)]);
    assert_eq!(cluster.look(2), Accord::Kept);
    assert_eq!(cluster.decision(FIRST), Some(COMMITTED));
    let id = |number| u64::from(ServerId(number).0);
    assert_eq!(cluster.facts.about(OPEN, id(2)).count(), 0, "its promise is over");
}

#[test]
fn what_is_not_voted_on_any_more_and_not_committed_is_aborted_for_ever() {
    let mut cluster = Cluster::new();
    cluster.is(1, 1, &[]).begins(FIRST);
    cluster.begins(SECOND);
    assert_eq!(cluster.look(1), Accord::NothingToAgree);
    cluster.hears(2, Message::Vote(SECOND, Vote::No));
    assert_eq!(cluster.look(1), Accord::Kept);
    assert_eq!((cluster.decision(FIRST), cluster.decision(SECOND)), (None, Some(ABORTED)));
    assert_eq!(*cluster.facts.mark(("over until", 1, 1)), 0, "the first is being voted on");
    cluster.hears(2, Message::Vote(FIRST, Vote::No));
    assert_eq!(cluster.look(1), Accord::Kept);
    assert_eq!(cluster.decision(FIRST), Some(ABORTED));
    assert_eq!(*cluster.facts.mark(("over until", 1, 1)), 2);
    assert_eq!(cluster.look(1), Accord::NothingToAgree, "nothing is new");
    cluster.is(3, 1, &[prepares(SECOND), commits(SECOND)]);
    cluster.is_broken(3, &format!("s3 committed {SECOND}, which had been aborted"));
}

/// What was committed and acknowledged by everybody is forgotten, and stays committed.
#[test]
fn what_everybody_has_committed_is_no_abort() {
    let mut cluster = Cluster::new();
    for participant in 2..=4 {
        cluster.is(participant, 1, &[prepares(FIRST)]).is_fine(participant);
    }
    cluster.is(1, 1, &[]).begins(FIRST);
    for participant in 2..=4 {
        cluster.hears(participant, Message::Vote(FIRST, Vote::Yes(tokens())));
    }
    cluster.is_fine(1).is_fine(1);
    assert_eq!(cluster.decision(FIRST), Some(COMMITTED), "its log is durable at the second look");
    for participant in 2..=4 {
        cluster.hears(participant, Message::Acknowledge(FIRST));
    }
    cluster.is_fine(1);
    assert_eq!(cluster.decision(FIRST), Some(COMMITTED));
    assert_eq!(*cluster.facts.mark(("over until", 1, 1)), 1);
}

#[test]
fn a_commit_has_every_vote() {
    let without = |third: Option<&[ServerChange]>| {
        let mut cluster = Cluster::new();
        cluster.is(2, 1, &[prepares(FIRST)]).is(4, 1, &[prepares(FIRST), commits(FIRST)]);
        if let Some(third) = third {
            cluster.is(3, 1, third);
        }
        cluster.is(1, 1, &[logs(FIRST)]);
        cluster
    };
    without(None).is_fine(1);
    without(Some(&[prepares(FIRST)])).is_fine(1);
    let reason = format!("s1 committed {FIRST}, for which s3 has not prepared");
    without(Some(&[])).is_broken(1, &reason);
    without(Some(&[renounces(FIRST)])).is_broken(1, &reason);
}

/// A commit that a power failure took back was none.
#[test]
fn a_commit_counts_once_it_is_durable() {
    let mut cluster = Cluster::new();
    cluster.is(1, 1, &[logs(FIRST)]).is_fine(1);
    assert_eq!(cluster.decision(FIRST), None);
    cluster.is(1, 2, &[logs(FIRST)]).is_fine(1);
    assert_eq!(cluster.decision(FIRST), None, "another life");
    assert_eq!(cluster.look(1), Accord::Kept);
    assert_eq!(cluster.decision(FIRST), Some(COMMITTED));
    // It was looked at when it was new: who has acknowledged may have forgotten it.
    cluster.is(3, 1, &[]).is(1, 3, &[logs(FIRST)]).is_fine(1);
}

#[test]
fn nobody_takes_his_vote_back() {
    let mut at_once = Cluster::new();
    at_once.is(2, 1, &[prepares(FIRST)]).is_fine(2);
    at_once.is(2, 1, &[]).is_broken(2, &gave_up_alone());

    let mut after_a_restart = Cluster::new();
    after_a_restart.is(2, 1, &[prepares(FIRST)]).is_fine(2).is_fine(2);
    after_a_restart.is(2, 2, &[]).is_broken(2, &gave_up_alone());

    let mut lives_later = Cluster::new();
    lives_later.is(2, 1, &[prepares(FIRST)]).is_fine(2).is_fine(2);
    lives_later.is(2, 2, &[prepares(FIRST)]).is_fine(2);
    lives_later.is(2, 3, &[]).is_broken(2, &gave_up_alone());

    let mut renounced_itself = Cluster::new();
    renounced_itself.is(2, 1, &[prepares(FIRST)]).is_fine(2);
    renounced_itself.is(2, 1, &[renounces(FIRST)]).is_fine(2);
}

#[test]
fn a_vote_that_was_never_durable_may_be_lost() {
    let mut cluster = Cluster::new();
    cluster.is(2, 1, &[prepares(FIRST)]).is_fine(2);
    cluster.is(2, 2, &[prepares(FIRST)]).is_fine(2);
    cluster.is(2, 3, &[]).is_fine(2);
    assert_eq!(cluster.decision(FIRST), None);
}

/// A participant whose vote was durable, and that has it no more; the others are as they are made.
fn gives_up(others: impl Fn(&mut Cluster)) -> Cluster {
    let mut cluster = Cluster::new();
    cluster.is(2, 1, &[prepares(FIRST)]).is_fine(2).is_fine(2);
    others(&mut cluster);
    cluster.is(2, 1, &[]);
    cluster
}

#[test]
fn a_vote_ends_with_an_abort_that_somebody_can_have_decided() {
    let decided = |mut cluster: Cluster| {
        cluster.is_fine(2);
        cluster.decision(FIRST)
    };
    let restarted = gives_up(|cluster| {
        cluster.is(1, 2, &[]).is_fine(1);
    });
    assert_eq!(decided(restarted), Some(ABORTED));
    let renounced = gives_up(|cluster| {
        cluster.is(3, 1, &[renounces(FIRST)]).is_fine(3);
    });
    assert_eq!(decided(renounced), Some(ABORTED));
    let over = gives_up(|cluster| {
        cluster.is(3, 1, &[prepares_after(SECOND, SECOND)]).is_fine(3);
    });
    assert_eq!(decided(over), Some(ABORTED));
    let aborted = gives_up(|cluster| {
        cluster.is(1, 1, &[]).begins(FIRST);
        cluster.hears(2, Message::Vote(FIRST, Vote::No));
        cluster.is_fine(1);
    });
    assert_eq!(decided(aborted), Some(ABORTED));
}

#[test]
fn a_vote_does_not_end_with_an_abort_that_nobody_can_have_decided() {
    let same_life = |cluster: &mut Cluster| {
        cluster.is(1, 1, &[]).is_fine(1);
    };
    gives_up(same_life).is_broken(2, &gave_up_alone());
    let renounced_another = |cluster: &mut Cluster| {
        cluster.is(3, 1, &[renounces(SECOND)]).is_fine(3);
    };
    gives_up(renounced_another).is_broken(2, &gave_up_alone());
    let not_over = |cluster: &mut Cluster| {
        cluster.is(3, 1, &[prepares_after(SECOND, FIRST)]).is_fine(3);
    };
    gives_up(not_over).is_broken(2, &gave_up_alone());
    let in_the_log = |cluster: &mut Cluster| {
        cluster.is(1, 2, &[logs(FIRST)]).is_fine(1);
    };
    gives_up(in_the_log).is_broken(2, &gave_up_alone());
    let committed = |cluster: &mut Cluster| {
        cluster.is(3, 1, &[prepares(FIRST), commits(FIRST)]).is_fine(3);
    };
    gives_up(committed).is_broken(2, &format!("s2 gave up {FIRST}, which had been committed"));
}

#[test]
fn the_highest_floor_counts() {
    let mut cluster = gives_up(|cluster| {
        cluster.is(3, 1, &[prepares_after(SECOND, SECOND)]).is_fine(3);
        cluster.is(4, 1, &[prepares_after(SECOND, FIRST)]).is_fine(4);
    });
    cluster.is_fine(2);
}

#[test]
fn a_lock_has_one_attempt_at_each_participant() {
    let mut cluster = Cluster::new();
    cluster.is(2, 1, &[prepares(FIRST), prepares(SECOND)]);
    cluster.is_broken(2, &format!("s2 gave L1 to {FIRST} and {SECOND} at once"));
    cluster.is(3, 1, &[prepares(FIRST), commits(FIRST), prepares(SECOND)]);
    cluster.is_broken(3, &format!("s3 gave L1 to {FIRST} and {SECOND} at once"));
    let decide = Message::Decide(FIRST, Decision::Abort);
    cluster.is(4, 1, &[prepares(FIRST)]);
    cluster.step(4, Input::Message { from: NodeId::Server(ServerId(1)), body: decide });
    cluster.is_fine(4);
}
