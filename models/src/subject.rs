//! What the command line checks, whatever its protocol.

use crate::bounds::Bounds;
use crate::catalogue::{self, RaftReach, RaftSize, TwoPhaseSize};
use crate::check::{Limits, Progress, Report, check};
use crate::configuration::Configuration;
use crate::explore::Explored;
use crate::model::LockModel;
use crate::walk::{Walked, Walks, beyond, walk};
use locklab_protocols::application::Workload;
use locklab_protocols::contract::Protocol;
use locklab_protocols::spec::Guarantee;
use locklab_protocols::storage::Fencing;
use stateright::Model;
use std::fmt::Debug;

/// A configuration with its protocol's type forgotten.
pub trait Subject: Debug + Send + Sync {
    /// The protocol's name on the command line.
    fn protocol(&self) -> &'static str;

    /// What is checked, in a few words: servers, clients, what the storage does, and where the
    /// search begins, if that is not the start. No two that [`subjects`] gives at once are about
    /// the same.
    fn about(&self) -> String;

    /// How far the search goes.
    fn bounds(&self) -> Bounds;

    /// How far a server may go, in terms of its protocol.
    fn reach(&self) -> Option<&str>;

    /// The protocol's servers, the clients, what their applications do, and what the storage checks.
    fn cast(&self) -> Cast<'_>;

    /// The watched guarantees.
    fn watched(&self) -> &[Guarantee];

    /// The watched guarantees that are known to break.
    fn breaks(&self) -> &[Guarantee];

    /// Checks it; `watch` hears from time to time how far the check has come, and says whether it
    /// shall go on.
    fn check(&self, limits: Limits, watch: &mut dyn FnMut(Progress) -> bool) -> Report;

    /// Walks at random beyond the bounds; `go_on` is asked before each walk.
    fn walk(&self, walks: Walks, go_on: &mut dyn FnMut(&Walked) -> bool) -> Walked;

    /// Opens stateright's Explorer at this address (`localhost:3000`), and does not come back.
    fn explore(&self, address: &str);
}

/// Who takes part in a configuration, and what they do.
#[derive(Clone, Copy, Debug)]
pub struct Cast<'a> {
    /// How many servers there are.
    pub servers: usize,
    /// How many clients there are.
    pub clients: usize,
    /// What their applications do.
    pub workload: &'a Workload,
    /// What the storage checks.
    pub fencing: Fencing,
}

fn some(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

impl<P: Protocol> Subject for Configuration<P> {
    fn protocol(&self) -> &'static str {
        self.setting.protocol.name()
    }

    fn about(&self) -> String {
        let fencing = match self.setting.fencing {
            Fencing::None => "a storage that looks at no tokens",
            Fencing::Writes => "a storage that fences writes",
            Fencing::ReadsAndWrites => "a storage that fences reads and writes",
        };
        let mut servers = some(self.setting.protocol.servers(), "server");
        if let Some(who) = &self.servers {
            servers += &format!(", {who}");
        }
        let clients = some(self.setting.clients, "client");
        let crashes = match self.bounds.crashes {
            0 => String::new(),
            crashes => format!(", {}", some(crashes.into(), "crash").replace("shs", "shes")),
        };
        let prelude = self.prelude.as_ref();
        let from = prelude.map_or_else(String::new, |prelude| format!(", once {}", prelude.about));
        format!("{servers}, {clients}, {fencing}{crashes}{from}")
    }

    fn bounds(&self) -> Bounds {
        self.bounds
    }

    fn reach(&self) -> Option<&str> {
        self.reach.as_ref().map(|reach| reach.about.as_str())
    }

    fn cast(&self) -> Cast<'_> {
        Cast {
            servers: self.setting.protocol.servers(),
            clients: self.setting.clients,
            workload: &self.setting.workload,
            fencing: self.setting.fencing,
        }
    }

    fn watched(&self) -> &[Guarantee] {
        &self.watch
    }

    fn breaks(&self) -> &[Guarantee] {
        &self.breaks
    }

    fn check(&self, limits: Limits, watch: &mut dyn FnMut(Progress) -> bool) -> Report {
        check(self, limits, watch)
    }

    fn walk(&self, walks: Walks, go_on: &mut dyn FnMut(&Walked) -> bool) -> Walked {
        walk(&beyond(self), walks, go_on)
    }

    fn explore(&self, address: &str) {
        Explored::new(LockModel::new(self.clone())).checker().serve(address);
    }
}

/// How large the checked systems are; what is not given is as usual.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Size {
    /// How many servers, for the protocols that may have several: the replicated log, the quorum,
    /// two-phase commit (its coordinator included).
    pub servers: Option<usize>,
    /// How many clients.
    pub clients: Option<usize>,
}

impl Size {
    fn clients(self) -> usize {
        self.clients.unwrap_or(2)
    }
}

const FENCES: [Fencing; 3] = [Fencing::None, Fencing::Writes, Fencing::ReadsAndWrites];

/// Everything that is checked without being asked for anything in particular. Where a number of
/// servers is given, protocols with one server are left out.
pub fn subjects(size: Size) -> Vec<Box<dyn Subject>> {
    let clients = size.clients();
    let mut subjects: Vec<Box<dyn Subject>> = Vec::new();
    if size.servers.is_none_or(|servers| servers == 1) {
        for fencing in FENCES {
            let ttl = if clients > 2 { catalogue::ttl_crowded } else { catalogue::ttl };
            subjects.push(Box::new(ttl(clients, 2, fencing)));
        }
        if size.clients.is_none() {
            subjects.push(Box::new(catalogue::ttl_crowded(3, 2, Fencing::ReadsAndWrites)));
        }
        subjects.push(Box::new(catalogue::ttl_naive(clients, 2)));
    }
    if size.servers != Some(1) {
        several_servers(size, &mut subjects);
    }
    if size.servers.is_none() {
        for fencing in FENCES {
            subjects.push(Box::new(catalogue::storage(clients, 1, fencing)));
        }
    }
    subjects
}

fn several_servers(size: Size, subjects: &mut Vec<Box<dyn Subject>>) {
    let clients = size.clients();
    let servers = size.servers.unwrap_or(3);
    for crashes in [0, 1] {
        subjects.push(Box::new(catalogue::redlock(servers, clients, crashes)));
    }
    let contended = TwoPhaseSize { participants: servers - 1, clients, ..TwoPhaseSize::default() };
    let alone = TwoPhaseSize { clients: 1, crashes: 1, ..contended };
    let mut sizes = vec![
        contended,
        TwoPhaseSize { server_timers: 1, ..alone },
        TwoPhaseSize { crashes: 2, ..alone },
    ];
    if size.servers.is_none() {
        sizes.push(TwoPhaseSize { participants: 3, ..alone });
        sizes.push(TwoPhaseSize { coordinators: 2, ..contended });
    }
    for size in sizes {
        subjects.push(Box::new(catalogue::two_phase(size)));
    }
    if size == Size::default() {
        for (crashes, retries) in [(2, 0), (1, 1)] {
            subjects.push(Box::new(catalogue::two_phase_connected(crashes, retries)));
        }
    }
    let one_term = RaftReach { terms: 1, entries: 1, rounds: 1, candidates: servers };
    subjects.push(Box::new(catalogue::elections(servers, 1, one_term)));
    let two_terms = RaftReach { terms: 2, entries: 2, ..one_term };
    subjects.push(Box::new(catalogue::elections(servers, 0, two_terms)));
    let served = RaftSize {
        servers,
        clients,
        terms: 2,
        entries: 2,
        rounds: 2,
        candidates: &[1, 2],
        crashes: 0,
        server_timers: 1,
        retries: 0,
    };
    subjects.push(Box::new(catalogue::raft(served)));
    subjects.push(Box::new(catalogue::raft(RaftSize { rounds: 1, crashes: 1, ..served })));
    if servers == 3 {
        subjects.push(Box::new(catalogue::figure_8()));
    }
}
