//! The duties of a host, numbered as in the contract, each seen in a run of this one.
//!
//! The protocol under test is a probe: its server does what a script says and tells client 1,
//! word for word, what happens to it. The words are read back from the trace.

use locklab_protocols::prelude::*;
use locklab_sim::fault::{Crash, DiskLoss, Fault, Kind, Lasting, OnNodes, Target, When};
use locklab_sim::outcome::{Happening, Outcome};
use locklab_sim::{Plan, Record, run};

/// What the probe's server does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Script {
    /// Writes 1, says so, syncs, says so, writes 2, says so.
    WriteSyncWrite,
    /// Arms a timer each for 20 and 10 ms and lets the client send a word that arrives at 5 ms.
    TwoTimersAndAWord,
    /// Arms one timer for 5 ms and then again for 50 ms.
    ArmTwice,
    /// Asks for its clock, then for a number, and sends itself nothing in between.
    AskTwice,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Probe(Script);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Word {
    Said(String),
    Poke,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Kept(Vec<u32>);

impl Disk for Kept {
    type Change = u32;

    fn apply(&mut self, change: u32) {
        self.0.push(change);
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Server {
    script: Script,
    kept: Kept,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Alarm {
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
                fx.sync();
                say(fx, "synced");
                fx.write(2);
                say(fx, "wrote 2");
            }
            Script::TwoTimersAndAWord => {
                fx.arm(Alarm::Late, Clock::Monotonic, 20 * MILLISECOND);
                fx.arm(Alarm::Early, Clock::Monotonic, 10 * MILLISECOND);
            }
            Script::ArmTwice => {
                fx.arm(Alarm::Early, Clock::Monotonic, 5 * MILLISECOND);
                fx.arm(Alarm::Early, Clock::Monotonic, 50 * MILLISECOND);
            }
            Script::AskTwice => {
                fx.read_clock(Clock::Wall);
                fx.draw(7);
                say(fx, "asked");
            }
        }
    }
}

/// Pokes the server when it starts.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Client;

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
        "probe"
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

fn plan(faults: Vec<Fault>) -> Plan {
    Plan {
        clients: 1,
        network: locklab_sim::network::Network {
            delay: locklab_sim::network::Delay::Constant(5 * MILLISECOND),
            ..Default::default()
        },
        sync_time: 2 * MILLISECOND,
        faults,
        heal_at: Duration::from_secs(1),
        settle: Duration::from_secs(1),
        ..Plan::default()
    }
}

fn at(moment: Duration, kind: Kind) -> Fault {
    Fault { when: When::At(moment), kind }
}

fn crash(moment: Duration, disk: DiskLoss) -> Fault {
    let lasting = Lasting::For(100 * MILLISECOND);
    at(moment, Kind::Crash(Crash { target: Target::Server(ServerId(1)).into(), lasting, disk }))
}

fn play(script: Script, faults: Vec<Fault>) -> Outcome {
    run(&Probe(script), &plan(faults), 1, Record::Everything)
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

#[test]
fn duty_1_a_crash_after_a_sync_loses_only_what_came_after() {
    let outcome =
        play(Script::WriteSyncWrite, vec![crash(MILLISECOND * 3, DiskLoss::UnsyncedLost)]);
    let expected = ["life 1 with []", "wrote 1", "synced", "wrote 2", "life 2 with [1]"];
    assert_eq!(words(&outcome)[..5], expected);
}

#[test]
fn duty_1_a_crash_before_the_sync_is_done_keeps_back_every_later_effect() {
    let outcome = play(Script::WriteSyncWrite, vec![crash(MILLISECOND, DiskLoss::UnsyncedLost)]);
    assert_eq!(words(&outcome)[..3], ["life 1 with []", "wrote 1", "life 2 with []"]);
}

#[test]
fn duty_1_what_reached_the_operating_system_survives_a_crash_of_the_process() {
    let outcome = play(Script::WriteSyncWrite, vec![crash(MILLISECOND, DiskLoss::Kept)]);
    assert_eq!(words(&outcome)[..3], ["life 1 with []", "wrote 1", "life 2 with [1]"]);
}

#[test]
fn duty_1_a_disk_that_lies_loses_what_it_said_was_durable() {
    let target = Target::Server(ServerId(1));
    let lie = Kind::DiskLie(OnNodes { target: target.into(), lasting: Lasting::UntilHeal });
    let faults = vec![at(Duration::ZERO, lie), crash(MILLISECOND * 3, DiskLoss::UnsyncedLost)];
    let outcome = play(Script::WriteSyncWrite, faults);
    let expected = ["life 1 with []", "wrote 1", "synced", "wrote 2", "life 2 with []"];
    assert_eq!(words(&outcome)[..5], expected);
}

#[test]
fn duty_2_after_a_pause_due_timers_come_before_messages_in_due_order() {
    let target = Target::Server(ServerId(1));
    let lasting = Lasting::For(100 * MILLISECOND);
    let pause = Kind::Pause(OnNodes { target: target.into(), lasting });
    let outcome = play(Script::TwoTimersAndAWord, vec![at(MILLISECOND, pause)]);
    assert_eq!(words(&outcome), ["life 1 with []", "Early", "Late", "a word"]);
    assert_eq!(outcome.bites[0].count, 3, "two timers and a message were withheld");
    let calm = play(Script::TwoTimersAndAWord, Vec::new());
    assert_eq!(words(&calm), ["life 1 with []", "a word", "Early", "Late"]);
}

#[test]
fn duty_3_a_restarted_node_has_its_disk_and_a_new_incarnation_and_nothing_else() {
    let moment = 30 * MILLISECOND;
    let kept = words(&play(Script::WriteSyncWrite, vec![crash(moment, DiskLoss::Kept)]));
    assert_eq!(kept.last().map(String::as_str), Some("life 2 with [1, 2]"));
    let wiped = words(&play(Script::WriteSyncWrite, vec![crash(moment, DiskLoss::Wiped)]));
    assert_eq!(wiped.last().map(String::as_str), Some("life 2 with []"));
    // Its timers are gone with its memory.
    let timers = words(&play(Script::ArmTwice, vec![crash(moment, DiskLoss::Kept)]));
    assert_eq!(timers, ["life 1 with []", "a word", "life 2 with []"]);
}

#[test]
fn duty_4_arming_an_armed_timer_replaces_it() {
    let outcome = play(Script::ArmTwice, Vec::new());
    let fired = outcome.trace.iter().filter_map(|traced| match traced.what {
        Happening::Fired { node: NodeId::Server(_), .. } => Some(traced.at.0),
        _ => None,
    });
    assert_eq!(fired.collect::<Vec<_>>(), [50_000_000]);
}

#[test]
fn duty_6_answers_are_the_next_inputs_in_the_order_of_the_questions() {
    let outcome = play(Script::AskTwice, Vec::new());
    assert_eq!(words(&outcome), ["life 1 with []", "asked", "clock", "drawn", "a word"]);
}
