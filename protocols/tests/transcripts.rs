//! Single-protocol behaviour as golden text: see `transcript/script.rs` for the format.
//!
//! `REWRITE=1 cargo test --test transcripts` writes what the locks do now; keep a difference only
//! if you can explain it.

mod transcript {
    pub(crate) mod cast;
    mod raft;
    pub(crate) mod script;
    pub(crate) mod stage;
    pub(crate) mod words;
}

#[test]
fn locks_do_what_the_transcripts_say() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).expect("the transcripts are there") {
        transcript::script::check(&entry.expect("a readable folder").path());
        played += 1;
    }
    assert!(played >= 10, "only {played} transcripts");
}
