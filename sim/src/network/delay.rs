//! How long a message takes: distributions over durations.

use crate::chance::Chance;
use crate::text::{duration, parse_duration};
use locklab_protocols::time::nanos;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::time::Duration;

/// A distribution of delays, in whole nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Delay {
    /// Always the same.
    Constant(Duration),
    /// Any duration between these two, both included.
    Uniform(Duration, Duration),
    /// Exponential: mostly short, now and then long.
    Exponential {
        /// The mean, before the cap.
        mean: Duration,
        /// No delay is longer.
        most: Duration,
    },
    /// Log-normal: what measured networks look like.
    LogNormal {
        /// Half of the delays are shorter, before the cap.
        median: Duration,
        /// The standard deviation of the logarithm, in percent.
        sigma_percent: u32,
        /// No delay is longer.
        most: Duration,
    },
}

impl Default for Delay {
    /// A calm data centre: 1 to 10 ms.
    fn default() -> Self {
        Self::Uniform(Duration::from_millis(1), Duration::from_millis(10))
    }
}

impl Delay {
    /// The delay where nobody draws one: the least, or where that is nothing, the usual one.
    pub fn plain(self) -> Duration {
        match self {
            Self::Constant(exactly) => exactly,
            Self::Uniform(least, _) => least,
            Self::Exponential { mean, most } => mean.min(most),
            Self::LogNormal { median, most, .. } => median.min(most),
        }
    }

    /// No delay is longer than this.
    pub fn most(self) -> Duration {
        match self {
            Self::Constant(exactly) => exactly,
            Self::Uniform(_, most)
            | Self::Exponential { most, .. }
            | Self::LogNormal { most, .. } => most,
        }
    }

    /// All but about one delay in a thousand are no longer than this.
    pub fn usual(self) -> Duration {
        match self {
            Self::Constant(_) | Self::Uniform(..) => self.most(),
            Self::Exponential { mean, most } => scaled(mean, libm::log(1000.0)).min(most),
            Self::LogNormal { median, sigma_percent, most } => {
                let sigma = f64::from(sigma_percent) / 100.0;
                scaled(median, libm::exp(3.09 * sigma)).min(most)
            }
        }
    }
}

/// In a file: `"5ms"`, or a table with one key for the distribution.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum Form {
    Uniform(UniformForm),
    Exponential(ExponentialForm),
    LogNormal(LogNormalForm),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UniformForm {
    #[serde(with = "duration")]
    least: Duration,
    #[serde(with = "duration")]
    most: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExponentialForm {
    #[serde(with = "duration")]
    mean: Duration,
    #[serde(with = "duration")]
    most: Duration,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogNormalForm {
    #[serde(with = "duration")]
    median: Duration,
    sigma_percent: u32,
    #[serde(with = "duration")]
    most: Duration,
}

impl Serialize for Delay {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Constant(exactly) => duration::serialize(&exactly, to),
            Self::Uniform(least, most) => Form::Uniform(UniformForm { least, most }).serialize(to),
            Self::Exponential { mean, most } => {
                Form::Exponential(ExponentialForm { mean, most }).serialize(to)
            }
            Self::LogNormal { median, sigma_percent, most } => {
                Form::LogNormal(LogNormalForm { median, sigma_percent, most }).serialize(to)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Delay;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a delay such as \"5ms\" or { uniform = { least = \"1ms\", most = \"9ms\" } }",
                )
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Delay, E> {
                parse_duration(text).map(Delay::Constant).map_err(E::custom)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Delay, A::Error> {
                let form = Form::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                let delay = match form {
                    Form::Uniform(form) => Delay::Uniform(form.least, form.most),
                    Form::Exponential(ExponentialForm { mean, most }) => {
                        Delay::Exponential { mean, most }
                    }
                    Form::LogNormal(LogNormalForm { median, sigma_percent, most }) => {
                        Delay::LogNormal { median, sigma_percent, most }
                    }
                };
                match delay {
                    Delay::Uniform(least, most) if least > most => {
                        Err(serde::de::Error::custom("`least` is longer than `most`"))
                    }
                    delay => Ok(delay),
                }
            }
        }

        from.deserialize_any(Visitor)
    }
}

impl Delay {
    /// Draws a delay, in whole nanoseconds.
    ///
    /// The logarithm and the exponential come from `libm`, so that platforms agree to the bit.
    #[inline]
    pub fn sample(self, chance: &mut Chance) -> Duration {
        match self {
            Self::Constant(exactly) => exactly,
            Self::Uniform(least, most) => chance.duration(least, most),
            Self::Exponential { mean, most } => {
                let factor = -libm::log(chance.unit());
                scaled(mean, factor).min(most)
            }
            Self::LogNormal { median, sigma_percent, most } => {
                // Box and Muller 1958.
                let radius = libm::sqrt(-2.0 * libm::log(chance.unit()));
                let normal = radius * libm::cos(2.0 * std::f64::consts::PI * chance.unit());
                let sigma = f64::from(sigma_percent) / 100.0;
                scaled(median, libm::exp(sigma * normal)).min(most)
            }
        }
    }
}

fn scaled(duration: Duration, factor: f64) -> Duration {
    Duration::from_nanos((nanos(duration) as f64 * factor) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn median_of(delay: Delay) -> Duration {
        let mut chance = Chance::new(1, &"test");
        let mut drawn: Vec<Duration> = (0..10_001).map(|_| delay.sample(&mut chance)).collect();
        drawn.sort_unstable();
        assert!(*drawn.last().expect("some") <= delay.most());
        drawn[5000]
    }

    #[test]
    fn one_in_a_thousand_takes_longer_than_usual() {
        let ms = Duration::from_millis;
        let most = ms(10_000);
        let log_normal = Delay::LogNormal { median: ms(10), sigma_percent: 80, most };
        for delay in [Delay::Exponential { mean: ms(10), most }, log_normal] {
            let mut chance = Chance::new(1, &"test");
            let late = (0..100_000).filter(|_| delay.sample(&mut chance) > delay.usual()).count();
            assert!((60..140).contains(&late), "{delay:?}: {late}");
        }
        assert_eq!(Delay::Uniform(ms(1), ms(4)).usual(), ms(4));
    }

    #[test]
    fn medians_are_where_they_belong_and_caps_hold() {
        let ms = Duration::from_millis;
        assert_eq!(median_of(Delay::Constant(ms(5))), ms(5));
        let uniform = median_of(Delay::Uniform(ms(2), ms(4)));
        assert!((ms(2) + ms(1)).abs_diff(uniform) < ms(1) / 10, "{uniform:?}");
        let exponential = median_of(Delay::Exponential { mean: ms(10), most: ms(50) });
        assert!(Duration::from_micros(6931).abs_diff(exponential) < ms(1) / 2, "{exponential:?}");
        let log_normal =
            median_of(Delay::LogNormal { median: ms(10), sigma_percent: 80, most: ms(60) });
        assert!(ms(10).abs_diff(log_normal) < ms(1) / 2, "{log_normal:?}");
    }
}
