//! How a scenario stands in a file. What can only be judged as a whole keeps its place, so that
//! [`check`](super::check) can point at it.

use super::lock::LockSettings;
use super::{Scenario, span};
use locklab_protocols::application::{Choice, LockOrder, Workload};
use locklab_protocols::contract::Span;
use locklab_protocols::storage::Fencing;
use locklab_sim::fault::Fault;
use locklab_sim::network::Network;
use locklab_sim::text::duration;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
use toml::Spanned;

/// A table with names for keys, each with its place.
pub(super) type Named<T> = BTreeMap<Spanned<String>, Spanned<T>>;

/// A scenario file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Form {
    pub(super) name: Spanned<String>,
    #[serde(default)]
    pub(super) about: String,
    #[serde(default)]
    pub(super) source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) servers: Option<Spanned<usize>>,
    #[serde(default = "defaults::clients")]
    pub(super) clients: Spanned<usize>,
    #[serde(default)]
    pub(super) fencing: Fencing,
    #[serde(with = "duration", default = "defaults::sync_time")]
    pub(super) sync_time: Duration,
    #[serde(default = "defaults::heal_at")]
    pub(super) heal_at: Spanned<Lasts>,
    #[serde(default = "defaults::settle")]
    pub(super) settle: Spanned<Lasts>,
    #[serde(default = "defaults::progress_within")]
    pub(super) progress_within: Spanned<Lasts>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) protocols: Vec<Spanned<String>>,
    #[serde(default = "defaults::table")]
    pub(super) lock: Spanned<LockSettings>,
    #[serde(default = "defaults::table")]
    pub(super) workload: Spanned<WorkloadForm>,
    #[serde(default = "defaults::table")]
    pub(super) network: Spanned<Network>,
    #[serde(default, rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub(super) faults: Vec<Spanned<Fault>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) expect: Named<Named<String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) sometimes: Named<Sometimes>,
}

/// A duration that keeps its place.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Lasts(#[serde(with = "duration")] pub(super) Duration);

/// What a key of `[sometimes]` stands for: a goal of all, or the goals of one protocol.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Sometimes {
    Goal(bool),
    Of(Named<bool>),
}

impl<'de> Deserialize<'de> for Sometimes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Sometimes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true` for a goal, or a table of goals for a protocol")
            }

            fn visit_bool<E: serde::de::Error>(self, wanted: bool) -> Result<Sometimes, E> {
                Ok(Sometimes::Goal(wanted))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<Sometimes, A::Error> {
                Named::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(Sometimes::Of)
            }
        }

        from.deserialize_any(Visitor)
    }
}

/// `[workload]`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WorkloadForm {
    locks: u32,
    choice: ChoiceForm,
    locks_at_once: u32,
    order: OrderForm,
    depth: u32,
    #[serde(with = "span")]
    think: Span,
    #[serde(with = "span")]
    hold: Span,
    #[serde(with = "span")]
    retry: Span,
    #[serde(with = "duration")]
    storage_timeout: Duration,
    #[serde(skip_serializing_if = "Option::is_none")]
    sections: Option<u32>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(remote = "Choice", rename_all = "kebab-case")]
enum ChoiceDef {
    Uniform,
    Zipf,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
struct ChoiceForm(#[serde(with = "ChoiceDef")] Choice);

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(remote = "LockOrder", rename_all = "kebab-case")]
enum OrderDef {
    Global,
    Own,
    Set,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
struct OrderForm(#[serde(with = "OrderDef")] LockOrder);

impl Default for WorkloadForm {
    fn default() -> Self {
        (&Workload::default()).into()
    }
}

impl WorkloadForm {
    /// What the types cannot say.
    pub(super) fn check(&self) -> Result<(), String> {
        let counts = [
            ("locks", self.locks),
            ("locks_at_once", self.locks_at_once),
            ("depth", self.depth),
            ("sections", self.sections.unwrap_or(1)),
        ];
        if let Some((key, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(format!("`{key}` is 0, so there is nothing to do; it counts from 1"));
        }
        if self.locks_at_once > self.locks {
            let (at_once, locks) = (self.locks_at_once, self.locks);
            let over = format!("`locks_at_once` is {at_once}, more than `locks`, which is {locks}");
            return Err(over);
        }
        if self.storage_timeout.is_zero() {
            return Err("`storage_timeout` is zero, so requests repeat without end".to_owned());
        }
        Ok(())
    }
}

impl From<&Workload> for WorkloadForm {
    fn from(workload: &Workload) -> Self {
        let Workload { locks, choice, locks_at_once, order, depth, .. } = *workload;
        let Workload { think, hold, retry, storage_timeout, sections, .. } = *workload;
        let (choice, order) = (ChoiceForm(choice), OrderForm(order));
        Self {
            locks,
            choice,
            locks_at_once,
            order,
            depth,
            think,
            hold,
            retry,
            storage_timeout,
            sections,
        }
    }
}

impl From<WorkloadForm> for Workload {
    fn from(form: WorkloadForm) -> Self {
        Self {
            locks: form.locks,
            choice: form.choice.0,
            locks_at_once: form.locks_at_once,
            order: form.order.0,
            depth: form.depth,
            think: form.think,
            hold: form.hold,
            retry: form.retry,
            storage_timeout: form.storage_timeout,
            sections: form.sections,
        }
    }
}

/// A value without a place.
fn placed<T>(value: T) -> Spanned<T> {
    Spanned::new(0..0, value)
}

impl From<&Scenario> for Form {
    fn from(scenario: &Scenario) -> Self {
        let expect = scenario.expect.iter().map(|(protocol, expected)| {
            let expected = expected.iter().map(|(guarantee, expected)| {
                (placed(guarantee.name().to_owned()), placed(expected.name().to_owned()))
            });
            (placed(protocol.clone()), placed(expected.collect()))
        });
        let all = scenario
            .sometimes
            .iter()
            .map(|goal| (placed(goal.name().to_owned()), placed(Sometimes::Goal(true))));
        let own = scenario.sometimes_of.iter().map(|(protocol, goals)| {
            let goals = goals.iter().map(|goal| (placed(goal.name().to_owned()), placed(true)));
            (placed(protocol.clone()), placed(Sometimes::Of(goals.collect())))
        });
        Self {
            name: placed(scenario.name.clone()),
            about: scenario.about.clone(),
            source: scenario.source.clone(),
            servers: scenario.servers.map(placed),
            clients: placed(scenario.clients),
            fencing: scenario.fencing,
            sync_time: scenario.sync_time,
            heal_at: placed(Lasts(scenario.heal_at)),
            settle: placed(Lasts(scenario.settle)),
            progress_within: placed(Lasts(scenario.progress_within)),
            protocols: scenario.protocols.iter().cloned().map(placed).collect(),
            lock: placed(scenario.lock),
            workload: placed((&scenario.workload).into()),
            network: placed(scenario.network.clone()),
            faults: scenario.faults.iter().cloned().map(placed).collect(),
            expect: expect.collect(),
            sometimes: all.chain(own).collect(),
        }
    }
}

mod defaults {
    use super::{Lasts, Scenario, Spanned, placed};
    use std::time::Duration;

    pub(super) fn table<T: Default>() -> Spanned<T> {
        placed(T::default())
    }

    pub(super) fn clients() -> Spanned<usize> {
        placed(Scenario::default().clients)
    }

    pub(super) fn sync_time() -> Duration {
        Scenario::default().sync_time
    }

    pub(super) fn heal_at() -> Spanned<Lasts> {
        placed(Lasts(Scenario::default().heal_at))
    }

    pub(super) fn settle() -> Spanned<Lasts> {
        placed(Lasts(Scenario::default().settle))
    }

    pub(super) fn progress_within() -> Spanned<Lasts> {
        placed(Lasts(Scenario::default().progress_within))
    }
}
