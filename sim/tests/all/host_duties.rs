//! The duties of a host, held by the simulator. The tests are those of every host.

mod duties;

use duties::{DUTIES, Probe, Script, plan};
use locklab_protocols::id::NodeId;
use locklab_sim::fault::Fault;
use locklab_sim::outcome::{Happening, Outcome};
use locklab_sim::{Record, run};

fn play(script: Script, faults: Vec<Fault>) -> Outcome {
    run(&Probe(script), &plan(faults), 1, Record::Everything)
}

#[test]
fn every_duty_is_kept() {
    for (name, duty) in DUTIES {
        println!("{name}");
        duty(&play);
    }
}

/// What only a simulator can keep to the nanosecond.
#[test]
fn a_timer_fires_when_it_is_due_and_not_later() {
    let outcome = play(Script::ArmTwice, Vec::new());
    let fired = outcome.trace.iter().find_map(|traced| match traced.what {
        Happening::Fired { node: NodeId::Server(_), .. } => Some(traced.at.0),
        _ => None,
    });
    assert_eq!(fired, Some(1_000_000_000));
}
