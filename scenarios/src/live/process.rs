//! Processes: how a node is started, stopped, let go on, and killed.
//!
//! A node dies with its host: on Linux the kernel sees to it, also while the node is stopped;
//! elsewhere it reads the end of its input. It is in a process group of its own, so that a Ctrl-C
//! on the terminal reaches the host alone.

use super::clocks::Epoch;
use super::journal::{hear_bytes, say};
use locklab_protocols::time::Time;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use serde::Serialize;
use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::Duration;

/// How long a signal may take to do its work.
const PATIENCE: Duration = Duration::from_secs(10);

/// A node's process.
#[derive(Debug)]
pub(super) struct Process {
    pid: Pid,
    stdin: ChildStdin,
    reaped: bool,
}

impl Process {
    /// Starts a node. `hear` gets each thing that it says, on a thread of its own, and `None` when
    /// nothing more comes.
    pub(super) fn start(
        program: &Path,
        arguments: &[&str],
        config: &impl Serialize,
        errors: File,
        hear: impl Fn(Option<Vec<u8>>) + Send + 'static,
    ) -> io::Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .process_group(0)
            .spawn()?;
        let pid = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(mut stdin), Some(mut stdout)) = (stdin, stdout) else {
            return Err(io::Error::other("a process has no pipes"));
        };
        say(&mut stdin, config)?;
        std::thread::spawn(move || {
            while let Some(said) = hear_bytes(&mut stdout) {
                hear(Some(said));
            }
            hear(None);
        });
        Ok(Self { pid, stdin, reaped: false })
    }

    /// Says something to it. If it is dead, nobody hears it.
    pub(super) fn say(&mut self, what: &impl Serialize) {
        let _dead = say(&mut self.stdin, what);
    }

    /// Stops it, and returns when it stands still; false if it is dead.
    pub(super) fn stop(&mut self) -> bool {
        self.signal(Signal::SIGSTOP) && matches!(self.wait_for_change(), WaitStatus::Stopped(..))
    }

    /// Lets it go on.
    pub(super) fn go_on(&mut self) {
        self.signal(Signal::SIGCONT);
    }

    /// Kills it, and returns when it is dead.
    pub(super) fn kill(&mut self) {
        if self.signal(Signal::SIGKILL) {
            // A stop that nobody has waited for may come first.
            while !self.reaped && self.wait_for_change() != WaitStatus::StillAlive {}
        }
    }

    fn signal(&mut self, signal: Signal) -> bool {
        // A process that has not been waited for keeps its number.
        !self.reaped && kill(self.pid, signal).is_ok()
    }

    fn wait_for_change(&mut self) -> WaitStatus {
        let begun = Epoch::now();
        loop {
            match self.change() {
                WaitStatus::StillAlive if !self.reaped && begun.time() < Time::ZERO + PATIENCE => {
                    std::thread::sleep(Duration::from_micros(200));
                }
                status => return status,
            }
        }
    }

    /// What has become of it since somebody looked last.
    fn change(&mut self) -> WaitStatus {
        if self.reaped {
            return WaitStatus::StillAlive;
        }
        let flags = WaitPidFlag::WUNTRACED | WaitPidFlag::WNOHANG;
        let status = waitpid(self.pid, Some(flags));
        self.reaped =
            matches!(status, Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) | Err(_));
        status.unwrap_or(WaitStatus::StillAlive)
    }

    /// How it ended, once it has said its last word.
    pub(super) fn how_it_ended(&mut self) -> String {
        match self.wait_for_change() {
            WaitStatus::Exited(_, code) => format!("it ended with code {code}"),
            WaitStatus::Signaled(_, signal, _) => format!("it was killed by {signal}"),
            _ => "it closed its output".to_owned(),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a node does first: it makes sure that it does not outlive its host.
pub(super) fn die_with(host: u32) {
    #[cfg(target_os = "linux")]
    {
        // If this fails the end of its input still ends the node, unless it is stopped then.
        let _best_effort = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    }
    let parent = nix::unistd::getppid().as_raw();
    if u32::try_from(parent).is_ok_and(|parent| parent != host) {
        std::process::exit(0);
    }
}
