//! Noise at every port: of each kind of node, of the relay, and of a service started by hand.
//!
//! Whatever comes in, nobody ends for it and nobody grows. A few thousand frames here; a million
//! at the ports of each test with `LOCKLAB_FRAMES=1000000 cargo test --test processes noise`.
use crate::alone::{Alone, RUN};
use crate::service::{ByHand, free_base};
use locklab_protocols::contract::Input;
use locklab_protocols::id::{ClientId, LockId, NodeId, Owner, ServerId};
use locklab_protocols::storage::{self, Operation, StorageMessage};
use locklab_protocols::system::Packet;
use locklab_protocols::time::Time;
use locklab_protocols::ttl::TtlNaive;
use locklab_protocols::ttl::message::{Answer, Message, RedisCommand, Reply, Request, Value};
use locklab_scenarios::live::Transport;
use locklab_scenarios::live::clocks::Epoch;
use locklab_scenarios::live::frame::{Envelope, LONGEST, enclose, frame};
use locklab_scenarios::live::journal::{Control, Entry, hear, say};
use locklab_scenarios::sim::chance::Chance;
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::sleep;
use std::time::Duration;

/// How much more memory a process may have after the noise, in kilobytes: what a few buffers take,
/// and far less than anything that is kept of every frame.
const GROWTH: u64 = 4096;

fn frames() -> u64 {
    let asked = std::env::var("LOCKLAB_FRAMES").ok();
    asked.map_or(3000, |asked| asked.parse().expect("LOCKLAB_FRAMES is a number"))
}

/// How much memory a process has, in kilobytes.
fn memory_of(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Bytes of every sort that is no message: noise, headers that lie, and whole frames of noise.
fn noise(chance: &mut Chance) -> Vec<u8> {
    let length = usize::try_from(chance.below(120)).expect("small");
    let bytes: Vec<u8> = (0..=length).map(|_| chance.number() as u8).collect();
    let mut whole = frame(RUN, &bytes);
    match chance.below(7) {
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
        3 => whole,
        4 => frame(RUN + 1, &bytes),
        5 => {
            // Far more is claimed than comes.
            whole[13..17].copy_from_slice(&LONGEST.to_le_bytes());
            whole
        }
        _ => {
            whole[13..17].copy_from_slice(&u32::MAX.to_le_bytes());
            whole
        }
    }
}

fn flood(port: SocketAddr, transport: Transport, frames: u64, chance: &mut Chance) {
    match transport {
        Transport::Tcp => (0..frames).for_each(|_| connect_and_say(port, &noise(chance))),
        Transport::Udp => {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            for number in 0..frames {
                socket.send_to(&noise(chance), port).expect("sent");
                // More at once would be lost on the way, and nobody would have to refuse it.
                if number % 64 == 63 {
                    wait_until("it reads", || bytes_at(port) == 0);
                }
            }
        }
    }
}

fn connect_and_say(port: SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(port).expect("it takes connections");
    // It may have closed already.
    let _closed = stream.write_all(bytes);
    let _closed = stream.shutdown(Shutdown::Write);
    let _closed = stream.read(&mut [0]);
}

/// The lines of a table of sockets of the kernel: local address, state, bytes that wait, inode.
fn sockets(transport: Transport) -> Vec<(SocketAddr, String, u64, String)> {
    let table = if transport == Transport::Tcp { "/proc/net/tcp" } else { "/proc/net/udp" };
    let table = std::fs::read_to_string(table).expect("it is there");
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (address, port) = words[1].split_once(':').expect("an address");
        let address = u32::from_str_radix(address, 16).expect("a number").to_ne_bytes();
        let port = u16::from_str_radix(port, 16).expect("a number");
        let (_, waiting) = words[4].split_once(':').expect("two numbers");
        let waiting = u64::from_str_radix(waiting, 16).expect("a number");
        (SocketAddr::from((address, port)), words[3].to_owned(), waiting, words[9].to_owned())
    };
    table.lines().skip(1).map(line).collect()
}

/// How many bytes wait at a port until somebody reads them.
fn bytes_at(port: SocketAddr) -> u64 {
    let all = sockets(Transport::Udp);
    all.iter().find(|(address, ..)| *address == port).map_or(0, |(_, _, waiting, _)| *waiting)
}

/// The ports at which a process listens.
fn ports_of(process: u32, transport: Transport) -> Vec<SocketAddr> {
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).expect("it lives").flatten();
    let links = files.filter_map(|file| std::fs::read_link(file.path()).ok());
    let mine: BTreeSet<String> = links.map(|link| link.display().to_string()).collect();
    // A listener's state is 0A; a socket for datagrams has none.
    let listens = |state: &str| transport == Transport::Udp || state == "0A";
    let all = sockets(transport).into_iter().filter(|(_, state, _, inode)| {
        listens(state) && mine.contains(&format!("socket:[{inode}]"))
    });
    all.map(|(port, ..)| port).collect()
}

/// Waits until something is so.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begun = Epoch::now();
    while !is_so() {
        assert!(begun.time() < Time::ZERO + Duration::from_secs(40), "still not: {what}");
        sleep(Duration::from_micros(100));
    }
}

/// Floods a node that runs alone; then it still takes this message, from this node.
fn node_bears_noise(node: NodeId, transport: Transport, from: NodeId, body: Packet<Message>) {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("node");
    std::fs::create_dir(&folder).expect("made");
    let mut alone = Alone::start(node, transport, &folder);
    let Some(Entry::Listening(port)) = alone.hear() else { panic!("it does not listen") };
    let begin = Control::Begin { peers: Vec::new(), epoch: Epoch::now() };
    say(&mut alone.host, &begin).expect("said");
    let Alone { mut process, host, mut journal } = alone;
    let (speaks, hears) = channel();
    // It must be heard all the time, or it waits until it is.
    std::thread::spawn(move || {
        while let Some(entry) = hear(&mut journal) {
            let _nobody = speaks.send(entry);
        }
    });
    let mut chance = Chance::new(1, &"noise");
    flood(port, transport, frames() / 10, &mut chance);
    let before = memory_of(process.id());
    flood(port, transport, frames(), &mut chance);
    let after = memory_of(process.id());
    println!("{node} over {transport:?}: {} frames, {before} kB, then {after} kB", frames());
    assert!(after < before + GROWTH, "memory grew from {before} kB to {after} kB");
    let letter = enclose(RUN, &Envelope { from, to: node, sent: Time::ZERO, body });
    match transport {
        Transport::Tcp => connect_and_say(port, &letter),
        Transport::Udp => {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            socket.send_to(&letter, port).expect("sent");
        }
    }
    let refused = refused_until_a_message(&hears);
    // It tells of every power of two.
    assert!(refused * 2 > frames(), "it refused {refused} of {}", frames());
    drop(host);
    process.kill().expect("it lives");
    process.wait().expect("it is dead");
}

/// How many frames it says that it refused before it takes a message.
fn refused_until_a_message(hears: &Receiver<Entry<TtlNaive>>) -> u64 {
    let mut refused = 0;
    loop {
        match hears.recv_timeout(Duration::from_secs(40)).expect("it speaks") {
            Entry::Refused { times, .. } => refused = times,
            Entry::Step { input: Input::Message { .. }, .. } => return refused,
            _ => {}
        }
    }
}

fn value() -> Value {
    Value { owner: Owner::first(ClientId(1)), serial: 1 }
}

pub(crate) fn a_server_bears_noise() {
    let request = Request { lock: LockId(1), value: value(), command: RedisCommand::Setnx };
    let body = Packet::Lock(request.into());
    let (from, to) = (ClientId(1).into(), ServerId(1).into());
    node_bears_noise(to, Transport::Tcp, from, body.clone());
    node_bears_noise(to, Transport::Udp, from, body);
}

pub(crate) fn a_client_bears_noise() {
    let reply = Reply { lock: LockId(1), value: value(), answer: Answer::Held };
    let body = Packet::Lock(reply.into());
    let (from, to) = (ServerId(1).into(), ClientId(1).into());
    node_bears_noise(to, Transport::Tcp, from, body.clone());
    node_bears_noise(to, Transport::Udp, from, body);
}

pub(crate) fn a_storage_node_bears_noise() {
    let request = storage::Request {
        owner: Owner::first(ClientId(1)),
        number: 1,
        lock: LockId(1),
        token: None,
        operation: Operation::Read,
    };
    let body = Packet::Storage(StorageMessage::Request(request));
    let (from, to) = (ClientId(1).into(), NodeId::Storage);
    node_bears_noise(to, Transport::Tcp, from, body.clone());
    node_bears_noise(to, Transport::Udp, from, body);
}

/// The processes that have this folder in their environment.
fn processes_of(temporary: &str) -> Vec<u32> {
    let numbers = std::fs::read_dir("/proc").expect("it is there").flatten();
    let numbers = numbers.filter_map(|process| process.file_name().to_str()?.parse().ok());
    let uses = |process: &u32| {
        let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        environment.windows(temporary.len()).any(|window| window == temporary.as_bytes())
    };
    numbers.filter(uses).collect()
}

/// Floods all ports of a run in which nothing else goes on: those of the nodes and of the relay.
fn run_bears_noise(transport: Transport) {
    let place = tempfile::tempdir().expect("a folder");
    let temporary = place.path().display().to_string();
    let scenario = place.path().join("quiet.toml");
    let quiet = "name = \"quiet\"\nclients = 2\nheal_at = \"1h\"\n[workload]\nthink = \"2h\"\n";
    std::fs::write(&scenario, quiet).expect("written");
    let mut run = Command::new(env!("CARGO_BIN_EXE_locklab"));
    run.args(["live", "ttl-naive", "--quiet", "--scenario"]).arg(&scenario);
    if transport == Transport::Udp {
        run.arg("--udp");
    }
    let run = run.env("TMPDIR", &temporary).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = run.spawn().expect("it runs");
    let ports = || -> Vec<SocketAddr> {
        let all = processes_of(&temporary);
        all.iter().flat_map(|process| ports_of(*process, transport)).collect()
    };
    // A server, two clients and a storage node, and for each a port of the relay.
    wait_until("all ports are open", || ports().len() >= 8);
    // The nodes take their first steps.
    sleep(Duration::from_millis(300));
    let (ports, processes) = (ports(), processes_of(&temporary));
    let mut chance = Chance::new(1, &"noise");
    let each = frames().div_ceil(ports.len() as u64);
    let mut all = |frames| {
        for port in &ports {
            flood(*port, transport, frames, &mut chance);
        }
    };
    all(each / 10);
    let before: Vec<u64> = processes.iter().map(|process| memory_of(*process)).collect();
    all(each);
    for (process, before) in processes.iter().zip(before) {
        let after = memory_of(*process);
        println!("of a run over {transport:?}: {each} frames a port, {before} kB, then {after} kB");
        assert!(after < before + GROWTH, "memory grew from {before} kB to {after} kB");
    }
    assert_eq!(run.try_wait().expect("it can be waited for"), None, "it goes on");
    let killed = Command::new("kill").args(["-INT", &run.id().to_string()]).status();
    assert!(killed.expect("there is a kill").success());
    let output = run.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for who in ["s1 ", "c1 ", "c2 ", "storage ", "the relay "] {
        let line = said.lines().find(|line| line.starts_with(&format!("note: {who}refused ")));
        assert!(line.is_some(), "nothing of {who}in {said}{output:?}");
    }
}

pub(crate) fn a_run_and_its_relay_bear_noise() {
    run_bears_noise(Transport::Tcp);
}

pub(crate) fn a_run_and_its_relay_bear_datagrams_of_noise() {
    run_bears_noise(Transport::Udp);
}

pub(crate) fn a_server_and_a_client_by_hand_bear_noise() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = free_base();
    let (port, data) = (base.to_string(), folder.path().display().to_string());
    let server = ByHand::start(&["serve", "ttl", "--port", &port, "--data", &data]);
    let mut client = ByHand::start(&["client", "ttl", "--port", &port]);
    // Both are there when this is said.
    client.type_line("acquire 1");
    client.wait_for("L1 is yours, with token 1");
    let mut chance = Chance::new(1, &"noise");
    for (who, number) in [(&server, 1), (&client, 101)] {
        let port = SocketAddr::from((Ipv4Addr::LOCALHOST, base + number));
        flood(port, Transport::Tcp, frames() / 10, &mut chance);
        let before = memory_of(who.process.id());
        flood(port, Transport::Tcp, frames(), &mut chance);
        let after = memory_of(who.process.id());
        println!("by hand, port {number}: {} frames, {before} kB, then {after} kB", frames());
        assert!(after < before + GROWTH, "memory grew from {before} kB to {after} kB");
        who.wait_for("refused what came in here, 1024 times so far; the last because it ");
    }
    // With a million it was lost long ago.
    client.type_line("release 1");
    client.type_line("acquire 2");
    client.wait_for("L2 is yours, with token 2");
}
