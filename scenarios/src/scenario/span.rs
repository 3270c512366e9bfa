//! A span of durations in a file: `"200ms"`, or `{ least = "100ms", most = "500ms" }`.

use locklab_protocols::contract::Span;
use locklab_sim::text::{duration, parse_duration};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ends {
    #[serde(with = "duration")]
    least: Duration,
    #[serde(with = "duration")]
    most: Duration,
}

/// Writes it; for `#[serde(with = "...")]`.
pub(super) fn serialize<S: Serializer>(span: &Span, to: S) -> Result<S::Ok, S::Error> {
    if span.shortest == span.longest {
        duration::serialize(&span.shortest, to)
    } else {
        Ends { least: span.shortest, most: span.longest }.serialize(to)
    }
}

/// Reads it.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
    struct Visitor;

    impl<'de> serde::de::Visitor<'de> for Visitor {
        type Value = Span;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration such as \"200ms\" or { least = \"100ms\", most = \"500ms\" }")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Span, E> {
            parse_duration(text).map(Span::from).map_err(E::custom)
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Span, A::Error> {
            let Ends { least, most } =
                Ends::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
            if least > most {
                return Err(serde::de::Error::custom("`least` is longer than `most`"));
            }
            Ok((least..=most).into())
        }
    }

    from.deserialize_any(Visitor)
}
