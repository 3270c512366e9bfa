//! Jepsen's histories of lock tests, in EDN.
//!
//! ```text
//! {:index 0, :type :invoke, :f :acquire, :process 0, :time 2871, :value nil}
//! {:index 1, :type :ok,     :f :acquire, :process 0, :time 9312, :value nil}
//! ```
//!
//! Operations stand one after another or in one vector, as maps or as records
//! (`#jepsen.history.Op{...}`). What the nemesis does is skipped, as are unknown keys. Process
//! *n* is read as client *n* + 1. The order of the operations counts: times that do not grow are
//! moved on by a nanosecond. A number in the `:value` of an acquire that is `:ok`, or under its
//! `:fence` or `:token`, is its fencing token. A value `[k v]` is that of lock *k*
//! (`jepsen.independent`); otherwise all is about one lock.
//!
//! An operation that ends with `:info` has an unknown outcome, as has one that never ends, and
//! its process must not come back: Jepsen goes on under a new number.

use super::history::{Action, History, Operation, Outcome};
use crate::id::{ClientId, Incarnation, LockId, Owner, Token};
use reader::{Form, Reader};
use std::collections::BTreeMap;

mod reader;

/// Why a text is not a Jepsen history of a lock.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct EdnError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: EdnProblem,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum EdnProblem {
    /// It is not EDN.
    #[error("not EDN: {0}")]
    Syntax(&'static str),
    /// It is EDN, but not an operation.
    #[error("not an operation: {0}")]
    Operation(&'static str),
    /// A process calls an operation while it has one open.
    #[error("process {0} invokes an operation before its last one ended")]
    Busy(u64),
    /// A process calls an operation after one of unknown outcome.
    #[error("process {0} comes back after :info; a new operation needs a new process number")]
    ComesBack(u64),
    /// An operation ends that was not called.
    #[error("process {0} ends an operation that it did not invoke")]
    NotInvoked(u64),
}

/// Reads a history.
pub fn read_edn(text: &str) -> Result<History, EdnError> {
    let syntax = |(line, problem)| EdnError { line, problem: EdnProblem::Syntax(problem) };
    let mut reader = Reader::new(text);
    let mut events = Events::default();
    let mut inside = false;
    loop {
        if inside && reader.leave_vector().map_err(syntax)? {
            inside = false;
            continue;
        }
        if !inside && reader.enter_vector().map_err(syntax)? {
            inside = true;
            continue;
        }
        let Some((line, form)) = reader.next().map_err(syntax)? else {
            break;
        };
        events.event(&form).map_err(|problem| EdnError { line, problem })?;
    }
    if inside {
        return Err(syntax((reader.line(), "the text ends before a closing bracket")));
    }
    Ok(History { operations: events.operations })
}

/// What was read so far.
#[derive(Default)]
struct Events {
    operations: Vec<Operation>,
    /// The last operation of each process.
    last: BTreeMap<u64, Last>,
    locks: Vec<i128>,
    /// The time of the last event.
    now: Option<u64>,
}

/// How the last operation of a process stands.
#[derive(Clone, Copy)]
enum Last {
    Open(usize),
    Ended,
    Unknown,
}

impl Events {
    fn event(&mut self, form: &Form) -> Result<(), EdnProblem> {
        if !matches!(form, Form::Map(_)) {
            return Err(EdnProblem::Operation("a map was expected"));
        }
        let process = match form.get("process") {
            Form::Keyword(_) => return Ok(()),
            process => process.number().filter(|number| *number < u64::from(u32::MAX)),
        };
        let process = process.ok_or(EdnProblem::Operation(":process is not a natural number"))?;
        let action = match form.get("f").keyword() {
            Some("acquire") => Action::Acquire,
            Some("release") => Action::Release,
            _ => return Err(EdnProblem::Operation(":f is neither :acquire nor :release")),
        };
        let soonest = self.now.map_or(0, |now| now.saturating_add(1));
        let at = form.get("time").number().map_or(soonest, |time| time.max(soonest));
        self.now = Some(at);
        match form.get("type").keyword() {
            Some("invoke") => self.invoke(process, action, form, at),
            Some("ok") => {
                let token = token(form.get("value")).filter(|_| action == Action::Acquire);
                self.end(process, action, Outcome::Ok(token), at)
            }
            Some("fail") => self.end(process, action, Outcome::Fail, at),
            Some("info") => self.end(process, action, Outcome::Unknown, at),
            _ => Err(EdnProblem::Operation(":type is none of :invoke, :ok, :fail, :info")),
        }
    }

    fn invoke(
        &mut self,
        process: u64,
        action: Action,
        form: &Form,
        at: u64,
    ) -> Result<(), EdnProblem> {
        match self.last.get(&process) {
            Some(Last::Open(_)) => return Err(EdnProblem::Busy(process)),
            Some(Last::Unknown) => return Err(EdnProblem::ComesBack(process)),
            Some(Last::Ended) | None => {}
        }
        let key = match form.get("value") {
            Form::Vector(pair) => match pair[..] {
                [Form::Integer(key), _] => key,
                _ => 0,
            },
            _ => 0,
        };
        let known = self.locks.iter().position(|lock| *lock == key);
        let lock = known.unwrap_or_else(|| {
            self.locks.push(key);
            self.locks.len() - 1
        });
        let client = ClientId::at(usize::try_from(process).unwrap_or_default());
        self.last.insert(process, Last::Open(self.operations.len()));
        self.operations.push(Operation {
            process: Owner { client, incarnation: Incarnation(1) },
            lock: LockId::at(lock),
            action,
            called: at,
            returned: None,
            outcome: Outcome::Unknown,
        });
        Ok(())
    }

    fn end(
        &mut self,
        process: u64,
        action: Action,
        outcome: Outcome,
        at: u64,
    ) -> Result<(), EdnProblem> {
        let Some(Last::Open(index)) = self.last.get(&process).copied() else {
            return Err(EdnProblem::NotInvoked(process));
        };
        let operation = &mut self.operations[index];
        if operation.action != action {
            return Err(EdnProblem::NotInvoked(process));
        }
        let unknown = outcome == Outcome::Unknown;
        self.last.insert(process, if unknown { Last::Unknown } else { Last::Ended });
        operation.returned = Some(at);
        operation.outcome = outcome;
        Ok(())
    }
}

/// The token in a value.
fn token(value: &Form) -> Option<Token> {
    let number = match value {
        Form::Vector(pair) if pair.len() == 2 => return token(&pair[1]),
        Form::Map(_) => {
            let fence = value.get("fence").number();
            fence.or_else(|| value.get("token").number())
        }
        _ => value.number(),
    };
    number.map(Token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::linearizable::{Answer, Budget, Semantics, check};

    /// Two clients of a lock whose lease ran out unseen, as Jepsen's etcd test finds it.
    const GOLDEN: &str = r#"
{:type :invoke, :f :acquire, :process 0, :time 3291485, :value nil, :index 0}
{:type :invoke, :f :acquire, :process 1, :time 3418021, :index 1}
{:type :ok, :f :acquire, :process 0, :time 9100000, :value nil, :index 2}
#jepsen.history.Op{:index 3, :type :info, :process :nemesis, :f :pause, :value {"n1" :paused}}
{:type :ok, :f :acquire, :process 1, :time 4009100000, :index 4, :error [:x "y" {:z 1.5}]}
{:type :invoke, :f :release, :process 0, :time 4100000000, :value nil, :index 5}
{:type :info, :f :release, :process 0, :time 9100000000, :error :timeout, :index 6}
"#;

    #[test]
    fn reads_a_history_that_does_not_fit() {
        let history = read_edn(GOLDEN).unwrap();
        assert_eq!(history.operations.len(), 3);
        assert_eq!(history.operations[2].outcome, Outcome::Unknown);
        let Answer::Broken { prefix, at, reason } =
            check(&history, Semantics::PLAIN, Budget::default())
        else {
            panic!("two clients hold the lock")
        };
        assert_eq!((prefix, at), (4, 4_009_100_000));
        assert_eq!(
            reason,
            "c2's acquire of L1 returned at 4.009 s although c1, which acquired it at 0.009 s, had \
             not called release and its lease had not ended"
        );
    }

    #[test]
    fn reads_one_vector_and_keeps_the_order_of_equal_times() {
        let text = "[{:type :invoke :f :acquire :process 0 :time 5}
                     {:type :ok :f :acquire :process 0 :time 5 :value {:client \"n1\" :fence 12}}
                     {:type :invoke :f :release :process 0}
                     {:type :fail :f :release :process 0 :value 9}]";
        let history = read_edn(text).unwrap();
        let times: Vec<_> =
            history.operations.iter().map(|one| (one.called, one.returned)).collect();
        assert_eq!(times, [(5, Some(6)), (7, Some(8))]);
        assert_eq!(history.operations[0].outcome, Outcome::Ok(Some(Token(12))));
        assert_eq!(history.operations[1].outcome, Outcome::Fail);
    }

    #[test]
    fn independent_keys_are_locks() {
        let text = "{:type :invoke :f :acquire :process 0 :value [7 nil]}
                    {:type :ok :f :acquire :process 0 :value [7 3]}
                    {:type :invoke :f :acquire :process 1 :value [9 nil]}";
        let history = read_edn(text).unwrap();
        assert_eq!(history.operations[0].outcome, Outcome::Ok(Some(Token(3))));
        assert_eq!(history.operations[1].lock, LockId(2));
        assert_eq!(history.operations[1].returned, None);
    }

    #[test]
    fn a_vector_that_is_no_pair_is_no_token() {
        for value in ["[]", "[7]", "[7 8 9]", "[nil nil]"] {
            let text = format!(
                "{{:type :invoke :f :acquire :process 0}} {{:type :ok :f :acquire :process 0 :value {value}}}"
            );
            let history = read_edn(&text).unwrap();
            assert_eq!(history.operations[0].outcome, Outcome::Ok(None), "{value}");
        }
    }

    #[test]
    fn names_the_line_and_the_problem() {
        let invoke = "{:type :invoke :f :acquire :process 0}\n";
        let error = |text: &str| read_edn(text).unwrap_err().to_string();
        assert_eq!(
            error(&format!("{invoke}\n{invoke}")),
            "line 3: process 0 invokes an operation before its last one ended"
        );
        let info = invoke.replace(":invoke", ":info");
        assert_eq!(
            error(&format!("{invoke}{info}{invoke}")),
            "line 3: process 0 comes back after :info; a new operation needs a new process number"
        );
        assert!(error(&info).starts_with("line 1: process 0 ends an operation"));
        assert!(error(&invoke.replace(":acquire", ":read")).contains(":f is neither"));
        assert!(error(&invoke.replace(":invoke", ":maybe")).contains(":type is none of"));
        assert!(error(&invoke.replace('0', "x")).contains(":process is not"));
        assert!(error("42").contains("a map was expected"));
        assert_eq!(error("[\n{:type"), "line 2: not EDN: the text ends before a closing bracket");
        assert_eq!(error("[\n"), "line 2: not EDN: the text ends before a closing bracket");
    }
}
