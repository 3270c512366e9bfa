//! A way through the timed model, told move by move.

use super::model::TimedModel;
use super::state::{Move, Why};
use crate::part::Letter;
use crate::search::Space;
use crate::story::{Step, What, words};
use locklab_protocols::contract::{Observation, Protocol};
use std::time::Duration;

/// One move of a story, and when it was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    /// How long after the beginning, by true time.
    pub at: Duration,
    /// What happened.
    pub step: Step,
}

/// Tells the way that these moves take from the beginning.
///
/// # Panics
///
/// If one of them cannot happen where it stands.
pub fn tell<P: Protocol>(model: &TimedModel<P>, way: &[Move]) -> Vec<Moment> {
    let half = model.configuration().times.tick / 2;
    let mut at = Duration::ZERO;
    let mut state = Space::begin(model);
    let mut story = Vec::new();
    for one in way {
        match *one {
            Move::Pass => at += half,
            Move::Step { node, why, stride, keep } => {
                let mut seen = Vec::new();
                let told = |observation: &Observation| seen.push(observation.clone());
                model.desk().tell(model.configuration(), model.nodes(), &state, stride, told);
                let sent = model.desk().get(stride).sent.iter().map(|message| {
                    let letter = model.desk().letter(*message);
                    (letter.to, words(&letter.body))
                });
                let what = what(model, node, why, keep);
                story.push(Moment { at, step: Step { what, seen, sent: sent.collect() } });
            }
        }
        state = Space::moved(model, &state, *one).expect("a way of this model").0;
    }
    story
}

fn what<P: Protocol>(model: &TimedModel<P>, node: u8, why: Why, again: bool) -> What {
    let node = model.nodes()[usize::from(node)];
    match why {
        Why::Message { message, .. } => {
            let Letter { from, to, body } = model.desk().letter(message);
            What::Delivered { from: *from, to: *to, message: words(body), again }
        }
        Why::Timer(timer) => What::Fired { node, timer: words(model.desk().timer(timer)) },
        Why::Start => What::Restarted { node },
        Why::Stand => What::Paused { node },
        Why::Wake => What::Resumed { node },
    }
}
