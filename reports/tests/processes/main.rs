//! What needs real time: processes that are started, stopped, killed and disturbed.
//!
//! The tests do little but wait, so all of them run at once, unless somebody wants it otherwise.

#[cfg(unix)]
mod alone;
#[cfg(unix)]
mod by_hand;
#[cfg(unix)]
mod host;
#[cfg(unix)]
mod kill;
#[cfg(target_os = "linux")]
mod noise;
#[cfg(unix)]
mod service;

use libtest_mimic::{Arguments, Trial};
use std::process::ExitCode;

/// Tests by their names. What is left out here is not used, and the compiler says so.
macro_rules! tests {
    ($($file:ident::$test:ident),* $(,)?) => {
        vec![$((concat!(stringify!($file), "::", stringify!($test)), $file::$test as fn())),*]
    };
}

#[cfg(unix)]
fn everywhere() -> Vec<(&'static str, fn())> {
    tests![
        by_hand::two_clients_take_turns_and_the_server_comes_back_to_its_disk,
        by_hand::three_servers_of_a_log_serve_sets,
        by_hand::what_cannot_be_gets_one_clear_message,
        host::a_stop_past_the_lease_breaks_ttl_and_the_fence_saves_the_data,
        host::a_coordinator_that_dies_for_good_blocks_two_phase_commit,
        host::raft_lives_through_the_death_of_its_leader,
        host::nothing_is_left_after_an_interrupt,
        host::nothing_is_left_after_the_host_is_killed,
        host::a_torn_end_of_its_disk_is_cut_off_and_told,
        host::a_damaged_disk_ends_the_node_with_a_word,
        kill::a_report_is_whole_or_as_it_was,
        kill::a_baseline_is_whole_or_as_it_was,
        kill::an_artifact_is_whole_or_not_there_and_a_search_begins_again,
        kill::an_envelope_goes_on_and_ends_as_one_that_was_never_killed,
    ]
}

/// There is no live host on this system.
#[cfg(not(unix))]
fn everywhere() -> Vec<(&'static str, fn())> {
    Vec::new()
}

#[cfg(target_os = "linux")]
fn on_linux() -> Vec<(&'static str, fn())> {
    tests![
        noise::a_server_bears_noise,
        noise::a_client_bears_noise,
        noise::a_storage_node_bears_noise,
        noise::a_run_and_its_relay_bear_noise,
        noise::a_run_and_its_relay_bear_datagrams_of_noise,
        noise::a_server_and_a_client_by_hand_bear_noise,
    ]
}

#[cfg(not(target_os = "linux"))]
fn on_linux() -> Vec<(&'static str, fn())> {
    Vec::new()
}

fn main() -> ExitCode {
    let trial = |(name, test): (&str, fn())| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let trials: Vec<Trial> = everywhere().into_iter().chain(on_linux()).map(trial).collect();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(trials.len());
    libtest_mimic::run(&arguments, trials).exit_code()
}
