//! `locklab explore`: stateright's Explorer over the states of a small system.

use super::exit::Exit;
use super::{check, note};
use crate::cli::trouble::Trouble;
use clap::{Args, value_parser};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Opens the Explorer.
#[derive(Args, Debug)]
pub(super) struct Explore {
    /// The lock
    protocol: String,
    /// Which of its configurations, in the order of `locklab check`
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = value_parser!(u16).range(1..))]
    configuration: u16,
    #[command(flatten)]
    size: check::SizeArguments,
    /// The port on this machine at which a browser finds it
    #[arg(long, default_value_t = 3000)]
    port: u16,
}

impl Explore {
    pub(super) fn run(&self) -> Result<Exit, Trouble> {
        let subjects = check::chosen(std::slice::from_ref(&self.protocol), self.size.size()?)?;
        let wanted = usize::from(self.configuration);
        let Some(subject) = subjects.get(wanted - 1) else {
            let (protocol, there) = (&self.protocol, subjects.len());
            let message = format!("`{protocol}` has {there} configurations, not {wanted}");
            return Err(Trouble::Asked(message));
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        // The Explorer would panic.
        TcpListener::bind(address).map_err(|error| {
            Trouble::Asked(format!("cannot listen at {address}: {error}; try another --port"))
        })?;
        note(false, &format!("{} with {}", subject.protocol(), subject.about()));
        note(false, &format!("open http://{address}/ in a browser; Ctrl-C ends it"));
        subject.explore(&address.to_string());
        Ok(Exit::Fine)
    }
}
