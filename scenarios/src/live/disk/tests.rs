//! What is read from a file that was written, torn, damaged or written anew.

use super::*;
use proptest::prelude::*;

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("disk");
    (folder, path)
}

fn open(path: &Path) -> (DiskFile, Contents) {
    DiskFile::open(path).expect("it opens")
}

fn changes(contents: &Contents) -> Vec<&str> {
    let text = |change: &Vec<u8>| std::str::from_utf8(change).expect("text").to_owned().leak();
    contents.changes.iter().map(|change| &*text(change)).collect()
}

#[test]
fn what_is_written_is_there_again() {
    let (_folder, path) = scratch();
    let (mut disk, contents) = open(&path);
    assert_eq!(contents, Contents::default());
    disk.write(b"one").expect("written");
    disk.sync().expect("synced");
    let durable = disk.durable();
    disk.write(b"two").expect("written");
    assert_eq!(disk.durable(), durable);
    drop(disk);
    let (_, contents) = open(&path);
    assert_eq!(changes(&contents), ["one", "two"]);
    // A power failure.
    File::options().write(true).open(&path).expect("open").set_len(durable).expect("cut");
    assert_eq!(changes(&open(&path).1), ["one"]);
}

#[test]
fn a_torn_end_is_cut_off_with_a_note_and_can_be_written_on() {
    let (_folder, path) = scratch();
    let (mut disk, _) = open(&path);
    disk.write(b"one").expect("written");
    disk.sync().expect("synced");
    disk.write(b"two").expect("written");
    drop(disk);
    let bytes = std::fs::read(&path).expect("read");
    for cut in 1..23 {
        std::fs::write(&path, &bytes[..bytes.len() - cut]).expect("written");
        let (mut disk, contents) = open(&path);
        assert_eq!(changes(&contents), ["one"], "{cut} bytes short");
        let note = format!("{} bytes of a torn write were cut off", 23 - cut);
        assert_eq!(contents.note, Some(note));
        disk.write(b"three").expect("written");
        drop(disk);
        assert_eq!(changes(&open(&path).1), ["one", "three"]);
    }
    // Torn in the middle: the end is there and something before it is not.
    let mut holed = bytes.clone();
    let middle = holed.len() - 2;
    holed[middle] = 0;
    std::fs::write(&path, &holed).expect("written");
    assert_eq!(changes(&open(&path).1), ["one"]);
}

#[test]
fn damage_to_what_was_durable_is_not_guessed_at() {
    let (_folder, path) = scratch();
    let (mut disk, _) = open(&path);
    for change in ["one", "two", "three"] {
        disk.write(change.as_bytes()).expect("written");
        disk.sync().expect("synced");
    }
    drop(disk);
    let bytes = std::fs::read(&path).expect("read");
    // Every byte of the first two records: the third one knows that they were durable.
    for position in 8..8 + 2 * 23 {
        let mut damaged = bytes.clone();
        damaged[position] ^= 0x10;
        std::fs::write(&path, &damaged).expect("written");
        let error = DiskFile::open(&path).expect_err("it is corrupt").to_string();
        let offset = if position < 31 { 8 } else { 31 };
        assert!(error.contains(&format!("corrupt at byte {offset}:")), "{error}");
        assert_eq!(std::fs::read(&path).expect("read"), damaged, "nothing was changed");
    }
    std::fs::write(&path, b"something else").expect("written");
    assert!(matches!(DiskFile::open(&path), Err(DiskError::Foreign { .. })));
}

#[test]
fn a_file_that_has_grown_is_written_anew() {
    let (_folder, path) = scratch();
    let (mut disk, _) = open(&path);
    while !disk.has_grown() {
        disk.write(&[7; 1000]).expect("written");
        disk.sync().expect("synced");
    }
    disk.compact(b"everything").expect("written anew");
    assert!(!disk.has_grown());
    disk.write(b"more").expect("written");
    drop(disk);
    let (_, contents) = open(&path);
    assert_eq!(contents.everything.as_deref(), Some(&b"everything"[..]));
    assert_eq!(changes(&contents), ["more"]);
    assert!(path.metadata().expect("there").len() < 200);
}

proptest! {
    /// Whatever the end of the file looks like, what was known to be durable is read or the
    /// file is refused, and opening it never panics.
    #[test]
    fn a_random_end_loses_nothing_durable(end in prop::collection::vec(any::<u8>(), 0..80)) {
        let (_folder, path) = scratch();
        let (mut disk, _) = open(&path);
        disk.write(b"one").expect("written");
        disk.sync().expect("synced");
        drop(disk);
        let mut bytes = std::fs::read(&path).expect("read");
        bytes.extend(end);
        std::fs::write(&path, bytes).expect("written");
        if let Ok((_, contents)) = DiskFile::open(&path) {
            prop_assert_eq!(contents.changes.first().map(Vec::as_slice), Some(&b"one"[..]));
        }
    }
}
