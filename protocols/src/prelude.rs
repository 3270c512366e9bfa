//! Everything that a lock needs to name, in one line.

pub use crate::contract::{
    Accord, Assumption, Change, Clock, Command, Disk, Effects, Ending, Input, InputOf, LeaseEvent,
    LockEvent, LockSet, Never, Node, Promise, Protocol, Reading, Role, Semantics, Servers, Span,
};
pub use crate::id::{ClientId, Incarnation, LockId, NodeId, Owner, ServerId, Token};
pub use crate::spec::{Facts, Guarantee};
pub use crate::storage::Fencing;
pub use std::collections::{BTreeMap, BTreeSet};
pub use std::time::Duration;
