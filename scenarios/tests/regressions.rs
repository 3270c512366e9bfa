//! Every folder of `regressions/` is played, and comes to the verdict that it is known for.
//!
//! A folder says by itself everything that its run needs, so the hash of the run is pinned: a
//! change of how scenarios or chance are drawn must not change it. Where a lock has changed on
//! purpose, look at the difference, and let `locklab shrink` write the folder anew; where it was
//! mended, set the `verdict` in `finding.json` to `held`.

use libtest_mimic::{Arguments, Failed, Trial};
use locklab_protocols::spec::Verdict;
use locklab_scenarios::artifact::{Artifact, Expectation};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::sim::Record;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const REGRESSIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/regressions");

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let entries = std::fs::read_dir(REGRESSIONS).expect("the folder is there");
    let folders = entries.map(|entry| entry.expect("it can be read").path());
    let mut folders: Vec<PathBuf> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    assert!(!folders.is_empty(), "{REGRESSIONS} is empty");
    let trial = |folder: PathBuf| {
        let name = folder.file_name().expect("a folder has a name").to_string_lossy().into_owned();
        Trial::test(name, move || replay(&folder))
    };
    libtest_mimic::run(&arguments, folders.into_iter().map(trial).collect()).exit_code()
}

fn replay(folder: &Path) -> Result<(), Failed> {
    let shelf = Contestants::shelf();
    let artifact = Artifact::load(folder, &shelf.names())?;
    let entry = shelf.entry(&artifact.finding.protocol)?;
    let outcome = artifact.play(entry, Record::Nothing);
    let guarantee = artifact.finding.guarantee;
    let command = format!("cargo run --release -- replay {}", folder.display());
    let as_known = matches!(
        (outcome.verdicts.get(&guarantee), artifact.finding.verdict),
        (Some(Verdict::Broken { .. }), Expectation::Broken)
            | (Some(Verdict::Held), Expectation::Held)
    );
    if !as_known {
        let (found, known) = (outcome.verdicts.get(&guarantee), artifact.finding.verdict);
        return Err(format!("{guarantee} is {found:?}, and {known:?} is known\n{command}").into());
    }
    let hash = format!("{:016x}", outcome.hash);
    if artifact.finding.verdict == Expectation::Broken && hash != artifact.finding.hash {
        let known = &artifact.finding.hash;
        return Err(format!("the run has the hash {hash}, and had {known}\n{command}").into());
    }
    Ok(())
}
