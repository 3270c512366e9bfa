//! A scenario file and the value built in Rust are the same, and whatever is wrong with a file is
//! said in one line with its place.

use locklab_protocols::application::{Choice, LockOrder, Workload};
use locklab_protocols::contract::Trigger;
use locklab_protocols::id::{ClientId, ServerId};
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_protocols::storage::Fencing;
use locklab_scenarios::scenario::{
    Expected, Expiry, LockSettings, Persist, Scenario, ScenarioError, at, crash, pause,
};
use locklab_sim::fault::{Kind, Lasting, OnLinks, Target, Targets, When};
use locklab_sim::network::{Delay, Link, Network};
use std::time::Duration;

const PROTOCOLS: [&str; 2] = ["ttl", "redlock"];

const WHOLE: &str = r#"
name = "everything-at-once"
about = "Every key of a scenario file."
source = "none"
servers = 5
clients = 4
fencing = "writes"
sync_time = "2ms"
heal_at = "40s"
settle = "1m"
progress_within = "25s"
protocols = ["ttl", "redlock"]

[lock]
lease = "8s"
lock_delay = "12s"
expiry = "monotonic"
persist = "every-second"
acquire_timeout = "3s"
wait_for_replica = true
restart_delay = "9s"
spread = true
coordinators = 2
without_lease = false
drift_percent = 5
snapshot_every = 20
transfer_every = "7s"
reconfigure_every = "4s"
snapshot_chunk = 4
append_limit = 8
query_every = "250ms"

[workload]
locks = 3
choice = "zipf"
locks_at_once = 2
order = "own"
depth = 1
think = { least = "100ms", most = "300ms" }
hold = "1s"
retry = "50ms"
storage_timeout = "400ms"
sections = 7

[network]
delay = { log-normal = { median = "2ms", sigma_percent = 40, most = "80ms" } }
loss_percent = 1
duplicate_percent = 2

[[network.link]]
from = "client 1"
to = ["storage", "servers"]
delay = "30ms"

[[fault]]
when = { event = "checked", nth = 2, at = "client 1", after = "5ms" }
pause = { target = "subject", for = "15s" }

[[fault]]
when = "3s"
loss = { to = "storage", percent = 50 }

[[fault]]
when = "5s"
crash = { target = "server 1", for = "1s" }

[expect.ttl]
mutual-exclusion = "broken"
fenced-writes = "held"

[expect.redlock]
token-order = "not-exercised"

[sometimes]
holder-paused = true

[sometimes.ttl]
stale-write-rejected = true
"#;

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn workload() -> Workload {
    Workload {
        locks: 3,
        choice: Choice::Zipf,
        locks_at_once: 2,
        order: LockOrder::Own,
        depth: 1,
        think: (millis(100)..=millis(300)).into(),
        hold: seconds(1).into(),
        retry: millis(50).into(),
        storage_timeout: millis(400),
        sections: Some(7),
    }
}

fn network() -> Network {
    Network {
        delay: Delay::LogNormal { median: millis(2), sigma_percent: 40, most: millis(80) },
        loss_percent: 1,
        duplicate_percent: 2,
        links: vec![Link {
            from: Target::Client(ClientId(1)).into(),
            to: Targets(vec![Target::Storage, Target::Servers]),
            delay: Delay::Constant(millis(30)),
            loss_percent: 0,
            duplicate_percent: 0,
        }],
    }
}

fn built() -> Scenario {
    let client = Target::Client(ClientId(1));
    let checked =
        When::Event { event: Trigger::Checked, nth: 2, at: client.into(), after: millis(5) };
    let lossy = OnLinks {
        from: Targets::default(),
        to: Target::Storage.into(),
        percent: 50,
        lasting: Lasting::UntilHeal,
    };
    let lock = LockSettings {
        lease: Some(seconds(8)),
        lock_delay: Some(seconds(12)),
        expiry: Some(Expiry::Monotonic),
        persist: Some(Persist::EverySecond),
        acquire_timeout: Some(seconds(3)),
        wait_for_replica: Some(true),
        restart_delay: Some(seconds(9)),
        spread: Some(true),
        coordinators: Some(2),
        without_lease: Some(false),
        drift_percent: Some(5),
        snapshot_every: Some(20),
        snapshot_chunk: Some(4),
        append_limit: Some(8),
        query_every: Some(millis(250)),
        transfer_every: Some(seconds(7)),
        reconfigure_every: Some(seconds(4)),
    };
    Scenario::new("everything-at-once")
        .about("Every key of a scenario file.")
        .source("none")
        .servers(5)
        .clients(4)
        .fencing(Fencing::Writes)
        .sync_time(millis(2))
        .heal_at(seconds(40))
        .settle(seconds(60))
        .progress_within(seconds(25))
        .only_for("ttl")
        .only_for("redlock")
        .lock(lock)
        .workload(workload())
        .network(network())
        .fault(checked, pause(Target::Subject, seconds(15)))
        .fault(at(seconds(3)), Kind::Loss(lossy))
        .fault(at(seconds(5)), crash(Target::Server(ServerId(1)), seconds(1)))
        .expect("ttl", Guarantee::MutualExclusion, Expected::Broken)
        .expect("ttl", Guarantee::FencedWrites, Expected::Held)
        .expect("redlock", Guarantee::TokenOrder, Expected::NotExercised)
        .sometimes(Goal::HolderPaused)
        .sometimes_of("ttl", Goal::StaleWriteRejected)
}

fn read(text: &str) -> Result<Scenario, ScenarioError> {
    Scenario::from_toml_for("some.toml", text, &PROTOCOLS)
}

#[test]
fn a_file_and_the_value_built_in_rust_are_the_same() {
    assert_eq!(read(WHOLE).expect("it is well written"), built());
}

#[test]
fn a_file_with_a_name_alone_is_a_calm_scenario() {
    assert_eq!(read("name = \"calm\"").expect("a name is enough"), Scenario::new("calm"));
}

#[test]
fn what_is_written_down_reads_back_the_same() {
    for scenario in [built(), Scenario::new("calm")] {
        let again = scenario.clone().checked(&PROTOCOLS).expect("it was well written");
        assert_eq!(again, scenario);
    }
}

#[test]
fn what_is_built_in_rust_keeps_the_same_rules() {
    let error = Scenario::new("lonely").clients(0).checked(&PROTOCOLS).expect_err("nobody");
    assert!(error.to_string().starts_with("scenario lonely:"), "{error}");
    assert_eq!(error.message(), "`clients` is 0, so nobody wants a lock");
}

/// What is said about a file that begins with a good name.
fn complaint(rest: &str) -> String {
    let text = format!("name = \"some\"\n{rest}");
    read(&text).expect_err("something is wrong with it").to_string()
}

#[test]
fn an_unknown_key_names_the_one_that_was_meant() {
    let complaints = [
        ("clinets = 2", "some.toml:2: unknown key `clinets`; did you mean `clients`?"),
        (
            "clients = 2\n\n[workload]\nthikn = \"1s\"",
            "some.toml:5: unknown key `thikn`; did you mean `think`?",
        ),
        ("[lock]\nleese = \"1s\"", "some.toml:3: unknown key `leese`; did you mean `lease`?"),
        (
            "[network]\nlos_percent = 1",
            "some.toml:3: unknown key `los_percent`; did you mean `loss_percent`?",
        ),
        (
            "[[fault]]\nwhen = \"1s\"\npuase = { target = \"holder\" }",
            "some.toml:4: unknown key `puase`; did you mean `pause`?",
        ),
        (
            "[[fault]]\nwhen = \"1s\"\npause = { targte = \"holder\" }",
            "some.toml:4: unknown key `targte`; did you mean `target`?",
        ),
    ];
    for (rest, expected) in complaints {
        assert_eq!(complaint(rest), expected);
    }
}

#[test]
fn a_name_is_asked_for_and_must_be_one() {
    let missing = read("clients = 2").expect_err("no name").to_string();
    assert_eq!(missing, "some.toml:1: the key `name` is missing");
    let bad = read("name = \"GC pause\"").expect_err("a bad name").to_string();
    assert_eq!(bad, "some.toml:1: `GC pause` is no name for a scenario");
}

#[test]
fn durations_are_durations() {
    let complaints = [
        (
            "heal_at = \"-3s\"",
            "some.toml:2: the duration `-3s` is negative; write one such as `15s`",
        ),
        (
            "[workload]\nhold = \"-3s\"",
            "some.toml:3: the duration `-3s` is negative; write one such as `15s`",
        ),
        (
            "settle = \"soon\"",
            "some.toml:2: `soon` is no duration (expected number at 0); \
             write one such as `250ms`, `15s` or `1m 30s`",
        ),
        (
            "[workload]\nhold = { least = \"2s\", most = \"1s\" }",
            "some.toml:3: `least` is longer than `most`",
        ),
        (
            "[workload]\nhold = 3",
            "some.toml:3: invalid type: integer `3`, expected a duration such as \"200ms\" \
             or { least = \"100ms\", most = \"500ms\" }",
        ),
    ];
    for (rest, expected) in complaints {
        assert_eq!(complaint(rest), expected);
    }
}

#[test]
fn there_is_somebody_and_something_to_do() {
    let complaints = [
        ("clients = 0", "some.toml:2: `clients` is 0, so nobody wants a lock"),
        ("servers = 0", "some.toml:2: `servers` is 0, so nobody keeps a lock"),
        (
            "clients = -1",
            "some.toml:2: invalid value: integer `-1`, expected a whole number from 0",
        ),
        (
            "[workload]\nlocks = 0",
            "some.toml:2: `locks` is 0, so there is nothing to do; it counts from 1",
        ),
        (
            "[workload]\nlocks_at_once = 2",
            "some.toml:2: `locks_at_once` is 2, more than `locks`, which is 1",
        ),
        (
            "[workload]\nstorage_timeout = \"0s\"",
            "some.toml:2: `storage_timeout` is zero, so requests repeat without end",
        ),
        ("[lock]\nlease = \"0s\"", "some.toml:2: `lease` is zero, so no grant would last"),
        (
            "[lock]\ndrift_percent = 100",
            "some.toml:2: `drift_percent` is 100, which leaves nothing of the lease",
        ),
    ];
    for (rest, expected) in complaints {
        assert_eq!(complaint(rest), expected);
    }
}

#[test]
fn values_come_from_their_list() {
    let complaints = [
        ("fencing = \"write\"", "some.toml:2: unknown value `write`; did you mean `writes`?"),
        (
            "[lock]\nexpiry = \"sundial\"",
            "some.toml:3: unknown value `sundial`; there are: wall, monotonic",
        ),
        ("[workload]\nchoice = \"zip\"", "some.toml:3: unknown value `zip`; did you mean `zipf`?"),
    ];
    for (rest, expected) in complaints {
        assert_eq!(complaint(rest), expected);
    }
}

#[test]
fn names_are_known() {
    let complaints = [
        (
            "protocols = [\"redlok\"]",
            "some.toml:2: unknown protocol `redlok`; did you mean `redlock`?",
        ),
        (
            "[expect.raft]\nprogress = \"held\"",
            "some.toml:2: unknown protocol `raft`; there are: ttl, redlock",
        ),
        (
            "[expect.ttl]\nmutual-exclusoin = \"held\"",
            "some.toml:3: unknown guarantee `mutual-exclusoin`; did you mean `mutual-exclusion`?",
        ),
        (
            "[expect.ttl]\nmutual-exclusion = \"hold\"",
            "some.toml:3: unknown verdict `hold`; did you mean `held`?",
        ),
        (
            "[sometimes]\nstale-write-rejectd = true",
            "some.toml:3: unknown goal `stale-write-rejectd`; \
             did you mean `stale-write-rejected`?",
        ),
        (
            "[sometimes.ttl]\ncontentoin = true",
            "some.toml:3: unknown goal `contentoin`; did you mean `contention`?",
        ),
        (
            "[sometimes.raft]\ncontention = true",
            "some.toml:2: unknown protocol `raft`; there are: ttl, redlock",
        ),
        (
            "[sometimes]\ncontention = false",
            "some.toml:3: the goal `contention` is asked for with `true`; \
             leave the key out otherwise",
        ),
        (
            "[sometimes]\ncontention = \"yes\"",
            "some.toml:3: invalid type: string \"yes\", \
             expected `true` for a goal, or a table of goals for a protocol",
        ),
    ];
    for (rest, expected) in complaints {
        assert_eq!(complaint(rest), expected);
    }
}

#[test]
fn a_fault_says_when_and_whom() {
    let complaints = [
        (
            "[[fault]]\nwhen = \"1s\"\npause = { target = \"holdre\" }",
            "some.toml:4: unknown target `holdre`; did you mean `holder`?",
        ),
        (
            "[[fault]]\nwhen = { event = \"grantd\" }\npause = { target = \"holder\" }",
            "some.toml:3: unknown event `grantd`; did you mean `granted`?",
        ),
        ("[[fault]]\npause = { target = \"holder\" }", "some.toml:2: the key `when` is missing"),
        (
            "clients = 2\n[[fault]]\nwhen = \"1s\"\npause = { target = \"client 3\" }",
            "some.toml:3: there is no `client 3`: the scenario has 2 clients",
        ),
        (
            "[[fault]]\nwhen = \"1s\"\npause = { target = \"subject\" }",
            "some.toml:2: `subject` is where an event happened, and this fault waits for none",
        ),
        (
            "[[network.link]]\nfrom = \"holder\"\ndelay = \"1s\"",
            "some.toml:2: `holder` changes while a run goes on, so it makes no link",
        ),
        (
            "[network]\nloss_percent = 101",
            "some.toml:2: 101 percent of the messages, but a share is from 0 to 100",
        ),
    ];
    for (rest, expected) in complaints {
        assert_eq!(complaint(rest), expected);
    }
}

#[test]
fn a_fault_heals() {
    let complaints = [
        (
            "[[fault]]\nwhen = \"30s\"\npause = { target = \"holder\", for = \"1s\" }",
            "some.toml:2: the pause would begin at 30s, but all faults end at 30s",
        ),
        (
            "[[fault]]\nwhen = \"20s\"\npause = { target = \"holder\", for = \"15s\" }",
            "some.toml:2: the pause would last until 35s, but all faults end at 30s",
        ),
        (
            "[[fault]]\nwhen = \"20s\"\npause = { target = \"holder\", for = \"ever\" }",
            "some.toml:2: a pause that lasts for `ever` never heals; only a crash may",
        ),
        ("heal_at = \"0s\"", "some.toml:2: `heal_at` is zero, so no fault can strike"),
        (
            "settle = \"20s\"",
            "some.toml:2: `progress_within` is 30s, but a run lasts only 20s after the heal",
        ),
    ];
    for (rest, expected) in complaints {
        assert_eq!(complaint(rest), expected);
    }
}

#[test]
fn a_text_that_is_no_toml_says_where() {
    let complaints = [
        ("clients = \n", "some.toml:2: string values must be quoted, expected literal string"),
        ("clients = 2\nclients = 3", "some.toml:3: duplicate key"),
    ];
    for (rest, expected) in complaints {
        assert_eq!(complaint(rest), expected);
    }
}

#[test]
fn a_file_that_cannot_be_read_says_so() {
    let missing = std::path::Path::new("no/such/scenario.toml");
    let error = Scenario::load(missing, &PROTOCOLS).expect_err("there is none");
    assert_eq!(
        error.to_string(),
        "no/such/scenario.toml: cannot be read: No such file or directory (os error 2)"
    );
    let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    assert!(Scenario::load(directory, &PROTOCOLS).is_err());
}

#[test]
fn an_error_shows_its_place() {
    let error = read("name = \"some\"\nclients = 0\n").expect_err("nobody is there");
    let mut shown = String::new();
    let handler =
        miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::unicode_nocolor());
    handler.render_report(&mut shown, &error).expect("a string takes it");
    let expected = "  × some.toml:2: `clients` is 0, so nobody wants a lock
   ╭─[some.toml:2:11]
 1 │ name = \"some\"
 2 │ clients = 0
   ·           ┬
   ·           ╰── here
   ╰────
  help: a scenario needs at least one client
";
    assert_eq!(shown, expected);
}
