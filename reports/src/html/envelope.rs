//! The page of an envelope: for each kind of fault and measure, a bar for each lock.
//!
//! Nothing here needs a script: the bars are drawn beforehand, and the words beside each say the
//! same.

use crate::envelope::{Envelope, EnvelopeRow};
use maud::{Markup, html};

/// Bars are drawn on so many units, whatever the width of the page.
const WIDE: u64 = 1000;

/// The page of an envelope.
pub fn envelope(envelope: &Envelope) -> String {
    let Envelope { first_seed, seeds, rows, .. } = envelope;
    let last = first_seed.saturating_add(seeds.saturating_sub(1));
    let title = "Locklab: how much of a fault each lock tolerates";
    let broken: Vec<&EnvelopeRow> = rows.iter().filter(|row| row.breaks_its_promise()).collect();
    let undecided: Vec<&EnvelopeRow> = rows.iter().filter(|row| row.is_undecided()).collect();
    let body = html! {
        main id="content" {
            h1 { (title) }
            p {
                "Each amount was met with the seeds " (first_seed) " to " (last) ". A bar ends where "
                "the lock was first seen to break; the mark across it shows up to where it "
                "promises to hold. A border is what so many seeds found, and no proof."
            }
            @if broken.is_empty() && undecided.is_empty() {
                p class="banner good" { "Every promise held as far as it goes." }
            }
            @if !undecided.is_empty() {
                div class="banner notable" {
                    "Promised and never put to the test:"
                    ul { @for row in undecided { li { (row.protocol) ": " (row.measure) " over " (row.over) } } }
                }
            }
            @if !broken.is_empty() {
                div class="banner bad" {
                    "Promises that broke:"
                    ul { @for row in broken { li { (row.protocol) ": " (row.measure) " over " (row.over) } } }
                }
            }
            ul class="legend" {
                li { (sample(Some(WIDE / 2), None)) " held" }
                li { (sample(None, None)) " broke, or was not put to the test" }
                li { (sample(Some(WIDE / 2), Some(WIDE / 2))) " promised up to the mark" }
            }
            @for rows in envelope.charts() { (chart(rows, *seeds)) }
        }
    };
    super::page(title, body, "{}", "")
}

/// One kind of fault and one measure, all locks side by side.
fn chart(rows: &[EnvelopeRow], seeds: u64) -> Markup {
    let over = rows[0].fault();
    html! {
        h2 { (rows[0].over) ": " (rows[0].measure) }
        @if let Some(over) = over { p class="dim" { (over.about()) " ..." } }
        table class="envelope" {
            thead { tr {
                th scope="col" { "Lock" }
                th scope="col" {
                    "none"
                    @if let Some(over) = over { span class="most" { (over.amount(rows[0].most)) } }
                }
            } }
            tbody { @for row in rows { (line(row, seeds)) } }
        }
    }
}

fn line(row: &EnvelopeRow, seeds: u64) -> Markup {
    let words = row.told(seeds);
    let share = |amount: u64| {
        let units = u128::from(amount) * u128::from(WIDE) / u128::from(row.most.max(1));
        u64::try_from(units).unwrap_or(WIDE).min(WIDE)
    };
    html! {
        tr class=[row.breaks_its_promise().then_some("broken")] {
            th scope="row" { (row.protocol) }
            td {
                (bar(row.tolerates.map(share), row.promise_in_sight().map(share), &words))
                @match &row.replay {
                    // Nothing here copies: a page of pictures has no script.
                    Some(replay) => details { summary { (words) } code { (replay) } },
                    None => p { (words) },
                }
            }
        }
    }
}

fn bar(held: Option<u64>, promised: Option<u64>, label: &str) -> Markup {
    html! {
        svg class="amount" viewBox=(format!("0 0 {WIDE} 20")) preserveAspectRatio="none" role="img" aria-label=(label) {
            rect class="beyond" x="0" y="8" width=(WIDE) height="4" {}
            @if let Some(held) = held { rect class="held" x="0" y="3" width=(held) height="14" {} }
            @if let Some(promised) = promised {
                rect class="promised" x=(promised.min(WIDE - 8)) y="0" width="8" height="20" {}
            }
        }
    }
}

/// A bar in the legend.
fn sample(held: Option<u64>, promised: Option<u64>) -> Markup {
    html! { span class="sample" aria-hidden="true" { (bar(held, promised, "")) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::SCHEMA;

    fn row(protocol: &str, breaks_at: Option<u64>, promised: u64) -> EnvelopeRow {
        EnvelopeRow {
            over: "pause".to_owned(),
            measure: "mutual-exclusion".to_owned(),
            protocol: protocol.to_owned(),
            unit: "ms".to_owned(),
            most: 40_000,
            tolerates: Some(breaks_at.map_or(40_000, |at| at - 50)),
            breaks_at,
            broken_runs: u64::from(breaks_at.is_some()) * 3,
            holds_again: Vec::new(),
            promised: Some(promised),
            replay: breaks_at.map(|amount| format!("locklab run envelope-pause-{amount}")),
        }
    }

    #[test]
    fn a_broken_promise_is_at_the_top_and_every_bar_has_words() {
        let of = |rows| Envelope {
            schema: SCHEMA.to_owned(),
            version: "0.1.0".to_owned(),
            first_seed: 1,
            seeds: 20,
            rows,
        };
        let good = envelope(&of(vec![row("ttl", Some(10_050), 2_000)]));
        assert!(good.contains("Every promise held as far as it goes."));
        assert!(good.contains(r#"<rect class="held" x="0" y="3" width="250""#), "{good}");
        assert!(good.contains(r#"<rect class="promised" x="50""#), "{good}");
        assert!(good.contains(r#"aria-label="10.00 s, not 10.05 s (3/20); promised 2.00 s""#));
        assert!(good.contains("locklab run envelope-pause-10050"));
        let bad = envelope(&of(vec![row("liar", Some(10_050), 20_000), row("sure", None, 40_000)]));
        assert!(!bad.contains("Every promise held"));
        assert!(bad.contains("<li>liar: mutual-exclusion over pause</li>"), "{bad}");
        assert!(!bad.contains("<li>sure"));
        let idle = EnvelopeRow { tolerates: None, ..row("idle", None, 40_000) };
        let idle = envelope(&of(vec![idle]));
        assert!(!idle.contains("Every promise held"));
        assert!(idle.contains("<li>idle: mutual-exclusion over pause</li>"), "{idle}");
    }
}
