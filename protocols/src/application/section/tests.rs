//! One application alone: each answer in each phase of its section.

use super::*;
use crate::contract::{Effect, Ending, Event};

const OWNER: Owner = Owner { client: ClientId(1), incarnation: Incarnation(1) };
const BEGIN: AppInput = Input::Fired(AppTimer::Begin);
const WORKED: AppInput = Input::Fired(AppTimer::Worked);
const WRITE: AppInput = Input::Fired(AppTimer::Write);
const REPEAT: AppInput = Input::Fired(AppTimer::Repeat);

/// What it did in a step, a word or two for each thing.
fn words(out: AppOutput) -> String {
    let mut words = Vec::new();
    for effect in out.effects.as_slice() {
        words.push(match effect {
            Effect::Send { body: StorageMessage::Request(request), .. } => {
                let Request { number, lock, token, operation, .. } = *request;
                let token = token.map_or_else(String::new, |token| format!(" with {}", token.0));
                match operation {
                    Operation::Read => format!("#{number} read {}{token}", lock.0),
                    Operation::Write { based_on } => {
                        format!("#{number} write {} on {}{token}", lock.0, based_on.0)
                    }
                }
            }
            Effect::Arm { timer, .. } => format!("{timer:?} is armed"),
            Effect::Disarm(timer) => format!("{timer:?} is stopped"),
            Effect::Draw(choices) => format!("draws below {choices}"),
            Effect::Notify(Event::Work(event)) => match event {
                WorkEvent::Acquires { lock } => format!("asks for {}", lock.0),
                WorkEvent::Releases { lock } => format!("frees {}", lock.0),
                WorkEvent::Checked { lock } => format!("checks {}", lock.0),
                WorkEvent::Acknowledged { lock, version } => {
                    format!("{} has version {}", lock.0, version.0)
                }
            },
            other => panic!("an application does not {other:?}"),
        });
    }
    for command in out.commands {
        words.push(match command {
            Command::Acquire { locks } => {
                format!("ACQUIRE {:?}", locks.iter().map(|lock| lock.0).collect::<Vec<u32>>())
            }
            Command::Release { lock } => format!("RELEASE {}", lock.0),
        });
    }
    words.join(", ")
}

struct Stage(Application);

impl Stage {
    fn new(workload: Workload, takes_sets: bool) -> Self {
        let mut stage = Self(Application::new(OWNER.client, Arc::new(workload), takes_sets));
        assert_eq!(stage.step(Input::Started(OWNER.incarnation)), "Begin is armed");
        stage
    }

    fn step(&mut self, input: AppInput) -> String {
        let mut out = AppOutput::default();
        self.0.step(input, &mut out);
        words(out)
    }

    fn hear(&mut self, event: LockEvent) -> String {
        let mut out = AppOutput::default();
        self.0.hear(event, &mut out);
        words(out)
    }

    fn granted(&mut self, lock: u32, token: u64) -> String {
        self.hear(LockEvent::Granted { lock: LockId(lock), token: Some(Token(token)) })
    }

    fn refused(&mut self, lock: u32) -> String {
        self.hear(LockEvent::Refused { lock: LockId(lock), definite: true })
    }

    fn lost(&mut self, lock: u32) -> String {
        self.hear(LockEvent::Lost { lock: LockId(lock) })
    }

    fn released(&mut self, lock: u32) -> String {
        self.hear(LockEvent::Released { lock: LockId(lock), outcome: Ending::Done })
    }

    fn told(&mut self, number: u64, reply: Reply) -> String {
        self.step(Input::Message {
            from: NodeId::Storage,
            body: StorageMessage::Reply { number, reply },
        })
    }

    /// None of these changes anything.
    fn ignores(&mut self, phase: &str, inputs: &[AppInput]) {
        for input in inputs {
            let before = self.0.clone();
            assert_eq!(self.step(input.clone()), "", "{phase}: {input:?}");
            assert_eq!(self.0, before, "{phase}: {input:?}");
        }
    }

    /// Neither of these changes anything.
    fn is_deaf(&mut self, phase: &str, events: &[LockEvent]) {
        for event in events {
            let before = self.0.clone();
            assert_eq!(self.hear(*event), "", "{phase}: {event:?}");
            assert_eq!(self.0, before, "{phase}: {event:?}");
        }
    }
}

fn one_section() -> Workload {
    Workload { sections: Some(1), ..Workload::default() }
}

/// Timers that were stopped or armed anew, answers to former requests and words of its client that
/// are over may come at any moment.
#[test]
fn what_comes_late_changes_nothing() {
    let lock = LockId(1);
    let refused = LockEvent::Refused { lock, definite: true };
    let released = LockEvent::Released { lock, outcome: Ending::Done };
    let lost = LockEvent::Lost { lock };
    let drawn = || Input::Drawn(0);
    let reply = |number, reply| Input::Message {
        from: NodeId::Storage,
        body: StorageMessage::Reply { number, reply },
    };
    let value = |number| reply(number, Reply::Value(Version(9)));

    let mut stage = Stage::new(one_section(), false);
    stage.ignores("thinking", &[WORKED, WRITE, REPEAT, value(1)]);
    stage.is_deaf("thinking", &[refused, released, lost]);
    assert_eq!(stage.step(BEGIN), "asks for 1, ACQUIRE [1]");
    stage.ignores("acquiring", &[BEGIN, WORKED, WRITE, REPEAT, drawn(), value(1)]);
    stage.is_deaf("acquiring", &[released, lost]);
    assert_eq!(stage.granted(1, 5), "#1 read 1 with 5, Repeat is armed");
    stage.ignores("reading", &[BEGIN, WORKED, WRITE, drawn(), value(2)]);
    stage.is_deaf("reading", &[refused, released]);
    assert_eq!(stage.step(REPEAT), "#1 read 1 with 5, Repeat is armed");
    assert_eq!(stage.told(1, Reply::Value(Version(3))), "Repeat is stopped, Worked is armed");
    stage.ignores("working", &[BEGIN, WRITE, REPEAT, drawn(), value(1)]);
    stage.is_deaf("working", &[refused, released]);
    assert_eq!(stage.step(WORKED), "checks 1, Write is armed");
    stage.ignores("committed", &[BEGIN, WORKED, REPEAT, drawn(), value(1)]);
    stage.is_deaf("committed", &[refused, released]);
    assert_eq!(stage.step(WRITE), "#2 write 1 on 3 with 5, Repeat is armed");
    stage.ignores("writing", &[BEGIN, WORKED, WRITE, drawn(), value(1)]);
    stage.is_deaf("writing", &[refused, released]);
    assert_eq!(stage.step(REPEAT), "#2 write 1 on 3 with 5, Repeat is armed");
    assert_eq!(
        stage.told(2, Reply::Written(Version(4))),
        "Repeat is stopped, 1 has version 4, Repeat is stopped, Worked is stopped, frees 1, RELEASE 1"
    );
    stage.ignores("releasing", &[BEGIN, WORKED, WRITE, REPEAT, drawn(), value(2)]);
    stage.is_deaf("releasing", &[refused]);
    assert_eq!(stage.released(1), "", "it was the last section");
    stage.ignores("finished", &[BEGIN, WORKED, WRITE, REPEAT, drawn(), value(2)]);
    stage.is_deaf("finished", &[refused, released, lost]);
}

/// A stage whose application has one lock, and works.
fn at_work() -> Stage {
    let mut stage = Stage::new(one_section(), false);
    stage.step(BEGIN);
    stage.granted(1, 5);
    stage.told(1, Reply::Value(Version(3)));
    stage
}

#[test]
fn a_lost_lock_ends_the_section_unless_the_write_is_decided_on() {
    let ends = "Repeat is stopped, Worked is stopped";
    let mut reading = Stage::new(one_section(), false);
    reading.step(BEGIN);
    reading.granted(1, 5);
    assert_eq!(reading.lost(1), ends);
    assert_eq!(reading.step(REPEAT), "", "nobody waits for the read any more");

    let mut working = at_work();
    assert_eq!(working.lost(1), ends);

    let mut committed = at_work();
    committed.step(WORKED);
    assert_eq!(committed.lost(1), "");
    assert_eq!(committed.step(WRITE), "#2 write 1 on 3 with 5, Repeat is armed");
    let mut writing = committed;
    assert_eq!(writing.lost(1), ends);
    assert_eq!(writing.told(2, Reply::Written(Version(4))), "");

    let mut releasing = at_work();
    releasing.told(1, Reply::Value(Version(3)));
    releasing.step(WORKED);
    releasing.step(WRITE);
    releasing.told(2, Reply::Stale(Token(6)));
    assert_eq!(releasing.lost(1), "", "it waits for the answer to its release");
    assert_eq!(releasing.released(1), "");
}

#[test]
fn a_stale_token_ends_the_section() {
    let mut stage = Stage::new(one_section(), false);
    stage.step(BEGIN);
    stage.granted(1, 5);
    let gives_back = "Repeat is stopped, Repeat is stopped, Worked is stopped, frees 1, RELEASE 1";
    assert_eq!(stage.told(1, Reply::Stale(Token(6))), gives_back);
}

#[test]
fn a_grant_that_nobody_waits_for_goes_straight_back() {
    let mut stage = Stage::new(one_section(), false);
    assert_eq!(stage.granted(1, 5), "frees 1, RELEASE 1");
    stage.step(BEGIN);
    assert_eq!(stage.granted(2, 5), "frees 2, RELEASE 2", "another lock");
    assert_eq!(stage.refused(1), "Begin is armed");
    assert_eq!(stage.granted(1, 6), "frees 1, RELEASE 1");
    assert_eq!(stage.step(BEGIN), "asks for 1, ACQUIRE [1]");
    stage.granted(1, 7);
    assert_eq!(stage.granted(1, 8), "frees 1, RELEASE 1", "it has it");
}

#[test]
fn sections_follow_each_other_as_often_as_they_shall() {
    let mut stage = Stage::new(Workload { sections: Some(2), ..one_section() }, false);
    for (section, after) in [(0, "Begin is armed"), (1, "")] {
        stage.step(BEGIN);
        stage.granted(1, 5);
        stage.told(2 * section + 1, Reply::Value(Version(section)));
        stage.step(WORKED);
        stage.step(WRITE);
        stage.told(2 * section + 2, Reply::Written(Version(section + 1)));
        assert_eq!(stage.released(1), after);
    }
}

/// Two of three locks, each taken twice, in an order of its own.
#[test]
fn several_locks_are_taken_one_by_one_and_given_back_from_the_last() {
    let workload =
        Workload { locks: 3, locks_at_once: 2, depth: 2, order: LockOrder::Own, ..one_section() };
    let mut stage = Stage::new(workload, false);
    assert_eq!(stage.step(BEGIN), "draws below 3");
    assert_eq!(stage.step(Input::Drawn(2)), "draws below 3");
    assert_eq!(stage.step(Input::Drawn(2)), "asks for 3, ACQUIRE [3]", "3 is taken, so 1 is next");
    assert_eq!(stage.granted(3, 5), "asks for 3, ACQUIRE [3]");
    assert_eq!(stage.granted(3, 6), "asks for 1, ACQUIRE [1]");
    assert_eq!(stage.granted(1, 7), "asks for 1, ACQUIRE [1]");
    assert_eq!(stage.granted(1, 8), "#1 read 3 with 6, Repeat is armed");
    let reads_on = "Repeat is stopped, #2 read 1 with 8, Repeat is armed";
    assert_eq!(stage.told(1, Reply::Value(Version(10))), reads_on);
    assert_eq!(stage.told(2, Reply::Value(Version(20))), "Repeat is stopped, Worked is armed");
    assert_eq!(stage.step(WORKED), "checks 3, checks 1, Write is armed");
    assert_eq!(stage.step(WRITE), "#3 write 3 on 10 with 6, Repeat is armed");
    assert_eq!(
        stage.told(3, Reply::Written(Version(11))),
        "Repeat is stopped, 3 has version 11, #4 write 1 on 20 with 8, Repeat is armed"
    );
    assert_eq!(
        stage.told(4, Reply::Written(Version(21))),
        "Repeat is stopped, 1 has version 21, Repeat is stopped, Worked is stopped, frees 1, RELEASE 1"
    );
    assert_eq!(stage.released(1), "frees 1, RELEASE 1");
    assert_eq!(stage.released(1), "frees 3, RELEASE 3");
    assert_eq!(stage.released(3), "frees 3, RELEASE 3");
    assert_eq!(stage.released(3), "");
}

/// The lock that it has is lost while it waits for the next: what is granted then goes back.
#[test]
fn who_loses_a_lock_while_he_waits_for_the_next_stops() {
    let workload = Workload { locks: 2, locks_at_once: 2, ..Workload::default() };
    let mut stage = Stage::new(workload, false);
    assert_eq!(stage.step(BEGIN), "draws below 2");
    assert_eq!(stage.step(Input::Drawn(1)), "draws below 2");
    assert_eq!(stage.step(Input::Drawn(1)), "asks for 1, ACQUIRE [1]", "in the global order");
    assert_eq!(stage.granted(1, 5), "asks for 2, ACQUIRE [2]");
    assert_eq!(stage.lost(1), "Repeat is stopped, Worked is stopped, Begin is armed");
    assert_eq!(stage.granted(2, 6), "frees 2, RELEASE 2");

    let workload = Workload { locks: 3, locks_at_once: 3, ..Workload::default() };
    let mut stage = Stage::new(workload, false);
    stage.step(BEGIN);
    for draw in 0..3 {
        stage.step(Input::Drawn(draw));
    }
    stage.granted(1, 5);
    stage.granted(2, 6);
    assert_eq!(stage.lost(1), "Repeat is stopped, Worked is stopped, frees 2, RELEASE 2");
    assert_eq!(stage.granted(3, 7), "frees 3, RELEASE 3", "the third it wants no more");
}

#[test]
fn a_set_is_asked_for_at_once_if_the_protocol_takes_sets() {
    let workload =
        Workload { locks: 3, locks_at_once: 2, depth: 2, order: LockOrder::Set, ..one_section() };
    let mut whole = Stage::new(workload.clone(), true);
    whole.step(BEGIN);
    whole.step(Input::Drawn(2));
    assert_eq!(whole.step(Input::Drawn(0)), "asks for 1, asks for 3, ACQUIRE [1, 3]");
    assert_eq!(whole.granted(1, 5), "", "the rest is on its way");
    assert_eq!(whole.granted(3, 6), "#1 read 1 with 5, Repeat is armed", "each is taken once");

    let mut singly = Stage::new(workload, false);
    singly.step(BEGIN);
    singly.step(Input::Drawn(2));
    assert_eq!(singly.step(Input::Drawn(0)), "asks for 1, ACQUIRE [1]");
    assert_eq!(singly.granted(1, 5), "asks for 1, ACQUIRE [1]", "each is taken twice");
}

#[test]
fn no_more_locks_are_taken_than_there_are() {
    let mut stage =
        Stage::new(Workload { locks: 2, locks_at_once: 7, ..Workload::default() }, false);
    stage.step(BEGIN);
    stage.step(Input::Drawn(0));
    assert_eq!(stage.step(Input::Drawn(0)), "asks for 1, ACQUIRE [1]");
    assert_eq!(stage.granted(1, 5), "asks for 2, ACQUIRE [2]");
    assert_eq!(stage.granted(2, 6), "#1 read 1 with 5, Repeat is armed");
}
