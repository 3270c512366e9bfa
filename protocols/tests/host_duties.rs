//! What nodes may rely on, and what they must bear, as far as it can be tested without a host.
//!
//! The numbers are those of the duties in `locklab_protocols::contract`.

mod host {
    pub(crate) mod adversary;
}

use host::adversary::{Adversary, Move};
use locklab_protocols::prelude::*;
use locklab_protocols::system::Machine;
use locklab_protocols::ttl::{Redlock, Settings, Ttl, TtlNaive, TtlReplicated, TtlWatchdog};
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

/// Leases by the monotonic clock.
fn monotonic() -> Settings {
    Settings {
        expiry: Clock::Monotonic,
        ..Settings::default()
    }
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
    }

    #[test]
    fn ttl_replicated_withstands_late_and_spurious_inputs(moves in moves()) {
        withstands(TtlReplicated::default(), &moves, false, false);
        let wait_for_replica = true;
        let waiting = TtlReplicated { wait_for_replica, ..TtlReplicated::default() };
        withstands(waiting, &moves, false, false);
    }

    #[test]
    fn redlock_withstands_late_and_spurious_inputs(moves in moves()) {
        withstands(Redlock::default(), &moves, true, false);
    }
}
