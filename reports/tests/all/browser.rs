//! A report's page and a run's page in a real browser: the details open, the diagram zooms and
//! tells what one points at, nothing is written to the console, and nothing is asked of a network.
//!
//! The page gets a script that uses it as a person would and writes down what it saw; a headless
//! Chromium runs it and prints the page that it came to. Where there is no Chromium the tests say
//! so and pass: set `LOCKLAB_BROWSER` to the path of one to make sure.

use crate::program::locklab;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What uses the page. It waits for the first layout, then does one thing after the other.
const VISITOR: &str = include_str!("browser/visitor.js");

/// The browser, if there is one.
fn browser() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("LOCKLAB_BROWSER") {
        return Some(path.into());
    }
    let folders = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let mut paths =
        std::env::split_paths(&folders).flat_map(|folder| names.map(|name| folder.join(name)));
    let found = paths.find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: there is no Chromium to look at the page with");
    }
    found
}

fn makes_a_page(arguments: &[&str]) {
    let output = locklab(arguments);
    assert!(output.status.code().is_some_and(|code| code != 2), "{output:?}");
}

/// Opens a page in a window of this size with a script in it, and gives back what it came to and
/// what was written to the console.
fn visit(browser: &Path, page: &Path, script: &str, size: &str) -> (String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let text = std::fs::read_to_string(page).expect("a page");
    // Before the page's own scripts, so that nothing of theirs is missed.
    let text = text.replacen("<head>", &format!("<head><script>{script}</script>"), 1);
    let visited = folder.path().join("page.html");
    std::fs::write(&visited, text).expect("it can be written");
    let profile = format!("--user-data-dir={}", folder.path().join("profile").display());
    let output: Output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--window-size={size}"))
        .arg(profile)
        .arg(format!("file://{}", visited.display()))
        .output()
        .expect("the browser runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let console = said.lines().filter(|line| line.contains("CONSOLE"));
    let console = console.collect::<Vec<&str>>().join("\n");
    (String::from_utf8_lossy(&output.stdout).into_owned(), console)
}

/// What the visitor wrote down.
fn findings(dom: &str) -> Vec<String> {
    let opening = "<pre id=\"findings\">";
    let found = dom.split_once(opening).and_then(|(_, rest)| rest.split_once("</pre>"));
    let (found, _) =
        found.unwrap_or_else(|| panic!("the visitor did not come to an end: {dom:.2000}"));
    found.lines().map(str::to_owned).collect()
}

fn all_well(browser: &Path, page: &Path, kind: &str) {
    for size in ["1280,900", "390,844"] {
        let script = format!("const KIND = '{kind}';\n{VISITOR}");
        let (dom, console) = visit(browser, page, &script, size);
        let found = findings(&dom);
        assert_eq!(console, "", "nothing may be written to the console");
        let bad: Vec<&String> = found.iter().filter(|line| !line.starts_with("ok: ")).collect();
        assert!(bad.is_empty(), "{kind}, {size}: {bad:#?}");
        assert!(found.len() >= 8, "{kind}, {size}: it looked at too little: {found:#?}");
    }
}

#[test]
fn a_report_opens_its_details_and_a_diagram_zooms_and_tells() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("report.html");
    let name = page.display().to_string();
    let (json, check) = (folder.path().join("report.json"), folder.path().join("check.json"));
    let (json, check) = (json.display().to_string(), check.display().to_string());
    let scenarios = ["calm", "gc-pause-past-lease", "cut-both-ways"];
    let scenarios = scenarios.iter().flat_map(|scenario| ["--scenario", scenario]);
    let mut arguments = vec!["compare", "--seeds", "6", "--quiet", "--html", &name];
    arguments.extend(["--json", &json]);
    arguments.extend(scenarios);
    arguments.extend(["--protocol", "ttl-naive", "--protocol", "ttl", "--protocol", "raft"]);
    makes_a_page(&arguments);
    all_well(&browser, &page, "report");
    // Nor does anything of this change when checks of the model have joined it.
    makes_a_page(&["check", "ttl-naive", "--quiet", "--json", &check]);
    makes_a_page(&["report", &json, "--check", &check, "--html", &name]);
    let text = std::fs::read_to_string(&page).expect("a page");
    assert!(text.contains("id=\"model-1\""));
    all_well(&browser, &page, "report");
}

#[test]
fn a_run_has_its_diagram() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("run.html");
    let name = page.display().to_string();
    makes_a_page(&["run", "gc-pause-past-lease", "--protocol", "ttl", "--quiet", "--html", &name]);
    all_well(&browser, &page, "run");
}

#[test]
fn the_visitor_sees_what_is_wrong() {
    let Some(browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let page = folder.path().join("run.html");
    let name = page.display().to_string();
    makes_a_page(&["run", "gc-pause-past-lease", "--protocol", "ttl", "--quiet", "--html", &name]);
    let text = std::fs::read_to_string(&page).expect("a page");
    let spoilt = [
        ("tip.textContent = at.dataset.tip;", "", "tells"),
        ("view.zoom = Math.min(12", "Math.min(12", "taller"),
        ("tips();\n", "tips(); fetch('http://127.0.0.1:9/');\n", "policy"),
        ("tips();\n", "tips(); console.error('wrong');\n", "console"),
        ("tips();\n", "tips(); nothing();\n", "error"),
    ];
    for (from, to, finding) in spoilt {
        assert!(text.contains(from), "{from}");
        std::fs::write(&page, text.replace(from, to)).expect("it can be written");
        let script = format!("const KIND = 'run';\n{VISITOR}");
        let (dom, console) = visit(&browser, &page, &script, "1280,900");
        let found = findings(&dom);
        let bad = found.iter().any(|line| !line.starts_with("ok: ") && line.contains(finding));
        assert!(bad, "{from} to {to}: {found:#?}, {console}");
    }
}
