//! Where batches are built and trials are made: a folder of its own below `target`, kept from call to
//! call, so that only what changed is built again.

use super::tree::{Batch, PROGRAM, VARIABLE};
use super::trial::{Task, Trial};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a trial may take before it is taken for one without an end.
const LONGEST: Duration = Duration::from_secs(900);

/// How often a trial is looked after.
const LOOK: Duration = Duration::from_millis(50);

/// So many last lines of cargo's are shown when a batch cannot be built.
const SHOWN: usize = 40;

/// Where batches are built.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workshop {
    tree: PathBuf,
    /// Where cargo builds, for the tree and for the copy.
    target: PathBuf,
    folder: PathBuf,
}

impl Workshop {
    /// That of a tree.
    ///
    /// # Errors
    ///
    /// If there is no such folder.
    pub fn of(tree: &Path) -> Result<Self, String> {
        let found = fs::canonicalize(tree);
        let tree = found.map_err(|error| format!("cannot read `{}`: {error}", tree.display()))?;
        let elsewhere = std::env::var_os("CARGO_TARGET_DIR").filter(|name| !name.is_empty());
        let target = elsewhere.map_or_else(|| tree.join("target"), |name| tree.join(name));
        // It must be below the tree, for cargo looks there for its settings.
        let folder = tree.join("target").join("mutants");
        Ok(Self { tree, target, folder })
    }

    /// The tree.
    pub fn tree(&self) -> &Path {
        &self.tree
    }

    /// Builds a batch and says where the program is. It stands in the copy as it does in the tree, so
    /// cargo's settings of the tree hold for it too.
    ///
    /// # Errors
    ///
    /// If it cannot be written or does not build; what cargo said last is part of it.
    pub fn build(&self, batch: &Batch) -> Result<PathBuf, String> {
        let number = batch.number;
        // One copy for each, so that going from one to the next builds nothing anew.
        let copy = self.folder.join(format!("tree-{number}"));
        batch.write(&self.tree, &copy)?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(&cargo)
            .args(["build", "--locked", "--package", "locklab-reports", "--bin", PROGRAM])
            .arg("--target-dir")
            .arg(&self.target)
            .current_dir(&copy)
            // Nothing of it is built twice, and what is not built in small parts runs faster.
            .env("CARGO_INCREMENTAL", "0")
            // It would replace the flags of the tree, and the simulator needs them.
            .env_remove("RUSTFLAGS")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot run `{}`: {error}", cargo.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let lines: Vec<&str> = said.lines().collect();
            let last = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
            let ids = batch.ids.join(", ");
            return Err(format!("the tree with {ids} in it does not build:\n{last}"));
        }
        let suffix = std::env::consts::EXE_SUFFIX;
        let from = self.target.join("debug").join(format!("{PROGRAM}{suffix}"));
        let to = self.folder.join(format!("locklab-{number}{suffix}"));
        let copied = fs::remove_file(&to).or(Ok(())).and_then(|()| fs::copy(&from, &to));
        copied.map_err(|error| format!("cannot copy `{}`: {error}", from.display()))?;
        Ok(to)
    }
}

/// Makes a trial in a process of its own, with this mistake planted or none; nothing if it was stopped.
///
/// # Errors
///
/// If the process ends otherwise than with a result.
pub fn run(
    program: &Path,
    planted: Option<&str>,
    task: &Task,
    stop: &AtomicBool,
) -> Result<Option<Trial>, String> {
    let name = planted.unwrap_or("the tree as it is");
    let wrong = |what: String| format!("{name}: {what}");
    let mut child = Command::new(program)
        .arg("trial")
        .env(VARIABLE, planted.unwrap_or_default())
        // As many trials as there are cores run beside each other.
        .env("RAYON_NUM_THREADS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| wrong(format!("cannot run `{}`: {error}", program.display())))?;
    let text = serde_json::to_string(task).expect("a task has a form in JSON");
    if let Some(mut input) = child.stdin.take() {
        // One that ends before it has read this says so by how it ends.
        let _ = input.write_all(text.as_bytes());
    }
    if !ended(&mut child, stop) {
        let _ = child.kill();
        let _ = child.wait();
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        return Err(wrong(format!("its trial does not end within {LONGEST:?}")));
    }
    let output = child.wait_with_output().map_err(|error| wrong(error.to_string()))?;
    if stop.load(Ordering::Relaxed) && !output.status.success() {
        return Ok(None);
    }
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or_default().to_owned();
        return Err(wrong(format!("its trial ended with {}: {last}", output.status)));
    }
    let trial = serde_json::from_slice(&output.stdout);
    trial.map(Some).map_err(|error| wrong(format!("its trial has no result: {error}")))
}

/// Waits until a trial ends by itself; says whether it did.
fn ended(child: &mut Child, stop: &AtomicBool) -> bool {
    let watch = indicatif::ProgressBar::hidden();
    while watch.elapsed() < LONGEST && !stop.load(Ordering::Relaxed) {
        if !matches!(child.try_wait(), Ok(None)) {
            return true;
        }
        std::thread::sleep(LOOK);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task {
        let none = Vec::new;
        Task {
            protocols: none(),
            models: none(),
            known: none(),
            probes: none(),
            seeds: 1,
            searches: 1,
            runs: 1,
            states: 1,
        }
    }

    #[test]
    fn a_program_that_gives_no_result_is_an_error_with_its_name() {
        let go_on = AtomicBool::new(false);
        let wrong = run(Path::new("/nowhere/locklab"), Some("T1"), &task(), &go_on).unwrap_err();
        assert!(wrong.starts_with("T1: cannot run `/nowhere/locklab`"), "{wrong}");
        assert!(Workshop::of(Path::new("/nowhere")).unwrap_err().contains("/nowhere"));
    }
}
