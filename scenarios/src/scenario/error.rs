//! What is wrong with a scenario file: one message, with the place.

use locklab_sim::names;
use miette::{Diagnostic, NamedSource, SourceSpan};
use std::ops::Range;
use std::sync::Arc;
use thiserror::Error;

/// What is wrong with a scenario file.
///
/// Its text is one line, `file:line: what is wrong`; as a [`Diagnostic`] it shows the place.
#[derive(Error, Diagnostic, Debug)]
#[error("{place}: {message}")]
pub struct ScenarioError {
    place: String,
    message: String,
    #[help]
    help: Option<String>,
    #[source_code]
    source_code: Option<Arc<NamedSource<String>>>,
    #[label("here")]
    span: Option<SourceSpan>,
}

/// What is wrong with a value, and where in the text, before the file is known.
#[derive(Debug)]
pub(super) struct Wrong {
    message: String,
    help: Option<String>,
    span: Range<usize>,
}

impl Wrong {
    /// Something is wrong here.
    pub(super) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, span }
    }

    /// And this may help.
    pub(super) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Names the file.
    pub(super) fn at(self, file: &str, text: &str) -> ScenarioError {
        ScenarioError::placed(file, text, self.span, self.message, self.help)
    }
}

impl ScenarioError {
    /// The message without the place.
    pub fn message(&self) -> &str {
        &self.message
    }

    fn placed(
        file: &str,
        text: &str,
        span: Range<usize>,
        message: String,
        help: Option<String>,
    ) -> Self {
        let start = span.start.min(text.len());
        let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
        let source = NamedSource::new(file, text.to_owned());
        Self {
            place: format!("{file}:{line}"),
            message,
            help,
            source_code: Some(Arc::new(source.with_language("toml"))),
            span: Some(span.into()),
        }
    }

    fn unplaced(file: &str, message: String, help: &str) -> Self {
        let (place, help) = (file.to_owned(), Some(help.to_owned()));
        Self { place, message, help, source_code: None, span: None }
    }

    /// The file could not be read.
    pub(super) fn unread(file: &str, error: &std::io::Error) -> Self {
        let help = "give the path of a scenario file, or the name of a scenario of the catalogue";
        Self::unplaced(file, format!("cannot be read: {error}"), help)
    }

    /// The file is no text.
    pub(super) fn not_text(file: &str) -> Self {
        Self::unplaced(file, "is no text in UTF-8".to_owned(), "a scenario file is written in TOML")
    }

    /// The text is no TOML, or no scenario.
    pub(super) fn of_toml(file: &str, text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        Self::placed(file, text, span, plain(error.message()), None)
    }
}

/// A message of the reader in the words of this crate.
fn plain(message: &str) -> String {
    let message = message.trim_end();
    let known = [("unknown field `", "key"), ("unknown variant `", "value")];
    for (opening, kind) in known {
        if let Some(rest) = message.strip_prefix(opening) {
            let mut names = rest.split('`').step_by(2);
            let typed = names.next().unwrap_or_default();
            return names::unknown(kind, typed, names);
        }
    }
    if let Some(rest) = message.strip_prefix("missing field `") {
        return format!("the key `{} is missing", rest);
    }
    message
        .replace("expected usize", "expected a whole number from 0")
        .replace("expected u32", "expected a whole number from 0")
}
