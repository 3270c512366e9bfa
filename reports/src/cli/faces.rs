//! The files that a report can be written to.

use super::output::Output;
use super::trouble::Trouble;
use crate::report::Report;
use crate::{html, junit, markdown};
use clap::Args;
use std::path::PathBuf;

/// The files that a report can be written to.
#[derive(Args, Debug)]
pub(super) struct Faces {
    /// Write a page for people to this file: one HTML file that needs no network
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Write a report for the test page of a CI to this file, in JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write a comment for a pull request to this file, in Markdown
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// The same, made sure of before the work begins.
#[derive(Debug)]
pub(super) struct Open {
    html: Option<Output>,
    junit: Option<Output>,
    markdown: Option<Output>,
}

impl Faces {
    /// Makes sure that the files can be written.
    pub(super) fn open(&self) -> Result<Open, Trouble> {
        let at = |path: &Option<PathBuf>| path.as_deref().map(Output::at).transpose();
        Ok(Open { html: at(&self.html)?, junit: at(&self.junit)?, markdown: at(&self.markdown)? })
    }
}

/// Makes the text of a file.
type Face = fn(&Report) -> String;

impl Open {
    /// Whether any file needs a report, and whether it needs the stories of failures.
    pub(super) fn wants(&self) -> (bool, bool) {
        let stories = self.html.is_some();
        (stories || self.junit.is_some() || self.markdown.is_some(), stories)
    }

    /// Writes them.
    pub(super) fn write(&self, report: &Report) -> Result<(), Trouble> {
        let files: [(&Option<Output>, Face); 3] = [
            (&self.html, html::report),
            (&self.junit, junit::junit),
            (&self.markdown, markdown::markdown),
        ];
        for (file, face) in files {
            if let Some(file) = file {
                let text = face(report);
                file.write(|out| out.write_all(text.as_bytes()))?;
            }
        }
        Ok(())
    }
}
