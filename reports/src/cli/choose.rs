//! Names on the command line, and what they mean.

use super::trouble::Trouble;
use locklab_scenarios::catalogue;
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

/// These scenarios, each once, or the whole catalogue.
pub(super) fn scenarios(names: &[String]) -> Result<Vec<Scenario>, Trouble> {
    if names.is_empty() {
        return Ok(catalogue::all());
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
    let wrong = match catalogue::find(name) {
        Ok(found) => return Ok(found),
        Err(wrong) => wrong,
    };
    let path = Path::new(name);
    let is_path = name.contains(std::path::MAIN_SEPARATOR) || name.ends_with(".toml");
    if is_path || path.is_file() {
        return Ok(Scenario::load(path, &Contestants::shelf().names())?);
    }
    Err(Trouble::Asked(wrong))
}
