//! What the coordinator remembers of the requests that it has met, so that a copy changes nothing.

use crate::id::ClientId;
use crate::two_phase::message::{AttemptId, Request, Tokens};
use std::collections::BTreeMap;

/// How many requests before the newest of a client are remembered; older ones are as good as
/// refused. A client has few of them at once: one for each set that it is asking for.
const REMEMBERED: u32 = 8;

/// What became of a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Stage {
    /// It is being voted on.
    Voting(AttemptId),
    /// It was committed.
    Granted {
        /// With these tokens.
        tokens: Tokens,
        /// The newest copy of it that was here by then.
        copy: u32,
    },
    /// It was aborted, or cancelled before it came.
    Refused,
}

/// The requests of all clients.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Requests {
    stages: BTreeMap<Request, Stage>,
    newest: BTreeMap<ClientId, Request>,
}

impl Requests {
    /// What became of a request; `None` for one that is new.
    pub fn get(&self, request: Request) -> Option<&Stage> {
        let stage = self.stages.get(&request);
        stage.or_else(|| self.is_old(request).then_some(&Stage::Refused))
    }

    /// Whether a request is of an earlier life of its client, or far behind its newest.
    fn is_old(&self, request: Request) -> bool {
        self.newest.get(&request.owner.client).is_some_and(|newest| {
            request.owner < newest.owner || request.number + REMEMBERED < newest.number
        })
    }

    /// Remembers what became of a request, and forgets those that are old by now.
    pub fn insert(&mut self, request: Request, stage: Stage) {
        let newest = self.newest.entry(request.owner.client).or_insert(request);
        *newest = request.max(*newest);
        self.stages.insert(request, stage);
        let client = request.owner.client;
        let old: Vec<Request> = self.stages.keys().copied().collect();
        let old = old.into_iter().filter(|one| one.owner.client == client && self.is_old(*one));
        for request in old.collect::<Vec<_>>() {
            if !matches!(self.stages.get(&request), Some(Stage::Voting(_))) {
                self.stages.remove(&request);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Incarnation, Owner};

    fn request(life: u32, number: u32) -> Request {
        let owner = Owner { client: ClientId(1), incarnation: Incarnation(life) };
        Request { owner, number }
    }

    fn granted() -> Stage {
        Stage::Granted { tokens: Tokens::new(), copy: 1 }
    }

    #[test]
    fn a_copy_of_an_old_request_is_never_new() {
        let mut requests = Requests::default();
        assert_eq!(requests.get(request(1, 1)), None);
        requests.insert(request(1, 1), granted());
        requests.insert(request(1, 9), Stage::Refused);
        assert_eq!(requests.get(request(1, 1)), Some(&granted()));
        requests.insert(request(1, 10), Stage::Refused);
        assert_eq!(requests.get(request(1, 1)), Some(&Stage::Refused), "forgotten, and known old");
        assert_eq!(requests.get(request(1, 5)), None, "it may have been overtaken");
        requests.insert(request(2, 1), Stage::Refused);
        assert_eq!(requests.get(request(1, 11)), Some(&Stage::Refused), "of an earlier life");
    }
}
