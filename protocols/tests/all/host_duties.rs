//! What nodes may rely on, and what they must bear, as far as it can be tested without a host.
//!
//! The numbers are those of the duties in `locklab_protocols::contract`.

mod adversary;

use adversary::{Adversary, Move};
use locklab_protocols::contract::Effect;
use locklab_protocols::prelude::*;
use locklab_protocols::raft::Raft;
use locklab_protocols::system::Machine;
use locklab_protocols::ttl::keys::Keys;
use locklab_protocols::ttl::message::{Message, RedisCommand, Request, Value};
use locklab_protocols::ttl::{
    RedisTimer, Redlock, ReplicaDisk, ReplicaTimer, ReplicatedMessage, Settings, StoreTimer,
    Stream, Ttl, TtlNaive, TtlReplicated, TtlWatchdog, TtlWatchdogSilent,
};
use locklab_protocols::two_phase::{Conflict, TwoPhase};
use proptest::prelude::*;

/// A disk that remembers every write.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
struct Log(Vec<u32>);

impl Disk for Log {
    type Change = u32;

    fn apply(&mut self, change: u32) {
        self.0.push(change);
    }
}

/// A node that knows what was on its disk when it was built.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Reader(Vec<u32>);

impl Node for Reader {
    type Message = ();
    type Timer = Never;
    type Disk = Log;

    fn step(&mut self, _: InputOf<Self>, _: &mut Effects<Self>) {}
}

fn read(disk: &Log) -> Reader {
    Reader(disk.0.clone())
}

/// Something that happens to a machine.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Write(u32),
    Sync,
    Crash,
    LoseUnsynced,
    Wipe,
    Start,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = prop_oneof![
        6 => any::<u32>().prop_map(Fate::Write),
        2 => Just(Fate::Sync),
        1 => Just(Fate::Crash),
        1 => Just(Fate::LoseUnsynced),
        1 => Just(Fate::Wipe),
        2 => Just(Fate::Start),
    ];
    prop::collection::vec(fate, 0..60)
}

proptest! {
    /// Duties 1 and 3: a sync keeps a prefix of the writes, a power failure takes exactly what
    /// came after it, and a restarted node is built from what is left and from nothing else, in a
    /// life that it never had before.
    #[test]
    fn a_machine_loses_exactly_the_suffix_that_was_not_synced(fates in fates()) {
        let mut machine = Machine::<Reader>::default();
        let (mut written, mut synced) = (Vec::new(), 0);
        let mut last_life = Incarnation::default();
        for fate in fates {
            match fate {
                Fate::Write(change) => {
                    machine.write(change);
                    written.push(change);
                }
                Fate::Sync => {
                    machine.sync();
                    synced = written.len();
                }
                Fate::Crash => {
                    machine.crash();
                    prop_assert!(machine.node().is_none());
                }
                Fate::LoseUnsynced => {
                    prop_assert_eq!(machine.lose_unsynced(), written.len() - synced);
                    written.truncate(synced);
                }
                Fate::Wipe => {
                    prop_assert_eq!(machine.wipe(), !written.is_empty());
                    written.clear();
                    synced = 0;
                }
                Fate::Start => {
                    let life = machine.start(read);
                    prop_assert!(life > last_life);
                    last_life = life;
                    prop_assert_eq!(machine.node(), Some(&Reader(written.clone())));
                }
            }
        }
    }
}

/// Moves of an adversary who delivers, doubles, reorders and loses messages as he likes, and fires
/// every timer that was ever armed, whenever he likes.
fn moves() -> impl Strategy<Value = Vec<Move>> {
    let a_move = prop_oneof![
        8 => any::<prop::sample::Index>().prop_map(Move::Deliver),
        2 => any::<prop::sample::Index>().prop_map(Move::DeliverCopy),
        1 => any::<prop::sample::Index>().prop_map(Move::Drop),
        3 => any::<prop::sample::Index>().prop_map(Move::FireServer),
        3 => any::<prop::sample::Index>().prop_map(Move::FireClient),
        4 => any::<prop::sample::Index>().prop_map(Move::Command),
        1 => any::<prop::sample::Index>().prop_map(Move::RestartServer),
        1 => any::<prop::sample::Index>().prop_map(Move::RestartClient),
        1 => (0_u64..20_000_000_000).prop_map(Move::SetClocks),
    ];
    prop::collection::vec(a_move, 0..200)
}

/// Duty 4, and more: nothing that an adversary does makes a node panic, a client break its word to
/// the application, or the servers give one lock to two owners at once. `tokens` says whether
/// tokens must be unique, as they are where servers keep their disks.
fn withstands<P: Protocol>(protocol: P, moves: &[Move], exclusive: bool, tokens: bool) {
    let mut adversary = Adversary::new(protocol);
    for a_move in moves {
        adversary.play(a_move);
        if exclusive {
            adversary.assert_one_owner();
        }
        if tokens {
            adversary.assert_unique_tokens();
        }
    }
}

/// What a server sends after an input.
fn after<N: Node>(node: &mut N, input: InputOf<N>) -> Vec<N::Message> {
    let mut fx = Effects::<N>::default();
    node.step(input, &mut fx);
    let effects = fx.drain().collect::<Vec<_>>();
    let sent = effects.into_iter().filter_map(|effect| match effect {
        Effect::Send { body, .. } => Some(body),
        _ => None,
    });
    sent.collect()
}

fn request(client: u32, serial: u32, command: RedisCommand) -> Message {
    let owner = Owner::first(ClientId(client));
    Message::Request(Request { lock: LockId(1), value: Value { owner, serial }, command })
}

/// Duty 4: a timer of an earlier lease, or of one before its renewal, ends nothing.
#[test]
fn a_stale_expiry_does_not_end_a_later_lease() {
    let lock = LockId(1);
    let settings = monotonic();
    let lease = settings.lease;
    let mut server = Ttl { settings }.server(ServerId(1), &Keys::default());
    let set = RedisCommand::SetNxPx { lease, fenced: true };
    let renewal = 1;
    let renew = RedisCommand::PexpireIfMine { lease, renewal };
    let steps = [
        (1, set, Some(1)),
        (1, renew, Some(1)),
        (1, RedisCommand::DelIfMine, None),
        (2, set, Some(2)),
    ];
    for (client, command, owner) in steps {
        let from = ClientId(client).into();
        let body = request(client, 1, command);
        after(&mut server, Input::Message { from, body });
        let last = server.keys().get(lock).map_or(4, |key| key.number);
        for number in 0..last {
            let timer = RedisTimer::Store(StoreTimer::Expire(lock, number));
            after(&mut server, Input::Fired(timer));
            let owner = owner.map(|client| Owner::first(ClientId(client)));
            assert_eq!(server.owner(lock), owner, "after {command:?}");
        }
    }
}

/// Duty 4: a replica that has heard of its primary since is not promoted.
#[test]
fn a_stale_failover_does_not_promote() {
    let mut replica = TtlReplicated::default().server(ServerId(2), &ReplicaDisk::default());
    after(&mut replica, Input::Started(Incarnation(1)));
    let (epoch, life) = (1, Incarnation(1));
    let body =
        ReplicatedMessage::Change { stream: Stream { epoch, life }, offset: 0, change: None };
    let from = ServerId(1).into();
    after(&mut replica, Input::Message { from, body });
    after(&mut replica, Input::Fired(ReplicaTimer::Failover(0)));
    assert!(!replica.is_primary());
    after(&mut replica, Input::Fired(ReplicaTimer::Failover(1)));
    assert!(replica.is_primary());
}

/// Leases by the monotonic clock.
fn monotonic() -> Settings {
    Settings { expiry: Clock::Monotonic, ..Settings::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn ttl_naive_withstands_late_and_spurious_inputs(moves in moves()) {
        withstands(TtlNaive::default(), &moves, true, false);
    }

    #[test]
    fn ttl_withstands_late_and_spurious_inputs(moves in moves()) {
        withstands(Ttl::default(), &moves, true, true);
        withstands(Ttl { settings: monotonic() }, &moves, true, true);
    }

    #[test]
    fn ttl_watchdog_withstands_late_and_spurious_inputs(moves in moves()) {
        withstands(TtlWatchdog::default(), &moves, true, true);
        withstands(TtlWatchdogSilent::default(), &moves, true, true);
    }

    #[test]
    fn ttl_replicated_withstands_late_and_spurious_inputs(moves in moves()) {
        withstands(TtlReplicated::default(), &moves, false, false);
        let wait_for_replica = true;
        let waiting = TtlReplicated { wait_for_replica, ..TtlReplicated::default() };
        withstands(waiting, &moves, false, false);
    }

    #[test]
    fn two_phase_withstands_late_and_spurious_inputs(moves in moves()) {
        for conflict in [Conflict::Refuse, Conflict::WaitDie, Conflict::WoundWait, Conflict::Wait] {
            withstands(TwoPhase::with(conflict), &moves, true, true);
        }
    }

    #[test]
    fn raft_withstands_late_and_spurious_inputs(moves in moves()) {
        withstands(Raft::default(), &moves, true, true);
    }

    #[test]
    fn redlock_withstands_late_and_spurious_inputs(moves in moves()) {
        withstands(Redlock::default(), &moves, true, false);
    }
}
