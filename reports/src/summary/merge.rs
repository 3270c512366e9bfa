//! Summaries of parts, put together.

use super::{FindingRow, PromiseRow, Summary};
use crate::merge::Shard;
use locklab_protocols::spec::Guarantee;

/// A part, and what it is called in messages.
pub type Part = (String, Summary);

/// Puts parts together.
///
/// # Errors
///
/// If they do not fit: which of them, and why.
pub fn merge(mut parts: Vec<Part>) -> Result<Summary, String> {
    parts.sort_by_key(|(_, part)| part.shard.map(|shard| shard.number));
    fit(&parts)?;
    let mut parts = parts.into_iter().map(|(_, part)| part);
    let Some(first) = parts.next() else { return Err("there are no parts".to_owned()) };
    let whole = parts.fold(Summary { shard: None, ..first }, add);
    Ok(whole.with_bounds())
}

/// That they are all the parts of one whole.
fn fit(parts: &[Part]) -> Result<(), String> {
    let Some((name, first)) = parts.first() else { return Err("there are no parts".to_owned()) };
    let mut next = 1;
    for (other, part) in parts {
        let unfit = |why: &str| Err(format!("`{other}` does not fit `{name}`: {why}"));
        let (Some(one), Some(shard)) = (first.shard, part.shard) else {
            let name = if part.shard.is_none() { other } else { name };
            return Err(format!(
                "`{name}` is a whole search and no part of one; parts are made with `--shard`"
            ));
        };
        if part.version != first.version {
            return unfit(&format!("it is of version {}, not {}", part.version, first.version));
        }
        if (shard.of, shard.whole, part.first_seed) != (one.of, one.whole, first.first_seed) {
            return unfit("it is a part of another search");
        }
        if rows(part) != rows(first) {
            return unfit("it is of other locks, goals or faults");
        }
        if shard.number == 0 || shard.number > shard.of {
            return unfit(&format!("there is no part {} of {}", shard.number, shard.of));
        }
        if shard.number < next {
            return Err(format!("part {} of {} is there twice", shard.number, shard.of));
        }
        if shard.number > next {
            return Err(format!("part {next} of {} is missing", shard.of));
        }
        next += 1;
        let share = Shard { number: shard.number, of: shard.of }.share(0, shard.whole).1;
        if part.runs != share {
            return Err(format!("`{other}` has {} runs of {share}: it was stopped", part.runs));
        }
    }
    match first.shard {
        Some(shard) if next <= shard.of => Err(format!("part {next} of {} is missing", shard.of)),
        _ => Ok(()),
    }
}

/// What the rows of a summary are of, those left out that not every part has.
fn rows(summary: &Summary) -> (Vec<&str>, Vec<&str>) {
    let goals = summary.goals.iter().map(|row| row.goal.as_str());
    (goals.collect(), summary.faults.iter().map(|row| row.kind.as_str()).collect())
}

/// Numbers in a file may be as large as they like.
fn add_to(sum: &mut u64, more: u64) {
    *sum = sum.saturating_add(more);
}

/// One part after another.
fn add(mut whole: Summary, part: Summary) -> Summary {
    add_to(&mut whole.runs, part.runs);
    add_to(&mut whole.controls, part.controls);
    let sort = |row: &FindingRow| (row.protocol.clone(), row.guarantee.clone(), row.shape.clone());
    for finding in part.findings {
        match whole.findings.iter_mut().find(|known| sort(known) == sort(&finding)) {
            Some(known) => add_to(&mut known.times, finding.times),
            None => whole.findings.push(finding),
        }
    }
    for row in part.protocols {
        match whole.protocols.iter_mut().find(|known| known.protocol == row.protocol) {
            Some(known) => add_to(&mut known.runs, row.runs),
            None => whole.protocols.push(row),
        }
    }
    whole.protocols.sort_by(|one, other| one.protocol.cmp(&other.protocol));
    add_promises(&mut whole.promises, part.promises);
    whole
        .goals
        .iter_mut()
        .zip(part.goals)
        .for_each(|(known, row)| add_to(&mut known.runs, row.runs));
    for (known, row) in whole.faults.iter_mut().zip(part.faults) {
        add_to(&mut known.drawn, row.drawn);
        add_to(&mut known.bit, row.bit);
        add_to(&mut known.while_held, row.while_held);
        add_to(&mut known.while_awaited, row.while_awaited);
    }
    whole.gone.extend(part.gone);
    whole
}

/// Promises stand in the order of their locks and of the guarantees.
fn add_promises(whole: &mut Vec<PromiseRow>, part: Vec<PromiseRow>) {
    for row in part {
        let of = |row: &PromiseRow| (row.protocol.clone(), row.guarantee.clone());
        match whole.iter_mut().find(|known| of(known) == of(&row)) {
            Some(known) => {
                add_to(&mut known.promised, row.promised);
                add_to(&mut known.tested, row.tested);
                add_to(&mut known.unknown, row.unknown);
                known.first_unknown = known.first_unknown.take().or(row.first_unknown);
            }
            None => whole.push(row),
        }
    }
    let order = |row: &PromiseRow| {
        let known = Guarantee::ALL.iter().position(|one| one.name() == row.guarantee);
        (row.protocol.clone(), known)
    };
    whole.sort_by_key(order);
}
