//! A server or a client that was started by hand.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A process of a service, and the lines that it says.
pub(crate) struct ByHand {
    /// The process.
    pub(crate) process: Child,
    lines: Receiver<String>,
}

impl ByHand {
    /// Starts `locklab` with these arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_locklab"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        let (speaks, lines) = channel();
        let stdout = BufReader::new(process.stdout.take().expect("a pipe"));
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _nobody = speaks.send(line);
            }
        });
        Self { process, lines }
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) {
        let stdin = self.process.stdin.as_mut().expect("a pipe");
        stdin.write_all(format!("{line}\n").as_bytes()).expect("it reads");
    }

    /// Waits until it says something with these words in it.
    pub(crate) fn wait_for(&self, words: &str) {
        loop {
            let line = self.lines.recv_timeout(Duration::from_secs(40));
            if line.unwrap_or_else(|_| panic!("it does not say: {words}")).contains(words) {
                return;
            }
        }
    }
}

impl Drop for ByHand {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _over = self.process.kill();
        let _over = self.process.wait();
    }
}

/// How many bases were given out here.
static BASES: AtomicU32 = AtomicU32::new(0);

/// A base port, below those that the system gives out, whose ports for servers and clients nobody
/// uses: another one for each call.
pub(crate) fn free_base() -> u16 {
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    loop {
        let number = std::process::id().wrapping_add(BASES.fetch_add(1, Ordering::Relaxed));
        let base = 12_000 + 110 * u16::try_from(number % 180).expect("small");
        if [1, 2, 3, 101, 102].into_iter().all(|port| free(base + port)) {
            return base;
        }
    }
}
