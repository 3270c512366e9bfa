//! How what a run costs grows with what is run.
//!
//! ```text
//! cargo bench -p locklab-sim --bench scale
//! cargo bench -p locklab-sim --bench scale -- --svg scale.svg
//! ```
//!
//! A step should cost the same in a large run as in a small one, or nobody can simulate what is
//! large. So the cost of a step is measured against the number of clients, of locks and of servers
//! and against the length of the run, with a trace and without; and the memory of a process against
//! the length of a run that it plays. What the beginning of a run costs is in it: it shows where
//! runs are short.
//!
//! All are measured in every round, one after the other. Of the rounds the quickest counts, because
//! whatever else the machine does can only add to it.
//!
//! The chart is written to the file that `--svg` or the variable `LOCKLAB_SVG` names.

mod chart;
mod curves;
mod memory;
#[path = "../../benches/instructions/whole.rs"]
mod whole;

use curves::{Curve, Point, curves};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often everything is measured.
const ROUNDS: usize = 5;

/// How long a point is measured in a round, at the least.
const AT_LEAST: Duration = Duration::from_millis(50);

/// The variable that names the file for the chart.
const SVG: &str = "LOCKLAB_SVG";

/// What was measured of a curve: for each of its series the values at its points.
pub(crate) struct Measured {
    /// What was measured.
    pub(crate) curve: Curve,
    /// For each series, for each point.
    pub(crate) values: Vec<Vec<f64>>,
}

/// Nanoseconds for each step.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
fn measure(point: &Point) -> f64 {
    let (begun, mut steps) = (Instant::now(), 0);
    while steps == 0 || begun.elapsed() < AT_LEAST {
        steps += point.work.run(point.seconds);
    }
    begun.elapsed().as_nanos() as f64 / steps as f64
}

/// Measures all curves of time.
fn measure_all(curves: Vec<Curve>) -> Vec<Measured> {
    let nothing = |curve: &Curve| {
        curve.series.iter().map(|series| vec![f64::INFINITY; series.points.len()]).collect()
    };
    let mut all: Vec<Measured> =
        curves.into_iter().map(|curve| Measured { values: nothing(&curve), curve }).collect();
    for _ in 0..ROUNDS {
        for Measured { curve, values } in &mut all {
            for (series, values) in curve.series.iter().zip(values) {
                for (point, value) in series.points.iter().zip(values) {
                    *value = value.min(measure(point));
                }
            }
        }
    }
    all
}

/// A number with a mark between its thousands.
pub(crate) fn thousands(number: u64) -> String {
    match number {
        0..1_000 => number.to_string(),
        _ => format!("{},{:03}", thousands(number / 1_000), number % 1_000),
    }
}

fn print(measured: &Measured) {
    let Measured { curve, values } = measured;
    println!("\n{} by {}", curve.measures, curve.by);
    for (series, values) in curve.series.iter().zip(values) {
        print!("  {:<24}", series.name);
        for (point, value) in series.points.iter().zip(values) {
            print!("  {}: {value:.0}", thousands(point.x));
        }
        if let (Some(first), Some(last)) = (values.first(), values.last())
            && values.len() > 1
        {
            print!("  ({:.1} times the first)", last / first);
        }
        println!();
    }
}

/// Measures everything, prints it, and writes the chart if there is a file for it.
fn show(file: Option<PathBuf>) -> Result<(), String> {
    file.as_deref().map_or(Ok(()), chart::can_be_written)?;
    println!("the quickest of {ROUNDS} rounds; each number stands behind how much there was");
    let mut all = measure_all(curves());
    all.push(memory::measure()?);
    all.iter().for_each(print);
    if let Some(file) = file {
        chart::write(&all, &file)?;
        println!("\nthe chart is in {}", file.display());
    }
    Ok(())
}

fn main() -> ExitCode {
    // Cargo adds `--bench` to what a benchmark is called with.
    let given: Vec<String> = std::env::args().skip(1).filter(|given| given != "--bench").collect();
    let done = match given.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => show(std::env::var_os(SVG).map(PathBuf::from)),
        ["--svg", file] => show(Some(PathBuf::from(file))),
        [memory::ARGUMENT, player, seconds] => memory::play(player, seconds),
        _ => Err(format!("only --svg FILE is understood, and given was {given:?}")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("scale: {reason}");
            ExitCode::from(2)
        }
    }
}
