//! How many instructions the work of the simulator takes, held against a baseline.
//!
//! ```text
//! cargo bench -p locklab-sim --bench instructions
//! cargo bench -p locklab-sim --bench instructions -- --accept
//! ```
//!
//! Time says little on a machine that others use as well, and a loss of three percent hides in it.
//! Instructions are the same every time. So the program runs itself under valgrind's callgrind, for
//! one piece of work at a time, once with some of it and once with twice as much; what the second
//! takes more, divided by how much more it did, is the price of one, and whatever it takes to begin
//! and to end is in both and goes out.
//!
//! The prices that were accepted stand in `instructions.toml`, with how much they may grow. The
//! exit code is 0 if nothing became dearer than that, 1 if something did, and 2 if nothing could
//! be looked at: without valgrind there is no verdict. Another compiler gives other prices: then
//! the program compares and warns, and fails nothing. The system's library counts as well, for what
//! it allocates and copies; another one, or one that copies in another way on another kind of
//! processor, may shift the prices too.

mod baseline;
mod callgrind;
mod pieces;
mod whole;

use baseline::{Baseline, Judged};
use pieces::PIECES;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// What makes the program write the baseline anew.
const ACCEPT: &str = "--accept";

/// How to write the baseline anew, in full.
const HOW_TO_ACCEPT: &str = "cargo bench -p locklab-sim --bench instructions -- --accept";

/// Measures every piece of work.
fn measure() -> Result<BTreeMap<String, f64>, String> {
    let mut prices = BTreeMap::new();
    for piece in &PIECES {
        let once = callgrind::count(piece.name, piece.times)?;
        let twice = callgrind::count(piece.name, piece.times * 2)?;
        let instructions = twice.instructions.saturating_sub(once.instructions);
        let done = twice.done.saturating_sub(once.done);
        if done == 0 || instructions == 0 {
            return Err(format!("{}: twice as much was no more", piece.name));
        }
        // A tenth of an instruction is finer than what is told apart.
        let price = (instructions as f64 / done as f64 * 10.0).round() / 10.0;
        prices.insert(piece.name.to_owned(), price);
    }
    Ok(prices)
}

/// Measures, and writes the baseline.
fn accept() -> Result<ExitCode, String> {
    let prices = measure()?;
    let compiler = baseline::compiler()?;
    for (name, price) in &prices {
        println!("{name:<32} {price:>10.1}");
    }
    Baseline { compiler, prices, ..Baseline::read().unwrap_or_default() }.write()?;
    println!("the baseline is written anew");
    Ok(ExitCode::SUCCESS)
}

/// Measures, and holds the prices against the baseline.
fn compare() -> Result<ExitCode, String> {
    let baseline = Baseline::read()?;
    let compiler = baseline::compiler()?;
    let prices = measure()?;
    println!("{:<32} {:>10} {:>10} {:>9}", "instructions for one", "baseline", "now", "change");
    let mut judged = Vec::new();
    for (name, price) in &prices {
        let Some(before) = baseline.prices.get(name) else {
            println!("{name:<32} {:>10} {price:>10.1}", "none");
            continue;
        };
        let verdict = baseline.judge(*before, *price);
        let change = (price / before - 1.0) * 100.0;
        println!("{name:<32} {before:>10.1} {price:>10.1} {change:>+8.2}%{}", verdict.remark());
        judged.push(verdict);
    }
    let (lacks, others) = (prices.len() - judged.len(), baseline.prices.len() - judged.len());
    if lacks + others > 0 {
        return Err(format!(
            "the baseline lacks {lacks} of these and has {others} others; write it anew: \
             {HOW_TO_ACCEPT}"
        ));
    }
    let same_compiler = compiler == baseline.compiler;
    if !same_compiler {
        println!(
            "warning: the baseline is of {:?}, and this is {compiler:?}: the counts of two \
             compilers are compared, so nothing fails",
            baseline.compiler
        );
    }
    let dearer = sum_up(&baseline, &judged);
    Ok(if dearer && same_compiler { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Says what there is to do, and whether anything is dearer than it may be.
fn sum_up(baseline: &Baseline, judged: &[Judged]) -> bool {
    let count = |of| judged.iter().filter(|verdict| **verdict == of).count();
    let (dearer, cheaper) = (count(Judged::Dearer), count(Judged::Cheaper));
    if cheaper > 0 {
        println!(
            "{cheaper} cheaper: write the baseline anew, so that it stays so: {HOW_TO_ACCEPT}"
        );
    }
    let Baseline { tolerance_percent, tolerance_instructions, .. } = baseline;
    let allowed = format!("{tolerance_percent} % and {tolerance_instructions} instructions allow");
    match dearer {
        0 => println!("nothing is dearer than {allowed}"),
        _ => println!("{dearer} dearer than {allowed}; if it is worth it: {HOW_TO_ACCEPT}"),
    }
    dearer > 0
}

/// Does one piece of work, as the program calls itself under callgrind, and says how much was done.
fn work(name: &str, times: &str) -> Result<ExitCode, String> {
    let piece = PIECES.iter().find(|piece| piece.name == name);
    let piece = piece.ok_or_else(|| format!("there is no piece of work {name:?}"))?;
    let times = times.parse().map_err(|_| format!("{times:?} is no number of times"))?;
    println!("{}", (piece.work)(times));
    Ok(ExitCode::SUCCESS)
}

fn main() -> ExitCode {
    // Cargo adds `--bench` to what a benchmark is called with.
    let given: Vec<String> = std::env::args().skip(1).filter(|given| given != "--bench").collect();
    let done = match given.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [callgrind::WORK, name, times] => work(name, times),
        _ if cfg!(debug_assertions) => Err("only what is optimised is worth counting".to_owned()),
        [] => compare(),
        [ACCEPT] => accept(),
        _ => Err(format!("only {ACCEPT} is understood, and given was {given:?}")),
    };
    done.unwrap_or_else(|reason| {
        eprintln!("instructions: {reason}");
        eprintln!("instructions: there is no verdict");
        ExitCode::from(2)
    })
}
