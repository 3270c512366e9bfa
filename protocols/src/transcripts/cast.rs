//! Who plays: the protocols by name, and how their nodes show what they know.

use super::stage::{Play, Stage};
use crate::prelude::*;
use crate::ttl::{
    Claim, Persist, Phase, Redlock, Settings, Ttl, TtlNaive, TtlReplicated, TtlWatchdog,
    TtlWatchdogSilent, WatchdogClient,
};
use crate::two_phase::participant::Record;
use crate::two_phase::{Conflict, Placement, Server, TwoPhase};

/// A protocol whose nodes can show what they know.
pub(crate) trait Shown: Protocol<Message: std::fmt::Display> {
    /// What a server knows.
    fn show_server(server: &Self::Server) -> String;
    /// What a client knows.
    fn show_client(client: &Self::Client) -> String;
    /// The message that asks who holds a lock.
    fn query(_: LockId) -> Option<Self::Message> {
        None
    }
    /// The writes that put this on the disk of a server.
    fn disk(_: &[&str]) -> Result<Vec<Change<Self::Server>>, String> {
        Err("this lock has no such disk".to_owned())
    }
}

impl Shown for TtlNaive {
    fn show_server(server: &Self::Server) -> String {
        server.keys().to_string()
    }

    fn show_client(_: &Self::Client) -> String {
        String::new()
    }
}

impl Shown for Ttl {
    fn show_server(server: &Self::Server) -> String {
        server.keys().to_string()
    }

    fn show_client(client: &Self::Client) -> String {
        show_claims(client.claims())
    }
}

impl Shown for TtlWatchdog {
    fn show_server(server: &Self::Server) -> String {
        server.keys().to_string()
    }

    fn show_client(client: &Self::Client) -> String {
        show_watchdog(client)
    }
}

impl Shown for TtlWatchdogSilent {
    fn show_server(server: &Self::Server) -> String {
        server.keys().to_string()
    }

    fn show_client(client: &Self::Client) -> String {
        show_watchdog(client)
    }
}

impl Shown for TtlReplicated {
    fn show_server(server: &Self::Server) -> String {
        let role = if server.is_primary() { "primary" } else { "replica" };
        format!("{role} of epoch {}: {}", server.epoch(), server.keys())
    }

    fn show_client(client: &Self::Client) -> String {
        show_claims(client.claims())
    }
}

impl Shown for Redlock {
    fn show_server(server: &Self::Server) -> String {
        server.keys().to_string()
    }

    fn show_client(client: &Self::Client) -> String {
        let ballots = client.ballots().iter().map(|(lock, ballot)| {
            let (yes, no) = (ballot.yes.count(), ballot.no.count());
            format!("{lock}: {:?}, {yes} yes, {no} no", ballot.stage)
        });
        or_nothing(ballots.collect())
    }
}

fn show_watchdog(client: &WatchdogClient) -> String {
    let depths = client.watches().values().map(|watch| watch.depth);
    let depths: Vec<_> = depths.map(|depth| format!(", depth {depth}")).collect();
    show_claims(client.claims()) + &depths.join("")
}

impl Shown for TwoPhase {
    fn show_server(server: &Self::Server) -> String {
        let parts: Vec<String> = match server {
            Server::Coordinator(coordinator) => {
                let voting = coordinator.voting().map(|attempt| format!("{attempt} is voting"));
                let commits = coordinator.log().commits().keys();
                voting.chain(commits.map(|attempt| format!("{attempt} is committed"))).collect()
            }
            Server::Participant(participant) => {
                let ledger = participant.ledger();
                let records = ledger.records().iter().map(|(attempt, record)| match record {
                    Record::Prepared(_) => format!("{attempt} is prepared"),
                    Record::Committed(_) => format!("{attempt} is committed"),
                    Record::Renounced => format!("{attempt} is renounced"),
                });
                let waiting = participant.waiting().iter();
                let waiting = waiting.map(|wanted| format!("{} waits", wanted.attempt));
                let holds = ledger.holds().iter().map(|(lock, hold)| {
                    format!("{lock} is {}'s, token {}", hold.request.owner, hold.token)
                });
                records.chain(waiting).chain(holds).collect()
            }
        };
        or_nothing(parts)
    }

    fn show_client(client: &Self::Client) -> String {
        let claims = client.claims().values().map(|claim| {
            let locks: Vec<_> = claim.locks.iter().map(ToString::to_string).collect();
            let does = if claim.asking { "asks" } else { "waits to ask" };
            format!("{does} for {}", locks.join(", "))
        });
        let holdings = client.holdings().iter().map(|(lock, holding)| {
            if holding.releasing { format!("gives {lock} back") } else { format!("holds {lock}") }
        });
        or_nothing(claims.chain(holdings).collect())
    }
}

fn show_claims<'a>(claims: impl Iterator<Item = (LockId, &'a Claim)>) -> String {
    let claims = claims.map(|(lock, claim)| match claim.phase {
        Phase::Asking => format!("asks for {lock}"),
        Phase::Waiting => format!("waits to ask for {lock}"),
        Phase::Held(Some(token)) => format!("holds {lock}, token {token}"),
        Phase::Held(None) => format!("holds {lock}"),
        Phase::Releasing => format!("gives {lock} back"),
    });
    or_nothing(claims.collect())
}

fn or_nothing(parts: Vec<String>) -> String {
    if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") }
}

/// Two-phase commit, if the name is one of its own.
fn two_phase(name: &str) -> Option<TwoPhase> {
    let policies =
        [Conflict::Refuse, Conflict::WaitDie, Conflict::WoundWait, Conflict::Wait, Conflict::Bare];
    let mut protocols = policies.into_iter().map(TwoPhase::with);
    protocols.find(|protocol| protocol.name() == name)
}

/// Builds the stage for a `lock` command.
pub(crate) fn stage(name: &str, words: &[&str]) -> Result<Box<dyn Play>, String> {
    if name == "raft" {
        return super::raft::stage(words);
    }
    let mut settings = Settings::default();
    let mut redlock = Redlock::default();
    let mut replicated = TtlReplicated::default();
    let mut transaction = two_phase(name).unwrap_or_default();
    let mut clients = 2;
    for word in words {
        match word.split_once('=') {
            Some(("lock-delay", delay)) => settings.lock_delay = duration(delay)?,
            Some(("expiry", "monotonic")) => settings.expiry = Clock::Monotonic,
            Some(("persist", "never")) => settings.persist = Persist::Never,
            Some(("persist", "every-second")) => settings.persist = Persist::EverySecond,
            Some(("wait", "yes")) => replicated.wait_for_replica = true,
            Some(("restart-delay", delay)) => redlock.restart_delay = duration(delay)?,
            Some(("coordinators", number)) => {
                transaction.settings.coordinators = number.parse().map_err(|_| "how many?")?;
            }
            Some(("participants", number)) => {
                transaction.settings.participants = number.parse().map_err(|_| "how many?")?;
            }
            Some(("spread", "yes")) => transaction.settings.placement = Placement::Spread,
            Some(("lease", "none")) => transaction.settings.lease = None,
            Some(("clients", number)) => clients = number.parse().map_err(|_| "how many?")?,
            _ => return Err(format!("no setting {word}")),
        }
    }
    redlock.settings = Settings { request_timeout: redlock.settings.request_timeout, ..settings };
    replicated.settings = settings;
    Ok(match name {
        "ttl-naive" => Box::new(Stage::new(TtlNaive { settings }, clients)),
        "ttl" => Box::new(Stage::new(Ttl { settings }, clients)),
        "ttl-watchdog" => Box::new(Stage::new(TtlWatchdog { settings }, clients)),
        "ttl-watchdog-silent" => Box::new(Stage::new(TtlWatchdogSilent { settings }, clients)),
        "ttl-replicated" => Box::new(Stage::new(replicated, clients)),
        "redlock" => Box::new(Stage::new(redlock, clients)),
        _ if two_phase(name).is_some() => Box::new(Stage::new(transaction, clients)),
        _ => return Err(format!("no lock {name}")),
    })
}

/// A duration like `5s` or `100ms`.
pub(crate) fn duration(word: &str) -> Result<Duration, String> {
    let (digits, unit) = match word.strip_suffix("ms") {
        Some(digits) => (digits, Duration::from_millis(1)),
        None => (word.strip_suffix('s').unwrap_or(word), Duration::from_secs(1)),
    };
    let number: u32 = digits.parse().map_err(|_| format!("no duration {word}"))?;
    Ok(unit * number)
}
