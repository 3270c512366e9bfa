//! Names on the command line, and what they mean.

use super::trouble::Trouble;
use crate::Calls;
use locklab_scenarios::catalogue;
use locklab_scenarios::envelope::Over;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use std::path::Path;

/// These protocols in the order of the shelf, or all of them.
pub(super) fn protocols(names: &[String]) -> Result<Contestants, Trouble> {
    let shelf = Contestants::shelf();
    if names.is_empty() {
        return Ok(shelf);
    }
    for name in names {
        shelf.entry(name).map_err(Trouble::Asked)?;
    }
    let wanted: Vec<&str> = shelf.names();
    let wanted: Vec<&str> =
        wanted.into_iter().filter(|known| names.iter().any(|name| name == known)).collect();
    shelf.only(&wanted).map_err(Trouble::Asked)
}

/// These scenarios, each once, or the whole catalogue; and how they are called.
pub(super) fn scenarios(names: &[String]) -> Result<(Vec<Scenario>, Calls), Trouble> {
    let mut calls = Calls::default();
    if names.is_empty() {
        return Ok((catalogue::all(), calls));
    }
    let mut chosen: Vec<Scenario> = Vec::new();
    for name in names {
        let found = scenario(name, &mut calls)?;
        match chosen.iter().find(|known| known.name == found.name) {
            None => chosen.push(found),
            Some(known) if *known == found => {}
            Some(_) => {
                let message = format!("two different scenarios are named `{}`", found.name);
                return Err(Trouble::Asked(message));
            }
        }
    }
    Ok((chosen, calls))
}

/// A scenario of the catalogue or of an envelope by its name, or of a file by its path.
pub(super) fn scenario(name: &str, calls: &mut Calls) -> Result<Scenario, Trouble> {
    let wrong = match catalogue::find(name) {
        Ok(found) => return Ok(found),
        Err(wrong) => wrong,
    };
    if let Some(found) = Over::find(name) {
        return Ok(found);
    }
    let path = Path::new(name);
    let is_path = name.contains(std::path::MAIN_SEPARATOR) || name.ends_with(".toml");
    if is_path || path.is_file() {
        let found = Scenario::load(path, &Contestants::shelf().names())?;
        calls.by_path(&found.name, name);
        return Ok(found);
    }
    Err(Trouble::Asked(wrong))
}
