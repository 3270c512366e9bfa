//! A protocol for tests whose servers say whatever they are told to say, and do nothing.

use crate::prelude::*;

/// What its servers say.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Says {
    /// Who owns what; nothing while there is no account.
    pub(crate) owners: Option<BTreeMap<LockId, Vec<Owner>>>,
    /// Whether they agree.
    pub(crate) accord: Accord,
}

/// A node that does nothing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Idle;

impl Node for Idle {
    type Message = Never;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, _: InputOf<Self>, _: &mut Effects<Self>) {}
}

impl Protocol for Says {
    type Message = Never;
    type Server = Idle;
    type Client = Idle;

    fn name(&self) -> &'static str {
        "says"
    }

    fn server(&self, _: ServerId, (): &()) -> Idle {
        Idle
    }

    fn client(&self, _: ClientId, (): &()) -> Idle {
        Idle
    }

    fn has_account(&self, _: Servers<'_, Self>) -> bool {
        self.owners.is_some()
    }

    fn owners(&self, _: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
        let owners = self.owners.as_ref().expect("nobody asks while there is no account");
        owners.get(&lock).cloned().unwrap_or_default()
    }

    fn agreement(&self, _: Servers<'_, Self>, _: ServerId, _: &mut Facts) -> Accord {
        self.accord.clone()
    }
}
