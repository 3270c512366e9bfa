//! A failure is a command to paste.

/// The command that plays a run again and tells its story.
pub fn replay(scenario: &str, protocol: &str, seed: u64) -> String {
    let scenario = quoted(scenario);
    format!("cargo run --release -- run {scenario} --protocol {protocol} --seed {seed}")
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
        let command = replay("my files/a.toml", "ttl", 7);
        assert_eq!(command, "cargo run --release -- run 'my files/a.toml' --protocol ttl --seed 7");
    }
}
