//! Which events a fault plan can wait for, and under which names.

use super::*;
use crate::id::ClientId;

#[test]
fn every_moment_that_can_be_waited_for_has_its_event() {
    let (lock, owner, version) = (LockId(1), Owner::first(ClientId(1)), Version(1));
    let (token, newest, lease) = (Token(1), Token(2), None);
    let outcome = Ending::Done;
    let events: [Event; 17] = [
        WorkEvent::Acquires { lock }.into(),
        LockEvent::Granted { lock, token: None }.into(),
        LockEvent::Refused { lock, definite: true }.into(),
        LockEvent::Lost { lock }.into(),
        LockEvent::Released { lock, outcome }.into(),
        LeaseEvent::Granted { lock, owner, lease }.into(),
        LeaseEvent::Renewed { lock, owner, lease }.into(),
        LeaseEvent::Expired { lock, owner }.into(),
        Milestone::Began.into(),
        Milestone::Prepared.into(),
        Milestone::Voted.into(),
        Milestone::Decided.into(),
        Milestone::InDoubt.into(),
        StorageEvent::Read { lock, owner, token: None, version }.into(),
        WorkEvent::Checked { lock }.into(),
        StorageEvent::Written { lock, owner, token: None, based_on: version, version }.into(),
        StorageEvent::Rejected { lock, owner, token, newest, write: true }.into(),
    ];
    assert_eq!(events.map(|event| event.trigger()), Trigger::ALL.map(Some));
    let others: [Event; 4] = [
        WorkEvent::Releases { lock }.into(),
        WorkEvent::Acknowledged { lock, version }.into(),
        LeaseEvent::Released { lock, owner, by: owner }.into(),
        HostEvent::Healed.into(),
    ];
    assert_eq!(others.map(|event| event.trigger()), [None; 4]);
}

#[test]
fn a_trigger_is_called_as_it_is_written() {
    for trigger in Trigger::ALL {
        let written = serde_json::to_value(trigger).expect("it can be written");
        assert_eq!(written, trigger.name());
    }
}
