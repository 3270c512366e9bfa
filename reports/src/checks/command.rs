//! The command that does a check again.
//!
//! A report of checks does not say with which arguments it was made, and a command that stood in a
//! file would have to be believed. So it is found: the arguments with which `locklab check` comes
//! to a configuration that is about the same.

use super::{Checked, bounds};
use locklab_models::{MOST_NODES, Size, subjects};
use std::collections::BTreeMap;

/// The commands of all configurations that `locklab check` comes to.
#[derive(Debug)]
pub(crate) struct Commands(BTreeMap<(String, String, String), String>);

impl Commands {
    /// Those of this version.
    pub(crate) fn all() -> Self {
        let mut commands = BTreeMap::new();
        for size in sizes() {
            for subject in subjects(size) {
                let protocol = subject.protocol().to_owned();
                let mut command = format!("cargo run --release -- check {protocol}");
                for (option, number) in [("servers", size.servers), ("clients", size.clients)] {
                    if let Some(number) = number {
                        command += &format!(" --{option} {number}");
                    }
                }
                // The first is the one with the fewest arguments.
                let key = (protocol, subject.about(), bounds(subject.as_ref()));
                commands.entry(key).or_insert(command);
            }
        }
        Self(commands)
    }

    /// The command that does this check again; none if this version does not come to it.
    pub(crate) fn of(&self, check: &Checked) -> Option<&str> {
        let key = (check.protocol.clone(), check.about.clone(), check.bounds.clone());
        self.0.get(&key).map(String::as_str)
    }
}

/// All sizes that can be asked for, those with fewer arguments first.
fn sizes() -> impl Iterator<Item = Size> {
    let clients = [None, Some(2), Some(3)];
    let servers = [None, Some(1), Some(2), Some(3), Some(4), Some(5)];
    let all = servers
        .into_iter()
        .flat_map(move |servers| clients.into_iter().map(move |clients| Size { servers, clients }));
    // Besides them, the storage.
    let fits = |size: &Size| size.servers.unwrap_or(3) + size.clients.unwrap_or(2) < MOST_NODES;
    let mut all: Vec<Size> = all.filter(fits).collect();
    all.sort_by_key(|size| {
        usize::from(size.servers.is_some()) + usize::from(size.clients.is_some())
    });
    all.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;
    use locklab_models::{Subject, catalogue};
    use std::collections::BTreeSet;

    #[test]
    fn what_a_check_is_about_names_it() {
        for size in sizes() {
            let mut seen = BTreeSet::new();
            for subject in subjects(size) {
                let name = (subject.protocol(), subject.about());
                assert!(seen.insert(name.clone()), "{name:?} is there twice in {size:?}");
            }
        }
    }

    #[test]
    fn a_command_has_no_more_arguments_than_it_needs() {
        let commands = Commands::all();
        let of = |servers: usize, clients: usize| {
            let subject = catalogue::redlock(servers, clients, 0);
            let mut checks = commands.0.iter().filter(|((protocol, about, within), _)| {
                (protocol.as_str(), about, within)
                    == (subject.protocol(), &subject.about(), &bounds(&subject))
            });
            checks.next().map(|(_, command)| command.replace("cargo run --release -- ", ""))
        };
        assert_eq!(of(3, 2).as_deref(), Some("check redlock"));
        assert_eq!(of(3, 3).as_deref(), Some("check redlock --clients 3"));
        assert_eq!(of(5, 2).as_deref(), Some("check redlock --servers 5"));
        assert_eq!(of(4, 3).as_deref(), Some("check redlock --servers 4 --clients 3"));
        assert_eq!(of(1, 2), None);
    }
}
