//! The model of the replicated log beside stateright's own `ActorModel`, over the same servers: the
//! same states, counted alike, in one process and in turns.
//!
//! ```text
//! cargo bench -p locklab-models
//! ```
//!
//! Both search depth first with one thread, in a network that delays and reorders as it likes. The
//! actors keep nothing but a server; the model watches what nothing happens to, so that its observers
//! know nothing that the actors do not. It has all of its disks, crashes and bounds on board all the same.

use locklab_models::catalogue::{self, RaftSize};
use locklab_models::{Bounds, Configuration, LockModel};
use locklab_protocols::contract::{Effect, Effects, Input, Node, Protocol};
use locklab_protocols::id::{Incarnation, NodeId, ServerId};
use locklab_protocols::raft::message::Message;
use locklab_protocols::raft::{Raft, RaftDisk, RaftTimer, Server};
use locklab_protocols::spec::Guarantee;
use stateright::actor::{Actor, ActorModel, Id, Network, Out, model_timeout};
use stateright::{Checker, Expectation, Model};
use std::borrow::Cow;
use std::time::{Duration, Instant};

/// How many messages are on their way at once.
const IN_FLIGHT: usize = 6;

/// The last term.
const TERMS: u64 = 2;

/// How often both are measured.
const ROUNDS: usize = 3;

/// A server as an actor.
#[derive(Clone)]
struct ServerActor {
    protocol: Raft,
}

fn step(server: &mut Server, input: Input<Message, RaftTimer>, out: &mut Out<ServerActor>) {
    let mut effects = Effects::<Server>::default();
    server.step(input, &mut effects);
    for effect in effects.drain() {
        match effect {
            Effect::Send { to: NodeId::Server(to), body } => out.send(Id::from(to.index()), body),
            // A leader does not give up by its clock: the model says so as well.
            Effect::Arm { timer: RaftTimer::CheckQuorum, .. } => {}
            Effect::Arm { timer, .. } => out.set_timer(timer, model_timeout()),
            Effect::Disarm(timer) => out.cancel_timer(timer),
            _ => {}
        }
    }
}

impl ServerActor {
    fn take(state: &mut Cow<Server>, input: Input<Message, RaftTimer>, out: &mut Out<Self>) {
        let mut server = state.as_ref().clone();
        step(&mut server, input, out);
        if server != **state {
            *state = Cow::Owned(server);
        }
    }
}

impl Actor for ServerActor {
    type Msg = Message;
    type State = Server;
    type Timer = RaftTimer;
    type Random = ();
    type Storage = ();

    fn on_start(&self, id: Id, _: &Option<()>, out: &mut Out<Self>) -> Server {
        let id = ServerId::at(id.into());
        let mut server = self.protocol.server(id, &RaftDisk::default());
        step(&mut server, Input::Started(Incarnation(1)), out);
        server
    }

    fn on_msg(&self, _: Id, state: &mut Cow<Server>, from: Id, body: Message, out: &mut Out<Self>) {
        let from = NodeId::Server(ServerId::at(from.into()));
        Self::take(state, Input::Message { from, body }, out);
    }

    fn on_timeout(&self, _: Id, state: &mut Cow<Server>, timer: &RaftTimer, out: &mut Out<Self>) {
        Self::take(state, Input::Fired(*timer), out);
    }
}

/// Elections in two terms, without clients and without crashes.
fn configuration() -> Configuration<Raft> {
    let size = RaftSize {
        clients: 0,
        terms: TERMS,
        entries: 2,
        rounds: 1,
        crashes: 0,
        server_timers: u8::MAX,
        ..RaftSize::default()
    };
    let raft = catalogue::raft(size);
    let bounds = Bounds {
        in_order: false,
        link_room: u8::MAX,
        in_flight: IN_FLIGHT as u8,
        prompt: false,
        ..raft.bounds
    };
    // A search stops as soon as nothing is left to find; this is never found, and costs nothing.
    let watch = vec![Guarantee::FencedWrites];
    Configuration { bounds, watch, alike: Vec::new(), ..raft }
}

fn actors() -> ActorModel<ServerActor, Configuration<Raft>> {
    let configuration = configuration();
    let protocol = configuration.setting.protocol.clone();
    let actors = (0..protocol.servers).map(|_| ServerActor { protocol: protocol.clone() });
    ActorModel::new(configuration, ())
        .actors(actors)
        .init_network(Network::new_unordered_nonduplicating([]))
        .property(Expectation::Always, "terms stay within reach", |_, state| {
            state.actor_states.iter().all(|server| server.current_term().0 <= TERMS)
        })
        .within_boundary(|configuration, state| {
            let reach = configuration.reach.as_ref().expect("servers go only so far");
            let mut servers = state.actor_states.iter().enumerate();
            state.network.len() <= IN_FLIGHT
                && servers.all(|(place, server)| (reach.within)(ServerId::at(place), server))
        })
}

/// What a search took.
struct Took {
    unique: usize,
    generated: usize,
    time: Duration,
}

impl Took {
    /// Different states a second.
    fn rate(&self) -> f64 {
        self.unique as f64 / self.time.as_secs_f64()
    }

    fn print(&self, name: &str) {
        let Self { unique, generated, time } = self;
        let (time, rate) = (time.as_secs_f64(), self.rate() / 1000.0);
        println!(
            "{name:<12} {unique:>9} states, {generated:>9} made, {time:>7.2} s, \
             {rate:>7.0} thousand states/s"
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn search<M>(model: M) -> Took
where
    M: Model + Send + Sync + 'static,
    M::State: std::hash::Hash + std::fmt::Debug + Send + Sync + Clone + PartialEq,
    M::Action: Clone + PartialEq + std::fmt::Debug + Send + Sync,
{
    let begun = Instant::now();
    let checker = model.checker().spawn_dfs().join();
    let (unique, generated) = (checker.unique_state_count(), checker.state_count());
    Took { unique, generated, time: begun.elapsed() }
}

/// A line of what the system says of this process, in bytes; none where it says nothing.
fn memory(line: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let found = status.lines().find_map(|text| text.strip_prefix(line))?;
    Some(found.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn main() {
    let before = memory("VmRSS:");
    let first = search(LockModel::new(configuration()));
    first.print("LockModel");
    if let (Some(before), Some(peak)) = (before, memory("VmHWM:")) {
        let each = (peak - before) as f64 / first.unique as f64;
        println!("at its peak it had taken {each:.1} bytes for each different state");
    }
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let actors = search(actors());
        actors.print("ActorModel");
        let ours = search(LockModel::new(configuration()));
        ours.print("LockModel");
        assert_eq!(ours.unique, actors.unique, "both look at the same states");
        ratios.push(ours.rate() / actors.rate());
    }
    ratios.sort_by(f64::total_cmp);
    println!("LockModel is {:.1} times as fast (the middle one of {ROUNDS})", ratios[ROUNDS / 2]);
}
