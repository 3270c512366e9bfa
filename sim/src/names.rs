//! Names that people type, and what they may have meant.

/// The known name that is nearest to `typed`, if one is near enough to be meant.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let near = |name: &&str| strsim::damerau_levenshtein(typed, name) <= 1 + typed.len() / 3;
    known
        .into_iter()
        .filter(near)
        .min_by_key(|name| (strsim::damerau_levenshtein(typed, name), name.len()))
}

/// A sentence for a name that is not known: what was typed, what may have been meant, what there
/// is.
pub fn unknown<'a>(kind: &str, typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(typed, known.iter().copied()) {
        Some(name) => format!("unknown {kind} `{typed}`; did you mean `{name}`?"),
        None => format!("unknown {kind} `{typed}`; there are: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_its_name() {
        let known = ["holder", "leader", "storage"];
        assert_eq!(nearest("holdre", known), Some("holder"));
        assert_eq!(nearest("lead", known), Some("leader"));
        assert_eq!(nearest("quorum", known), None);
    }
}
