//! Single-protocol behaviour as golden text: see `transcripts/script.rs` for the format.
//!
//! `REWRITE=1 cargo test -p locklab-protocols transcripts` writes what the locks do now; keep a
//! difference only if you can explain it.

mod cast;
mod raft;
mod script;
mod stage;
mod words;

#[test]
fn locks_do_what_the_transcripts_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).expect("the transcripts are there") {
        script::check(&entry.expect("a readable folder").path());
        played += 1;
    }
    assert!(played >= 10, "only {played} transcripts");
}
