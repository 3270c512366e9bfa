//! Running a suite, with a bar for those who watch and Ctrl-C for those who have seen enough.

use super::on_ctrl_c;
use super::trouble::Trouble;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::suite::{self, Comparison, Progress};
use std::io::IsTerminal;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What came out of a suite.
pub(super) struct Played {
    /// What came out.
    pub(super) comparison: Comparison,
    stop: Arc<AtomicBool>,
}

impl Played {
    /// Lets every contestant meet every scenario on these seeds.
    pub(super) fn of(
        contestants: &Contestants,
        scenarios: &[Scenario],
        seeds: Range<u64>,
        quiet: bool,
    ) -> Result<Self, Trouble> {
        let stop = Arc::new(AtomicBool::new(false));
        on_ctrl_c(&stop)?;
        let bar = bar(quiet);
        let on_progress = |progress: Progress<'_>| {
            if !bar.is_hidden() {
                bar.set_length(progress.total);
                bar.set_position(bar.position().max(progress.done));
                bar.set_message(format!("{} in {}", progress.protocol, progress.scenario));
            }
        };
        let comparison = suite::compare(contestants, scenarios, seeds, &on_progress, &stop);
        bar.finish_and_clear();
        Ok(Self { comparison, stop })
    }

    /// Whether somebody stopped it, so that runs may be missing.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

fn bar(quiet: bool) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if !quiet && std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        let template = "{bar:30} {pos}/{len} runs, {eta} left  {msg}";
        bar.set_style(ProgressStyle::with_template(template).expect("a good template"));
    }
    bar
}
