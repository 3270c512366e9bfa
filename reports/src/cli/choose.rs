//! Names on the command line, and what they mean.

use super::trouble::Trouble;
use locklab_scenarios::catalogue::catalogue;
use locklab_scenarios::registry::Contestants;
use locklab_scenarios::scenario::Scenario;
use locklab_scenarios::sim::names::unknown;
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

/// These scenarios, each once, or the whole catalogue.
pub(super) fn scenarios(names: &[String]) -> Result<Vec<Scenario>, Trouble> {
    if names.is_empty() {
        return Ok(catalogue());
    }
    let mut chosen: Vec<Scenario> = Vec::new();
    for name in names {
        let found = scenario(name)?;
        if !chosen.iter().any(|known| known.name == found.name) {
            chosen.push(found);
        }
    }
    Ok(chosen)
}

/// A scenario of the catalogue by its name, or of a file by its path.
pub(super) fn scenario(name: &str) -> Result<Scenario, Trouble> {
    let catalogue = catalogue();
    if let Some(found) = catalogue.iter().find(|known| known.name == name) {
        return Ok(found.clone());
    }
    let path = Path::new(name);
    let is_path = name.contains(std::path::MAIN_SEPARATOR) || name.ends_with(".toml");
    if is_path || path.is_file() {
        return Ok(Scenario::load(path, &Contestants::shelf().names())?);
    }
    let known = catalogue.iter().map(|known| known.name.as_str());
    Err(Trouble::Asked(unknown("scenario", name, known)))
}
