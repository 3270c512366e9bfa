//! Keys and blocks as people read them, and which requests begin a lease.

use super::*;
use crate::id::{ClientId, Owner};

const SECOND: Duration = Duration::from_secs(1);

fn request(lock: u32, client: u32, command: RedisCommand) -> Request {
    let value = Value { owner: Owner::first(ClientId(client)), serial: 1 };
    Request { lock: LockId(lock), value, command }
}

fn set(lock: u32, client: u32) -> Request {
    request(lock, client, RedisCommand::SetNxPx { lease: 10 * SECOND, fenced: true })
}

/// Client 1 has lock 1 until the wall clock shows 10 s; lock 2 is blocked; client 1 has lock 3 for
/// ever and lock 4 for 10 s from when it began.
fn keys() -> Keys {
    let mut keys = Keys::default();
    let granted = |keys: &mut Keys, request: &Request, end: Option<End>| {
        let (change, _) = keys.decide(request, end).change.expect("it is free");
        keys.apply(change);
    };
    let at = End::At(Reading(10_000_000_000));
    granted(&mut keys, &set(1, 1), Some(at));
    granted(&mut keys, &set(2, 1), Some(at));
    let ended = *keys.get(LockId(2)).expect("it is there");
    keys.apply(keys.end_lease(LockId(2), &ended, 15 * SECOND));
    granted(&mut keys, &request(3, 1, RedisCommand::Setnx), None);
    granted(&mut keys, &set(4, 1), Some(End::After(10 * SECOND)));
    keys
}

#[test]
fn keys_are_read_in_the_order_of_their_locks_and_blocks_after_them() {
    assert_eq!(Keys::default().to_string(), "nothing");
    assert_eq!(
        keys().to_string(),
        "L1 is c1#1, token 1, until 10s; L3 is c1#1, without end; L4 is c1#1, token 3, for 10s; \
         L2 is blocked, until 25s"
    );
    let mut blocked = keys();
    for lock in [1, 3, 4] {
        blocked.apply(KeysChange::Delete(LockId(lock)));
    }
    assert_eq!(blocked.to_string(), "L2 is blocked, until 25s");
}

#[test]
fn a_lease_begins_with_the_requests_that_give_or_prolong_one() {
    let keys = keys();
    let lease = |request| keys.lease(&request);
    assert_eq!(lease(set(5, 2)), Some(10 * SECOND), "it is free");
    assert_eq!(lease(set(1, 2)), None, "it is taken");
    assert_eq!(lease(set(2, 2)), None, "it is blocked");
    let expire = |lock| request(lock, 2, RedisCommand::Expire { lease: 3 * SECOND });
    assert_eq!(lease(expire(1)), Some(3 * SECOND), "whoever's it is");
    assert_eq!(lease(expire(2)), None);
    assert_eq!(lease(expire(5)), None);
    let pexpire = |lock, client| {
        request(lock, client, RedisCommand::PexpireIfMine { lease: 4 * SECOND, renewal: 1 })
    };
    assert_eq!(lease(pexpire(1, 1)), Some(4 * SECOND));
    assert_eq!(lease(pexpire(1, 2)), None);
    assert_eq!(lease(pexpire(5, 1)), None);
    assert_eq!(lease(request(1, 1, RedisCommand::DelIfMine)), None);
}
