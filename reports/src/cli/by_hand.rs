//! `locklab serve` and `locklab client`: a lock service on a few terminals, to see how it works.

use super::exit::Exit;
use super::trouble::Trouble;
use clap::{Args, value_parser};
use locklab_protocols::id::{ClientId, ServerId};
use locklab_scenarios::live::Live;
use locklab_scenarios::live::by_hand::{Base, CLIENTS};
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use std::io::{IsTerminal, stdin, stdout};
use std::path::PathBuf;
use tokio::sync::mpsc;

/// What all who belong together must say alike.
#[derive(Args, Debug)]
struct Service {
    /// The lock
    protocol: String,
    /// How many servers, for locks that can choose
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=15))]
    servers: Option<u16>,
    /// The port that the ports of servers (plus 1, 2, ...) and clients (plus 101, ...) count from
    #[arg(long, value_name = "PORT", default_value_t = 7400, value_parser = value_parser!(u16).range(1024..=65_000))]
    port: u16,
}

impl Service {
    fn lock(&self) -> Result<Box<dyn Live>, Trouble> {
        let mut scenario = Scenario::new("by-hand").clients(usize::from(CLIENTS));
        scenario.servers = self.servers.map(usize::from);
        Contestants::shelf().live(&self.protocol, &scenario).map_err(Trouble::Asked)
    }
}

/// Is one server of a lock service, on this machine, until Ctrl-C.
#[derive(Args, Debug)]
pub(super) struct Serve {
    #[command(flatten)]
    service: Service,
    /// Which of the servers
    #[arg(long, value_name = "K", default_value_t = 1)]
    server: u32,
    /// The folder in which the server keeps its disk
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
}

impl Serve {
    pub(super) fn run(&self) -> Result<Exit, Trouble> {
        let lock = self.service.lock()?;
        if self.server == 0 || self.server as usize > lock.servers() {
            let (protocol, servers) = (&self.service.protocol, lock.servers());
            let message = format!("`{protocol}` has the servers 1 to {servers} here");
            return Err(Trouble::Asked(message));
        }
        let base = Base(self.service.port);
        let server = ServerId(self.server);
        let servers = lock.servers();
        eprintln!(
            "{server} of {servers} at {}; Ctrl-C ends it. For learning, not for production: nobody \
             is asked who he is.",
            base.address(server.into())
        );
        let tell = Box::new(|event: &str| println!("{event}"));
        let served = lock.serve(server, base, &self.data, tell);
        served.map(|()| Exit::Fine).map_err(|error| Trouble::Asked(error.to_string()))
    }
}

/// Talks to a lock service that `locklab serve` runs, line by line.
#[derive(Args, Debug)]
pub(super) struct Client {
    #[command(flatten)]
    service: Service,
    /// Which of the clients: every one that runs has another number
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = value_parser!(u32).range(1..=i64::from(CLIENTS)))]
    client: u32,
}

impl Client {
    pub(super) fn run(&self) -> Result<Exit, Trouble> {
        let lock = self.service.lock()?;
        if stdin().is_terminal() && stdout().is_terminal() {
            eprintln!("`acquire 1` asks for L1, `release 1` gives it back, `quit` ends.");
        }
        let (lines, commands) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in stdin().lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        let tell = Box::new(|said: &str| println!("{said}"));
        let base = Base(self.service.port);
        let done = lock.be_client(ClientId(self.client), base, commands, tell);
        done.map(|()| Exit::Fine).map_err(|error| Trouble::Asked(error.to_string()))
    }
}
