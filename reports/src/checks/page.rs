//! One check on a terminal.

use super::words::after;
use super::{Checked, Judged, Outcome};
use crate::terminal::{Paint, Terminal};

/// The widest name of a guarantee.
const NAMES: usize = 16;

/// What was found in one configuration; with the stories, if they are wanted.
pub fn page(checked: &Checked, terminal: &Terminal, stories: bool) -> String {
    let title = format!("{}: {}", checked.protocol, checked.about);
    let mut page = format!("{}\n\n", terminal.paint(Paint::Bold, &terminal.wrap(&title, 2)));
    for judged in &checked.guarantees {
        page += &line(judged, terminal);
    }
    for landmark in &checked.landmarks {
        let (paint, word) =
            if landmark.found { (Paint::Plain, "found") } else { (Paint::Bad, "NOT found") };
        let steps = after(landmark.story.len());
        let text = terminal.wrap(&format!("  {word}{steps}: {}", landmark.name), 4);
        page += &format!("{}\n", terminal.paint(paint, &text));
    }
    for goal in &checked.missed {
        let text = format!("  goal {goal}: NOT reached, so that nothing is proved");
        page += &format!("{}\n", terminal.paint(Paint::Bad, &text));
    }
    page += &format!("{}\n", terminal.wrap(&format!("  bounds: {}", checked.bounds), 4));
    page += &format!("{}\n", terminal.wrap(&format!("  {}", checked.cut()), 4));
    let (states, generated) = (checked.states, checked.generated);
    page += &format!("  {states} states, each once, of {generated} that were made\n\n");
    if stories {
        let broken = checked.guarantees.iter().filter(|judged| judged.reason.is_some());
        for judged in broken {
            page += &told(&format!("How {} breaks", judged.guarantee), &judged.story, terminal);
        }
        for landmark in checked.landmarks.iter().filter(|landmark| !landmark.story.is_empty()) {
            page += &told(&format!("How {}", landmark.name), &landmark.story, terminal);
        }
    }
    page
}

fn line(judged: &Judged, terminal: &Terminal) -> String {
    let fine = judged.verdict == judged.expected;
    let word = judged.word();
    let paint = match (fine, judged.verdict) {
        (true, Outcome::Exhausted) => Paint::Good,
        (true, _) => Paint::Notable,
        (false, _) => Paint::Bad,
    };
    let wrong = match (fine, judged.verdict, judged.expected) {
        (true, ..) | (_, Outcome::Unknown, _) => String::new(),
        (.., Outcome::Broken) => "; it should BREAK: the search has gone blind".to_owned(),
        _ => "; it should HOLD".to_owned(),
    };
    let reason = judged.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let text = format!("  {:NAMES$}  {word}{wrong}{reason}", judged.guarantee);
    format!("{}\n", terminal.paint(paint, &terminal.wrap(&text, NAMES + 4)))
}

fn told(title: &str, story: &[String], terminal: &Terminal) -> String {
    let mut text = format!("{}\n", terminal.paint(Paint::Bold, title));
    for (place, line) in story.iter().enumerate() {
        let line = terminal.wrap(&format!("  {:>3}  {line}", place + 1), 7);
        text += &format!("{line}\n");
    }
    text + "\n"
}
