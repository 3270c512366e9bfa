//! The live host, from the command line: what it finds, and that nothing is left behind.
//!
//! The faults here are longer than anything that a loaded machine adds by itself: a lease of 2
//! seconds and a stop of 6, an election of a fraction of a second and 3 seconds without the leader.

use crate::alone::Alone;
use locklab_protocols::id::NodeId;
use locklab_protocols::time::Time;
use locklab_scenarios::live::Transport;
use locklab_scenarios::live::clocks::Epoch;
use locklab_scenarios::live::disk::DiskFile;
use locklab_scenarios::live::journal::Entry;
use std::path::Path;
use std::process::{Command, Output, Stdio};
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

pub(crate) fn a_stop_past_the_lease_breaks_ttl_and_the_fence_saves_the_data() {
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
    is_shown_later(&run.1);
}

/// Its report is shown as what it is.
fn is_shown_later(report: &serde_json::Value) {
    let place = tempfile::tempdir().expect("a folder");
    let show = |more: &[&str]| {
        let file = place.path().join("report.json");
        std::fs::write(&file, report.to_string()).expect("written");
        let show = Command::new(PROGRAM).arg("report").arg(file).args(more).output();
        let Output { status, stdout, stderr } = show.expect("it runs");
        (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
    };
    let (code, said) = show(&[]);
    assert_eq!(code, Some(0), "{said}");
    for words in ["(real time)", "1 scenario, live.", "cargo run --release -- live ttl --scenario"]
    {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    let page = place.path().join("page.html").display().to_string();
    let (code, said) = show(&["--html", &page]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("`locklab live --html` makes a page"), "{said}");
}

pub(crate) fn a_coordinator_that_dies_for_good_blocks_two_phase_commit() {
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

pub(crate) fn raft_lives_through_the_death_of_its_leader() {
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

pub(crate) fn nothing_is_left_after_an_interrupt() {
    leaves_nothing_after("-INT");
}

pub(crate) fn nothing_is_left_after_the_host_is_killed() {
    leaves_nothing_after("-KILL");
}

pub(crate) fn a_torn_end_of_its_disk_is_cut_off_and_told() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("storage");
    std::fs::create_dir(&folder).expect("made");
    let mut bytes = b"LKLBDSK1".to_vec();
    bytes.extend([7; 30]);
    std::fs::write(folder.join("disk"), bytes).expect("written");
    let mut alone = Alone::start(NodeId::Storage, Transport::Tcp, &folder);
    let expected = Entry::Note("storage: 30 bytes of a torn write were cut off".to_owned());
    assert_eq!(alone.hear(), Some(expected));
    assert!(matches!(alone.hear(), Some(Entry::Listening(_))));
    // Without its host it ends.
    drop(alone.host);
    alone.process.wait().expect("it is dead");
}

pub(crate) fn a_damaged_disk_ends_the_node_with_a_word() {
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
    let mut alone = Alone::start(NodeId::Storage, Transport::Tcp, &folder);
    assert!(alone.hear().is_none(), "it does not listen");
    let output = alone.process.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("is corrupt at byte 8:"), "{said}");
    assert!(!output.status.success() && !said.contains("panicked"), "{said}");
}
