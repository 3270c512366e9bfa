//! What the storage answers, what it writes down first, and that nothing happens twice.

use super::*;
use crate::contract::{Effect, Event};
use crate::id::{ClientId, NodeId};

const LOCK: LockId = LockId(1);

type Done = Effect<StorageMessage, Never, StorageChange>;

/// Sends a request and gives back what it does.
fn ask(storage: &mut Storage, request: Request) -> Vec<Done> {
    let mut effects = Effects::<Storage>::default();
    let from = NodeId::Client(request.owner.client);
    let input = Input::Message { from, body: StorageMessage::Request(request) };
    storage.step(input, &mut effects);
    effects.drain().collect()
}

fn request(client: u32, number: u64, token: u64, operation: Operation) -> Request {
    let owner = Owner::first(ClientId(client));
    Request { owner, number, lock: LOCK, token: Some(Token(token)), operation }
}

const READ: Operation = Operation::Read;
const WRITE: Operation = Operation::Write { based_on: Version(0) };

/// The answer among what it does, if there is one.
fn reply(done: &[Done]) -> Option<Reply> {
    done.iter().find_map(|effect| match effect {
        Effect::Send { body: StorageMessage::Reply { reply, .. }, .. } => Some(*reply),
        _ => None,
    })
}

fn answers(storage: &mut Storage, request: Request) -> Option<Reply> {
    reply(&ask(storage, request))
}

fn storage(fencing: Fencing) -> Storage {
    Storage::new(fencing, &StorageDisk::default())
}

#[test]
fn a_fence_checks_what_it_says() {
    let late = |fencing, operation| {
        let mut storage = storage(fencing);
        assert_eq!(
            answers(&mut storage, request(1, 1, 2, WRITE)),
            Some(Reply::Written(Version(1)))
        );
        answers(&mut storage, request(2, 1, 1, operation))
    };
    let stale = Some(Reply::Stale(Token(2)));
    assert_eq!(late(Fencing::None, WRITE), Some(Reply::Written(Version(2))));
    assert_eq!(late(Fencing::None, READ), Some(Reply::Value(Version(1))));
    assert_eq!(late(Fencing::Writes, WRITE), stale);
    assert_eq!(late(Fencing::Writes, READ), Some(Reply::Value(Version(1))));
    assert_eq!(late(Fencing::ReadsAndWrites, WRITE), stale);
    assert_eq!(late(Fencing::ReadsAndWrites, READ), stale);
}

#[test]
fn a_read_raises_the_fence_where_it_carries_its_token() {
    let after_a_read = |fencing| {
        let mut storage = storage(fencing);
        answers(&mut storage, request(2, 1, 5, READ));
        (storage.resource(LOCK).newest, answers(&mut storage, request(1, 1, 4, WRITE)))
    };
    assert_eq!(after_a_read(Fencing::ReadsAndWrites), (Token(5), Some(Reply::Stale(Token(5)))));
    assert_eq!(after_a_read(Fencing::Writes), (Token(0), Some(Reply::Written(Version(1)))));
}

#[test]
fn the_same_token_passes_as_often_as_it_comes() {
    let mut storage = storage(Fencing::ReadsAndWrites);
    assert_eq!(answers(&mut storage, request(1, 1, 3, READ)), Some(Reply::Value(Version(0))));
    assert_eq!(answers(&mut storage, request(1, 2, 3, WRITE)), Some(Reply::Written(Version(1))));
    let without = Request { token: None, ..request(2, 1, 0, WRITE) };
    assert_eq!(
        answers(&mut storage, without),
        Some(Reply::Written(Version(2))),
        "no token, no check"
    );
    assert_eq!(storage.resource(LOCK), Resource { version: Version(2), newest: Token(3) });
}

#[test]
fn what_changes_is_durable_before_anybody_hears_of_it() {
    let mut storage = storage(Fencing::ReadsAndWrites);
    let write = ask(&mut storage, request(1, 1, 1, WRITE));
    let [
        Effect::Write(change),
        Effect::Sync,
        Effect::Notify(Event::Storage(event)),
        Effect::Send { to, .. },
    ] = &write[..]
    else {
        panic!("{write:?}");
    };
    assert_eq!(*to, NodeId::Client(ClientId(1)));
    assert!(matches!(event, StorageEvent::Written { version: Version(1), .. }), "{event:?}");
    let read = ask(&mut storage, request(1, 2, 1, READ));
    assert!(
        matches!(&read[..], [Effect::Notify(_), Effect::Send { .. }]),
        "nothing changes: {read:?}"
    );
    let mut disk = StorageDisk::default();
    disk.apply(*change);
    let mut restarted = Storage::new(Fencing::ReadsAndWrites, &disk);
    assert_eq!(restarted.resource(LOCK), Resource { version: Version(1), newest: Token(1) });
    let again = ask(&mut restarted, request(1, 1, 1, WRITE));
    assert!(matches!(&again[..], [Effect::Send { .. }]), "it was done before the crash: {again:?}");
    assert_eq!(reply(&again), Some(Reply::Written(Version(1))));
}

#[test]
fn a_request_is_executed_once_in_whatever_order_they_come() {
    let mut storage = storage(Fencing::None);
    let first = |version| Some(Reply::Written(Version(version)));
    assert_eq!(answers(&mut storage, request(1, 3, 1, WRITE)), first(1));
    assert_eq!(answers(&mut storage, request(1, 3, 1, WRITE)), first(1), "the same answer again");
    assert_eq!(answers(&mut storage, request(1, 1, 1, WRITE)), first(2), "it was on its way");
    assert_eq!(
        answers(&mut storage, request(1, 1, 1, WRITE)),
        None,
        "it is older than the last one"
    );
    assert_eq!(answers(&mut storage, request(1, 2, 1, WRITE)), first(3));
    assert_eq!(answers(&mut storage, request(1, 2, 1, WRITE)), None);
    assert_eq!(answers(&mut storage, request(1, 3, 1, WRITE)), first(1), "the last is remembered");
    assert_eq!(answers(&mut storage, request(1, 4, 1, WRITE)), first(4));
    assert_eq!(answers(&mut storage, request(1, 3, 1, WRITE)), None);
    assert_eq!(answers(&mut storage, request(2, 1, 1, WRITE)), first(5), "owners count apart");
    assert_eq!(storage.resource(LOCK).version, Version(5));
}
