//! The folder of a run, and how it goes away: the last one out removes it.
//!
//! Beside the nodes runs a janitor, a process with nothing to do but to wait: for the end of the
//! host (its input ends then, however the host died), and for the end of the last node (each node
//! holds a shared lock on a file in the folder for as long as it lives). Then it removes the
//! folder. Should somebody kill the janitor too, the next run removes what nobody locks any more.

use std::fs::{File, TryLockError};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// How the folders of runs are called.
const PREFIX: &str = "locklab-live-";

/// The file that is locked while anybody uses the folder.
const IN_USE: &str = "in-use";

/// The folder of a run.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    janitor: Child,
    in_use: File,
}

impl Folder {
    /// Makes the folder, and has it watched.
    pub(super) fn new(program: &Path) -> io::Result<Self> {
        sweep(&std::env::temp_dir());
        let (folder, in_use) = loop {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
            let in_use = lock(folder.path())?;
            // Another run may have swept it away before it was locked.
            if folder.path().join(IN_USE).exists() {
                break (folder, in_use);
            }
        };
        let janitor = Command::new(program)
            .arg("live-janitor")
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Self { path: folder.keep(), janitor, in_use })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until the folder is gone. All nodes must be dead.
    pub(super) fn remove(mut self) {
        drop(self.janitor.stdin.take());
        drop(self.in_use);
        let _gone = self.janitor.wait();
    }
}

/// Says that the folder is in use for as long as the file is open.
///
/// # Errors
///
/// If the file cannot be made or locked.
pub(super) fn lock(folder: &Path) -> io::Result<File> {
    let file = File::options().create(true).append(true).open(folder.join(IN_USE))?;
    file.lock_shared()?;
    Ok(file)
}

/// What the janitor does: waits until nobody needs the folder, and removes it.
///
/// # Errors
///
/// If the folder cannot be removed.
pub fn janitor(folder: &Path) -> io::Result<()> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if !name.starts_with(PREFIX) {
        return Err(io::Error::other("this is not the folder of a run"));
    }
    let mut nothing = Vec::new();
    io::stdin().read_to_end(&mut nothing)?;
    let file = File::options().create(true).append(true).open(folder.join(IN_USE))?;
    file.lock()?;
    std::fs::remove_dir_all(folder)
}

/// Removes folders of runs whose everybody was killed at once, the janitor too.
fn sweep(place: &Path) {
    let Ok(entries) = std::fs::read_dir(place) else { return };
    for entry in entries.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        let Ok(file) = File::options().append(true).open(entry.path().join(IN_USE)) else {
            continue;
        };
        match file.try_lock() {
            // A run that begins has no file yet, and one that goes on holds it.
            Ok(()) => drop(std::fs::remove_dir_all(entry.path())),
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => {}
        }
    }
}
