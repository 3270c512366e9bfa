//! Writes a file whole or not at all.

use std::io::Write;
use std::path::Path;

/// The folder of a file.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Writes a text beside a file and puts it in the file's place, so that nobody sees half of it.
pub(crate) fn write(file: &Path, text: &str) -> Result<(), String> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".locklab-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let written = || {
        let mut whole = builder.tempfile_in(folder_of(file))?;
        whole.write_all(text.as_bytes())?;
        whole.persist(file)?;
        std::io::Result::Ok(())
    };
    written().map_err(|error| format!("{} cannot be written: {error}", file.display()))
}
