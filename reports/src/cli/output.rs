//! Where results go.

use super::trouble::Trouble;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Prints results. If nobody reads them any more (`| head`), he has seen enough.
pub(super) fn print(text: &str) -> Result<(), Trouble> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Trouble::File(format!("cannot write to standard output: {error}"))),
    }
}

/// A file that will be written, whole or not at all.
///
/// The text goes to a new file beside it, which then takes its place. What is no ordinary file (a
/// device, a pipe) is written as it is.
#[derive(Debug)]
pub(super) struct Output {
    path: PathBuf,
}

impl Output {
    /// Makes sure before the work begins that the file can be written.
    pub(super) fn at(path: &Path) -> Result<Self, Trouble> {
        let output = Self { path: path.to_owned() };
        let tried = if output.is_special() {
            OpenOptions::new().write(true).open(path).map(drop)
        } else if path.is_dir() {
            Err(io::Error::from(ErrorKind::IsADirectory))
        } else {
            output.beside().map(drop)
        };
        tried.map_err(|error| Trouble::unwritable(path, &error))?;
        Ok(output)
    }

    /// Writes it.
    pub(super) fn write(
        &self,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Trouble> {
        self.filled(fill).map_err(|error| Trouble::unwritable(&self.path, &error))
    }

    fn filled(&self, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        if self.is_special() {
            return fill(&mut File::options().write(true).open(&self.path)?);
        }
        let beside = self.beside()?;
        let mut buffered = io::BufWriter::new(beside);
        fill(&mut buffered)?;
        let beside = buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
        beside.as_file().sync_all()?;
        beside.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    fn is_special(&self) -> bool {
        self.path.metadata().is_ok_and(|data| !data.is_file() && !data.is_dir())
    }

    /// A new file in the same folder.
    fn beside(&self) -> io::Result<tempfile::NamedTempFile> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        folder.metadata()?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".locklab-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        builder.tempfile_in(folder).map_err(|error| error.kind().into())
    }
}
