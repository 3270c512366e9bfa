//! Changes to valid texts: of bytes, of JSON values, of lines.

use serde_json::{Map, Value};

/// A stream of numbers that a seed names for ever (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// What breaks readers: ends of ranges, other types, openings without an end, other alphabets.
const WORDS: [&str; 40] = [
    "0",
    "-1",
    "1",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775808",
    "-9223372036854775808",
    "1e999",
    "0.5",
    "NaN",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
    "[[[[[[[[",
    "{\"a\":{\"a\":",
    "\"",
    "\\",
    "\\u0000",
    "\u{0}",
    "\u{feff}",
    "\u{1f980}",
    "held",
    "broken",
    "not-exercised",
    "ttl",
    "raft",
    "calm",
    "mutual-exclusion",
    "locklab/report/2",
    "584942y",
    "0s",
    "100y",
    "1ns",
    "-5s",
    "[[fault]]",
    "[expect.ttl]",
    "server 4294967295",
    "heal",
];

/// One of the valid texts, changed in one to six places.
pub(crate) fn changed(valid: &[String], dice: &mut Dice) -> String {
    let text = dice.pick(valid).clone();
    let places = 1 + dice.below(6);
    if dice.below(2) == 0
        && let Ok(mut value) = serde_json::from_str::<Value>(&text)
    {
        for _ in 0..places {
            change_value(&mut value, dice);
        }
        return value.to_string();
    }
    let mut bytes = text.into_bytes();
    for _ in 0..places {
        change_bytes(&mut bytes, valid, dice);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn change_bytes(bytes: &mut Vec<u8>, valid: &[String], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    let end = (at + 1 + dice.below(24)).min(bytes.len());
    match dice.below(8) {
        0 => bytes.truncate(at),
        1 => drop(bytes.drain(at..end)),
        2 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
        3 => drop(bytes.splice(at..at, dice.pick(&WORDS).bytes())),
        4 => drop(bytes.splice(at..end, dice.pick(&WORDS).bytes())),
        5 => {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        6 => {
            let other = dice.pick(valid).as_bytes();
            let from = dice.below(other.len() + 1);
            let to = (from + dice.below(200)).min(other.len());
            bytes.splice(at..at, other[from..to].to_vec());
        }
        _ => line(bytes, dice),
    }
}

/// A line taken out, doubled, or its value changed.
fn line(bytes: &mut Vec<u8>, dice: &mut Dice) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = dice.below(lines.len());
    let Some(line) = lines.get(at).cloned() else { return };
    match (dice.below(3), line.split_once(" = ")) {
        (0, _) => drop(lines.remove(at)),
        (1, _) => lines.insert(at, line),
        (_, Some((key, _))) => lines[at] = format!("{key} = {}", dice.pick(&WORDS)),
        (_, None) => lines.swap(at, 0),
    }
    *bytes = lines.join("\n").into_bytes();
}

/// Something somewhere in a value becomes something else, so that the text stays JSON.
fn change_value(value: &mut Value, dice: &mut Dice) {
    if dice.below(8) > 0 {
        match value {
            Value::Array(list) if !list.is_empty() => {
                let at = dice.below(list.len());
                return match dice.below(8) {
                    0 => drop(list.remove(at)),
                    1 => list.push(list[at].clone()),
                    2 => list.swap(at, 0),
                    _ => change_value(&mut list[at], dice),
                };
            }
            Value::Object(fields) if !fields.is_empty() => return change_fields(fields, dice),
            _ => {}
        }
    }
    *value = other(value, dice);
}

fn change_fields(fields: &mut Map<String, Value>, dice: &mut Dice) {
    let keys: Vec<String> = fields.keys().cloned().collect();
    let key = dice.pick(&keys).clone();
    match dice.below(12) {
        0 => drop(fields.remove(&key)),
        1 => {
            let value = fields.remove(&key).unwrap_or_default();
            fields.insert((*dice.pick(&WORDS)).to_owned(), value);
        }
        _ => change_value(fields.entry(key).or_insert(Value::Null), dice),
    }
}

fn other(value: &Value, dice: &mut Dice) -> Value {
    let ends = [0, 1, 2, 19, 20, 21, u64::MAX, u64::MAX - 1, 1 << 62, 1 << 63];
    match value {
        Value::Number(number) if dice.below(4) > 0 => {
            let number = number.as_u64().unwrap_or(7);
            match dice.below(3) {
                0 => number.wrapping_add(1).into(),
                1 => number.wrapping_sub(1).into(),
                _ => (*dice.pick(&ends)).into(),
            }
        }
        _ => match dice.below(6) {
            0 => Value::Null,
            1 => true.into(),
            2 => (*dice.pick(&ends)).into(),
            3 => Value::Array(vec![value.clone(), value.clone()]),
            4 => Value::Object(Map::from_iter([("a".to_owned(), value.clone())])),
            _ => (*dice.pick(&WORDS)).into(),
        },
    }
}
