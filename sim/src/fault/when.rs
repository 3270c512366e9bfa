//! When a fault strikes: at a moment, or at an event.

use super::target::Targets;
use crate::names;
use crate::text::{duration, parse_duration};
use locklab_protocols::contract::Trigger;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration;

/// When a fault strikes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum When {
    /// At this moment of true time.
    At(Duration),
    /// Right after an event.
    Event {
        /// Which event.
        event: Trigger,
        /// The how many-th of its kind, counted from 1.
        nth: u32,
        /// Only events at these nodes count.
        at: Targets,
        /// So long after it.
        after: Duration,
    },
}

/// In a file: `"2s"`, or `{ event = "granted", nth = 3, at = "client 1", after = "10ms" }`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventForm {
    #[serde(deserialize_with = "trigger")]
    event: Trigger,
    #[serde(default = "first")]
    nth: u32,
    #[serde(default)]
    at: Targets,
    #[serde(with = "duration", default)]
    after: Duration,
}

fn first() -> u32 {
    1
}

fn trigger<'de, D: Deserializer<'de>>(from: D) -> Result<Trigger, D::Error> {
    let text = String::deserialize(from)?;
    let found = Trigger::ALL.into_iter().find(|trigger| trigger.name() == text);
    let known = Trigger::ALL.into_iter().map(Trigger::name);
    found.ok_or_else(|| serde::de::Error::custom(names::unknown("event", &text, known)))
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.clone() {
            Self::At(moment) => duration::serialize(&moment, to),
            Self::Event { event, nth, at, after } => {
                EventForm { event, nth, at, after }.serialize(to)
            }
        }
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = When;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a moment such as \"2s\", or an event such as { event = \"granted\" }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<When, E> {
                parse_duration(text).map(When::At).map_err(E::custom)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<When, A::Error> {
                let form =
                    EventForm::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                if form.nth == 0 {
                    return Err(serde::de::Error::custom("`nth` counts from 1"));
                }
                let EventForm { event, nth, at, after } = form;
                Ok(When::Event { event, nth, at, after })
            }
        }

        from.deserialize_any(Visitor)
    }
}
