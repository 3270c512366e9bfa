//! `locklab check --timed`: the border between what a lease excludes and what it does not.

use super::{Check, Watch};
use crate::borders::{Borders, Drawn};
use crate::cli::exit::Exit;
use crate::cli::note;
use crate::cli::output::{self, Output};
use crate::cli::trouble::Trouble;
use crate::terminal::Terminal;
use locklab_models::timed::border::{Axes, PROTOCOLS, border};
use locklab_scenarios::registry::Contestants;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The locks whose border is drawn.
fn chosen(names: &[String]) -> Result<Vec<&str>, Trouble> {
    for name in names {
        if !PROTOCOLS.contains(&name.as_str()) {
            Contestants::shelf().entry(name).map_err(Trouble::Asked)?;
            let there = PROTOCOLS.join(", ");
            let text = format!("`{name}` has no timed model; there are: {there}");
            return Err(Trouble::Asked(text));
        }
    }
    Ok(if names.is_empty() {
        PROTOCOLS.to_vec()
    } else {
        names.iter().map(String::as_str).collect()
    })
}

impl Check {
    /// Draws the borders.
    pub(super) fn run_timed(&self, terminal: &Terminal) -> Result<Exit, Trouble> {
        let protocols = chosen(&self.protocols)?;
        let json = self.json.as_deref().map(Output::at).transpose()?;
        let stop = Arc::new(AtomicBool::new(false));
        crate::cli::on_ctrl_c(&stop)?;
        let mut borders = Borders::default();
        for (place, protocol) in protocols.iter().enumerate() {
            let mut axes = Axes::of(protocol);
            if let Some(servers) = self.size.servers
                && *protocol != "ttl"
            {
                axes.servers = servers.into();
            }
            let watch = Watch::new(self.quiet, (place + 1, protocols.len()), protocol);
            let most = self.limits().states;
            let drawn = watch.over(
                |progress| border(protocol, &axes, most, |_, how_far| progress(how_far)),
                &stop,
            );
            if stop.load(Ordering::Relaxed) {
                note(false, "stopped: borders are missing; no report is written");
                return Ok(Exit::Stopped);
            }
            if let Some(drawn) = drawn {
                let drawn = Drawn::of(&drawn);
                output::print(&drawn.page(terminal, !self.quiet))?;
                borders.borders.push(drawn);
            }
        }
        if let Some(json) = json {
            let text = borders.to_json();
            json.write(|file| file.write_all(text.as_bytes()))?;
        }
        output::print(&format!("{}\n", borders.summary()))?;
        Ok(borders.exit())
    }
}
