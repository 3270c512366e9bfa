//! One server by itself, whose other half is played by hand.

use super::*;
use crate::contract::{Effect, Event};
use crate::ttl::message::{RedisCommand, Value};

const LOCK: LockId = LockId(1);

struct Stage {
    server: Replica,
}

impl Stage {
    fn new(id: u32, wait_for_replica: bool) -> Self {
        let usual = TtlReplicated::default();
        // Without a clock to be read, each request is done in one step.
        let settings = crate::ttl::Settings { expiry: Clock::Monotonic, ..usual.settings };
        let setting = TtlReplicated { settings, wait_for_replica, ..usual };
        let mut stage =
            Self { server: Replica::new(&setting, ServerId(id), &ReplicaDisk::default()) };
        stage.step(Input::Started(Incarnation(1)));
        stage
    }

    fn primary() -> Self {
        Self::new(1, false)
    }

    /// A replica of the first epoch with a copy that is so far.
    fn replica(offset: u64) -> Self {
        let mut stage = Self::new(2, false);
        stage.copy(1, offset);
        stage
    }

    /// The messages, and the locks that change with the role.
    fn step(&mut self, input: InputOf<Replica>) -> Vec<String> {
        let mut fx = Effects::<Replica>::default();
        self.server.step(input, &mut fx);
        let words = fx.as_slice().iter().filter_map(|effect| match effect {
            Effect::Send { body: ReplicatedMessage::Client(Message::Reply(reply)), .. } => {
                Some(format!("{:?}", reply.answer))
            }
            Effect::Send { body, .. } => Some(match body {
                ReplicatedMessage::Change { stream, offset, change } => {
                    let what = if change.is_some() { "changes" } else { "lives" };
                    format!("{what}: epoch {}, at {offset}", stream.epoch)
                }
                ReplicatedMessage::Copy { stream, offset, .. } => {
                    format!("copy: epoch {}, at {offset}", stream.epoch)
                }
                ReplicatedMessage::Acknowledged { stream, offset } => {
                    format!("has: epoch {}, up to {offset}", stream.epoch)
                }
                ReplicatedMessage::Missing { epoch } => format!("wants a copy: epoch {epoch}"),
                ReplicatedMessage::Client(_) => "a request".to_owned(),
            }),
            Effect::Notify(Event::Lease(LeaseEvent::Replaced { lock })) => {
                Some(format!("{lock} has another account"))
            }
            _ => None,
        });
        words.collect()
    }

    fn fires(&mut self, timer: ReplicaTimer) -> Vec<String> {
        self.step(Input::Fired(timer))
    }

    fn hears(&mut self, body: ReplicatedMessage) -> Vec<String> {
        let from = NodeId::Server(other(self.server.id));
        self.step(Input::Message { from, body })
    }

    fn asks(&mut self, client: u32) -> Vec<String> {
        let value = Value { owner: Owner::first(ClientId(client)), serial: 1 };
        let command = RedisCommand::SetNxPx { lease: Duration::from_secs(10), fenced: true };
        let body = Message::Request(Request { lock: LockId(client), value, command });
        let from = NodeId::Client(ClientId(client));
        self.step(Input::Message { from, body: ReplicatedMessage::Client(body) })
    }

    fn change(&mut self, epoch: u64, offset: u64, lock: Option<u32>) -> Vec<String> {
        let change = lock.map(|lock| KeysChange::Delete(LockId(lock)));
        self.hears(ReplicatedMessage::Change { stream: stream(epoch), offset, change })
    }

    fn copy(&mut self, epoch: u64, offset: u64) -> Vec<String> {
        let keys = Keys::default();
        self.hears(ReplicatedMessage::Copy { stream: stream(epoch), offset, keys })
    }

    fn acknowledged(&mut self, epoch: u64, offset: u64) -> Vec<String> {
        self.hears(ReplicatedMessage::Acknowledged { stream: stream(epoch), offset })
    }
}

fn stream(epoch: u64) -> Stream {
    Stream { epoch, life: Incarnation(1) }
}

const NOTHING: [String; 0] = [];
const TAKEN: &str = "Taken { token: Some(Token(1)) }";

#[test]
fn a_primary_changes_and_a_replica_refuses() {
    let mut primary = Stage::primary();
    assert!(primary.server.is_primary());
    assert_eq!(primary.asks(1), ["changes: epoch 1, at 1", TAKEN]);
    assert_eq!(primary.fires(ReplicaTimer::Ping), ["lives: epoch 1, at 1"]);
    let mut replica = Stage::replica(0);
    assert!(!replica.server.is_primary());
    assert_eq!(replica.asks(1), ["ReadOnly"]);
    assert_eq!(replica.fires(ReplicaTimer::Ping), NOTHING, "a late timer of another role");
}

#[test]
fn a_replica_takes_each_change_once_and_in_order() {
    let mut replica = Stage::replica(4);
    assert_eq!(replica.change(1, 5, Some(1)), ["has: epoch 1, up to 5"]);
    assert_eq!(replica.change(1, 5, Some(1)), ["has: epoch 1, up to 5"], "once more");
    assert_eq!(replica.change(1, 3, None), ["has: epoch 1, up to 5"], "an old word");
    assert_eq!(replica.change(1, 7, Some(1)), ["wants a copy: epoch 1"], "one is missing");
    assert_eq!(replica.change(1, 6, None), ["wants a copy: epoch 1"], "so it seems");
    assert_eq!(replica.copy(1, 7), ["has: epoch 1, up to 7"]);
    assert_eq!(replica.copy(1, 6), NOTHING, "an old copy");
    assert_eq!(replica.copy(1, 7), ["has: epoch 1, up to 7"]);
    let other_life = Stream { epoch: 1, life: Incarnation(2) };
    let change = ReplicatedMessage::Change { stream: other_life, offset: 8, change: None };
    assert_eq!(replica.hears(change), ["wants a copy: epoch 1"], "another stream");
}

#[test]
fn a_higher_epoch_demotes_and_a_lower_one_is_told() {
    let mut primary = Stage::primary();
    primary.asks(1);
    assert_eq!(primary.change(1, 0, None), NOTHING, "its own epoch");
    assert!(primary.server.is_primary());
    let demoted = ["L1 has another account", "wants a copy: epoch 2", "wants a copy: epoch 2"];
    assert_eq!(primary.change(2, 0, None), demoted);
    assert!(!primary.server.is_primary());
    assert_eq!(primary.server.epoch(), 2);
    assert_eq!(primary.change(1, 9, None), NOTHING, "a replica tells nobody");

    let mut second = Stage::replica(0);
    let promoted = second.fires(ReplicaTimer::Failover(1));
    assert_eq!(promoted, ["lives: epoch 2, at 0"]);
    assert_eq!(second.server.epoch(), 2);
    assert_eq!(second.change(1, 3, None), ["lives: epoch 2, at 0"]);
    let missing = |epoch| ReplicatedMessage::Missing { epoch };
    assert_eq!(second.hears(missing(1)), ["lives: epoch 2, at 0"]);
    assert_eq!(second.hears(missing(2)), ["copy: epoch 2, at 0"]);
    assert_eq!(second.hears(missing(3)), ["wants a copy: epoch 3"]);
    assert!(!second.server.is_primary());
}

#[test]
fn only_silence_since_the_last_word_promotes() {
    let mut replica = Stage::replica(0);
    assert_eq!(replica.fires(ReplicaTimer::Failover(0)), NOTHING, "it has heard since");
    replica.change(1, 0, None);
    assert_eq!(replica.fires(ReplicaTimer::Failover(1)), NOTHING);
    assert!(!replica.server.is_primary());
    replica.fires(ReplicaTimer::Failover(2));
    assert!(replica.server.is_primary());
    assert_eq!(replica.fires(ReplicaTimer::Failover(2)), NOTHING, "it is one");
    assert_eq!(Stage::primary().fires(ReplicaTimer::Failover(0)), NOTHING);
}

#[test]
fn a_primary_that_waits_answers_when_the_replica_has_it_or_not_in_time() {
    let mut primary = Stage::new(1, true);
    assert_eq!(primary.asks(1), ["changes: epoch 1, at 1"]);
    assert_eq!(primary.asks(2), ["changes: epoch 1, at 2"]);
    assert_eq!(primary.acknowledged(1, 0), NOTHING);
    let other_life = Stream { epoch: 1, life: Incarnation(2) };
    let of_another = ReplicatedMessage::Acknowledged { stream: other_life, offset: 2 };
    assert_eq!(primary.hears(of_another), NOTHING, "of another stream");
    assert_eq!(primary.acknowledged(1, 1), [TAKEN]);
    assert_eq!(primary.fires(ReplicaTimer::Wait(1)), NOTHING, "it is answered");
    assert_eq!(primary.fires(ReplicaTimer::Wait(2)), ["NoReplicas"]);
    assert_eq!(primary.acknowledged(1, 2), NOTHING);
    // A copy of a request whose grant the replica has is answered at once.
    assert_eq!(primary.asks(1), [TAKEN]);
    assert_eq!(primary.asks(3), ["changes: epoch 1, at 3"]);
    let demoted = primary.change(2, 0, None);
    assert_eq!(demoted.first().map(String::as_str), Some("ReadOnly"), "who waits is sent away");
}

#[test]
fn an_acknowledgement_that_is_late_takes_nothing_back() {
    let mut primary = Stage::new(1, true);
    primary.asks(1);
    primary.asks(2);
    assert_eq!(primary.acknowledged(1, 2).len(), 2);
    assert_eq!(primary.acknowledged(1, 1), NOTHING);
    let again = "Taken { token: Some(Token(2)) }";
    assert_eq!(primary.asks(2), [again], "the replica has it");
}

#[test]
fn a_role_outlasts_a_life() {
    let setting = TtlReplicated::default();
    for (role, id, primary) in [
        (None, 1, true),
        (None, 2, false),
        (Some((5, true)), 2, true),
        (Some((5, false)), 1, false),
    ] {
        let disk = ReplicaDisk { role, ..ReplicaDisk::default() };
        let server = Replica::new(&setting, ServerId(id), &disk);
        assert_eq!(server.is_primary(), primary, "{role:?}");
        assert_eq!(server.epoch(), role.map_or(1, |(epoch, _)| epoch));
    }
}

#[test]
fn of_what_runs_out_a_replica_waits_for_its_primary() {
    let mut primary = Stage::primary();
    primary.asks(1);
    let number = primary.server.keys().get(LOCK).expect("it is taken").number;
    let ends = ReplicaTimer::Store(StoreTimer::Expire(LOCK, number));
    let mut demoted = Stage { server: primary.server.clone() };
    assert_eq!(primary.fires(ends), ["changes: epoch 1, at 2"]);
    demoted.change(2, 0, None);
    assert_eq!(demoted.fires(ends), NOTHING);
    assert!(demoted.server.keys().get(LOCK).is_some());
}
