//! The replicated log: three servers that elect leaders, take entries and forget nothing.
//!
//! Its own state is small and its history endless: terms, entries, broadcasts and messages that
//! come too late. A search stays finite by saying how far servers go ([`RaftSize`]), and it begins
//! where something is at stake: once a first leader leads and the clients have their sessions, or
//! where figure 8 of the paper begins.
//!
//! The network loses what it likes and delays what it likes. A link from one node to another has
//! room for one message: what comes next pushes out the one before, as if it had been lost. So a
//! message never overtakes a later one of the same link, and everything else may happen.

use super::{configuration, work_at_once};
use crate::bounds::Bounds;
use crate::configuration::{Configuration, Cue, Landmark, Prelude, Reach};
use locklab_protocols::application::AppTimer;
use locklab_protocols::contract::Servers;
use locklab_protocols::id::{ClientId, NodeId, ServerId};
use locklab_protocols::raft::{self, ClientTimer, Raft, RaftTimer};
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::storage::Fencing;
use locklab_protocols::system::{SystemTimer, TimerOf};
use std::sync::Arc;

/// How far servers and clients of the replicated log go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RaftSize {
    /// How many servers there are.
    pub servers: usize,
    /// How many clients there are.
    pub clients: usize,
    /// The last term.
    pub terms: u64,
    /// How many entries a log has at most, those of the prelude not counted.
    pub entries: u64,
    /// How many times a leader sends to everybody, in the prelude not counted.
    pub rounds: u64,
    /// The servers that stand for election, by number; the others only vote.
    pub candidates: &'static [u32],
    /// How many servers die, and lose what they have not synced.
    pub crashes: u8,
    /// How many times a timer of a server fires and only sends: a server campaigns, a leader lets
    /// its followers hear of it. `u8::MAX` for as often as they like.
    pub server_timers: u8,
    /// How many times clients ask again.
    pub retries: u8,
}

impl Default for RaftSize {
    fn default() -> Self {
        Self {
            servers: 3,
            clients: 2,
            terms: 3,
            entries: 4,
            rounds: 4,
            candidates: &[1, 2, 3],
            crashes: 1,
            server_timers: 2,
            retries: 0,
        }
    }
}

impl RaftSize {
    /// `before` is the last entry, and the number of broadcasts of the first leader, at the
    /// beginning.
    fn reach(self, before: (u64, u64)) -> Reach<Raft> {
        let Self { terms, entries, rounds, candidates, .. } = self;
        let within = move |id: ServerId, server: &raft::Server| {
            let begun = if server.current_term().0 == 1 { before.1 } else { 0 };
            let round = match server.state() {
                raft::State::Leader(leader) => leader.round(),
                _ => 0,
            };
            server.current_term().0 <= terms
                && server.log().last().index.0 <= before.0 + entries
                && round <= begun + rounds
                && (candidates.contains(&id.0)
                    || matches!(
                        server.state(),
                        raft::State::Follower { .. } | raft::State::Leader(_)
                    ))
        };
        let who: Vec<String> = candidates.iter().map(|id| format!("s{id}")).collect();
        let about = format!(
            "{terms} terms, {entries} more log entries, {rounds} more broadcasts of a leader, \
             {} stand for election, leaders and clients do not give up by their clocks",
            who.join(" and ")
        );
        // A leader that steps down, and a client that lets its session go, do nothing that a
        // process which dies or stands still does not do.
        let fires = |timer: &TimerOf<Raft>| {
            !matches!(
                timer,
                SystemTimer::Server(RaftTimer::CheckQuorum)
                    | SystemTimer::Client(ClientTimer::Validity(_))
            )
        };
        Reach { about, within: Arc::new(within), fires: Arc::new(fires) }
    }

    fn protocol(self) -> Raft {
        let usual = raft::Settings::default();
        let settings = raft::Settings { snapshot_every: u64::MAX, append_limit: 1, ..usual };
        Raft { servers: self.servers, settings }
    }

    fn bounds(self, acquires: u8) -> Bounds {
        Bounds {
            acquires,
            retries: self.retries,
            server_timers: self.server_timers,
            crashes: self.crashes,
            only_servers_die: true,
            power_failures: self.crashes,
            in_order: true,
            link_room: 1,
            prompt: true,
            ..Bounds::default()
        }
    }
}

/// Without clients, and before anything has happened, all servers are alike. A client asks them in
/// the order of their numbers if it must ask again.
fn alike(size: RaftSize) -> Vec<Vec<NodeId>> {
    let candidate = |server: &usize| size.candidates.contains(&(*server as u32));
    let (candidates, voters): (Vec<usize>, Vec<usize>) = (1..=size.servers).partition(candidate);
    let followers = candidates.into_iter().filter(|number| size.clients == 0 || *number > 1);
    let mut groups: Vec<Vec<NodeId>> = vec![(1..=size.clients).map(client).collect()];
    if size.retries == 0 {
        groups.push(followers.map(server).collect());
        groups.push(voters.into_iter().map(server).collect());
    }
    groups
}

/// The replicated log of this size. With clients, the search begins once the first server leads
/// and every client has a session and has asked for the lock.
pub fn raft(size: RaftSize) -> Configuration<Raft> {
    let mut configuration = configuration(size.protocol(), size.clients, 1, Fencing::Writes);
    configuration.bounds = size.bounds(1);
    configuration.watch = vec![Guarantee::Agreement];
    configuration.breaks.clear();
    configuration.goals.clear();
    let mut script = Script::new(size.servers);
    if size.clients > 0 {
        work_at_once(&mut configuration);
        configuration.watch.extend([
            Guarantee::GrantExclusion,
            Guarantee::TokenOrder,
            Guarantee::FencedWrites,
        ]);
        // One entry grants, the next ends the lease, and with a third the other one is granted; each
        // takes a broadcast of its own.
        configuration.goals = vec![Goal::Granted];
        let ends = size.entries > 1 && size.rounds > 1;
        configuration.goals.extend(ends.then_some(Goal::LeaseExpiredUnderHolder));
        configuration.goals.extend((size.entries > 2).then_some(Goal::StaleWriteRejected));
        script.elect_first();
        (1..=size.clients).for_each(|client| script.opens_session(client));
        script.heartbeat();
        configuration.prelude = Some(Prelude {
            about: "s1 leads, and the clients have sessions and have asked".to_owned(),
            cues: script.cues,
        });
    }
    configuration.alike = alike(size);
    configuration.reach = Some(size.reach((script.entries, script.rounds)));
    configuration.landmarks = vec![led(1, "a leader has committed an entry of its own term")];
    if size.terms > 1 {
        let name = "a second leader has committed an entry of its own term";
        configuration.landmarks.push(led(2, name));
    }
    configuration
}

/// Where figure 8 of the paper is at its second picture, on three servers: s1 has led in term 1, s3
/// leads in term 2, and the entry of neither has reached anybody. From here s1 may lead again in term
/// 3 and let s2 have its old entry, and s3 in term 4 may overwrite it: so that must not be committed
/// for being in the logs of a majority.
pub fn figure_8() -> Configuration<Raft> {
    let size = RaftSize {
        clients: 0,
        terms: 4,
        entries: 2,
        rounds: 1,
        candidates: &[1, 3],
        crashes: 0,
        server_timers: u8::MAX,
        ..RaftSize::default()
    };
    let mut script = Script::new(size.servers);
    script.elect(1, 2);
    // s3 is told of term 1 before it can be for another one.
    script.fire(server(3), RaftTimer::Election);
    script.ask(3, 2);
    script.elect(3, 2);
    script.rounds = 1;
    let mut configuration = raft(size);
    configuration.alike.clear();
    configuration.prelude = Some(Prelude {
        about: "s1 has led in term 1 and s3 leads in term 2, their entries have reached nobody"
            .to_owned(),
        cues: script.cues,
    });
    configuration.reach = Some(size.reach((0, script.rounds)));
    let name = "a leader of term 3 has committed an entry of its own term";
    configuration.landmarks.push(led(3, name));
    configuration
}

/// A leader has committed an entry of its own, in this term or a later one.
pub(super) fn led(first: u64, name: &'static str) -> Landmark<Raft> {
    let is_here = move |servers: Servers<'_, Raft>| {
        let mut leaders = servers.live().filter(|(_, server)| server.knows_what_is_committed());
        leaders.any(|(_, server)| server.current_term().0 >= first)
    };
    Landmark { name, is_here: Arc::new(is_here) }
}

/// Writes a prelude.
struct Script {
    servers: usize,
    cues: Vec<Cue<Raft>>,
    entries: u64,
    rounds: u64,
}

fn server(number: usize) -> NodeId {
    NodeId::Server(ServerId::at(number - 1))
}

fn client(number: usize) -> NodeId {
    NodeId::Client(ClientId::at(number - 1))
}

impl Script {
    fn new(servers: usize) -> Self {
        Self { servers, cues: Vec::new(), entries: 0, rounds: 0 }
    }

    fn fire(&mut self, node: NodeId, timer: impl Into<Timer>) {
        let Timer(timer) = timer.into();
        self.cues.push(Cue::Fire(node, timer));
    }

    fn deliver(&mut self, from: NodeId, to: NodeId) {
        self.cues.push(Cue::Deliver { from, to });
    }

    /// One asks another and is answered.
    fn ask(&mut self, one: usize, other: usize) {
        self.deliver(server(one), server(other));
        self.deliver(server(other), server(one));
    }

    /// This server wins an election with the vote of that one.
    fn elect(&mut self, candidate: usize, voter: usize) {
        self.fire(server(candidate), RaftTimer::Election);
        self.ask(candidate, voter);
        self.ask(candidate, voter);
    }

    /// Everybody answers the first server, which leads.
    fn answered(&mut self) {
        self.rounds += 1;
        (2..=self.servers).for_each(|other| self.ask(1, other));
    }

    fn elect_first(&mut self) {
        self.elect(1, 2);
        self.entries += 1;
        self.answered();
    }

    fn heartbeat(&mut self) {
        self.fire(server(1), RaftTimer::Heartbeat);
        self.answered();
    }

    /// A client begins, finds the leader and opens a session; what it wants is on its way then.
    fn opens_session(&mut self, number: usize) {
        let (it, leader) = (client(number), server(1));
        self.fire(it, AppTimer::Begin);
        // Some ask another server first, and are told who leads.
        self.cues.push(Cue::Finds { node: it, whom: leader });
        self.deliver(it, leader);
        self.entries += 1;
        self.answered();
        self.deliver(leader, it);
    }
}

/// A timer of any node of the replicated log.
struct Timer(SystemTimer<RaftTimer, ClientTimer>);

impl From<RaftTimer> for Timer {
    fn from(timer: RaftTimer) -> Self {
        Self(SystemTimer::Server(timer))
    }
}

impl From<AppTimer> for Timer {
    fn from(timer: AppTimer) -> Self {
        Self(SystemTimer::Application(timer))
    }
}
