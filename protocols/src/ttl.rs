//! Locks with a lease on Redis-like servers.
//!
//! A server keeps a key for each lock that somebody owns. The key goes away by itself after a
//! while, so that an owner who dies does not keep the lock for ever: that is the lease, and what
//! the family is about is everything that follows from it.
//!
//! | protocol | what it adds |
//! | --- | --- |
//! | [`TtlNaive`] | SETNX, then EXPIRE, then DEL: the classic, and its flaws |
//! | [`Ttl`] | one server, an owner value, a token |
//! | [`TtlWatchdog`] | the lease is renewed while the owner lives; reentrant |
//! | [`TtlWatchdogSilent`] | the same, but its holder is never told that the lock is lost |
//! | [`TtlReplicated`] | a primary with an asynchronous replica, and failover |
//! | [`Redlock`] | a majority of independent servers |
//!
//! The server is the same for all of them but one: a [key table](keys) behind atomic
//! [commands](message::RedisCommand). The clients differ. Sources are named in each lock's own
//! story.

mod claims;
pub mod keys;
pub mod message;
mod naive;
mod redis;
mod redlock;
mod replicated;
mod settings;
mod single;
mod store;
#[cfg(test)]
mod testing;
mod watchdog;

pub use claims::{Claim, ClientTimer, Phase};
pub use naive::{NaiveClient, TtlNaive};
pub use redis::{Redis, RedisTimer};
pub use redlock::{Ballot, Redlock, RedlockClient, RedlockTimer, Stage, Votes};
pub use replicated::{
    Replica, ReplicaChange, ReplicaDisk, ReplicaTimer, ReplicatedClient, ReplicatedMessage, Stream,
    TtlReplicated,
};
pub use settings::{Persist, Settings};
pub use single::{Ttl, TtlClient};
pub use store::StoreTimer;
pub use watchdog::{TtlWatchdog, TtlWatchdogSilent, Watch, WatchdogClient};
