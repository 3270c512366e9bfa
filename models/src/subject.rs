//! What the command line checks, whatever its protocol.

use crate::bounds::Bounds;
use crate::catalogue;
use crate::check::{Limits, Progress, Report, check};
use crate::configuration::Configuration;
use crate::model::LockModel;
use locklab_protocols::contract::Protocol;
use locklab_protocols::storage::Fencing;
use stateright::Model;
use std::fmt::Debug;

/// A configuration with its protocol's type forgotten.
pub trait Subject: Debug + Send + Sync {
    /// The protocol's name on the command line.
    fn protocol(&self) -> &'static str;

    /// What is checked, in a few words: servers, clients, and what the storage does.
    fn about(&self) -> String;

    /// How far the search goes.
    fn bounds(&self) -> Bounds;

    /// Checks it; `watch` hears from time to time how far the check has come.
    fn check(&self, limits: Limits, watch: &mut dyn FnMut(Progress)) -> Report;

    /// Opens stateright's Explorer at this address (`localhost:3000`), and does not come back.
    fn explore(&self, address: &str);
}

impl<P: Protocol> Subject for Configuration<P> {
    fn protocol(&self) -> &'static str {
        self.setting.protocol.name()
    }

    fn about(&self) -> String {
        let fencing = match self.setting.fencing {
            Fencing::None => "a storage that looks at no tokens",
            Fencing::Writes => "a storage that fences writes",
            Fencing::ReadsAndWrites => "a storage that fences reads and writes",
        };
        let (servers, clients) = (self.setting.protocol.servers(), self.setting.clients);
        format!("{servers} servers, {clients} clients, {fencing}")
    }

    fn bounds(&self) -> Bounds {
        self.bounds
    }

    fn check(&self, limits: Limits, watch: &mut dyn FnMut(Progress)) -> Report {
        check(self, limits, watch)
    }

    fn explore(&self, address: &str) {
        LockModel::new(self.clone()).checker().serve(address);
    }
}

/// Everything that is checked without being asked for anything in particular, with so many clients
/// (two where none are given).
pub fn subjects(clients: Option<usize>) -> Vec<Box<dyn Subject>> {
    let clients = clients.unwrap_or(2);
    let mut subjects: Vec<Box<dyn Subject>> = Vec::new();
    for fencing in [Fencing::None, Fencing::Writes, Fencing::ReadsAndWrites] {
        subjects.push(Box::new(catalogue::ttl(clients, 2, fencing)));
    }
    subjects.push(Box::new(catalogue::ttl_naive(clients, 2)));
    subjects.push(Box::new(catalogue::redlock(clients, 0)));
    subjects.push(Box::new(catalogue::redlock(clients, 1)));
    for fencing in [Fencing::None, Fencing::Writes, Fencing::ReadsAndWrites] {
        subjects.push(Box::new(catalogue::storage(clients, 1, fencing)));
    }
    subjects
}
