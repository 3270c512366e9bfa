//! `locklab list`: what there is.

use super::exit::Exit;
use super::output;
use super::trouble::Trouble;
use crate::terminal::{Paint, Terminal};
use clap::{Args, ValueEnum};
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_scenarios::catalogue;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::sim::fault::Kind;
use serde::Serialize;

/// Lists what there is.
#[derive(Args, Debug)]
pub(super) struct List {
    /// What to list
    what: What,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum, Debug)]
enum What {
    /// The locks on the shelf
    Protocols,
    /// The scenarios of the catalogue
    Scenarios,
    /// What a lock may guarantee
    Guarantees,
    /// What can go wrong
    Faults,
    /// What must happen sometimes for a run to count
    Goals,
}

#[derive(Serialize)]
struct Listed {
    name: String,
    about: String,
}

impl List {
    pub(super) fn run(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let listed = self.what.listed();
        let text = if self.json {
            let mut text =
                serde_json::to_string_pretty(&listed).expect("names have a form in JSON");
            text.push('\n');
            text
        } else {
            let widest = listed.iter().map(|one| one.name.len()).max().unwrap_or(0);
            let line = |one: &Listed| {
                // Colours are put on afterwards, so that they do not count as width.
                let line =
                    terminal.wrap(&format!("{:widest$}  {}", one.name, one.about), widest + 2);
                let (name, rest) = line.split_at(one.name.len());
                format!("{}{}\n", terminal.paint(Paint::Bold, name), rest.trim_end())
            };
            listed.iter().map(line).collect()
        };
        output::print(&text).map(|()| Exit::Fine)
    }
}

impl What {
    fn listed(self) -> Vec<Listed> {
        let listed = |name: &str, about: &str| Listed { name: name.into(), about: about.into() };
        match self {
            Self::Protocols => {
                let shelf = Contestants::shelf();
                let entries = shelf.entries().iter();
                entries.map(|entry| listed(entry.name(), entry.about())).collect()
            }
            Self::Scenarios => {
                let all = catalogue::all();
                all.iter().map(|scenario| listed(&scenario.name, &scenario.about)).collect()
            }
            Self::Guarantees => {
                Guarantee::ALL.iter().map(|one| listed(one.name(), one.about())).collect()
            }
            Self::Faults => {
                let all = Kind::NAMES.iter().zip(Kind::ABOUT);
                all.map(|(name, about)| listed(name, about)).collect()
            }
            Self::Goals => Goal::ALL.iter().map(|one| listed(one.name(), one.about())).collect(),
        }
    }
}
