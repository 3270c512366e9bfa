//! The catalogue: the scenarios that come with Locklab, embedded in the program.

use crate::scenario::Scenario;
use locklab_sim::names::unknown;

macro_rules! files {
    ($($name:literal)*) => {
        /// The scenario files of the catalogue: their names, without the ending, and their text.
        pub const FILES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../catalogue/", $name, ".toml"))),)*
        ];
    };
}

// In the order of reports. A test holds this list against the directory.
files! {
    "calm"
    "many-clients"
    "section-longer-than-lease"
    "two-locks-own-order"
    "two-locks-global-order"
    "reentrant"
    "pause-within-lease"
    "gc-pause-past-lease"
    "gc-pause-past-lease-unfenced"
    "stale-reader-write-fence"
    "stale-reader-full-fence"
    "delayed-write"
    "delayed-write-unfenced"
    "delayed-write-within-lease"
    "lock-delay-covers-late-write"
    "lock-delay-too-short"
    "slow-holder"
    "holder-crash"
    "holder-gone"
    "naive-stranded-lock"
    "foreign-release"
    "watchdog-cut-off"
    "watchdog-cut-off-fenced"
    "cut-both-ways"
    "cut-one-way"
    "partition-sides"
    "partition-halves"
    "partition-bridge"
    "partition-majorities-ring"
    "loss"
    "duplicate"
    "delay"
    "reorder"
    "server-pause"
    "server-crash"
    "server-power-failure"
    "server-power-failure-unsynced"
    "server-wiped"
    "disk-stall"
    "disk-lie"
    "storage-crash"
    "clock-jump-forward"
    "clock-jump-forward-monotonic"
    "clock-jump-back"
    "clock-strobe"
    "clock-freeze"
    "clock-rates-within-margin"
    "clock-rates-beyond-margin"
    "clock-rate-minority"
    "clock-rate-majority"
    "failover"
    "failover-waited"
    "primary-cut-off"
    "redlock-shared-server"
    "redlock-clock-jump"
    "redlock-power-failure"
    "redlock-delayed-restart"
    "coordinator-lost-before-votes"
    "coordinator-lost-between-votes"
    "coordinator-lost-after-votes"
    "coordinator-lost-after-decision"
    "coordinator-lost-while-telling"
    "coordinator-gone-before-votes"
    "coordinator-gone-after-votes"
    "coordinator-gone-after-decision"
    "coordinator-gone-of-two"
    "coordinator-paused"
    "participant-lost-before-vote"
    "participant-lost-after-vote"
    "participant-lost-after-commit"
    "participant-gone"
    "participant-slow"
    "participant-partition-before-votes"
    "participant-partition-after-votes"
    "participant-partition-after-decision"
    "two-phase-late-copies"
    "two-phase-contention"
    "two-phase-deadlock"
    "two-phase-owner-gone"
    "two-phase-owner-gone-without-lease"
    "two-phase-loss"
    "two-locks-one-set"
    "raft-leader-cut-off"
    "raft-leader-unheard"
    "raft-leader-deaf"
    "raft-old-leader"
    "raft-old-leader-alone"
    "raft-leader-alone-with-holder"
    "raft-minority-cut-off"
    "raft-holder-with-minority"
    "raft-leader-paused-past-election"
    "raft-leader-paused-past-lease"
    "raft-flapping-links"
    "raft-minority-loses-power"
    "raft-majority-loses-power"
    "raft-majority-wiped"
    "raft-slow-disk-leader"
    "raft-clocks-within-margin"
    "raft-clocks-beyond-margin"
    "raft-snapshot-under-faults"
    "raft-membership-under-faults"
    "raft-transfer-under-faults"
    "raft-doubled-commands"
    "raft-figure-8"
    "raft-read-after-election"
    "raft-three-servers"
    "raft-seven-servers"
}

/// All scenarios, in the order of reports.
///
/// # Panics
///
/// If a file of the catalogue is no scenario. A test reads them all.
pub fn all() -> Vec<Scenario> {
    let read = |(name, text): &(&str, &str)| match Scenario::from_toml(&path(name), text) {
        Ok(scenario) => scenario,
        Err(error) => panic!("{error}"),
    };
    FILES.iter().map(read).collect()
}

/// The scenario with this name.
///
/// # Errors
///
/// If the name is not known: a sentence with what may have been meant.
pub fn find(name: &str) -> Result<Scenario, String> {
    let found = all().into_iter().find(|scenario| scenario.name == name);
    found.ok_or_else(|| unknown("scenario", name, names()))
}

/// The names of all scenarios, in the order of reports.
pub fn names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|(name, _)| *name)
}

/// Where the file of a scenario is in the repository.
pub fn path(name: &str) -> String {
    format!("scenarios/catalogue/{name}.toml")
}

#[cfg(test)]
mod tests {
    use super::*;
    use locklab_sim::fault::Kind;
    use std::collections::BTreeSet;
    use std::path::Path;

    #[test]
    fn every_file_of_the_directory_is_in_the_catalogue() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalogue");
        let entries = std::fs::read_dir(directory).expect("the catalogue is there");
        let files = entries.map(|entry| entry.expect("it can be listed").file_name());
        let files: BTreeSet<String> = files.map(|name| name.into_string().expect("text")).collect();
        let listed: BTreeSet<String> = names().map(|name| format!("{name}.toml")).collect();
        assert_eq!(files, listed);
    }

    #[test]
    fn every_scenario_has_the_name_of_its_file_and_says_what_it_is_about() {
        for (scenario, (name, _)) in all().iter().zip(FILES) {
            assert_eq!(scenario.name, *name);
            assert!(!scenario.about.is_empty(), "{name} does not say what it is about");
        }
    }

    #[test]
    fn every_kind_of_fault_is_met_somewhere() {
        let scenarios = all();
        let faults = scenarios.iter().flat_map(|scenario| &scenario.faults);
        let met: BTreeSet<&str> = faults.map(|fault| fault.kind.name()).collect();
        assert_eq!(met, BTreeSet::from(Kind::NAMES));
    }

    #[test]
    fn a_slip_of_the_finger_finds_its_scenario() {
        let error = find("clam").expect_err("there is none");
        assert_eq!(error, "unknown scenario `clam`; did you mean `calm`?");
    }
}
