//! Histories as JSON lines: one operation a line.
//!
//! ```text
//! {"client":1,"life":1,"lock":1,"action":"acquire","called":3,"returned":9,"outcome":"ok"}
//! ```
//!
//! `called` and `returned` are nanoseconds; `action` is `acquire`, `release` or `lease-ended`;
//! `outcome` is `ok`, `fail` or `unknown`. `life` (1 if left out), `returned` and `token` may be
//! left out. Blank lines are skipped.

use super::history::{Action, History, Operation, Outcome};
use crate::id::{ClientId, Incarnation, LockId, Owner, Token};
use serde::{Deserialize, Serialize};

/// Why a text is not a history.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct JsonError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: JsonProblem,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum JsonProblem {
    /// It is not a JSON object with the fields of an operation.
    #[error("not an operation: {0}; see the documentation for the fields of a line")]
    Syntax(serde_json::Error),
    /// A client or a lock has the number 0.
    #[error("{0} has the number 0; clients and locks are counted from 1")]
    Zero(&'static str),
    /// A token where none belongs.
    #[error("a token with the outcome {0}; only an operation with the outcome ok carries one")]
    Token(&'static str),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    client: u32,
    #[serde(default = "first_life")]
    life: u32,
    lock: u32,
    action: Action,
    called: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    returned: Option<u64>,
    outcome: Word,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<Token>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Ok,
    Fail,
    Unknown,
}

fn first_life() -> u32 {
    1
}

/// Reads a history; times and outcomes are judged by [`check`](super::check), not here.
pub fn read_json_lines(text: &str) -> Result<History, JsonError> {
    let mut operations = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let operation = operation(line);
        operations.push(operation.map_err(|problem| JsonError { line: index + 1, problem })?);
    }
    Ok(History { operations })
}

/// Writes a history, so that [`read_json_lines`] gives it back.
pub fn write_json_lines(history: &History) -> String {
    let mut text = String::new();
    for operation in &history.operations {
        let (outcome, token) = match operation.outcome {
            Outcome::Ok(token) => (Word::Ok, token),
            Outcome::Fail => (Word::Fail, None),
            Outcome::Unknown => (Word::Unknown, None),
        };
        let line = Line {
            client: operation.process.client.0,
            life: operation.process.incarnation.0,
            lock: operation.lock.0,
            action: operation.action,
            called: operation.called,
            returned: operation.returned,
            outcome,
            token,
        };
        text += &serde_json::to_string(&line).expect("numbers and words are always JSON");
        text.push('\n');
    }
    text
}

fn operation(line: &str) -> Result<Operation, JsonProblem> {
    let line: Line = serde_json::from_str(line).map_err(JsonProblem::Syntax)?;
    if line.client == 0 {
        return Err(JsonProblem::Zero("the client"));
    }
    if line.lock == 0 {
        return Err(JsonProblem::Zero("the lock"));
    }
    let outcome = match (line.outcome, line.token) {
        (Word::Ok, token) => Outcome::Ok(token),
        (Word::Fail, Some(_)) => return Err(JsonProblem::Token("fail")),
        (Word::Unknown, Some(_)) => return Err(JsonProblem::Token("unknown")),
        (Word::Fail, None) => Outcome::Fail,
        (Word::Unknown, None) => Outcome::Unknown,
    };
    let incarnation = Incarnation(line.life);
    Ok(Operation {
        process: Owner { client: ClientId(line.client), incarnation },
        lock: LockId(line.lock),
        action: line.action,
        called: line.called,
        returned: line.returned,
        outcome,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = concat!(
        r#"{"client":1,"life":1,"lock":1,"action":"acquire","called":3,"#,
        r#""returned":9,"outcome":"ok","token":7}
{"client":1,"life":1,"lock":1,"action":"lease-ended","called":12,"returned":12,"outcome":"ok"}
{"client":2,"life":3,"lock":1,"action":"acquire","called":4,"outcome":"unknown"}
{"client":1,"life":1,"lock":1,"action":"release","called":15,"returned":16,"outcome":"fail"}
"#
    );

    #[test]
    fn reads_what_it_writes() {
        let history = read_json_lines(GOLDEN).unwrap();
        assert_eq!(history.operations.len(), 4);
        assert_eq!(history.operations[0].outcome, Outcome::Ok(Some(Token(7))));
        assert_eq!(history.operations[2].process.to_string(), "c2'3");
        assert_eq!(history.operations[2].returned, None);
        assert_eq!(write_json_lines(&history), GOLDEN);
    }

    #[test]
    fn fills_in_what_may_be_left_out() {
        let line = r#"{"client":1,"lock":2,"action":"release","called":3,"outcome":"unknown"}"#;
        let history = read_json_lines(&format!("\n{line}\n\n")).unwrap();
        assert_eq!(history.operations[0].process.incarnation, Incarnation(1));
    }

    #[test]
    fn names_the_line_and_the_problem() {
        let good = GOLDEN.lines().next().unwrap();
        let bad = |line: String| read_json_lines(&format!("{good}\n\n{line}")).unwrap_err();
        let error = bad("{".to_owned()).to_string();
        assert!(error.starts_with("line 3: not an operation: EOF"), "{error}");
        let error = bad(good.replace("acquire", "lock")).to_string();
        assert!(error.contains("unknown variant `lock`, expected one of `acquire`"), "{error}");
        let error = bad(good.replace("\"client\":1", "\"client\":0")).to_string();
        assert_eq!(
            error,
            "line 3: the client has the number 0; clients and locks are counted from 1"
        );
        let error = bad(good.replace("\"ok\"", "\"fail\"")).to_string();
        assert!(error.starts_with("line 3: a token with the outcome fail"), "{error}");
        let error = bad(good.replace("life", "age")).to_string();
        assert!(error.contains("unknown field `age`"), "{error}");
    }
}
