//! The duties of a host, numbered as in the contract, each seen in a run.
//!
//! The protocol under test is a probe: its server does what a script says and tells client 1,
//! word for word, what happens to it. The words are read back from the trace. Every host runs the
//! same tests: what differs is who plays the run. Faults wait for events of the probe's own, so
//! that they fall between the same two effects on every host.

use locklab_protocols::contract::{Milestone, Trigger};
use locklab_protocols::prelude::*;
use locklab_sim::Plan;
use locklab_sim::fault::{Crash, DiskLoss, Fault, Kind, Lasting, OnNodes, Target, Targets, When};
use locklab_sim::network::{Delay, Network};
use locklab_sim::outcome::{Happening, Outcome};
use serde::{Deserialize, Serialize};

/// What plays a run of the probe under faults.
pub(crate) type Host<'a> = &'a dyn Fn(Script, Vec<Fault>) -> Outcome;

/// What the probe's server does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Script {
    /// Writes 1, says so, syncs, says so, writes 2, says so.
    WriteSyncWrite,
    /// Arms a timer each for 1.5 and 1 s and lets the client send a word that arrives at once.
    TwoTimersAndAWord,
    /// Arms one timer for 0.5 s and then again for 1 s.
    ArmTwice,
    /// Asks for its clock, then for a number, and sends itself nothing in between.
    AskTwice,
    /// Writes 1 when the client sends a word, and says so.
    KeepTheWord,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Probe(pub(crate) Script);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(crate) enum Word {
    Said(String),
    Poke,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Kept(Vec<u32>);

impl Disk for Kept {
    type Change = u32;

    fn apply(&mut self, change: u32) {
        self.0.push(change);
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Server {
    script: Script,
    kept: Kept,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(crate) enum Alarm {
    Early,
    Late,
}

fn say(fx: &mut Effects<Server>, word: impl Into<String>) {
    fx.send(ClientId(1), Word::Said(word.into()));
}

const MILLISECOND: Duration = Duration::from_millis(1);

impl Node for Server {
    type Message = Word;
    type Timer = Alarm;
    type Disk = Kept;

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match input {
            Input::Started(Incarnation(life)) => {
                say(fx, format!("life {life} with {:?}", self.kept.0));
                if life == 1 {
                    self.begin(fx);
                }
            }
            Input::Message { .. } if self.script == Script::KeepTheWord => {
                fx.write(1);
                say(fx, "kept");
            }
            Input::Message { .. } => say(fx, "a word"),
            Input::Fired(alarm) => say(fx, format!("{alarm:?}")),
            Input::Clock(..) => say(fx, "clock"),
            Input::Drawn(_) => say(fx, "drawn"),
            Input::Command(_) => {}
        }
    }
}

impl Server {
    fn begin(&mut self, fx: &mut Effects<Self>) {
        match self.script {
            Script::WriteSyncWrite => {
                fx.write(1);
                say(fx, "wrote 1");
                fx.notify(Milestone::Began);
                fx.sync();
                say(fx, "synced");
                fx.write(2);
                say(fx, "wrote 2");
                fx.notify(Milestone::Prepared);
                say(fx, "went on");
            }
            Script::TwoTimersAndAWord => {
                fx.arm(Alarm::Late, Clock::Monotonic, 1500 * MILLISECOND);
                fx.arm(Alarm::Early, Clock::Monotonic, 1000 * MILLISECOND);
                fx.notify(Milestone::Began);
            }
            Script::ArmTwice => {
                fx.arm(Alarm::Early, Clock::Monotonic, 500 * MILLISECOND);
                fx.arm(Alarm::Early, Clock::Monotonic, 1000 * MILLISECOND);
                fx.notify(Milestone::Began);
            }
            Script::AskTwice => {
                fx.read_clock(Clock::Wall);
                fx.draw(7);
                say(fx, "asked");
            }
            Script::KeepTheWord => fx.notify(Milestone::Began),
        }
    }
}

/// Pokes the server when it starts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Client;

impl Node for Client {
    type Message = Word;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        if let Input::Started(_) = input {
            fx.send(ServerId(1), Word::Poke);
        }
    }
}

impl Protocol for Probe {
    type Message = Word;
    type Server = Server;
    type Client = Client;

    fn name(&self) -> &'static str {
        match self.0 {
            Script::WriteSyncWrite => "probe-write-sync-write",
            Script::TwoTimersAndAWord => "probe-two-timers-and-a-word",
            Script::ArmTwice => "probe-arm-twice",
            Script::AskTwice => "probe-ask-twice",
            Script::KeepTheWord => "probe-keep-the-word",
        }
    }

    fn server(&self, _: ServerId, disk: &Kept) -> Server {
        Server { script: self.0, kept: disk.clone() }
    }

    fn client(&self, _: ClientId, _: &()) -> Client {
        Client
    }

    fn owners(&self, _: Servers<'_, Self>, _: LockId) -> Vec<Owner> {
        Vec::new()
    }
}

/// The run in which each duty is looked at, but for its faults.
pub(crate) fn plan(faults: Vec<Fault>) -> Plan {
    Plan {
        clients: 1,
        network: Network { delay: Delay::Constant(5 * MILLISECOND), ..Default::default() },
        sync_time: 2 * MILLISECOND,
        faults,
        heal_at: Duration::from_secs(3),
        settle: Duration::from_secs(1),
        ..Plan::default()
    }
}

/// Right after the server's milestone.
fn when(event: Trigger) -> When {
    When::Event { event, nth: 1, at: Targets::default(), after: Duration::ZERO }
}

fn crash(event: Trigger, disk: DiskLoss) -> Fault {
    let lasting = Lasting::For(100 * MILLISECOND);
    let target = Target::Server(ServerId(1)).into();
    Fault { when: when(event), kind: Kind::Crash(Crash { target, lasting, disk }) }
}

/// What the server said, in order.
fn words(outcome: &Outcome) -> Vec<String> {
    let said = outcome.trace.iter().filter_map(|traced| match &traced.what {
        Happening::Sent { from: NodeId::Server(_), message, .. } => {
            Some(message.split('"').nth(1).unwrap_or_default().to_owned())
        }
        _ => None,
    });
    said.collect()
}

/// The same, without the answer to the client, which may come at any time.
fn words_of_its_own(outcome: &Outcome) -> Vec<String> {
    words(outcome).into_iter().filter(|word| word != "a word").collect()
}

pub(crate) fn duty_1_a_crash_after_a_sync_loses_only_what_came_after(play: Host<'_>) {
    let faults = vec![crash(Trigger::Prepared, DiskLoss::UnsyncedLost)];
    let outcome = play(Script::WriteSyncWrite, faults);
    let expected = ["life 1 with []", "wrote 1", "synced", "wrote 2", "life 2 with [1]"];
    assert_eq!(words_of_its_own(&outcome), expected);
}

pub(crate) fn duty_1_a_crash_before_the_sync_keeps_back_every_later_effect(play: Host<'_>) {
    let outcome = play(Script::WriteSyncWrite, vec![crash(Trigger::Began, DiskLoss::UnsyncedLost)]);
    let expected = ["life 1 with []", "wrote 1", "life 2 with []"];
    assert_eq!(words_of_its_own(&outcome), expected);
}

pub(crate) fn duty_1_what_reached_the_system_survives_a_crash_of_the_process(play: Host<'_>) {
    let outcome = play(Script::WriteSyncWrite, vec![crash(Trigger::Began, DiskLoss::Kept)]);
    let expected = ["life 1 with []", "wrote 1", "life 2 with [1]"];
    assert_eq!(words_of_its_own(&outcome), expected);
}

pub(crate) fn duty_1_a_disk_that_lies_loses_what_it_said_was_durable(play: Host<'_>) {
    let target = Target::Server(ServerId(1));
    let lie = Kind::DiskLie(OnNodes { target: target.into(), lasting: Lasting::UntilHeal });
    let lie = Fault { when: when(Trigger::Began), kind: lie };
    let outcome =
        play(Script::WriteSyncWrite, vec![lie, crash(Trigger::Prepared, DiskLoss::UnsyncedLost)]);
    let expected = ["life 1 with []", "wrote 1", "synced", "wrote 2", "life 2 with []"];
    assert_eq!(words_of_its_own(&outcome), expected);
}

pub(crate) fn duty_1_a_disk_that_stalls_keeps_back_what_follows_a_write(play: Host<'_>) {
    let stall = 500 * MILLISECOND;
    let target = Target::Server(ServerId(1)).into();
    let kind = Kind::DiskStall(OnNodes { target, lasting: Lasting::For(stall) });
    let outcome = play(Script::KeepTheWord, vec![Fault { when: when(Trigger::Began), kind }]);
    assert_eq!(words(&outcome), ["life 1 with []", "kept"]);
    let struck = outcome.bites[0].struck.expect("it struck");
    let kept = outcome.trace.iter().find_map(|traced| match &traced.what {
        Happening::Sent { message, .. } if message.contains("kept") => Some(traced.at),
        _ => None,
    });
    let waited = kept.expect("it was said").since(struck);
    assert!(waited >= stall, "it was said after {waited:?}");
    assert!(outcome.bites[0].count > 0, "the write was kept back");
}

pub(crate) fn duty_2_after_a_pause_due_timers_come_before_messages(play: Host<'_>) {
    let target = Target::Server(ServerId(1));
    let lasting = Lasting::For(2000 * MILLISECOND);
    let kind = Kind::Pause(OnNodes { target: target.into(), lasting });
    let pause = Fault { when: when(Trigger::Began), kind };
    let outcome = play(Script::TwoTimersAndAWord, vec![pause]);
    assert_eq!(words(&outcome), ["life 1 with []", "Early", "Late", "a word"]);
    assert!(outcome.bites[0].count > 0, "something was withheld");
}

pub(crate) fn duty_2_without_a_pause_a_message_comes_when_it_comes(play: Host<'_>) {
    let calm = play(Script::TwoTimersAndAWord, Vec::new());
    assert_eq!(words(&calm), ["life 1 with []", "a word", "Early", "Late"]);
}

/// What the server says last if it crashes once everything is on its disk.
fn last_word(play: Host<'_>, disk: DiskLoss) -> Option<String> {
    let outcome = play(Script::WriteSyncWrite, vec![crash(Trigger::Prepared, disk)]);
    words_of_its_own(&outcome).pop()
}

pub(crate) fn duty_3_a_restarted_node_has_its_disk(play: Host<'_>) {
    assert_eq!(last_word(play, DiskLoss::Kept).as_deref(), Some("life 2 with [1, 2]"));
}

pub(crate) fn duty_3_a_node_with_a_wiped_disk_has_nothing(play: Host<'_>) {
    assert_eq!(last_word(play, DiskLoss::Wiped).as_deref(), Some("life 2 with []"));
}

pub(crate) fn duty_3_a_restarted_node_has_no_timers(play: Host<'_>) {
    let timers = play(Script::ArmTwice, vec![crash(Trigger::Began, DiskLoss::Kept)]);
    assert_eq!(words_of_its_own(&timers), ["life 1 with []", "life 2 with []"]);
}

pub(crate) fn duty_4_arming_an_armed_timer_replaces_it(play: Host<'_>) {
    let outcome = play(Script::ArmTwice, Vec::new());
    let fired = outcome.trace.iter().filter_map(|traced| match traced.what {
        Happening::Fired { node: NodeId::Server(_), .. } => Some(traced.at.0),
        _ => None,
    });
    let fired: Vec<u64> = fired.collect();
    assert_eq!(fired.len(), 1);
    assert!(fired[0] >= 1_000_000_000, "it fired at {}", fired[0]);
}

pub(crate) fn duty_6_answers_are_the_next_inputs_in_order(play: Host<'_>) {
    let outcome = play(Script::AskTwice, Vec::new());
    assert_eq!(words(&outcome), ["life 1 with []", "asked", "clock", "drawn", "a word"]);
}

/// A duty, seen on a host.
pub(crate) type Duty = fn(Host<'_>);

/// All of them, with their names.
/// Duties by their names.
macro_rules! duties {
    ($($duty:ident),* $(,)?) => {
        [$((stringify!($duty), $duty as Duty)),*]
    };
}

pub(crate) const DUTIES: [(&str, Duty); 12] = duties![
    duty_1_a_crash_after_a_sync_loses_only_what_came_after,
    duty_1_a_crash_before_the_sync_keeps_back_every_later_effect,
    duty_1_what_reached_the_system_survives_a_crash_of_the_process,
    duty_1_a_disk_that_lies_loses_what_it_said_was_durable,
    duty_1_a_disk_that_stalls_keeps_back_what_follows_a_write,
    duty_2_after_a_pause_due_timers_come_before_messages,
    duty_2_without_a_pause_a_message_comes_when_it_comes,
    duty_3_a_restarted_node_has_its_disk,
    duty_3_a_node_with_a_wiped_disk_has_nothing,
    duty_3_a_restarted_node_has_no_timers,
    duty_4_arming_an_armed_timer_replaces_it,
    duty_6_answers_are_the_next_inputs_in_order,
];
