//! What an envelope has found so far, in a file.

use locklab_protocols::spec::Guarantee;
use locklab_scenarios::envelope::{Count, Over, Probe};
use locklab_scenarios::registry;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

const SCHEMA: &str = "locklab/envelope-state/1";

/// Which amount of which fault was met by which lock.
pub type Key = (String, Over, u64);

/// What an envelope has found so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    /// The first of the seeds.
    pub first_seed: u64,
    /// How many seeds each amount is met with.
    pub seeds: u64,
    /// What was found.
    pub probes: BTreeMap<Key, Probe>,
}

/// Why a text is no state, or none that fits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unfit(String);

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    schema: String,
    version: String,
    first_seed: u64,
    seeds: u64,
    probes: Vec<ProbeForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProbeForm {
    protocol: String,
    over: String,
    amount: u64,
    runs: u64,
    felt: u64,
    served_us: u64,
    waited_us: u64,
    guarantees: BTreeMap<Guarantee, CountForm>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CountForm {
    held: u64,
    broken: u64,
    unknown: u64,
    first_broken: Option<u64>,
}

impl State {
    /// Nothing yet.
    pub fn new(first_seed: u64, seeds: u64) -> Self {
        Self { first_seed, seeds, probes: BTreeMap::new() }
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        let probes = self.probes.iter().map(|((protocol, over, amount), probe)| ProbeForm {
            protocol: protocol.clone(),
            over: over.name().to_owned(),
            amount: *amount,
            runs: probe.runs,
            felt: probe.felt,
            served_us: probe.served,
            waited_us: probe.waited,
            guarantees: probe.guarantees.iter().map(CountForm::of).collect(),
        });
        let form = Form {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            first_seed: self.first_seed,
            seeds: self.seeds,
            probes: probes.collect(),
        };
        let mut text = serde_json::to_string(&form).expect("a state has a form in JSON");
        text.push('\n');
        text
    }

    /// Reads the state of an envelope with these seeds.
    ///
    /// # Errors
    ///
    /// If the text is cut short, is no state, is another version's, or one of other seeds.
    pub fn from_json(text: &str, first_seed: u64, seeds: u64) -> Result<Self, Unfit> {
        let form: Form = serde_json::from_str(text).map_err(|error| {
            let cut = if error.is_eof() { "it is cut short" } else { "it is no state" };
            Unfit(format!("{cut}: {error}"))
        })?;
        let version = env!("CARGO_PKG_VERSION");
        if form.schema != SCHEMA || form.version != version {
            let (schema, of) = (&form.schema, &form.version);
            let what = format!("it is `{schema}` of version {of}, not `{SCHEMA}` of {version}");
            return Err(Unfit(what));
        }
        if (form.first_seed, form.seeds) != (first_seed, seeds) {
            let (first, count) = (form.first_seed, form.seeds);
            let what =
                format!("it is of {count} seeds from {first}, not of {seeds} from {first_seed}");
            return Err(Unfit(what));
        }
        let mut state = Self::new(first_seed, seeds);
        for form in form.probes {
            let (key, probe) = form.checked(first_seed, seeds)?;
            if state.probes.insert(key.clone(), probe).is_some() {
                let (protocol, over, amount) = key;
                return Err(Unfit(format!("it has {protocol}, {over} {amount} twice")));
            }
        }
        Ok(state)
    }
}

impl CountForm {
    fn of((guarantee, count): (&Guarantee, &Count)) -> (Guarantee, Self) {
        let Count { held, broken, unknown, first_broken } = *count;
        (*guarantee, Self { held, broken, unknown, first_broken })
    }
}

impl ProbeForm {
    /// What it says, if that can be.
    fn checked(self, first_seed: u64, seeds: u64) -> Result<(Key, Probe), Unfit> {
        let place = format!("{}, {} {}", self.protocol, self.over, self.amount);
        let unfit = |what: &str| Unfit(format!("{place}: {what}"));
        let over = Over::ALL.into_iter().find(|over| over.name() == self.over);
        let over = over.ok_or_else(|| unfit("there is no such kind of fault"))?;
        if !registry::names().contains(&self.protocol.as_str()) {
            return Err(unfit("there is no such protocol"));
        }
        if self.amount > over.most() || self.runs != seeds || self.felt > seeds {
            return Err(unfit("it is not one of this envelope's"));
        }
        let mut guarantees = BTreeMap::new();
        for (guarantee, form) in self.guarantees {
            let CountForm { held, broken, unknown, first_broken } = form;
            let fits = [held, broken, unknown].into_iter().try_fold(0_u64, u64::checked_add);
            let seed_fits = match first_broken {
                Some(seed) => broken > 0 && seed >= first_seed && seed - first_seed < seeds,
                None => broken == 0,
            };
            if fits.is_none_or(|sum| sum > seeds) || !seed_fits {
                return Err(unfit(&format!("its counts of {guarantee} do not add up")));
            }
            guarantees.insert(guarantee, Count { held, broken, unknown, first_broken });
        }
        let (runs, felt) = (self.runs, self.felt);
        let (served, waited) = (self.served_us, self.waited_us);
        let probe = Probe { runs, guarantees, served, waited, felt };
        Ok(((self.protocol, over, self.amount), probe))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> State {
        let mut state = State::new(5, 20);
        let count = Count { held: 17, broken: 2, unknown: 0, first_broken: Some(9) };
        let guarantees = BTreeMap::from([(Guarantee::MutualExclusion, count)]);
        let probe = Probe { runs: 20, felt: 20, served: 70, waited: 100, guarantees };
        state.probes.insert(("ttl".to_owned(), Over::Pause, 9_000), probe);
        state
    }

    #[test]
    fn a_state_is_read_back() {
        assert_eq!(State::from_json(&some().to_json(), 5, 20), Ok(some()));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_the_reason() {
        let text = some().to_json();
        let why = |text: &str, first, seeds| {
            State::from_json(text, first, seeds).expect_err("it does not fit").to_string()
        };
        assert!(why(&text[..40], 5, 20).starts_with("it is cut short: "));
        assert!(why("[]", 5, 20).starts_with("it is no state: "));
        assert_eq!(why(&text, 1, 20), "it is of 20 seeds from 5, not of 20 from 1");
        let changed = |from: &str, to: &str| why(&text.replacen(from, to, 1), 5, 20);
        assert!(changed("envelope-state/1", "envelope-state/9").contains("envelope-state/9"));
        assert_eq!(changed("pause", "paws"), "ttl, paws 9000: there is no such kind of fault");
        assert_eq!(changed("\"ttl\"", "\"tll\""), "tll, pause 9000: there is no such protocol");
        let sums = "ttl, pause 9000: its counts of mutual-exclusion do not add up";
        assert_eq!(changed("\"held\":17", "\"held\":18446744073709551615"), sums);
        assert_eq!(changed("\"first_broken\":9", "\"first_broken\":25"), sums);
        assert_eq!(changed("9000", "90000"), "ttl, pause 90000: it is not one of this envelope's");
        let one = &text[text.find("{\"protocol\"").expect("a probe")..text.len() - 3];
        let twice = text.replacen(one, &format!("{one},{one}"), 1);
        assert_eq!(why(&twice, 5, 20), "it has ttl, pause 9000 twice");
    }
}
