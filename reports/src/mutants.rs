//! The mutation score: do the checks see the mistakes that real lock code has made?
//!
//! A laboratory is worth what it catches. So mistakes are planted in the reference locks, one at a
//! time, and each must be caught by the catalogue, by the search or by the model checker, while the
//! code without any passes the same. Mistakes that break nothing (*benign* ones) are planted too, and
//! must not be caught, so that a check which cries at everything has no good score.
//!
//! A mistake is a patch ([`patch`]), and the reference code knows nothing of it. Building each by
//! itself would take hours, so a patch guards its change by a switch, `crate::planted::is("T5")`,
//! which is only in a *copy* of the tree ([`tree`]): there, as many patches as do not touch the same
//! lines are applied at once, and one build has them all. Which of them is planted in a run is said
//! by a variable of its process ([`workshop`]).
//!
//! In that process a *trial* is made ([`trial`]): the catalogue, a search of fixed length from
//! several seeds, the model checker. What came out of all trials is the [`score`], and told from
//! day to day it is the track record ([`record`]).

pub mod patch;
pub mod record;
pub mod score;
pub mod tree;
pub mod trial;
pub mod workshop;
