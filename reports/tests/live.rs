//! The live host, from the command line: what it finds, and that nothing is left behind.
//!
//! The faults here are longer than anything that a loaded machine adds by itself: a lease of 2
//! seconds and a stop of 6, an election of a fraction of a second and 3 seconds without the leader.

#![cfg(unix)]

use locklab_protocols::id::{ClientId, Incarnation, NodeId};
use locklab_protocols::storage::{Operation, Request, StorageMessage};
use locklab_protocols::system::Packet;
use locklab_protocols::time::Time;
use locklab_protocols::ttl::TtlNaive;
use locklab_scenarios::live::Transport;
use locklab_scenarios::live::clocks::{Epoch, NodeClocks};
use locklab_scenarios::live::disk::DiskFile;
use locklab_scenarios::live::frame::{Envelope, enclose, frame};
use locklab_scenarios::live::journal::{Control, DiskState, Entry, NodeConfig, hear, say};
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::sim::chance::Chance;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_locklab");

/// Runs a scenario live; everything temporary goes to a folder of the test's own.
fn live(protocol: &str, more: &[&str], scenario: &str) -> (Output, serde_json::Value) {
    let place = tempfile::tempdir().expect("a folder");
    let (file, report) = (place.path().join("scenario.toml"), place.path().join("report.json"));
    std::fs::write(&file, scenario).expect("written");
    let temporary = place.path().join("temporary");
    std::fs::create_dir(&temporary).expect("made");
    let output = Command::new(PROGRAM)
        .args(["live", protocol, "--quiet", "--scenario"])
        .arg(&file)
        .args(more)
        .arg("--json")
        .arg(&report)
        .env("TMPDIR", &temporary)
        .output()
        .expect("it runs");
    assert!(is_empty(&temporary), "it left something behind");
    let text = std::fs::read_to_string(&report)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output, serde_json::from_str(&text).expect("JSON"))
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).expect("a folder").next().is_none()
}

fn assert_verdicts((output, report): &(Output, serde_json::Value), expected: &[(&str, &str)]) {
    let cells = report["cells"].as_array().expect("cells");
    for (guarantee, verdict) in expected {
        let cell = cells.iter().find(|cell| cell["guarantee"] == *guarantee).expect("a cell");
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(cell["verdict"], *verdict, "{guarantee}: {said}");
    }
}

#[test]
fn a_stop_past_the_lease_breaks_ttl_and_the_fence_saves_the_data() {
    let run = live(
        "ttl",
        &[],
        r#"
        name = "stop"
        clients = 2
        heal_at = "9s"
        settle = "6s"
        progress_within = "5s"
        lock = { lease = "2s" }
        [[fault]]
        when = { event = "checked" }
        pause = { target = "subject", for = "6s" }
        [expect.ttl]
        mutual-exclusion = "broken"
        [sometimes.ttl]
        stale-write-rejected = true
        "#,
    );
    let expected =
        [("mutual-exclusion", "broken"), ("fenced-writes", "held"), ("no-lost-update", "held")];
    assert_verdicts(&run, &expected);
    assert_eq!(run.0.status.code(), Some(0));
}

#[test]
fn a_coordinator_that_dies_for_good_blocks_two_phase_commit() {
    let run = live(
        "two-phase",
        &[],
        r#"
        name = "gone"
        clients = 2
        heal_at = "3s"
        settle = "8s"
        progress_within = "6s"
        [[fault]]
        when = { event = "voted", nth = 2 }
        crash = { target = "leader", for = "ever" }
        [expect.two-phase]
        progress = "broken"
        "#,
    );
    assert_verdicts(&run, &[("progress", "broken")]);
    assert_eq!(run.0.status.code(), Some(0));
}

#[test]
fn raft_lives_through_the_death_of_its_leader() {
    let run = live(
        "raft",
        &["--udp"],
        r#"
        name = "dead-leader"
        servers = 3
        clients = 2
        heal_at = "8s"
        settle = "8s"
        progress_within = "7s"
        [[fault]]
        when = { event = "granted", nth = 2 }
        crash = { target = "leader", for = "4s", disk = "unsynced-lost" }
        "#,
    );
    let expected = [
        ("agreement", "held"),
        ("token-order", "held"),
        ("linearizable", "held"),
        ("no-lost-update", "held"),
        ("progress", "held"),
    ];
    assert_verdicts(&run, &expected);
}

/// Waits until something is so.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Epoch::now();
    while !is_so() {
        assert!(begun.time() < Time::ZERO + Duration::from_secs(40), "still not: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The processes that have this folder on their command line or as their standard error's place.
fn nodes_of(temporary: &Path) -> usize {
    let Ok(processes) = std::fs::read_dir("/proc") else { return 0 };
    let uses = |process: &std::fs::DirEntry| {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        let wanted = temporary.as_os_str().as_encoded_bytes();
        environment.windows(wanted.len()).any(|window| window == wanted)
    };
    processes.flatten().filter(uses).count()
}

fn leaves_nothing_after(signal: &str) {
    let place = tempfile::tempdir().expect("a folder");
    let mut run = Command::new(PROGRAM)
        .args(["live", "ttl", "--scenario", "calm", "--quiet"])
        .env("TMPDIR", place.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it runs");
    wait_until("its nodes run", || !is_empty(place.path()) && nodes_of(place.path()) >= 6);
    let killed = Command::new("kill").arg(signal).arg(run.id().to_string()).status();
    assert!(killed.expect("there is a kill").success());
    run.wait().expect("it ends");
    wait_until("nothing is left", || is_empty(place.path()) && nodes_of(place.path()) == 0);
}

#[test]
fn nothing_is_left_after_an_interrupt() {
    leaves_nothing_after("-INT");
}

#[test]
fn nothing_is_left_after_the_host_is_killed() {
    leaves_nothing_after("-KILL");
}

/// How much memory a process uses, in kilobytes.
fn memory_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

const RUN: u64 = 0x5eed;

fn config_of(node: NodeId, folder: &Path) -> NodeConfig {
    NodeConfig {
        protocol: "ttl-naive".to_owned(),
        scenario: Scenario::new("flood").clients(1).to_toml(),
        node,
        life: Incarnation(1),
        run: RUN,
        folder: folder.to_owned(),
        transport: Transport::Tcp,
        halts: BTreeSet::new(),
        seed: 1,
        clocks: NodeClocks::default(),
        disk: DiskState::default(),
        slow: Duration::ZERO,
        host: std::process::id(),
    }
}

/// A storage node whose host is this test, with its disk in this folder.
fn storage_in(folder: &Path) -> (Child, ChildStdin, ChildStdout) {
    let mut node = Command::new(PROGRAM)
        .arg("live-node")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let (mut host, journal) =
        (node.stdin.take().expect("a pipe"), node.stdout.take().expect("a pipe"));
    say(&mut host, &config_of(NodeId::Storage, folder)).expect("said");
    (node, host, journal)
}

#[test]
fn a_torn_end_of_its_disk_is_cut_off_and_told() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("storage");
    std::fs::create_dir(&folder).expect("made");
    let mut bytes = b"LKLBDSK1".to_vec();
    bytes.extend([7; 30]);
    std::fs::write(folder.join("disk"), bytes).expect("written");
    let (mut node, _host, mut journal) = storage_in(&folder);
    let note = hear::<Entry<TtlNaive>>(&mut journal);
    let expected = Entry::Note("storage: 30 bytes of a torn write were cut off".to_owned());
    assert_eq!(note, Some(expected));
    assert!(matches!(hear::<Entry<TtlNaive>>(&mut journal), Some(Entry::Listening(_))));
    node.kill().expect("it lives");
    node.wait().expect("it is dead");
}

#[test]
fn a_damaged_disk_ends_the_node_with_a_word() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("storage");
    std::fs::create_dir(&folder).expect("made");
    let path = folder.join("disk");
    let (mut disk, _) = DiskFile::open(&path).expect("it opens");
    for change in [b"one", b"two"] {
        disk.write(change).expect("written");
        disk.sync().expect("synced");
    }
    let mut bytes = std::fs::read(&path).expect("read");
    bytes[30] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let (node, _host, mut journal) = storage_in(&folder);
    assert!(hear::<Entry<TtlNaive>>(&mut journal).is_none(), "it does not listen");
    let output = node.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("is corrupt at byte 8:"), "{said}");
    assert!(!output.status.success() && !said.contains("panicked"), "{said}");
}

/// Bytes of every sort that is no message: noise, headers that lie, and whole frames of noise.
fn noise(chance: &mut Chance) -> Vec<u8> {
    let length = usize::try_from(chance.below(120)).expect("small");
    let bytes: Vec<u8> = (0..=length).map(|_| chance.number() as u8).collect();
    let mut whole = frame(RUN, &bytes);
    match chance.below(4) {
        0 => bytes,
        1 => {
            let flip = usize::try_from(chance.below(whole.len() as u64)).expect("small");
            whole[flip] ^= 1 << chance.below(8);
            whole
        }
        2 => {
            // Not even its own sender.
            let mut payload = vec![1, 200];
            payload.extend(bytes);
            frame(RUN, &payload)
        }
        _ => frame(RUN + 1, &bytes),
    }
}

/// A million of them with `LOCKLAB_FRAMES=1000000`.
#[test]
fn noise_at_its_port_ends_no_node_and_fills_no_memory() {
    let frames = std::env::var("LOCKLAB_FRAMES").ok().and_then(|count| count.parse().ok());
    let frames: u64 = frames.unwrap_or(3000);
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("storage");
    std::fs::create_dir(&folder).expect("made");
    let (mut node, mut host, mut journal) = storage_in(&folder);
    let Some(Entry::<TtlNaive>::Listening(port)) = hear(&mut journal) else {
        panic!("it does not listen")
    };
    say(&mut host, &Control::Begin { peers: Vec::new(), epoch: Epoch::now() }).expect("said");
    let mut chance = Chance::new(1, &"noise");
    flood(port, frames / 10, &mut chance);
    let before = memory_of(node.id());
    flood(port, frames, &mut chance);
    let after = memory_of(node.id());
    assert!(after < before + 4096, "memory grew from {before} kB to {after} kB");
    // It still does its work.
    let request = Request {
        owner: locklab_protocols::id::Owner::first(ClientId(1)),
        number: 1,
        lock: locklab_protocols::id::LockId(1),
        token: None,
        operation: Operation::Read,
    };
    let body: Packet<u8> = Packet::Storage(StorageMessage::Request(request));
    let (from, to) = (ClientId(1).into(), NodeId::Storage);
    let mut stream = TcpStream::connect(port).expect("it takes connections");
    stream.write_all(&enclose(RUN, &Envelope { from, to, sent: Time::ZERO, body })).expect("sent");
    let mut refused = 0;
    loop {
        match hear::<Entry<TtlNaive>>(&mut journal).expect("it speaks") {
            Entry::Refused { times, .. } => refused = times,
            Entry::Step { .. } => break,
            _ => {}
        }
    }
    assert!(refused * 4 > frames, "it refused {refused} of {frames}");
    node.kill().expect("it lives");
    node.wait().expect("it is dead");
}

fn flood(port: SocketAddr, frames: u64, chance: &mut Chance) {
    for _ in 0..frames {
        let mut stream = TcpStream::connect(port).expect("it takes connections");
        // It may have closed already.
        let _closed = stream.write_all(&noise(chance));
        let _closed = stream.shutdown(std::net::Shutdown::Write);
        let mut nothing = [0];
        let _closed = stream.read(&mut nothing);
    }
}
