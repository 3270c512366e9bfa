//! Stories told from traces that were written by hand.

use locklab_protocols::contract::{
    Event, HostEvent, LeaseEvent, LockEvent, Observation, StorageEvent, WorkEvent,
};
use locklab_protocols::id::{ClientId, Incarnation, LockId, NodeId, Owner, ServerId, Token};
use locklab_protocols::spec::{Guarantee, Verdict};
use locklab_protocols::storage::Version;
use locklab_protocols::time::Time;
use locklab_scenarios::story::{Detail, tell};
use locklab_sim::measures::Measures;
use locklab_sim::outcome::{Bites, Coverage, Fate, Happening, Outcome, Traced};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const LOCK: LockId = LockId(1);
const SERVER: NodeId = NodeId::Server(ServerId(1));
const LEASE: Duration = Duration::from_secs(10);

/// A trace in the making. Times are milliseconds.
#[derive(Default)]
struct Run {
    trace: Vec<Traced>,
    version: u64,
}

fn client(number: u32) -> NodeId {
    NodeId::Client(ClientId(number))
}

fn owner(number: u32) -> Owner {
    Owner::first(ClientId(number))
}

impl Run {
    fn happens(&mut self, millis: u64, what: Happening) {
        self.trace.push(Traced { at: Time(millis * 1_000_000), what });
    }

    fn see(&mut self, millis: u64, node: NodeId, event: impl Into<Event>) {
        self.happens(millis, Happening::Seen(Observation { node, event: event.into() }));
    }

    fn asks(&mut self, millis: u64, number: u32) {
        self.see(millis, client(number), WorkEvent::Acquires { lock: LOCK });
    }

    fn granted(&mut self, millis: u64, number: u32, token: u64) {
        let (lock, owner, lease) = (LOCK, owner(number), Some(LEASE));
        self.see(millis, SERVER, LeaseEvent::Granted { lock, owner, lease });
        self.see(millis, SERVER, Event::Owners { lock, owners: vec![owner] });
        let token = Some(Token(token));
        self.see(millis + 1, client(number), LockEvent::Granted { lock, token });
    }

    fn reads(&mut self, millis: u64, number: u32, token: u64) {
        let (owner, token, version) = (owner(number), Some(Token(token)), Version(self.version));
        let read = StorageEvent::Read { lock: LOCK, owner, token, version };
        self.see(millis, NodeId::Storage, read);
    }

    fn checks(&mut self, millis: u64, number: u32) {
        self.see(millis, client(number), WorkEvent::Checked { lock: LOCK });
    }

    fn writes(&mut self, millis: u64, number: u32, token: u64, based_on: u64) {
        self.version += 1;
        let (owner, token, version) = (owner(number), Some(Token(token)), Version(self.version));
        let based_on = Version(based_on);
        let written = StorageEvent::Written { lock: LOCK, owner, token, based_on, version };
        self.see(millis, NodeId::Storage, written);
        self.see(millis + 1, client(number), WorkEvent::Acknowledged { lock: LOCK, version });
    }

    fn gives_back(&mut self, millis: u64, number: u32) {
        let (lock, owner) = (LOCK, owner(number));
        self.see(millis, client(number), WorkEvent::Releases { lock });
        self.see(millis + 1, SERVER, LeaseEvent::Released { lock, owner, by: owner });
        self.see(millis + 1, SERVER, Event::Owners { lock, owners: Vec::new() });
    }

    fn section(&mut self, millis: u64, number: u32, token: u64) {
        self.asks(millis, number);
        self.granted(millis + 1, number, token);
        self.reads(millis + 3, number, token);
        self.checks(millis + 100, number);
        self.writes(millis + 101, number, token, self.version);
        self.gives_back(millis + 103, number);
    }

    fn lease_ends(&mut self, millis: u64, number: u32) {
        let (lock, owner) = (LOCK, owner(number));
        self.see(millis, SERVER, LeaseEvent::Expired { lock, owner });
        self.see(millis, SERVER, Event::LeaseEnded { lock, owner });
        self.see(millis, SERVER, Event::Owners { lock, owners: Vec::new() });
    }

    fn fault(&mut self, millis: u64, nodes: Vec<NodeId>, what: &str) {
        let what = what.to_owned();
        self.happens(millis, Happening::FaultBegins { fault: 0, nodes, what });
    }

    fn outcome(self, kind: &'static str, broken: &[(Guarantee, u64, &str)]) -> Outcome {
        let verdicts = broken.iter().map(|(guarantee, millis, reason)| {
            (*guarantee, Verdict::broken(Time(millis * 1_000_000), *reason))
        });
        Outcome {
            seed: 1,
            hash: 0,
            steps: 0,
            end: Time(75_000_000_000),
            verdicts: verdicts.collect::<BTreeMap<Guarantee, Verdict>>(),
            goals: BTreeSet::new(),
            measures: Measures::default(),
            bites: vec![Bites { kind, count: 3, ..Bites::default() }],
            coverage: Coverage::default(),
            trace: self.trace,
        }
    }
}

fn told(outcome: &Outcome, detail: Detail) -> String {
    tell(outcome, detail).iter().map(|line| format!("{line}\n")).collect()
}

/// I1 of the incidents: a holder stands still past its lease, between its check and its write.
fn pause_past_lease(fenced: bool) -> Outcome {
    let mut run = Run::default();
    run.section(200, 2, 1);
    run.section(500, 1, 2);
    run.asks(1000, 1);
    run.granted(1001, 1, 3);
    run.reads(1003, 1, 3);
    run.checks(1100, 1);
    run.fault(1100, vec![client(1)], "pause for 15s");
    run.see(1100, client(1), HostEvent::Paused);
    run.asks(1300, 2);
    run.see(1301, client(2), LockEvent::Refused { lock: LOCK, definite: true });
    run.asks(1400, 2);
    run.lease_ends(11_001, 1);
    run.granted(11_050, 2, 4);
    run.reads(11_052, 2, 4);
    run.checks(11_150, 2);
    run.writes(11_151, 2, 4, 2);
    run.gives_back(11_153, 2);
    run.section(12_000, 2, 5);
    run.section(13_000, 2, 6);
    run.see(16_100, client(1), HostEvent::Resumed);
    run.happens(16_100, Happening::FaultEnds { fault: 0 });
    let exclusion = (Guarantee::MutualExclusion, 11_051, "c2 was granted L1 while c1 held it");
    if fenced {
        let (lock, token, newest) = (LOCK, Token(3), Token(6));
        let refused = StorageEvent::Rejected { lock, owner: owner(1), token, newest, write: true };
        run.see(16_101, NodeId::Storage, refused);
        run.see(16_102, client(1), WorkEvent::Releases { lock: LOCK });
        run.section(17_000, 1, 7);
        return run.outcome("pause", &[exclusion]);
    }
    run.writes(16_101, 1, 3, 2);
    let lost = (Guarantee::NoLostUpdate, 16_101, "c1 overwrote version 5 and had read 2");
    run.outcome("pause", &[exclusion, lost])
}

#[test]
fn a_pause_past_the_lease_with_a_fence() {
    insta::assert_snapshot!(told(&pause_past_lease(true), Detail::Brief), @r"
              ...      2 uneventful sections by c1 and c2 until 0.603 s
     1.000 s  c1       asks for L1
     1.002 s  c1       is granted L1 with token 3 (lease 10 s)
     1.003 s  storage  answers c1's read of L1: version 2
     1.100 s  c1       checks that it still holds L1, is about to write
     1.100 s  c1       stands still, holding L1, between its check and its write
     1.300 s  c2       asks for L1, which c1 has
    11.001 s  s1       ends c1's lease on L1; c1 stands still and does not know
    11.051 s  c2       is granted L1 with token 4 (lease 10 s, waited 9.8 s) while c1 still believes that it holds it (c1 has stood still since 1.100 s)
              ^^^      mutual-exclusion breaks: c2 was granted L1 while c1 held it
    11.052 s  storage  answers c2's read of L1: version 2
    11.150 s  c2       checks that it still holds L1, is about to write
    11.151 s  storage  takes c2's write of L1 with token 4 as version 3
    11.153 s  c2       gives L1 back
              ...      2 sections with more of the same by c2 until 13.103 s
    16.100 s  c1       goes on after 15 s, still believes that it holds L1 with token 3; its lease ended 5.1 s ago
    16.101 s  storage  refuses c1's write of L1 with token 3: it has seen 6
    16.102 s  c1       gives L1 back
              ...      1 uneventful section by c1 until 17.103 s
    ");
}

#[test]
fn a_pause_past_the_lease_without_a_fence() {
    insta::assert_snapshot!(told(&pause_past_lease(false), Detail::Brief), @r"
              ...      2 uneventful sections by c1 and c2 until 0.603 s
     1.000 s  c1       asks for L1
     1.002 s  c1       is granted L1 with token 3 (lease 10 s)
     1.003 s  storage  answers c1's read of L1: version 2
     1.100 s  c1       checks that it still holds L1, is about to write
     1.100 s  c1       stands still, holding L1, between its check and its write
     1.300 s  c2       asks for L1, which c1 has
    11.001 s  s1       ends c1's lease on L1; c1 stands still and does not know
    11.051 s  c2       is granted L1 with token 4 (lease 10 s, waited 9.8 s) while c1 still believes that it holds it (c1 has stood still since 1.100 s)
              ^^^      mutual-exclusion breaks: c2 was granted L1 while c1 held it
    11.052 s  storage  answers c2's read of L1: version 2
    11.150 s  c2       checks that it still holds L1, is about to write
    11.151 s  storage  takes c2's write of L1 with token 4 as version 3
    11.153 s  c2       gives L1 back
              ...      1 section with more of the same by c2 until 12.103 s
    13.000 s  c2       asks for L1
    13.002 s  c2       is granted L1 with token 6 (lease 10 s) while c1 still believes that it holds it (c1 has stood still since 1.100 s)
    13.003 s  storage  answers c2's read of L1: version 4
    13.100 s  c2       checks that it still holds L1, is about to write
    13.101 s  storage  takes c2's write of L1 with token 6 as version 5
    13.103 s  c2       gives L1 back
    16.100 s  c1       goes on after 15 s, still believes that it holds L1 with token 3; its lease ended 5.1 s ago
    16.101 s  storage  takes c1's write of L1 with token 3 as version 6, overwriting c2's write of 13.101 s unseen, though it has seen token 6
              ^^^      no-lost-update breaks: c1 overwrote version 5 and had read 2
    ");
}

#[test]
fn everything_folds_nothing() {
    let outcome = pause_past_lease(true);
    let brief = tell(&outcome, Detail::Brief);
    let everything = tell(&outcome, Detail::Everything);
    assert!(everything.len() > 2 * brief.len());
    assert!(!told(&outcome, Detail::Everything).contains("..."));
    assert_eq!(everything, tell(&outcome, Detail::Everything));
}

/// I2 of the incidents: a write is held in the network until another has the lock.
#[test]
fn a_write_that_comes_late() {
    let mut run = Run::default();
    run.asks(1000, 1);
    run.granted(1001, 1, 1);
    run.reads(1003, 1, 1);
    run.fault(1050, vec![client(1), NodeId::Storage], "c1 to storage takes 60s longer");
    run.checks(1100, 1);
    let (from, to, message) = (client(1), NodeId::Storage, "Write".to_owned());
    let fate = Fate::Arrives(Time(61_100_000_000));
    run.happens(1100, Happening::Sent { from, to, message: message.clone(), fate });
    run.lease_ends(11_001, 1);
    run.see(11_010, client(1), LockEvent::Lost { lock: LOCK });
    run.section(11_100, 2, 2);
    run.happens(30_000, Happening::FaultEnds { fault: 0 });
    run.see(30_000, NodeId::Storage, HostEvent::Healed);
    let sent = Time(1_100_000_000);
    run.happens(61_100, Happening::Delivered { from, to, message, sent });
    run.writes(61_100, 1, 1, 0);
    let lost = (Guarantee::NoLostUpdate, 61_100, "c1 overwrote version 1 and had read 0");
    insta::assert_snapshot!(told(&run.outcome("delay", &[lost]), Detail::Brief), @r"
     1.000 s  c1       asks for L1
     1.002 s  c1       is granted L1 with token 1 (lease 10 s)
     1.003 s  storage  answers c1's read of L1: version 0
     1.050 s           fault: c1 to storage takes 60s longer (c1 and storage)
     1.100 s  c1       checks that it still holds L1, is about to write
    11.001 s  s1       ends c1's lease on L1; c1 still believes that it holds L1
    11.010 s  c1       learns that it has lost L1
    11.100 s  c2       asks for L1
    11.102 s  c2       is granted L1 with token 2 (lease 10 s)
    11.103 s  storage  answers c2's read of L1: version 0
    11.200 s  c2       checks that it still holds L1, is about to write
    11.201 s  storage  takes c2's write of L1 with token 2 as version 1
    11.203 s  c2       gives L1 back
    30.000 s           over: c1 to storage takes 60s longer (felt 3 times)
    30.000 s           all faults are over
    61.100 s  storage  hears from c1 what was sent 60 s ago: Write
    61.100 s  storage  takes c1's write of L1 with token 1 as version 2, overwriting c2's write of 11.201 s unseen, though it has seen token 2
              ^^^      no-lost-update breaks: c1 overwrote version 1 and had read 0
    ");
}

/// I6 of the incidents, in short: the new primary knows nothing of the lock.
#[test]
fn a_failover_that_forgets() {
    let mut run = Run::default();
    run.see(0, client(1), HostEvent::Started(Incarnation(1)));
    run.asks(1000, 1);
    run.granted(1001, 1, 34);
    run.see(2000, SERVER, HostEvent::Crashed);
    run.see(2000, SERVER, Event::Owners { lock: LOCK, owners: Vec::new() });
    run.asks(2500, 2);
    let (from, message) = (client(2), "Ask(L1)".to_owned());
    run.happens(2500, Happening::Sent { from, to: SERVER, message, fate: Fate::Cut });
    run.see(3000, SERVER, HostEvent::Started(Incarnation(2)));
    run.granted(3100, 2, 34);
    run.see(3500, client(1), HostEvent::Crashed);
    run.see(4000, client(1), HostEvent::Started(Incarnation(2)));
    let exclusion = (Guarantee::MutualExclusion, 3101, "c2 was granted L1 while c1 held it");
    let order = (Guarantee::TokenOrder, 3101, "token 34 was granted twice");
    insta::assert_snapshot!(told(&run.outcome("crash", &[exclusion, order]), Detail::Brief), @r"
    1.000 s  c1       asks for L1
    1.002 s  c1       is granted L1 with token 34 (lease 10 s)
    2.000 s  s1       dies
    2.000 s  s1       knows no longer that c1 has L1, which c1 believes
    2.500 s  c2       asks for L1
    2.500 s  c2       message to s1 does not get through, the link is cut: Ask L1
    3.000 s  s1       is back after 1 s
    3.101 s  c2       is granted L1 with token 34 (lease 10 s) while c1 still believes that it holds it (c1 was granted it at 1.002 s); c1 was granted token 34 before
             ^^^      mutual-exclusion breaks: c2 was granted L1 while c1 held it
             ^^^      token-order breaks: token 34 was granted twice
    3.500 s  c1       dies, holding L1
    4.000 s  c1       is back after 500 ms
    ");
}

#[test]
fn what_strikes_several_nodes_at_once_is_one_line() {
    let mut run = Run::default();
    for event in [HostEvent::Crashed, HostEvent::Started(Incarnation(2))] {
        for server in [1, 2, 3].map(|number| NodeId::Server(ServerId(number))) {
            run.see(if event == HostEvent::Crashed { 1000 } else { 2500 }, server, event);
        }
    }
    insta::assert_snapshot!(told(&run.outcome("crash", &[]), Detail::Brief), @r"
    1.000 s  s1       dies (too: s2, s3)
    2.500 s  s1       is back after 1.5 s (too: s2, s3)
    ");
}
