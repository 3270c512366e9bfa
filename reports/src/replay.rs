//! A failure is a command to paste.

use std::collections::BTreeMap;

/// How scenarios are called on the command line: by name, or by the path of their file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Calls {
    paths: BTreeMap<String, String>,
    command: Option<String>,
}

impl Calls {
    /// From now on the scenario of this name is called by a path.
    pub fn by_path(&mut self, name: &str, path: &str) {
        self.paths.insert(name.to_owned(), path.to_owned());
    }

    /// From now on it is this command that plays a run again: it was one of real processes.
    pub fn by_command(&mut self, command: &str) {
        self.command = Some(command.to_owned());
    }

    /// How a scenario is called: by its name, or by its path.
    pub fn call(&self, scenario: &str) -> String {
        self.paths.get(scenario).map_or(scenario, String::as_str).to_owned()
    }

    /// The command that plays a run again and tells its story.
    pub fn replay(&self, scenario: &str, protocol: &str, seed: u64) -> String {
        if let Some(command) = &self.command {
            return command.clone();
        }
        let scenario = quoted(&self.call(scenario));
        format!("cargo run --release -- run {scenario} --protocol {protocol} --seed {seed}")
    }

    /// The command that runs a scenario with real processes.
    pub fn live(&self, scenario: &str, protocol: &str) -> String {
        format!(
            "cargo run --release -- live {protocol} --scenario {}",
            quoted(&self.call(scenario))
        )
    }
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte);
    if word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_blank_is_quoted() {
        let mut calls = Calls::default();
        calls.by_path("a", "my files/a.toml");
        let command = calls.replay("a", "ttl", 7);
        assert_eq!(command, "cargo run --release -- run 'my files/a.toml' --protocol ttl --seed 7");
    }
}
