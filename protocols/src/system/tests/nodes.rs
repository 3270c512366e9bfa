//! What a host can do to a node and to its disk, one node after the other.

use super::super::*;
use crate::application::Workload;
use crate::contract::{Clock, Reading, StorageEvent};
use crate::id::{LockId, Owner, Token};
use crate::storage::{Operation, Request, Version};
use crate::ttl::Ttl;
use crate::ttl::message::{Message, RedisCommand, Request as KeyRequest, Value};
use std::collections::VecDeque;
use std::time::Duration;

const SERVER: NodeId = NodeId::Server(ServerId(1));
const CLIENT: NodeId = NodeId::Client(ClientId(1));
const LOCK: LockId = LockId(1);

fn setting() -> Setting<Ttl> {
    let workload = Arc::new(Workload::default());
    Setting { protocol: Ttl::default(), clients: 1, workload, fencing: Fencing::Writes }
}

/// The effects of a step whose clock always shows the same; what it wrote is on the disk, not synced.
fn step(system: &mut System<Ttl>, node: NodeId, input: SystemInput<Ttl>) -> Vec<SystemEffect<Ttl>> {
    let mut inputs = VecDeque::from([input]);
    let mut all = Vec::new();
    while let Some(input) = inputs.pop_front() {
        let mut effects: Vec<SystemEffect<Ttl>> = Vec::new();
        system.step(node, input, &mut Buffers::default(), &mut effects);
        for effect in &effects {
            match effect {
                Effect::ReadClock(clock) => inputs.push_back(Input::Clock(*clock, Reading(1_000))),
                Effect::Draw(_) => inputs.push_back(Input::Drawn(0)),
                Effect::Write(change) => system.write(node, change.clone()),
                _ => {}
            }
        }
        all.extend(effects);
    }
    all
}

/// Something that this node writes down.
fn use_of(node: NodeId, number: u32) -> SystemInput<Ttl> {
    let owner = Owner::first(ClientId(1));
    let body = match node {
        NodeId::Storage => Packet::Storage(StorageMessage::Request(Request {
            owner,
            number: u64::from(number),
            lock: LOCK,
            token: Some(Token(u64::from(number))),
            operation: Operation::Write { based_on: Version(0) },
        })),
        _ => Packet::Lock(Message::Request(KeyRequest {
            lock: LockId(number),
            value: Value { owner, serial: number },
            command: RedisCommand::SetNxPx { lease: Duration::from_secs(10), fenced: true },
        })),
    };
    Input::Message { from: CLIENT, body }
}

#[test]
fn a_node_lives_as_long_as_its_process_and_its_disk_as_long_as_it_is_left_alone() {
    for node in [SERVER, NodeId::Storage] {
        let setting = setting();
        let mut system = System::new(&setting);
        let empty = system.disk(node);
        assert!(!system.is_up(node), "{node} has not been started");
        assert_eq!(step(&mut system, node, use_of(node, 1)), [], "{node} is down");
        assert_eq!(system.start(node, &setting), Incarnation(1));
        assert!(system.is_up(node));
        step(&mut system, node, Input::Started(Incarnation(1)));

        step(&mut system, node, use_of(node, 1));
        assert_ne!(system.disk(node), empty, "{node} writes");
        let written = system.lose_unsynced(node);
        assert!(written > 0, "{node} had not synced");
        assert_eq!(system.disk(node), empty);

        step(&mut system, node, use_of(node, 2));
        system.sync(node);
        assert_eq!(system.lose_unsynced(node), 0, "{node} has synced");
        let kept = system.disk(node);
        assert_ne!(kept, empty);
        system.crash(node);
        assert!(!system.is_up(node));
        assert_eq!(system.disk(node), kept);
        assert_eq!(system.start(node, &setting), Incarnation(2));

        assert!(system.wipe(node), "{node} had something on its disk");
        assert_eq!(system.disk(node), empty);
        assert!(!system.wipe(node), "{node} had nothing on its disk");
        step(&mut system, node, use_of(node, 3));
        assert!(system.wipe(node), "{node} had something on its disk that was not synced");

        system.restore(node, kept.clone(), Incarnation(7));
        assert!(!system.is_up(node));
        assert_eq!(system.disk(node), kept);
        assert_eq!(system.start(node, &setting), Incarnation(7));
    }
}

#[test]
fn a_client_comes_back_with_nothing() {
    let setting = setting();
    let mut system = System::new(&setting);
    assert_eq!(system.nodes().collect::<Vec<_>>(), [SERVER, CLIENT, NodeId::Storage]);
    assert_eq!(system.start(CLIENT, &setting), Incarnation(1));
    assert!(system.is_up(CLIENT));
    assert_eq!((system.lose_unsynced(CLIENT), system.wipe(CLIENT)), (0, false));
    system.restore(CLIENT, SystemDisk::Client(()), Incarnation(4));
    assert!(!system.is_up(CLIENT));
    assert_eq!(system.start(CLIENT, &setting), Incarnation(4));
}

#[test]
fn the_storage_shows_what_was_written() {
    let setting = setting();
    let mut system = System::new(&setting);
    assert_eq!(system.storage(), None);
    system.start(NodeId::Storage, &setting);
    let effects = step(&mut system, NodeId::Storage, use_of(NodeId::Storage, 5));
    let resource = system.storage().expect("it is up").resource(LOCK);
    assert_eq!((resource.version, resource.newest), (Version(1), Token(5)));
    let written = effects.iter().filter(|effect| {
        let Effect::Notify(event) = effect else { return false };
        matches!(event, crate::contract::Event::Storage(StorageEvent::Written { .. }))
    });
    assert_eq!(written.count(), 1);
}

#[test]
#[should_panic(expected = "cannot keep")]
fn a_disk_fits_only_its_own_kind_of_node() {
    System::new(&setting()).restore(
        CLIENT,
        SystemDisk::Storage(StorageDisk::default()),
        Incarnation(1),
    );
}

#[test]
fn a_node_ignores_what_is_not_meant_for_its_kind() {
    let setting = setting();
    let mut system = System::new(&setting);
    for node in [SERVER, CLIENT, NodeId::Storage] {
        system.start(node, &setting);
    }
    let before = system.clone();
    assert_eq!(step(&mut system, SERVER, use_of(NodeId::Storage, 1)), []);
    assert_eq!(step(&mut system, NodeId::Storage, use_of(SERVER, 1)), []);
    let timer = SystemTimer::Application(AppTimer::Begin);
    assert_eq!(step(&mut system, SERVER, Input::Fired(timer)), []);
    assert_eq!(system, before);
}

#[test]
fn a_server_and_a_client_hear_what_they_asked_their_host() {
    assert_eq!(for_server::<Ttl>(Input::Drawn(3)), Some(Input::Drawn(3)));
    assert_eq!(for_client::<Ttl>(Input::Drawn(3)), Some(Input::Drawn(3)));
    let shown = || Input::Clock(Clock::Wall, Reading(3));
    assert_eq!(for_server::<Ttl>(shown()), Some(Input::Clock(Clock::Wall, Reading(3))));
    assert_eq!(for_client::<Ttl>(shown()), Some(Input::Clock(Clock::Wall, Reading(3))));
}

#[test]
fn a_part_of_one_system_is_put_into_another() {
    let setting = setting();
    let mut system = System::new(&setting);
    for node in [SERVER, CLIENT, NodeId::Storage] {
        let empty = system.clone();
        system.start(node, &setting);
        let mut other = empty;
        assert_ne!(other, system);
        other.put(node, system.part(node));
        assert_eq!(other, system);
    }
}

#[test]
#[should_panic(expected = "cannot be")]
fn a_part_fits_only_its_own_kind_of_node() {
    let mut system = System::new(&setting());
    let part = system.part(SERVER);
    system.put(CLIENT, part);
}

#[test]
fn effects_come_in_order_wherever_they_go() {
    let setting = setting();
    let mut system = System::new(&setting);
    system.start(NodeId::Storage, &setting);
    let (mut list, mut queue) = (Vec::new(), VecDeque::new());
    let mut other = system.clone();
    let input = || use_of(NodeId::Storage, 1);
    system.step(NodeId::Storage, input(), &mut Buffers::default(), &mut list);
    other.step(NodeId::Storage, input(), &mut Buffers::default(), &mut queue);
    assert!(list.len() > 2);
    assert_eq!(queue, list);
}
