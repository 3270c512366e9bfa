//! What people do with locks.
//!
//! The application is the same for all protocols. It takes a lock (or several), reads the guarded
//! resource, thinks, checks that it still holds the lock, writes the resource back with its
//! token, gives the lock up, pauses, and starts again. The check and the write are two steps: a
//! process can stop between any two instructions, and no check closes that window.
//!
//! It stops relying on a lock when its client says that the lock is lost, or when the storage
//! says that its token is stale; a write that it has already decided on still goes out.

mod section;
mod workload;

pub use section::{AppEffects, AppInput, AppOutput, AppTimer, Application};
pub use workload::{Choice, LockOrder, Workload};
