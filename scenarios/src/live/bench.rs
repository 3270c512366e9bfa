//! What locking costs on this machine: grants a second and waits, and beside them what the
//! simulator counts of the same work.
//!
//! Clients do nothing but take the lock, read and write the resource, and give the lock back. Nodes
//! talk to each other directly, without the relay. They write their journals all the same, and the
//! host follows them: on a machine with few processors that is part of what is measured.

use super::{LiveError, Options};
use crate::judge::{MeasureRow, Tally};
use crate::registry::Contestants;
use crate::scenario::Scenario;
use locklab_protocols::application::Workload;
use locklab_protocols::contract::Span;
use locklab_protocols::time::nanos;
use locklab_sim::Record;
use locklab_sim::network::{Delay, Network};
use std::time::Duration;

/// What one lock costs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cost {
    /// How many clients want the lock all the time.
    pub clients: usize,
    /// How many grants there were in a second, in thousandths.
    pub grants_per_second_milli: u64,
    /// What was counted live.
    pub live: MeasureRow,
    /// What the simulator counts.
    pub simulated: MeasureRow,
}

/// Measures this lock with so many clients for so long.
///
/// # Errors
///
/// If the live run comes to nothing, or there is no such lock.
pub fn measure(
    protocol: &str,
    clients: usize,
    lasts: Duration,
    options: &Options,
) -> Result<Cost, LiveError> {
    let at_once: Span = Duration::ZERO.into();
    let workload =
        Workload { think: at_once, hold: at_once, retry: at_once, ..Workload::default() };
    let delay = Delay::Constant(Duration::from_micros(100));
    let scenario = Scenario::new("loopback")
        .clients(clients)
        .workload(workload)
        .network(Network { delay, ..Network::default() })
        .heal_at(lasts)
        .settle(Duration::from_secs(3))
        .progress_within(Duration::from_secs(2));
    let unknown = |why: String| LiveError::Io("measure", std::io::Error::other(why));
    let lock = Contestants::shelf().live(protocol, &scenario).map_err(unknown)?;
    let options = Options { direct: true, traces: false, ..options.clone() };
    let outcome = lock.run_live(&scenario, &options)?.outcome;
    let (grants, end) = (outcome.measures.acquire_latencies.count(), outcome.end);
    let milli = u128::from(grants) * 1_000_000_000_000 / u128::from(end.0.max(1));
    let row = |outcome| MeasureRow::of(lock.as_ref(), &scenario, &Tally::of(outcome));
    // The simulator counts per grant, and needs no long run for it.
    let short = Scenario { heal_at: lasts.min(Duration::from_secs(2)), ..scenario.clone() };
    debug_assert!(nanos(lasts) > 0, "nothing can be measured in no time");
    Ok(Cost {
        clients,
        grants_per_second_milli: u64::try_from(milli).unwrap_or(u64::MAX),
        live: row(outcome),
        simulated: row(lock.run(&short, 1, Record::Nothing)),
    })
}
