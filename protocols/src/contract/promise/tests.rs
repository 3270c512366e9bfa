//! What kind of lock each is and what it promises with which settings, as `promises.txt` has it. Read
//! the difference, and `REWRITE=1 cargo test -p locklab-protocols promises` writes it anew.

use crate::contract::{Clock, Protocol, Semantics};
use crate::raft::{self, Raft};
use crate::ttl::{
    self, Persist, Redlock, Ttl, TtlNaive, TtlReplicated, TtlWatchdog, TtlWatchdogSilent,
};
use crate::two_phase::{self, Conflict, Placement, TwoPhase};
use std::fmt::Write;
use std::time::Duration;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

/// The kinds of lock that it is.
fn kinds(semantics: Semantics) -> String {
    let Semantics { reentrant, fenced, renews } = semantics;
    let kinds = [(reentrant, "reentrant"), (fenced, "fenced"), (renews, "renews")];
    kinds.iter().filter(|(is, _)| *is).map(|(_, kind)| format!(", {kind}")).collect()
}

/// A heading with what is set, and a line for each promise.
fn promises(set: &str, protocol: &impl Protocol, out: &mut String) {
    let (name, servers) = (protocol.name(), protocol.servers());
    let kinds = kinds(protocol.semantics());
    let _ = writeln!(out, "# {name} with {servers} servers{kinds}{set}");
    for promise in protocol.promises() {
        let assumes: Vec<String> = promise.assumes.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "{}: {}", promise.guarantee, assumes.join("; "));
    }
}

fn of_ttl(out: &mut String) {
    let usual = Ttl::default().settings;
    let quick = ttl::Settings {
        lease: SECOND,
        drift_percent: 7,
        acquire_timeout: 300 * MILLI,
        request_timeout: 90 * MILLI,
        ..usual
    };
    let careless = ttl::Settings {
        drift_percent: 0,
        persist: Persist::Never,
        expiry: Clock::Wall,
        lock_delay: 2 * SECOND,
        ..usual
    };
    let delayed = ttl::Settings { lock_delay: 2 * SECOND, ..usual };
    let impatient = ttl::Settings { acquire_timeout: 100 * MILLI, ..usual };
    let every_second = ttl::Settings { persist: Persist::EverySecond, ..usual };
    let all = [
        ("", usual),
        (", quick", quick),
        (", careless", careless),
        (", synced every second", every_second),
    ];
    for (set, settings) in all {
        promises(set, &TtlNaive { settings }, out);
        promises(set, &Ttl { settings }, out);
        promises(set, &TtlWatchdog { settings }, out);
        promises(set, &TtlWatchdogSilent { settings }, out);
        for wait_for_replica in [false, true] {
            let waits = if wait_for_replica { ", waits for its replica" } else { "" };
            let usual = TtlReplicated::default();
            let lock = TtlReplicated { settings, wait_for_replica, ..usual };
            promises(&format!("{set}{waits}"), &lock, out);
        }
        for (servers, restart_delay) in [(1, 0), (2, 0), (5, 3), (5, 10), (5, 30)] {
            let set = format!("{set}, back after {restart_delay} s");
            let restart_delay = restart_delay * SECOND;
            promises(&set, &Redlock { settings, servers, restart_delay }, out);
        }
    }
    promises(", delayed", &Ttl { settings: delayed }, out);
    promises(", impatient", &Ttl { settings: impatient }, out);
}

fn of_two_phase(out: &mut String) {
    let conflicts =
        [Conflict::Refuse, Conflict::WaitDie, Conflict::WoundWait, Conflict::Wait, Conflict::Bare];
    for conflict in conflicts {
        let usual = TwoPhase::with(conflict).settings;
        let quick = two_phase::Settings {
            lease: Some(SECOND),
            drift_percent: 7,
            acquire_timeout: 300 * MILLI,
            participants: 5,
            ..usual
        };
        let spread = two_phase::Settings {
            lease: None,
            coordinators: 2,
            placement: Placement::Spread,
            repeat: 700 * MILLI,
            ..usual
        };
        promises(&format!(", {conflict:?}"), &TwoPhase { settings: usual }, out);
        promises(&format!(", {conflict:?}, quick"), &TwoPhase { settings: quick }, out);
        promises(&format!(", {conflict:?}, spread"), &TwoPhase { settings: spread }, out);
        let others = [
            (", patient", two_phase::Settings { acquire_timeout: 20 * SECOND, ..usual }),
            (", precise", two_phase::Settings { drift_percent: 5, ..usual }),
            (", hurried", two_phase::Settings { wait_timeout: 100 * MILLI, ..usual }),
            (", a short lease", two_phase::Settings { lease: Some(400 * MILLI), ..usual }),
        ];
        // What these change shows where clients stand in line; elsewhere it would be said once more.
        for (set, settings) in others.into_iter().filter(|_| conflict == Conflict::Wait) {
            promises(set, &TwoPhase { settings }, out);
        }
    }
}

fn of_raft(out: &mut String) {
    let usual = Raft::default().settings;
    let quick = raft::Settings {
        lease: 2 * SECOND,
        drift_percent: 7,
        election_timeout: 150 * MILLI,
        request_timeout: 90 * MILLI,
        heartbeat: 20 * MILLI,
        acquire_timeout: 300 * MILLI,
        append_limit: 4,
        ..usual
    };
    let impatient = raft::Settings { acquire_timeout: 300 * MILLI, ..usual };
    let short = raft::Settings { lease: SECOND, drift_percent: 0, ..usual };
    let moving = raft::Settings {
        transfer_every: Some(12 * SECOND),
        reconfigure_every: Some(SECOND),
        ..usual
    };
    let hasty = raft::Settings { transfer_every: Some(SECOND), ..usual };
    let all = [
        ("", usual),
        (", quick", quick),
        (", impatient", impatient),
        (", a short lease", short),
        (", moving", moving),
        (", hasty", hasty),
    ];
    for (set, settings) in all {
        for servers in [3, 4, 5] {
            promises(set, &Raft { servers, settings }, out);
        }
    }
}

#[test]
fn promises_are_what_they_were() {
    let mut now = String::new();
    of_ttl(&mut now);
    of_two_phase(&mut now);
    of_raft(&mut now);
    if std::env::var_os("REWRITE").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/contract/promise/promises.txt");
        std::fs::write(path, &now).expect("it can be written");
    }
    let mut heading = "";
    let before = include_str!("promises.txt");
    for (now, before) in now.lines().zip(before.lines()) {
        assert_eq!(now, before, "{heading}");
        heading = if now.starts_with('#') { now } else { heading };
    }
    assert_eq!(now.lines().count(), before.lines().count());
}
