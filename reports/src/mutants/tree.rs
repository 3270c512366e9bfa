//! A copy of the tree with patches applied, as many at once as do not touch each other's lines.

use super::patch::Mutant;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The variable that says what is planted.
pub const VARIABLE: &str = "LOCKLAB_PLANTED";

/// The module that knows it, which only the copy has.
const PLANTED: &str = r#"//! Which mistake is planted.

use std::sync::OnceLock;

/// Whether the mistake with this id is planted.
pub fn is(id: &str) -> bool {
    static PLANTED: OnceLock<String> = OnceLock::new();
    PLANTED.get_or_init(|| std::env::var("LOCKLAB_PLANTED").unwrap_or_default()) == id
}
"#;

const LIBRARY: &str = "protocols/src/lib.rs";

const MANIFEST: &str = "reports/Cargo.toml";

/// What the program is called in the copy: it is built beside that of the tree, and shares with it
/// what both depend on.
pub(super) const PROGRAM: &str = "locklab-planted";

/// Patches that are built together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Batch {
    /// Its place among all batches of the tree, counted from 1.
    pub number: usize,
    /// The ids.
    pub ids: Vec<String>,
    /// The files that differ from the tree, with what is in them.
    files: BTreeMap<String, String>,
}

/// Puts each mutant into the first batch to which it applies.
///
/// # Errors
///
/// If one does not apply to the tree itself.
pub fn batches(tree: &Path, mutants: &[&Mutant]) -> Result<Vec<Batch>, String> {
    let mut batches: Vec<Batch> = Vec::new();
    for mutant in mutants {
        let mut of_the_tree = |name: &str| read(&tree.join(name));
        mutant.changed(&mut of_the_tree)?;
        let mut joined = false;
        for batch in &mut batches {
            let known = &batch.files;
            let mut of_the_batch =
                |name: &str| known.get(name).cloned().map_or_else(|| read(&tree.join(name)), Ok);
            if let Ok(changed) = mutant.changed(&mut of_the_batch) {
                batch.files.extend(changed);
                batch.ids.push(mutant.id.clone());
                joined = true;
                break;
            }
        }
        if !joined {
            let files = mutant.changed(&mut of_the_tree)?;
            let number = batches.len() + 1;
            batches.push(Batch { number, ids: vec![mutant.id.clone()], files });
        }
    }
    if batches.is_empty() {
        batches.push(Batch { number: 1, ..Batch::default() });
    }
    for batch in &mut batches {
        let library = match batch.files.remove(LIBRARY) {
            Some(text) => text,
            None => read(&tree.join(LIBRARY))?,
        };
        batch.files.insert(LIBRARY.to_owned(), format!("{library}pub mod planted;\n"));
        batch.files.insert("protocols/src/planted.rs".to_owned(), PLANTED.to_owned());
        let manifest = read(&tree.join(MANIFEST))?;
        let named = |name: &str| format!("[[bin]]\nname = \"{name}\"\n");
        let renamed = manifest.replace(&named("locklab"), &named(PROGRAM));
        if renamed == manifest {
            return Err(format!("`{MANIFEST}` has no program `locklab`"));
        }
        batch.files.insert(MANIFEST.to_owned(), renamed);
        for name in ["Cargo.toml", "Cargo.lock"] {
            let text = versioned(&read(&tree.join(name))?, batch.number);
            batch.files.insert(name.to_owned(), text);
        }
    }
    Ok(batches)
}

/// A manifest or a lock file in which our packages have a version of their own. Cargo tells packages
/// apart by where they stand in their workspace, and that is the same in the tree and in all copies:
/// with the same version it would take what was built of one for the other.
fn versioned(text: &str, batch: usize) -> String {
    let mut ours = false;
    let mut new = String::new();
    for line in text.lines() {
        match line.strip_prefix("version = \"").and_then(|rest| rest.strip_suffix('"')) {
            Some(version) if ours => new += &format!("version = \"{version}-planted.{batch}\""),
            _ => new += line,
        }
        new.push('\n');
        ours = line == "[workspace.package]" || line.starts_with("name = \"locklab-");
    }
    new
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

impl Batch {
    /// Makes `copy` a copy of what the tree is built from, with this batch in it. What is as it
    /// should be stays untouched, so that cargo builds only what differs.
    ///
    /// # Errors
    ///
    /// Those of the file system, and if this is no tree of Locklab.
    pub fn write(&self, tree: &Path, copy: &Path) -> Result<(), String> {
        let mut kept = BTreeSet::new();
        for name in sources(tree)? {
            let path = copy.join(&name);
            let text = match name.to_str().and_then(|name| self.files.get(name)) {
                Some(text) => text.clone().into_bytes(),
                None => fs::read(tree.join(&name)).map_err(|error| failed(&name, &error))?,
            };
            put(&path, &text).map_err(|error| failed(&path, &error))?;
            kept.insert(path);
        }
        for (name, text) in &self.files {
            let path = copy.join(name);
            put(&path, text.as_bytes()).map_err(|error| failed(&path, &error))?;
            kept.insert(path);
        }
        let mut there = Vec::new();
        walk(copy, Path::new(""), &mut there).map_err(|error| failed(copy, &error))?;
        for name in there.into_iter().map(|name| copy.join(name)) {
            if !kept.contains(&name) {
                fs::remove_file(&name).map_err(|error| failed(&name, &error))?;
            }
        }
        Ok(())
    }
}

fn failed(path: &Path, error: &io::Error) -> String {
    format!("cannot copy `{}`: {error}", path.display())
}

/// Writes a file that is not like that already.
fn put(path: &Path, text: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// What the tree is built from: its manifest, its lock file, and its members.
fn sources(tree: &Path) -> Result<Vec<PathBuf>, String> {
    let manifest = tree.join("Cargo.toml");
    let no_tree = |why: String| {
        let name = manifest.display();
        format!(
            "`{name}` is no workspace of Locklab: {why}; run this in its source tree, or say --tree"
        )
    };
    let text = fs::read_to_string(&manifest).map_err(|error| no_tree(error.to_string()))?;
    let read: toml::Table =
        text.parse().map_err(|error: toml::de::Error| no_tree(error.to_string()))?;
    let members = read.get("workspace").and_then(|workspace| workspace.get("members"));
    let members = members.and_then(toml::Value::as_array);
    let members = members.ok_or_else(|| no_tree("it names no members".to_owned()))?;
    let mut files = vec![PathBuf::from("Cargo.toml"), PathBuf::from("Cargo.lock")];
    for member in members.iter().filter_map(toml::Value::as_str) {
        walk(tree, Path::new(member), &mut files)
            .map_err(|error| failed(Path::new(member), &error))?;
    }
    // A member may stand in the folder of another one.
    files.sort();
    files.dedup();
    if !files.iter().any(|file| file == Path::new(LIBRARY)) {
        return Err(no_tree(format!("there is no `{LIBRARY}`")));
    }
    Ok(files)
}

/// All files below a folder; what is hidden or built is none of it.
fn walk(root: &Path, below: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let folder = root.join(below);
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = below.join(entry.file_name());
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        match entry.file_type()?.is_dir() {
            _ if hidden || entry.file_name() == "target" => {}
            true => walk(root, &name, files)?,
            false => files.push(name),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutants::patch::load;

    fn tree() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    #[test]
    fn few_batches_hold_all_and_the_copy_follows_them() {
        let mutants = load(&tree()).expect("they are good");
        let batches = batches(&tree(), &mutants.iter().collect::<Vec<_>>()).expect("all apply");
        assert!(batches.len() <= 3, "{} builds take long", batches.len());
        let held: usize = batches.iter().map(|batch| batch.ids.len()).sum();
        assert_eq!(held, mutants.len());
        let copy = tempfile::tempdir().expect("a folder");
        batches[0].write(&tree(), copy.path()).expect("it can be copied");
        let planted = copy.path().join("protocols/src/planted.rs");
        assert!(planted.is_file());
        assert!(read(&copy.path().join(LIBRARY)).expect("text").ends_with("pub mod planted;\n"));
        let odd = copy.path().join("protocols/src/odd.rs");
        fs::write(&odd, "").expect("it can be written");
        let before = planted.metadata().and_then(|data| data.modified()).expect("a time");
        Batch::clone(&batches[0]).write(&tree(), copy.path()).expect("again");
        assert!(!odd.exists(), "what does not belong there is removed");
        let after = planted.metadata().and_then(|data| data.modified()).expect("a time");
        assert_eq!(before, after, "what is as it should be is not touched");
    }

    #[test]
    fn packages_of_a_copy_are_others_than_those_of_the_tree() {
        let ours = "[workspace.package]\nversion = \"1.2.3\"\n";
        assert_eq!(versioned(ours, 2), ours.replace("1.2.3", "1.2.3-planted.2"));
        let lock = read(&tree().join("Cargo.lock")).expect("text");
        let planted = versioned(&lock, 1);
        assert_eq!(planted.matches("-planted.1\"").count(), 6, "one for each member");
        assert_eq!(planted.replace("-planted.1\"", "\""), lock);
        let manifest = read(&tree().join("Cargo.toml")).expect("text");
        assert!(versioned(&manifest, 1).contains("-planted.1\""));
    }

    #[test]
    fn what_is_no_tree_is_said() {
        let wrong = Batch::default().write(Path::new("/nowhere"), Path::new("/nowhere/copy"));
        assert!(wrong.unwrap_err().contains("run this in its source tree"));
    }
}
