//! `locklab serve` and `locklab client`, as a person uses them on a few terminals.
use crate::service::{ByHand, free_base};
use std::process::Command;

pub(crate) fn two_clients_take_turns_and_the_server_comes_back_to_its_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let (port, data) = (free_base().to_string(), folder.path().display().to_string());
    let serve = ["serve", "ttl", "--port", &port, "--data", &data];
    let mut server = ByHand::start(&serve);
    let mut one = ByHand::start(&["client", "ttl", "--port", &port]);
    let mut two = ByHand::start(&["client", "ttl", "--port", &port, "--client", "2"]);
    one.type_line("take 1");
    one.wait_for("say `acquire 1`, `release 1` or `quit`");
    one.type_line("acquire 1");
    one.wait_for("L1 is yours, with token 1");
    server.wait_for("L1 goes to c1 for 10 s");
    two.type_line("acquire 1");
    one.type_line("release 1");
    one.wait_for("L1 is given back");
    two.wait_for("L1 is yours, with token 2");
    // Killed as hard as can be, it remembers who has the lock and which token was the last.
    server.process.kill().expect("it lives");
    server.process.wait().expect("it is dead");
    let server = ByHand::start(&serve);
    two.type_line("release 1");
    two.wait_for("L1 is given back");
    server.wait_for("L1 is free: c2 asked for it; it was with c2");
    one.type_line("acquire 1");
    one.wait_for("L1 is yours, with token 3");
    one.type_line("quit");
    assert_eq!(one.process.wait().expect("it ends").code(), Some(0));
}

pub(crate) fn three_servers_of_a_log_serve_sets() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_base().to_string();
    let start = |number: &str| {
        let data = folder.path().join(number).display().to_string();
        let which = ["--server", number, "--port", &port, "--data", &data];
        ByHand::start(&[&["serve", "raft", "--servers", "3"][..], &which].concat())
    };
    let _servers = ["1", "2", "3"].map(start);
    let mut client = ByHand::start(&["client", "raft", "--servers", "3", "--port", &port]);
    client.type_line("acquire 1 2");
    client.wait_for("L2 is yours");
    client.type_line("release 2");
    client.wait_for("L2 is given back");
}

pub(crate) fn what_cannot_be_gets_one_clear_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let (port, data) = (free_base().to_string(), folder.path().display().to_string());
    let refused = |arguments: &[&str], message: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_locklab")).args(arguments).output();
        let output = output.expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(message), "{said}");
    };
    let mut server = ByHand::start(&["serve", "ttl", "--port", &port, "--data", &data]);
    let mut client = ByHand::start(&["client", "ttl", "--port", &port]);
    client.type_line("acquire 1");
    client.wait_for("L1 is yours");
    let other = folder.path().join("other").display().to_string();
    let again = ["serve", "ttl", "--port", &port, "--data"];
    refused(&[&again[..], &[&data]].concat(), "a server that runs already uses it");
    refused(&[&again[..], &[&other]].concat(), "cannot open its port: ");
    refused(&["client", "ttl", "--port", &port], "cannot take the port of this client: ");
    refused(&["serve", "ttl", "--server", "2", "--data", &other], "has the servers 1 to 1 here");
    // Who says another lock is not understood, and the server says why.
    let mut stranger = ByHand::start(&["client", "raft", "--port", &port, "--client", "2"]);
    stranger.type_line("acquire 1");
    server.wait_for("it belongs to another run (do all say the same lock, servers and port?)");
    server.process.kill().expect("it lives");
    server.process.wait().expect("it is dead");
    let lock = ["serve", "ttl-naive", "--port", &port, "--data", &data];
    refused(&lock, "cannot use the folder: it is that of s1 of 1 of `ttl`");
}
