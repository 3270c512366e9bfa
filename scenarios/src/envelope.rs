//! The envelope: how much of a fault a lock tolerates.
//!
//! A scenario says what happens with a pause of 15 s; this says with which pause it begins to
//! happen. Each [kind](Over) of fault has one scenario that takes an amount, from none to more
//! than any lock is made for. The scenario is played on many seeds (a [`Probe`]), at a grid of
//! amounts first, then between the last amount that holds and the first that breaks, until the two
//! are close: that is the [`Border`]. Beside it stands what the lock [promises](promised): the
//! largest amount whose scenario keeps the assumptions of the promise.
//!
//! Two things are not taken for granted. That more of a fault is worse: an amount beyond the
//! border that holds again is said. And that nothing breaks between two amounts that hold: a
//! border is what was found with so many seeds at these amounts, and no proof.

mod border;
mod over;
mod probe;

pub use border::{Border, Find, border};
pub use over::{NAME as SCENARIO_NAME, Over, Unit};
pub use probe::{Count, Measure, Probe, Standing};

use crate::promise;
use crate::registry::Entry;
use locklab_protocols::spec::Guarantee;

/// What a lock promises of a guarantee in the face of a fault.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Promised {
    /// It is promised up to this amount.
    UpTo(u64),
    /// It is not even promised without the fault: which assumption stands against it, if it is
    /// promised at all.
    Not(Option<String>),
}

/// What a lock promises of a guarantee in the face of a fault.
pub fn promised(entry: &Entry, over: Over, guarantee: Guarantee) -> Promised {
    let inside = |amount: u64| {
        let scenario = over.scenario(amount);
        let promises = entry.build(&scenario).promises();
        let of_it = promises.iter().filter(|promise| promise.guarantee == guarantee);
        let mut against = None;
        for promise in of_it {
            match promise::inside(promise, &scenario) {
                Ok(()) => return Ok(()),
                Err(why) => against = against.or(Some(why)),
            }
        }
        Err(against)
    };
    if let Err(against) = inside(0) {
        return Promised::Not(against);
    }
    let (mut keeps, mut breaks) = (0, over.most() + 1);
    while breaks - keeps > 1 {
        let middle = keeps + (breaks - keeps) / 2;
        if inside(middle).is_ok() { keeps = middle } else { breaks = middle }
    }
    Promised::UpTo(keeps)
}
