//! The duties of a host, held by the live one. The tests are those of every host.
//!
//! This test is also the program of its nodes: started as one, it is one.

#[cfg(unix)]
#[path = "../../sim/tests/all/host_duties/duties.rs"]
mod duties;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    unix::main()
}

#[cfg(not(unix))]
fn main() {
    println!("there is no live host on this system");
}

#[cfg(unix)]
mod unix {
    use super::duties::{DUTIES, Duty, Probe, Script, plan};
    use libtest_mimic::{Arguments, Trial};
    use locklab_scenarios::live::{Live, Options, Transport, janitor, node_main};
    use locklab_scenarios::registry::Contestants;
    use locklab_scenarios::scenario::Scenario;
    use locklab_sim::fault::Fault;
    use locklab_sim::outcome::Outcome;
    use std::path::Path;
    use std::process::ExitCode;

    pub(super) fn main() -> ExitCode {
        let arguments: Vec<String> = std::env::args().collect();
        let done = match arguments.get(1).map(String::as_str) {
            Some("live-node") => node_main(&probes()),
            Some("live-janitor") => {
                janitor(Path::new(&arguments[2])).map_err(|error| error.to_string())
            }
            _ => {
                let trial = |(name, duty): (&str, Duty)| {
                    Trial::test(name, move || {
                        duty(&play);
                        Ok(())
                    })
                };
                let trials = DUTIES.into_iter().map(trial).collect();
                let mut arguments = Arguments::from_args();
                // They do little but wait: all at once, unless somebody wants it otherwise.
                arguments.test_threads.get_or_insert(DUTIES.len());
                return libtest_mimic::run(&arguments, trials).exit_code();
            }
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                ExitCode::FAILURE
            }
        }
    }

    fn probes() -> Contestants {
        let scripts = [
            Script::WriteSyncWrite,
            Script::TwoTimersAndAWord,
            Script::ArmTwice,
            Script::AskTwice,
            Script::KeepTheWord,
        ];
        scripts.into_iter().fold(Contestants::none(), |all, script| all.with_live(Probe(script)))
    }

    fn play(script: Script, faults: Vec<Fault>) -> Outcome {
        let plan = plan(faults);
        let mut scenario = Scenario::new("duty")
            .clients(plan.clients)
            .network(plan.network)
            .heal_at(plan.heal_at)
            .settle(plan.settle)
            .progress_within(plan.settle / 2);
        scenario.faults = plan.faults;
        let options = Options {
            program: std::env::current_exe().expect("this program"),
            seed: 1,
            traces: true,
            transport: Transport::Tcp,
            direct: false,
            pools_bites: false,
            stop: Default::default(),
        };
        Probe(script).run_live(&scenario, &options).expect("it runs").outcome
    }
}
