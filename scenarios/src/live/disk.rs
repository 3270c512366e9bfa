//! The disk of a node: an append-only file with checksums.
//!
//! The file begins with 8 bytes, `LKLBDSK1`. Records follow, each with a header of 20 bytes
//! (numbers are little-endian) and a payload:
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | the CRC-32 (IEEE) of everything in the record that follows |
//! | 4 | the length of the payload |
//! | 8 | how much of the file was durable when the record was written, in bytes |
//! | 4 | 0: the payload is one change; 1: it is everything, and takes the place of all before it |
//!
//! `write` appends a record; `sync` is fsync. When the machine dies in the middle, the end of the
//! file may be torn. A damaged record is taken for that, and cut off with a note, only if no later
//! record says that it was durable; otherwise the file is corrupt and is not guessed at. What the
//! note cannot know: whether the very last sync before the machine died had come to its end.
//!
//! Once the file has grown to several times what is in it, it is written anew: to a file beside
//! it that takes its place when it is durable.

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 8] = b"LKLBDSK1";
const HEADER: usize = 20;

/// A file smaller than this is never written anew.
const SMALL: u64 = 256 * 1024;

/// A file is written anew once it is so many times as long as what is in it.
const TIMES: u64 = 4;

/// What a record holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Change = 0,
    Everything = 1,
}

/// Why a file cannot be a node's disk.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The operating system refuses.
    #[error("cannot {what} `{}`: {error}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What it says.
        error: io::Error,
    },
    /// It is not a file of this format.
    #[error("`{}` is no disk of a node: it does not begin with LKLBDSK1", path.display())]
    Foreign {
        /// Which file.
        path: PathBuf,
    },
    /// Something that was durable is damaged.
    #[error(
        "`{}` is corrupt at byte {offset}: a later record says that this one was durable. \
         The node does not guess; put a good copy in its place, or remove the file to begin anew",
        path.display()
    )]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// Where the first damaged record begins.
        offset: u64,
    },
}

/// What was read from a disk.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Contents {
    /// Everything, as it was when the file was last written anew.
    pub everything: Option<Vec<u8>>,
    /// The changes since, in order.
    pub changes: Vec<Vec<u8>>,
    /// What was cut off, if anything was.
    pub note: Option<String>,
}

/// An open disk.
#[derive(Debug)]
pub struct DiskFile {
    path: PathBuf,
    file: File,
    length: u64,
    durable: u64,
    /// How long the file was when it had last been written anew.
    fresh: u64,
}

impl DiskFile {
    /// Opens the file, or makes a new one, and reads what is on it.
    ///
    /// # Errors
    ///
    /// If it cannot be read or written, is something else, or is corrupt.
    pub fn open(path: &Path) -> Result<(Self, Contents), DiskError> {
        let failed = |what| move |error| DiskError::Io { what, path: path.to_owned(), error };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let mut file = options.open(path).map_err(failed("open"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed("read"))?;
        let mut contents = Contents::default();
        let torn = bytes.len() < MAGIC.len() && MAGIC.starts_with(&bytes);
        let length = if torn {
            file.set_len(0).map_err(failed("cut"))?;
            file.write_all(MAGIC).map_err(failed("write"))?;
            MAGIC.len() as u64
        } else if !bytes.starts_with(MAGIC) {
            return Err(DiskError::Foreign { path: path.to_owned() });
        } else {
            let good = read(&bytes, &mut contents);
            if later_knows(&bytes, good) {
                return Err(DiskError::Corrupt { path: path.to_owned(), offset: good as u64 });
            }
            if good < bytes.len() {
                let lost = bytes.len() - good;
                contents.note = Some(format!("{lost} bytes of a torn write were cut off"));
                file.set_len(good as u64).map_err(failed("cut"))?;
            }
            good as u64
        };
        file.sync_all().map_err(failed("sync"))?;
        let fresh = contents.everything.as_ref().map_or(0, |everything| everything.len() as u64);
        let disk = Self { path: path.to_owned(), file, length, durable: length, fresh };
        Ok((disk, contents))
    }

    fn failed(&self, what: &'static str) -> impl Fn(io::Error) -> DiskError + use<> {
        let path = self.path.clone();
        move |error| DiskError::Io { what, path: path.clone(), error }
    }

    /// Appends a change. It has reached the operating system then, and is not durable.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&mut self, change: &[u8]) -> Result<(), DiskError> {
        let record = record(Kind::Change, self.durable, change);
        self.file.write_all(&record).map_err(self.failed("write"))?;
        self.length += record.len() as u64;
        Ok(())
    }

    /// Makes every earlier write durable.
    ///
    /// # Errors
    ///
    /// If the operating system cannot say that it did.
    pub fn sync(&mut self) -> Result<(), DiskError> {
        self.file.sync_data().map_err(self.failed("sync"))?;
        self.durable = self.length;
        Ok(())
    }

    /// How much of the file is durable, in bytes.
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// Whether it is time to [write it anew](Self::compact): everything on it is durable, and most
    /// of it is old.
    pub fn has_grown(&self) -> bool {
        self.durable == self.length && self.length > SMALL.max(TIMES * self.fresh)
    }

    /// Puts a file in its place that holds `everything` and nothing else.
    ///
    /// # Errors
    ///
    /// If that fails; the old file is still there then, unless the last step failed.
    pub fn compact(&mut self, everything: &[u8]) -> Result<(), DiskError> {
        let beside = self.path.with_extension("new");
        let mut bytes = MAGIC.to_vec();
        bytes.extend(record(Kind::Everything, 0, everything));
        let write = || {
            let mut file = File::create(&beside)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            std::fs::rename(&beside, &self.path)?;
            if let Some(folder) = self.path.parent() {
                File::open(folder)?.sync_all()?;
            }
            OpenOptions::new().append(true).open(&self.path)
        };
        self.file = write().map_err(self.failed("write anew"))?;
        self.length = bytes.len() as u64;
        self.durable = self.length;
        self.fresh = self.length;
        Ok(())
    }
}

fn record(kind: Kind, durable: u64, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a record is shorter than 4 GiB");
    let mut record = vec![0; 4];
    record.extend(length.to_le_bytes());
    record.extend(durable.to_le_bytes());
    record.extend((kind as u32).to_le_bytes());
    record.extend(payload);
    let checksum = crc32fast::hash(&record[4..]);
    record[..4].copy_from_slice(&checksum.to_le_bytes());
    record
}

/// The record at this offset, if there is a good one.
struct Record<'a> {
    kind: Kind,
    durable: u64,
    payload: &'a [u8],
}

fn record_at(bytes: &[u8], offset: usize) -> Option<Record<'_>> {
    let number = |at: usize| {
        let bytes = bytes.get(at..at + 4)?;
        Some(u32::from_le_bytes(bytes.try_into().ok()?))
    };
    let (checksum, length) = (number(offset)?, number(offset + 4)? as usize);
    let kind = match number(offset + 16)? {
        0 => Kind::Change,
        1 => Kind::Everything,
        _ => return None,
    };
    let end = offset.checked_add(HEADER)?.checked_add(length)?;
    let covered = bytes.get(offset + 4..end)?;
    if crc32fast::hash(covered) != checksum {
        return None;
    }
    let durable = u64::from_le_bytes(bytes[offset + 8..offset + 16].try_into().ok()?);
    Some(Record { kind, durable, payload: &bytes[offset + HEADER..end] })
}

/// Reads records from the beginning; says where the first one that is not good begins.
fn read(bytes: &[u8], contents: &mut Contents) -> usize {
    let mut offset = MAGIC.len();
    while let Some(Record { kind, payload, .. }) = record_at(bytes, offset) {
        offset += HEADER + payload.len();
        match kind {
            Kind::Change => contents.changes.push(payload.to_vec()),
            Kind::Everything => {
                contents.changes.clear();
                contents.everything = Some(payload.to_vec());
            }
        }
    }
    offset
}

/// Whether any record after this offset says that something after it was durable.
fn later_knows(bytes: &[u8], damaged: usize) -> bool {
    let later = damaged + 1..bytes.len();
    later.into_iter().any(|offset| {
        record_at(bytes, offset).is_some_and(|record| record.durable > damaged as u64)
    })
}
