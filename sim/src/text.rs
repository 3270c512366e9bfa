//! Durations, shares and rates as people write them in scenario files.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration;

/// A duration written as `15s`, `1m 30s` or `250ms`; for `#[serde(with = "...")]`.
pub mod duration {
    use super::*;

    /// Writes it.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&humantime::format_duration(*value))
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// If the text is no duration, or a negative one.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        super::parse_duration(&text).map_err(serde::de::Error::custom)
    }
}

/// A duration that may be missing; for `#[serde(with = "...", default)]`.
pub mod optional_duration {
    use super::*;

    /// Writes it.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(value: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => duration::serialize(value, to),
            None => to.serialize_none(),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// If the text is no duration, or a negative one.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
        duration::deserialize(from).map(Some)
    }
}

/// Parses a duration.
///
/// # Errors
///
/// A sentence that says what is wrong with the text and how to write it.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    if text.trim_start().starts_with('-') {
        return Err(format!("the duration `{text}` is negative; write one such as `15s`"));
    }
    let parsed = humantime::parse_duration(text.trim());
    let duration = parsed.map_err(|error| {
        format!("`{text}` is no duration ({error}); write one such as `250ms`, `15s` or `1m 30s`")
    })?;
    // A run counts nanoseconds in 64 bits; a hundred years leave room to add.
    if duration > Duration::from_secs(100 * 365 * 24 * 3600) {
        return Err(format!("the duration `{text}` is longer than a hundred years"));
    }
    Ok(duration)
}

/// A duration with a sign, written `+11s` or `-11s`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Shift {
    /// Whether it goes back.
    pub back: bool,
    /// How far.
    pub by: Duration,
}

impl Shift {
    /// The same distance the other way.
    pub fn reversed(self) -> Self {
        Self { back: !self.back, by: self.by }
    }
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.back { '-' } else { '+' };
        write!(f, "{sign}{}", humantime::format_duration(self.by))
    }
}

impl Serialize for Shift {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Shift {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let (back, rest) = match text.trim().split_at_checked(1) {
            Some(("-", rest)) => (true, rest),
            Some(("+", rest)) => (false, rest),
            _ => (false, text.as_str()),
        };
        let by = parse_duration(rest).map_err(serde::de::Error::custom)?;
        Ok(Self { back, by })
    }
}
