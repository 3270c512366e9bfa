//! Every fault of the vocabulary bites a real lock, is counted as it bites, ends, and is made
//! `not-exercised` where it never bit.

use locklab_protocols::contract::{Event, HostEvent, Trigger, WorkEvent};
use locklab_protocols::id::{ClientId, NodeId, ServerId};
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_protocols::ttl::Ttl;
use locklab_sim::fault::{
    ClockJump, ClockRate, ClockStrobe, Crash, Cut, DiskLoss, Fault, Kind, Lasting, OnLinks,
    OnNodes, Partition, Reorder, Shape, Slow, SlowLinks, Target, Targets, When,
};
use locklab_sim::network::Delay;
use locklab_sim::outcome::{Fate, Happening, Outcome};
use locklab_sim::text::Shift;
use locklab_sim::{Plan, Record, run};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn fault(kind: Kind) -> Fault {
    Fault { when: When::At(2 * SECOND), kind }
}

fn play(faults: Vec<Fault>) -> Outcome {
    let plan = Plan { faults, ..Plan::default() };
    run(&Ttl::default(), &plan, 3, Record::Everything)
}

fn server() -> Targets {
    Target::Server(ServerId(1)).into()
}

fn on(target: Targets) -> OnNodes {
    OnNodes { target, lasting: Lasting::For(5 * SECOND) }
}

/// One of each kind that a single server can feel.
fn one_of_each() -> Vec<Kind> {
    let lasting = Lasting::For(5 * SECOND);
    let all = Targets::default;
    let forward = Shift { back: false, by: 3 * SECOND };
    vec![
        Kind::Pause(on(Target::Clients.into())),
        Kind::Slow(Slow { target: server(), step: Duration::from_millis(20), lasting }),
        Kind::Crash(Crash { target: server(), lasting, disk: DiskLoss::Kept }),
        Kind::Cut(Cut { from: Target::Clients.into(), to: server(), one_way: false, lasting }),
        Kind::Partition(Partition {
            sides: vec![Target::Client(ClientId(1)).into(), server()],
            shape: None,
            lasting,
        }),
        Kind::Loss(OnLinks { from: all(), to: all(), percent: 30, lasting }),
        Kind::Duplicate(OnLinks { from: all(), to: all(), percent: 30, lasting }),
        Kind::Delay(SlowLinks {
            from: all(),
            to: all(),
            by: Delay::Constant(Duration::from_millis(100)),
            lasting,
        }),
        Kind::Reorder(Reorder {
            from: all(),
            to: all(),
            percent: 30,
            by: Duration::from_millis(100),
            lasting,
        }),
        Kind::ClockJump(ClockJump { target: server(), by: forward, lasting }),
        Kind::ClockRate(ClockRate { target: server(), percent: 150, lasting }),
        Kind::ClockStrobe(ClockStrobe { target: server(), by: forward, every: SECOND, lasting }),
        Kind::ClockFreeze(on(server())),
        Kind::DiskStall(on(server())),
        Kind::DiskLie(on(server())),
    ]
}

#[test]
fn every_kind_bites_and_ends() {
    let kinds = one_of_each();
    let names: Vec<&str> = kinds.iter().map(Kind::name).collect();
    assert_eq!(names, Kind::NAMES, "one of each kind, in the order of the vocabulary");
    for kind in kinds {
        let name = kind.name();
        let outcome = play(vec![fault(kind)]);
        assert!(outcome.bites[0].count > 0, "{name} never bit");
        let ends = outcome.trace.iter().filter_map(|traced| match traced.what {
            Happening::FaultEnds { fault: 0 } => Some(traced.at.0 / 1_000_000),
            _ => None,
        });
        assert_eq!(ends.collect::<Vec<_>>(), [7000], "{name} ends after five seconds");
        let progress = &outcome.verdicts[&Guarantee::Progress];
        assert_eq!(*progress, Verdict::Held, "{name} is over and everybody goes on");
    }
}

#[test]
fn a_fault_that_bites_nothing_makes_the_run_not_exercised() {
    let calm = play(Vec::new());
    assert_eq!(calm.verdicts[&Guarantee::MutualExclusion], Verdict::Held);
    let target = Target::Server(ServerId(5)).into();
    let outcome = play(vec![fault(Kind::Pause(on(target)))]);
    assert_eq!(outcome.bites[0].count, 0);
    assert!(outcome.verdicts.values().all(|verdict| *verdict != Verdict::Held));
    // With one server there are no halves to part.
    let halves =
        Partition { sides: Vec::new(), shape: Some(Shape::Halves), lasting: Lasting::UntilHeal };
    let outcome = play(vec![fault(Kind::Partition(halves))]);
    assert!(outcome.verdicts.values().all(|verdict| *verdict != Verdict::Held));
}

#[test]
fn a_cut_takes_what_is_in_flight_with_it() {
    // Every message takes a second; the cut falls between the sending and the arrival.
    let lasting = Lasting::For(SECOND);
    let cut = Cut { from: Target::Clients.into(), to: server(), one_way: true, lasting };
    let mut plan = Plan { faults: vec![fault(Kind::Cut(cut))], ..Plan::default() };
    plan.network.delay = Delay::Constant(SECOND);
    let outcome = run(&Ttl::default(), &plan, 3, Record::Everything);
    let moment = |millis: u64| millis * 1_000_000;
    let mut on_their_way = 0;
    for traced in &outcome.trace {
        match &traced.what {
            Happening::Sent { from: NodeId::Client(_), to: NodeId::Server(_), fate, .. } => {
                let Fate::Arrives(at) = fate else { continue };
                if traced.at.0 < moment(2000) && at.0 > moment(2000) {
                    on_their_way += 1;
                }
            }
            Happening::Delivered {
                from: NodeId::Client(_), to: NodeId::Server(_), sent, ..
            } => {
                let crossed = sent.0 < moment(2000) && traced.at.0 > moment(2000);
                assert!(!crossed, "a message crossed the cut at {}", traced.at);
            }
            _ => {}
        }
    }
    assert!(on_their_way > 0, "nothing was in flight when the cut fell");
    assert!(outcome.bites[0].count >= on_their_way);
}

#[test]
fn duty_5_a_pause_can_fall_between_the_check_and_the_write() {
    let when = When::Event {
        event: Trigger::Checked,
        nth: 1,
        at: Targets::default(),
        after: Duration::ZERO,
    };
    let kind =
        Kind::Pause(OnNodes { target: Target::Subject.into(), lasting: Lasting::For(SECOND) });
    let outcome = play(vec![Fault { when, kind }]);
    let checked = outcome.trace.iter().find_map(|traced| match &traced.what {
        Happening::Seen(seen) => match seen.event {
            Event::Work(WorkEvent::Checked { .. }) => Some((traced.at, seen.node)),
            _ => None,
        },
        _ => None,
    });
    let (at, client) = checked.expect("somebody checked");
    let write = outcome.trace.iter().find_map(|traced| match &traced.what {
        Happening::Sent { from, to: NodeId::Storage, message, .. }
            if *from == client && message.contains("Write") =>
        {
            Some(traced.at)
        }
        _ => None,
    });
    assert_eq!(write.expect("it wrote").since(at), SECOND, "the pause lay between the two");
}

#[test]
fn crashes_that_overlap_keep_a_node_down_until_the_last_one_ends() {
    let crash = |lasting| Kind::Crash(Crash { target: server(), lasting, disk: DiskLoss::Kept });
    let first = fault(crash(Lasting::For(2 * SECOND)));
    let second = Fault { when: When::At(3 * SECOND), kind: crash(Lasting::For(4 * SECOND)) };
    let outcome = play(vec![first, second]);
    let starts = outcome.trace.iter().filter_map(|traced| match &traced.what {
        Happening::Seen(seen) if seen.node == NodeId::Server(ServerId(1)) => {
            matches!(seen.event, Event::Host(HostEvent::Started(_)))
                .then_some(traced.at.0 / 1_000_000)
        }
        _ => None,
    });
    assert_eq!(starts.collect::<Vec<_>>(), [0, 7000]);
}

#[test]
fn taking_a_fault_out_changes_nothing_before_it() {
    let loss = |percent, at| Fault {
        when: When::At(at),
        kind: Kind::Loss(OnLinks {
            from: Targets::default(),
            to: Targets::default(),
            percent,
            lasting: Lasting::UntilHeal,
        }),
    };
    let both = play(vec![loss(10, 15 * SECOND), loss(20, SECOND)]);
    let one = play(vec![loss(20, SECOND)]);
    let before = |outcome: &Outcome| -> Vec<_> {
        let early = outcome.trace.iter().filter(|traced| traced.at.0 < 15_000_000_000);
        early
            .map(|traced| match &traced.what {
                Happening::FaultBegins { what, .. } => (traced.at, what.clone()),
                what => (traced.at, format!("{what:?}")),
            })
            .collect()
    };
    assert_eq!(before(&both), before(&one));
    assert_ne!(both.hash, one.hash);
}
