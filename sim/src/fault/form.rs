//! How a fault stands in a file: one key for its kind beside `when`.

use super::{
    ClockJump, ClockRate, ClockStrobe, Crash, Cut, Fault, Kind, Lasting, OnLinks, OnNodes,
    Partition, Reorder, Slow, SlowLinks, When,
};
use serde::{Deserialize, Serialize};

macro_rules! form {
    ($($field:ident: $inner:ty => $variant:ident),* $(,)?) => {
        #[derive(Clone, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(super) struct Form {
            when: When,
            $(#[serde(default, skip_serializing_if = "Option::is_none")]
            $field: Option<$inner>,)*
        }

        impl From<Fault> for Form {
            fn from(fault: Fault) -> Self {
                let mut form = Self { when: fault.when, $($field: None),* };
                match fault.kind {
                    $(Kind::$variant(inner) => form.$field = Some(inner),)*
                }
                form
            }
        }

        impl Form {
            fn kinds(self) -> (When, Vec<Kind>) {
                let mut kinds = Vec::new();
                $(kinds.extend(self.$field.map(Kind::$variant));)*
                (self.when, kinds)
            }
        }
    };
}

form! {
    pause: OnNodes => Pause,
    slow: Slow => Slow,
    crash: Crash => Crash,
    cut: Cut => Cut,
    partition: Partition => Partition,
    loss: OnLinks => Loss,
    duplicate: OnLinks => Duplicate,
    delay: SlowLinks => Delay,
    reorder: Reorder => Reorder,
    clock_jump: ClockJump => ClockJump,
    clock_rate: ClockRate => ClockRate,
    clock_strobe: ClockStrobe => ClockStrobe,
    clock_freeze: OnNodes => ClockFreeze,
    disk_stall: OnNodes => DiskStall,
    disk_lie: OnNodes => DiskLie,
}

impl TryFrom<Form> for Fault {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        let (when, mut kinds) = form.kinds();
        let kind = match (kinds.pop(), kinds.pop()) {
            (Some(kind), None) => kind,
            (None, _) => {
                return Err(format!("a fault needs a kind: one of {}", Kind::NAMES.join(", ")));
            }
            (Some(one), Some(other)) => {
                let (one, other) = (one.name(), other.name());
                return Err(format!("one fault has one kind, not `{other}` and `{one}`"));
            }
        };
        check(&kind)?;
        Ok(Self { when, kind })
    }
}

/// What the types cannot say.
fn check(kind: &Kind) -> Result<(), String> {
    if kind.lasting() == Lasting::ForEver && !matches!(kind, Kind::Crash(_)) {
        let name = kind.name();
        return Err(format!("a {name} that lasts for `ever` never heals; only a crash may"));
    }
    match kind {
        Kind::Loss(OnLinks { percent, .. })
        | Kind::Duplicate(OnLinks { percent, .. })
        | Kind::Reorder(Reorder { percent, .. })
            if !(1..=100).contains(percent) =>
        {
            Err(format!("`percent` is {percent}, but a share is from 1 to 100"))
        }
        Kind::ClockRate(ClockRate { percent, .. }) if !(1..=10_000).contains(percent) => {
            Err(format!("`percent` is {percent}, but a clock rate is from 1 to 10000"))
        }
        Kind::ClockStrobe(strobe) if strobe.every.is_zero() => {
            Err("a strobe needs a time between its jumps: `every` is zero".to_owned())
        }
        Kind::Partition(Partition { sides, shape, .. }) => match (sides.len(), shape) {
            (0, Some(_)) | (2.., None) => Ok(()),
            (0, None) => Err("a partition needs `sides` or a `shape`".to_owned()),
            (1, None) => Err("a partition needs at least two `sides`".to_owned()),
            (_, Some(_)) => Err("a partition has `sides` or a `shape`, not both".to_owned()),
        },
        _ => Ok(()),
    }
}
