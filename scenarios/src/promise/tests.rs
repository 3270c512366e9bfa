//! Every assumption, on both sides of its border.

use super::*;
use locklab_protocols::contract::Trigger;
use locklab_protocols::spec::Guarantee;
use locklab_sim::fault::Target;

fn held_against(assumption: Assumption, rest: &str) -> Result<(), String> {
    let text = format!("name = \"some\"\n{rest}");
    let scenario = Scenario::from_toml_for("some.toml", &text, &["ttl"]);
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
    inside(&Promise::of(Guarantee::MutualExclusion, [assumption]), &scenario)
}

#[track_caller]
fn kept(assumption: Assumption, rest: &str) {
    assert_eq!(held_against(assumption, rest), Ok(()));
}

#[track_caller]
fn broken(assumption: Assumption, rest: &str, why: &str) {
    assert_eq!(held_against(assumption, rest), Err(why.to_owned()));
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(moment: &str, fault: &str) -> String {
    format!("[[fault]]\nwhen = \"{moment}\"\n{fault}\n")
}

fn on(event: &str, fault: &str) -> String {
    format!("[[fault]]\nwhen = {{ event = \"{event}\" }}\n{fault}\n")
}

#[test]
fn a_pause_of_a_client() {
    let two = Assumption::ClientPauseAtMost(seconds(2));
    let pause = |target: &str, lasting: &str| {
        format!("pause = {{ target = \"{target}\", for = \"{lasting}\" }}")
    };
    kept(two, &at("1s", &pause("holder", "2s")));
    broken(
        two,
        &at("1s", &pause("holder", "2001ms")),
        "no client pauses for over 2s: a client may stand still for 2s 1ms",
    );
    for target in ["next-waiter", "client 1", "clients", "all"] {
        assert!(held_against(two, &at("1s", &pause(target, "3s"))).is_err(), "{target}");
    }
    for target in ["servers", "server 1", "leader", "minority", "majority", "storage"] {
        kept(two, &at("1s", &pause(target, "3s")));
    }
    // Until the heal, at 30 s.
    kept(two, &at("28s", "pause = { target = \"holder\" }"));
    broken(
        two,
        &at("27s", "pause = { target = \"holder\" }"),
        "no client pauses for over 2s: a client may stand still for 3s",
    );
    broken(
        two,
        &at("1s", "slow = { target = \"holder\", step = \"1ms\", for = \"3s\" }"),
        "no client pauses for over 2s: a client may stand still for 3s",
    );
}

#[test]
fn pauses_that_may_adjoin_add_up() {
    let two = Assumption::ClientPauseAtMost(seconds(2));
    let pause = "pause = { target = \"holder\", for = \"1500ms\" }";
    kept(two, &(at("1s", pause) + &at("3s", pause)));
    broken(
        two,
        &(at("1s", pause) + &at("2s", pause)),
        "no client pauses for over 2s: a client may stand still for 2s 500ms",
    );
    broken(
        two,
        &(at("1s", pause) + &on("granted", pause)),
        "no client pauses for over 2s: a client may stand still for 3s",
    );
}

#[test]
fn the_subject_of_an_event_is_of_one_kind() {
    let pause = "pause = { target = \"subject\", for = \"3s\" }";
    for event in Trigger::ALL {
        let kind = |assumption| held_against(assumption, &on(event.name(), pause)).is_err();
        let client = kind(Assumption::ClientPauseAtMost(seconds(2)));
        let server = kind(Assumption::ServerPauseAtMost(seconds(2)));
        let storage = kind(Assumption::DelayAtMost(seconds(2)));
        assert_eq!(u32::from(client) + u32::from(server) + u32::from(storage), 1, "{event:?}");
    }
}

#[test]
fn a_pause_of_a_server() {
    let one = Assumption::ServerPauseAtMost(seconds(1));
    kept(one, &at("1s", "pause = { target = \"servers\", for = \"1s\" }"));
    kept(one, &at("1s", "pause = { target = \"clients\", for = \"2s\" }"));
    let why = "no server pauses for over 1s: a server may stand still for 2s";
    broken(one, &at("1s", "pause = { target = \"minority\", for = \"2s\" }"), why);
    broken(one, &at("1s", "disk-stall = { target = \"server 1\", for = \"2s\" }"), why);
    broken(one, "sync_time = \"2s\"", why);
}

#[test]
fn the_usual_delay_of_a_message() {
    let most = Assumption::UsualDelayAtMost(Duration::from_millis(110));
    kept(most, &at("1s", "delay = { by = \"2s\" }"));
    kept(most, "network = { delay = \"110ms\" }");
    let why = "no message usually takes over 110ms: a message may usually take 111ms";
    broken(most, "network = { delay = \"111ms\" }", why);
}

#[test]
fn the_delay_of_a_message() {
    let most = Assumption::DelayAtMost(Duration::from_millis(110));
    let slow = |by: &str| at("1s", &format!("delay = {{ by = \"{by}\" }}"));
    kept(most, &slow("100ms"));
    broken(most, &slow("101ms"), "no message takes over 110ms: a message may take 111ms");
    broken(
        most,
        &(slow("100ms") + &slow("100ms")),
        "no message takes over 110ms: a message may take 210ms",
    );
    broken(
        most,
        &at("1s", "reorder = { percent = 1, by = \"1s\" }"),
        "no message takes over 110ms: a message may take 1s 10ms",
    );
    broken(
        most,
        "[[network.link]]\nto = \"storage\"\ndelay = \"200ms\"",
        "no message takes over 110ms: a message may take 200ms",
    );
    broken(
        most,
        &at("1s", "disk-stall = { target = \"storage\", for = \"1s\" }"),
        "no message takes over 110ms: a message may take 1s 10ms",
    );
}

#[test]
fn the_rate_of_a_clock() {
    let ten = Assumption::ClockRateWithinPercent(10);
    let rate = |percent: u32| {
        at("1s", &format!("clock-rate = {{ target = \"all\", percent = {percent} }}"))
    };
    kept(ten, &rate(90));
    kept(ten, &rate(110));
    let why = "clock rates are true within 10 %: there is a fault, ";
    for percent in [89, 111] {
        let error = held_against(ten, &rate(percent)).expect_err("too wrong");
        assert!(error.starts_with(why), "{error}");
    }
}

#[test]
fn clocks_that_jump() {
    let jump =
        |target: &str| at("1s", &format!("clock-jump = {{ target = \"{target}\", by = \"+1s\" }}"));
    for target in ["servers", "clients", "holder", "leader", "all"] {
        assert!(held_against(Assumption::ClocksDoNotJump, &jump(target)).is_err(), "{target}");
    }
    kept(Assumption::ClocksDoNotJump, &jump("storage"));
    let rate = at("1s", "clock-rate = { target = \"all\", percent = 500 }");
    kept(Assumption::ClocksDoNotJump, &rate);
    let strobe = "clock-strobe = { target = \"server 1\", by = \"+1s\", every = \"1s\" }";
    assert!(held_against(Assumption::ClocksDoNotJump, &at("1s", strobe)).is_err());
    let freeze = "clock-freeze = { target = \"server 1\" }";
    assert!(held_against(Assumption::ClocksDoNotJump, &at("1s", freeze)).is_err());
}

#[test]
fn disks_that_forget() {
    let crash = |target: &str, disk: &str| {
        let crash = format!("{{ target = \"{target}\", for = \"1s\", disk = \"{disk}\" }}");
        at("1s", &format!("crash = {crash}"))
    };
    let lie = at("1s", "disk-lie = { target = \"servers\" }");
    let (synced, all) = (Assumption::DisksKeepSyncedWrites, Assumption::DisksKeepUnsyncedWrites);
    kept(synced, &crash("servers", "unsynced-lost"));
    kept(synced, &lie);
    kept(all, &crash("servers", "kept"));
    kept(all, &crash("clients", "wiped"));
    for (assumption, rest) in [
        (synced, crash("server 2", "wiped")),
        (synced, lie + &crash("servers", "unsynced-lost")),
        (all, crash("leader", "unsynced-lost")),
        (all, crash("servers", "wiped")),
    ] {
        assert!(held_against(assumption, &rest).is_err(), "{rest}");
    }
}

#[test]
fn processes_that_die() {
    let crash = |target: &str| at("1s", &format!("crash = {{ target = \"{target}\" }}"));
    kept(Assumption::ServersStayUp, &crash("holder"));
    kept(Assumption::ClientsStayUp, &crash("servers"));
    broken(
        Assumption::ServersStayUp,
        &crash("minority"),
        "no server crashes: there is a fault, crash of minority until all faults end, disk kept",
    );
    assert!(held_against(Assumption::ClientsStayUp, &crash("all")).is_err());
}

#[test]
fn a_network_that_misbehaves() {
    let (cut, loss, double) =
        (Assumption::NoPartition, Assumption::NoLoss, Assumption::NoDuplication);
    let calm = at("1s", "delay = { by = \"1s\" }");
    for assumption in [cut, loss, double] {
        kept(assumption, &calm);
    }
    for (assumption, rest) in [
        (cut, at("1s", "cut = { from = \"holder\", to = \"servers\", one_way = true }")),
        (cut, at("1s", "partition = { shape = \"halves\" }")),
        (loss, at("1s", "loss = { percent = 1 }")),
        (loss, at("1s", "crash = { target = \"storage\", for = \"1s\" }")),
        (loss, "[network]\nloss_percent = 1".to_owned()),
        (double, at("1s", "duplicate = { percent = 1 }")),
        (double, "[[network.link]]\nduplicate_percent = 1\ndelay = \"1ms\"".to_owned()),
    ] {
        assert!(held_against(assumption, &rest).is_err(), "{rest}");
    }
    broken(loss, "[network]\nloss_percent = 3", "no message is lost: 3 % of the messages are lost");
}

#[test]
fn fences() {
    let writes = Assumption::FencingAtLeast(Fencing::Writes);
    let both = Assumption::FencingAtLeast(Fencing::ReadsAndWrites);
    kept(writes, "fencing = \"writes\"");
    kept(writes, "fencing = \"reads-and-writes\"");
    kept(both, "fencing = \"reads-and-writes\"");
    kept(Assumption::FencingAtLeast(Fencing::None), "fencing = \"none\"");
    broken(writes, "fencing = \"none\"", "the storage fences writes: it does not");
    broken(
        both,
        "fencing = \"writes\"",
        "the storage fences reads and writes: it fences writes alone",
    );
}

#[test]
fn how_long_and_how_many() {
    let one = Assumption::HoldAtMost(seconds(1));
    kept(one, "[workload]\nhold = \"1s\"");
    broken(
        one,
        "[workload]\nhold = { least = \"0s\", most = \"2s\" }",
        "no lock is held for over 1s: a section may take 2s",
    );
    assert!(held_against(one, "[workload]\nlocks = 2\nlocks_at_once = 2").is_err());
    let three = Assumption::ClientsAtMost(3);
    kept(three, "clients = 3");
    broken(three, "clients = 4", "at most 3 clients contend: there are 4");
}

#[test]
fn a_promise_is_as_good_as_all_of_its_assumptions() {
    let promise = Promise::of(
        Guarantee::MutualExclusion,
        [Assumption::NoLoss, Assumption::ClientPauseAtMost(seconds(1))],
    );
    let calm = Scenario::new("calm");
    assert_eq!(inside(&promise, &calm), Ok(()));
    let target = Target::Holder;
    let pause = crate::scenario::pause(target, seconds(2));
    let paused = calm.fault(crate::scenario::granted(), pause);
    assert!(inside(&promise, &paused).is_err());
}
