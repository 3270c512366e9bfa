//! What is checked is what is simulated: every run of the simulator, read as a sequence of steps,
//! is a path of the model.
//!
//! Random runs of every lock, under faults that were drawn at random, are followed through the
//! untimed model: each message that arrives must be on its way there, each timer that fires must
//! run, and each step must send and report the same. So the two hosts agree on what a node is
//! handed, on what a crash leaves of it, and on what a network may do.
//!
//! Left out is what the model does not have: disks that lie or are wiped. Leases end by the monotonic
//! clock, for what a wall clock shows cannot be seen from outside.

use locklab_models::{Bounds, Configuration, Death, Follower, LockModel, Reason, Sight};
use locklab_protocols::application::Choice;
use locklab_protocols::contract::{Clock, Event, HostEvent, Observation, Protocol};
use locklab_protocols::id::NodeId;
use locklab_protocols::raft::{self, Raft};
use locklab_protocols::system::{Setting, System};
use locklab_protocols::time::Time;
use locklab_protocols::ttl::{
    Redlock, Settings, Ttl, TtlNaive, TtlReplicated, TtlWatchdog, TtlWatchdogSilent,
};
use locklab_protocols::two_phase::{Conflict, TwoPhase};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::search::draw;
use locklab_scenarios::sim::fault::{DiskLoss, Kind};
use locklab_scenarios::sim::outcome::{Happening, Traced};
use locklab_scenarios::sim::{self, Plan, Record};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many random runs of each lock are followed.
const RUNS: usize = 6;

/// Everything may happen as often as it likes.
fn anything<P: Protocol>(protocol: P, plan: &Plan) -> Configuration<P> {
    let workload = plan.workload.clone();
    Configuration {
        setting: Setting { protocol, clients: plan.clients, workload, fencing: plan.fencing },
        bounds: Bounds {
            acquires: u8::MAX,
            retries: u8::MAX,
            failures: u8::MAX,
            server_timers: u8::MAX,
            duplicates: u8::MAX,
            drops: u8::MAX,
            crashes: u8::MAX,
            power_failures: u8::MAX,
            ..Bounds::default()
        },
        reach: None,
        prelude: None,
        servers: None,
        alike: Vec::new(),
        readings: Vec::new(),
        watch: Vec::new(),
        breaks: Vec::new(),
        goals: Vec::new(),
        landmarks: Vec::new(),
    }
}

/// A step as the trace has it, and which of its messages never arrive.
#[derive(Debug)]
struct Taken {
    at: Time,
    sight: Sight,
    lost: Vec<(NodeId, String)>,
}

/// Messages that look the same and were sent at the same moment.
type Batch = (NodeId, NodeId, String, Time);

/// Reads a trace as a sequence of steps.
struct Reader<'a> {
    plan: &'a Plan,
    /// How often each message still arrives, beyond the first time.
    more: BTreeMap<Batch, i64>,
    taken: Vec<Taken>,
    /// The last step of each node.
    last: BTreeMap<NodeId, usize>,
    /// What the last crash that struck did to disks.
    power: bool,
}

impl<'a> Reader<'a> {
    /// The steps in order, and the last one of each node.
    fn read(plan: &'a Plan, trace: &[Traced]) -> (Vec<Taken>, BTreeMap<NodeId, usize>) {
        let mut more: BTreeMap<Batch, i64> = BTreeMap::new();
        for Traced { at, what } in trace {
            match what {
                Happening::Sent { from, to, message, .. } => {
                    *more.entry((*from, *to, message.clone(), *at)).or_default() -= 1;
                }
                Happening::Delivered { from, to, message, sent } => {
                    *more.entry((*from, *to, message.clone(), *sent)).or_default() += 1;
                }
                _ => {}
            }
        }
        let last = BTreeMap::new();
        let mut reader = Reader { plan, more, taken: Vec::new(), last, power: false };
        for line in trace {
            reader.line(line);
        }
        (reader.taken, reader.last)
    }

    fn begin(&mut self, at: Time, node: NodeId, reason: Reason) {
        self.last.insert(node, self.taken.len());
        let sight = Sight { node, reason, sent: Vec::new(), seen: Vec::new(), death: None };
        self.taken.push(Taken { at, sight, lost: Vec::new() });
    }

    fn step_of(&mut self, node: NodeId) -> &mut Taken {
        let place = self.last[&node];
        &mut self.taken[place]
    }

    fn line(&mut self, Traced { at, what }: &Traced) {
        match what {
            Happening::Delivered { from, to, message, sent } => {
                let more = self.more.get_mut(&(*from, *to, message.clone(), *sent));
                let more = more.expect("it was sent");
                let again = *more > 0;
                *more -= i64::from(again);
                let message = message.clone();
                self.begin(*at, *to, Reason::Delivered { from: *from, message, again });
            }
            Happening::Fired { node, timer } => {
                self.begin(*at, *node, Reason::Fired { timer: timer.clone() });
            }
            Happening::Sent { from, to, message, .. } => {
                let more = self.more.get_mut(&(*from, *to, message.clone(), *at));
                let more = more.expect("it was counted");
                let never = *more < 0;
                *more += i64::from(never);
                let taken = self.step_of(*from);
                taken.sight.sent.push((*to, message.clone()));
                if never {
                    taken.lost.push((*to, message.clone()));
                }
            }
            Happening::FaultBegins { fault, .. } => {
                if let Kind::Crash(crash) = &self.plan.faults[*fault].kind {
                    self.power = crash.disk == DiskLoss::UnsyncedLost;
                }
            }
            Happening::FaultEnds { .. } => {}
            Happening::Seen(Observation { node, event }) => self.seen(*at, *node, event),
        }
    }

    fn seen(&mut self, at: Time, node: NodeId, event: &Event) {
        match event {
            Event::Host(HostEvent::Started(_)) => {
                self.begin(at, node, Reason::Started);
                self.step_of(node).sight.seen.push(event.clone());
            }
            Event::Host(HostEvent::Crashed) => {
                let power = self.power;
                self.step_of(node).sight.death = Some(Death { power, torn: false });
            }
            // What the host adds: how a node fares, and what the servers together make of a lock.
            Event::Host(_) | Event::Owners { .. } | Event::LeaseEnded { .. } => {}
            _ => self.step_of(node).sight.seen.push(event.clone()),
        }
    }
}

/// What was looked at.
#[derive(Debug, Default)]
struct Looked {
    runs: usize,
    steps: usize,
    lost: usize,
    doubled: usize,
    crashes: usize,
    power_failures: usize,
    /// How many runs had more on its way at once than a state has room for: these were followed
    /// until then.
    full: usize,
    /// How many steps the end of a run cut.
    cut: usize,
    /// How many states of the model a run could be in at most.
    most: usize,
}

/// Follows a run through the model; how it left its path, if it did.
fn follow<P: Protocol>(
    protocol: &P,
    plan: &Plan,
    trace: &[Traced],
    looked: &mut Looked,
) -> Result<(), String> {
    let model = LockModel::new(anything(protocol.clone(), plan));
    let mut follower = Follower::new(&model);
    let mut started: BTreeSet<NodeId> =
        System::new(&model.configuration().setting).nodes().collect();
    let (taken, last) = Reader::read(plan, trace);
    for (place, Taken { at, sight, lost }) in taken.into_iter().enumerate() {
        let wrong = |error: String| format!("{} at {at}: {error}", protocol.name());
        let first = sight.reason == Reason::Started && started.remove(&sight.node);
        if !follower.has_room_for(&sight) {
            looked.full += 1;
            return Ok(());
        }
        if first && let Some(death) = sight.death {
            follower.step(&dies(sight.node, death)).map_err(wrong)?;
        }
        if !first {
            let followed = follower.step(&sight);
            // Where the run ends while a disk syncs or a process stands still, the rest of the step
            // is missing, as if the process had died in it.
            let cut = Sight { death: Some(Death { power: false, torn: true }), ..sight.clone() };
            let is_cut = followed.is_err() && sight.death.is_none() && last[&sight.node] == place;
            let followed = if is_cut { follower.step(&cut).or(followed) } else { followed };
            followed.map_err(wrong)?;
            looked.cut += usize::from(is_cut);
            looked.most = looked.most.max(follower.states().len());
            looked.steps += 1;
        }
        for (to, message) in &lost {
            follower.lose(sight.node, *to, message).map_err(wrong)?;
        }
        looked.lost += lost.len();
        looked.doubled +=
            usize::from(matches!(sight.reason, Reason::Delivered { again: true, .. }));
        if let Some(death) = sight.death {
            looked.crashes += 1;
            looked.power_failures += usize::from(death.power);
        }
    }
    looked.runs += 1;
    Ok(())
}

/// A process dies between two steps.
fn dies(node: NodeId, death: Death) -> Sight {
    let reason = Reason::Died;
    Sight { node, reason, sent: Vec::new(), seen: Vec::new(), death: Some(death) }
}

/// Whether the model has all that goes wrong in a plan, and room for its nodes.
fn is_in_the_model(scenario: &Scenario, servers: usize) -> bool {
    let in_the_model = |kind: &Kind| match kind {
        Kind::DiskLie(_) => false,
        Kind::Crash(crash) => crash.disk != DiskLoss::Wiped,
        _ => true,
    };
    servers + scenario.clients < locklab_models::MOST_NODES
        && scenario.faults.iter().all(|fault| in_the_model(&fault.kind))
}

/// Follows random runs of a lock.
fn is_on_its_path<P: Protocol>(name: &str, build: impl Fn(&Scenario) -> P) {
    let shelf = Contestants::shelf();
    let entry = shelf.entry(name).expect("a lock of the shelf");
    let mut looked = Looked::default();
    let mut number = 0;
    while looked.runs < RUNS {
        let mut scenario = draw(entry, number);
        scenario.settle = Duration::from_secs(4);
        scenario.progress_within = Duration::from_secs(3);
        scenario.heal_at = scenario.heal_at.min(Duration::from_secs(8));
        // For a model each outcome of a draw is a way of its own, and Zipf's law draws from many.
        scenario.workload.choice = Choice::Uniform;
        let protocol = build(&scenario);
        if is_in_the_model(&scenario, protocol.servers()) {
            let plan = scenario.plan();
            let outcome = sim::run(&protocol, &plan, number, Record::Everything);
            let followed = follow(&protocol, &plan, &outcome.trace, &mut looked);
            followed.unwrap_or_else(|error| panic!("scenario {number}: {error}"));
        }
        number += 1;
    }
    println!("{name}: {looked:?}, of scenarios 0 to {}", number - 1);
    assert!(looked.steps > 1000, "{looked:?}");
}

fn ttl_settings(scenario: &Scenario) -> Settings {
    let usual = Settings::default();
    Settings {
        lease: scenario.lock.lease.unwrap_or(usual.lease),
        lock_delay: scenario.lock.lock_delay.unwrap_or(usual.lock_delay),
        acquire_timeout: scenario.lock.acquire_timeout.unwrap_or(usual.acquire_timeout),
        expiry: Clock::Monotonic,
        ..usual
    }
}

#[test]
fn runs_of_ttl_are_paths_of_the_model() {
    is_on_its_path("ttl", |scenario| Ttl { settings: ttl_settings(scenario) });
}

#[test]
fn runs_of_ttl_naive_are_paths_of_the_model() {
    is_on_its_path("ttl-naive", |scenario| TtlNaive { settings: ttl_settings(scenario) });
}

#[test]
fn runs_of_ttl_watchdog_are_paths_of_the_model() {
    is_on_its_path("ttl-watchdog", |scenario| TtlWatchdog { settings: ttl_settings(scenario) });
}

#[test]
fn runs_of_ttl_watchdog_silent_are_paths_of_the_model() {
    is_on_its_path("ttl-watchdog-silent", |scenario| TtlWatchdogSilent {
        settings: ttl_settings(scenario),
    });
}

#[test]
fn runs_of_ttl_replicated_are_paths_of_the_model() {
    is_on_its_path("ttl-replicated", |scenario| TtlReplicated {
        settings: ttl_settings(scenario),
        ..TtlReplicated::default()
    });
}

#[test]
fn runs_of_redlock_are_paths_of_the_model() {
    is_on_its_path("redlock", |scenario| Redlock {
        settings: ttl_settings(scenario),
        servers: scenario.servers.unwrap_or(3),
        ..Redlock::default()
    });
}

fn two_phase(conflict: Conflict) -> impl Fn(&Scenario) -> TwoPhase {
    move |scenario| {
        let mut protocol = TwoPhase::with(conflict);
        let servers = scenario.servers.unwrap_or(3);
        protocol.settings.participants = servers.saturating_sub(1).max(1);
        if conflict.has_timeouts() {
            protocol.settings.lease = scenario.lock.lease.or(protocol.settings.lease);
        }
        protocol
    }
}

#[test]
fn runs_of_two_phase_are_paths_of_the_model() {
    is_on_its_path("two-phase", two_phase(Conflict::Refuse));
}

#[test]
fn runs_of_two_phase_wait_die_are_paths_of_the_model() {
    is_on_its_path("two-phase-wait-die", two_phase(Conflict::WaitDie));
}

#[test]
fn runs_of_two_phase_wound_wait_are_paths_of_the_model() {
    is_on_its_path("two-phase-wound-wait", two_phase(Conflict::WoundWait));
}

#[test]
fn runs_of_two_phase_wait_are_paths_of_the_model() {
    is_on_its_path("two-phase-wait", two_phase(Conflict::Wait));
}

#[test]
fn runs_of_two_phase_bare_are_paths_of_the_model() {
    is_on_its_path("two-phase-bare", two_phase(Conflict::Bare));
}

#[test]
fn runs_of_raft_are_paths_of_the_model() {
    is_on_its_path("raft", |scenario| {
        let usual = raft::Settings::default();
        let settings = raft::Settings {
            lease: scenario.lock.lease.unwrap_or(usual.lease),
            snapshot_every: scenario.lock.snapshot_every.unwrap_or(usual.snapshot_every),
            ..usual
        };
        Raft { servers: 3, settings }
    });
}

/// A trace in which one message says something else, one timer fires that nobody armed, or one
/// step sends nothing, is no path.
#[test]
fn a_run_that_was_tampered_with_is_no_path() {
    let protocol = Ttl { settings: Settings { expiry: Clock::Monotonic, ..Settings::default() } };
    let plan = Scenario::new("calm").clients(2).heal_at(Duration::from_secs(2)).plan();
    let trace = sim::run(&protocol, &plan, 1, Record::Everything).trace;
    let follow = |trace: &[Traced]| follow(&protocol, &plan, trace, &mut Looked::default());
    assert_eq!(follow(&trace), Ok(()));
    let nth = |of: &dyn Fn(&Happening) -> bool, nth: usize| {
        let mut places = trace.iter().enumerate().filter(|(_, line)| of(&line.what));
        places.nth(nth).expect("there are some").0
    };
    let sent = nth(&|what| matches!(what, Happening::Sent { .. }), 5);
    let fired = nth(&|what| matches!(what, Happening::Fired { .. }), 3);
    let seen =
        nth(&|what| matches!(what, Happening::Seen(Observation { event: Event::Lock(_), .. })), 1);
    let mut spoilt = trace.clone();
    spoilt.remove(sent);
    assert!(follow(&spoilt).is_err(), "something was sent there");
    let mut spoilt = trace.clone();
    spoilt.insert(fired, trace[fired].clone());
    assert!(follow(&spoilt).is_err(), "a timer fires once");
    let mut spoilt = trace.clone();
    spoilt.remove(seen);
    assert!(follow(&spoilt).is_err(), "something was seen there");
}
