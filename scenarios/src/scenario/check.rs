//! What makes a well-formed file a scenario: everything that its types cannot say.

use super::error::Wrong;
use super::form::{Form, Lasts, Named, Sometimes};
use super::{Expected, Scenario};
use locklab_protocols::spec::{Goal, Guarantee};
use locklab_sim::fault::{Fault, Kind, Lasting, Target, Targets, When};
use locklab_sim::names;
use locklab_sim::network::Network;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;
use toml::Spanned;

/// Makes a scenario of a form.
pub(super) fn check(form: Form, protocols: &[&str]) -> Result<Scenario, Wrong> {
    name(&form.name)?;
    counts(&form)?;
    phases(&form.heal_at, &form.settle, &form.progress_within)?;
    network(&form.network)?;
    for fault in &form.faults {
        strikes_and_heals(fault, form.heal_at.as_ref().0)?;
        names_nodes(fault, *form.clients.as_ref())?;
    }
    for listed in &form.protocols {
        protocol(listed, protocols)?;
    }
    let (sometimes, sometimes_of) = goals(form.sometimes, protocols)?;
    Ok(Scenario {
        name: form.name.into_inner(),
        about: form.about,
        source: form.source,
        servers: form.servers.map(Spanned::into_inner),
        clients: form.clients.into_inner(),
        workload: form.workload.into_inner().into(),
        fencing: form.fencing,
        lock: form.lock.into_inner(),
        network: form.network.into_inner(),
        sync_time: form.sync_time,
        faults: form.faults.into_iter().map(Spanned::into_inner).collect(),
        heal_at: form.heal_at.into_inner().0,
        settle: form.settle.into_inner().0,
        progress_within: form.progress_within.into_inner().0,
        protocols: form.protocols.into_iter().map(Spanned::into_inner).collect(),
        expect: expectations(form.expect, protocols)?,
        sometimes,
        sometimes_of,
    })
}

fn name(name: &Spanned<String>) -> Result<(), Wrong> {
    let text = name.as_ref();
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || !text.chars().all(allowed) {
        let wrong = Wrong::new(name.span(), format!("`{text}` is no name for a scenario"));
        return Err(wrong.help("use lower-case letters, digits and dashes: `gc-pause-past-lease`"));
    }
    Ok(())
}

fn counts(form: &Form) -> Result<(), Wrong> {
    if *form.clients.as_ref() == 0 {
        let wrong = Wrong::new(form.clients.span(), "`clients` is 0, so nobody wants a lock");
        return Err(wrong.help("a scenario needs at least one client"));
    }
    if let Some(servers) = &form.servers
        && *servers.as_ref() == 0
    {
        let wrong = Wrong::new(servers.span(), "`servers` is 0, so nobody keeps a lock");
        return Err(wrong.help("leave the key out to let every protocol run as many as it likes"));
    }
    form.workload.as_ref().check().map_err(|what| Wrong::new(form.workload.span(), what))?;
    form.lock.as_ref().check().map_err(|what| Wrong::new(form.lock.span(), what))
}

fn phases(
    heal_at: &Spanned<Lasts>,
    settle: &Spanned<Lasts>,
    within: &Spanned<Lasts>,
) -> Result<(), Wrong> {
    if heal_at.as_ref().0.is_zero() {
        let wrong = Wrong::new(heal_at.span(), "`heal_at` is zero, so no fault can strike");
        return Err(wrong.help("a run has two phases: faults strike until `heal_at`, then none"));
    }
    let (bound, lasts) = (within.as_ref().0, settle.as_ref().0);
    if bound >= lasts {
        let text = format!(
            "`progress_within` is {}, but a run lasts only {} after the heal",
            humantime::format_duration(bound),
            humantime::format_duration(lasts),
        );
        // A file that sets only one of them is wrong there.
        let place = [within.span(), settle.span()].into_iter().find(|span| !span.is_empty());
        let wrong = Wrong::new(place.unwrap_or_default(), text);
        return Err(wrong.help("make `settle` longer than `progress_within`"));
    }
    Ok(())
}

fn network(network: &Spanned<Network>) -> Result<(), Wrong> {
    let Network { links, loss_percent, duplicate_percent, .. } = network.as_ref();
    let own = [*loss_percent, *duplicate_percent];
    let of_links = links.iter().flat_map(|link| [link.loss_percent, link.duplicate_percent]);
    if let Some(percent) = own.into_iter().chain(of_links).find(|percent| *percent > 100) {
        let text = format!("{percent} percent of the messages, but a share is from 0 to 100");
        return Err(Wrong::new(network.span(), text));
    }
    let ends = links.iter().flat_map(|link| link.from.0.iter().chain(&link.to.0));
    let role = |target: &&Target| {
        use Target::{
            Followers, Holder, Leader, LeaderMajority, LeaderMinority, NextWaiter, OtherMajority,
            OtherMinority, Subject,
        };
        matches!(
            target,
            Holder
                | NextWaiter
                | Subject
                | Leader
                | Followers
                | LeaderMinority
                | OtherMajority
                | LeaderMajority
                | OtherMinority
        )
    };
    if let Some(target) = ends.into_iter().find(role) {
        let text = format!("`{target}` changes while a run goes on, so it makes no link");
        let help = "name nodes by number or group: `client 1`, `servers`, `storage`";
        return Err(Wrong::new(network.span(), text).help(help));
    }
    Ok(())
}

/// A fault strikes before the heal, and is over by then.
fn strikes_and_heals(fault: &Spanned<Fault>, heal_at: Duration) -> Result<(), Wrong> {
    let Fault { when, kind } = fault.as_ref();
    let begins = match when {
        When::At(moment) => *moment,
        When::Event { after, .. } => *after,
    };
    let (kind, heal) = (kind.name(), humantime::format_duration(heal_at));
    if begins >= heal_at {
        let begins = humantime::format_duration(begins);
        let text = format!("the {kind} would begin at {begins}, but all faults end at {heal}");
        return Err(Wrong::new(fault.span(), text).help("let it begin sooner, or raise `heal_at`"));
    }
    if let Lasting::For(lasting) = fault.as_ref().kind.lasting()
        && begins + lasting > heal_at
    {
        let ends = humantime::format_duration(begins + lasting);
        let text = format!("the {kind} would last until {ends}, but all faults end at {heal}");
        let help = "let it end sooner, raise `heal_at`, or leave `for` out to end it at the heal";
        return Err(Wrong::new(fault.span(), text).help(help));
    }
    Ok(())
}

/// A fault strikes nodes that can exist.
fn names_nodes(fault: &Spanned<Fault>, clients: usize) -> Result<(), Wrong> {
    let Fault { when, kind } = fault.as_ref();
    let mut named: Vec<&Target> = targets(kind).into_iter().flat_map(|group| &group.0).collect();
    if let When::Event { at, .. } = when {
        named.extend(&at.0);
    } else if named.contains(&&Target::Subject) {
        let text = "`subject` is where an event happened, and this fault waits for none";
        let help = "let it wait for an event: when = { event = \"granted\" }";
        return Err(Wrong::new(fault.span(), text).help(help));
    }
    for target in named {
        if let Target::Client(client) = target
            && client.index() >= clients
        {
            let text = format!("there is no `{target}`: the scenario has {clients} clients");
            return Err(Wrong::new(fault.span(), text).help("clients are numbered from 1"));
        }
    }
    Ok(())
}

/// The groups of nodes that a fault names.
fn targets(kind: &Kind) -> Vec<&Targets> {
    match kind {
        Kind::Pause(on) | Kind::ClockFreeze(on) | Kind::DiskStall(on) | Kind::DiskLie(on) => {
            vec![&on.target]
        }
        Kind::Slow(fault) => vec![&fault.target],
        Kind::Crash(fault) => vec![&fault.target],
        Kind::Cut(fault) => vec![&fault.from, &fault.to],
        Kind::Partition(fault) => fault.sides.iter().collect(),
        Kind::Loss(fault) | Kind::Duplicate(fault) => vec![&fault.from, &fault.to],
        Kind::Delay(fault) => vec![&fault.from, &fault.to],
        Kind::Reorder(fault) => vec![&fault.from, &fault.to],
        Kind::ClockJump(fault) => vec![&fault.target],
        Kind::ClockRate(fault) => vec![&fault.target],
        Kind::ClockStrobe(fault) => vec![&fault.target],
    }
}

fn protocol(name: &Spanned<String>, protocols: &[&str]) -> Result<(), Wrong> {
    if protocols.contains(&name.as_ref().as_str()) {
        return Ok(());
    }
    let text = names::unknown("protocol", name.as_ref(), protocols.iter().copied());
    Err(Wrong::new(name.span(), text))
}

fn guarantee(name: &Spanned<String>) -> Result<Guarantee, Wrong> {
    let found = Guarantee::ALL.into_iter().find(|known| known.name() == name.as_ref());
    found.ok_or_else(|| {
        let known = Guarantee::ALL.into_iter().map(Guarantee::name);
        Wrong::new(name.span(), names::unknown("guarantee", name.as_ref(), known))
    })
}

fn expected(name: &Spanned<String>) -> Result<Expected, Wrong> {
    let found = Expected::ALL.into_iter().find(|known| known.name() == name.as_ref());
    found.ok_or_else(|| {
        let known = Expected::ALL.into_iter().map(Expected::name);
        Wrong::new(name.span(), names::unknown("verdict", name.as_ref(), known))
    })
}

type Expectations = BTreeMap<String, BTreeMap<Guarantee, Expected>>;

fn expectations(expect: Named<Named<String>>, protocols: &[&str]) -> Result<Expectations, Wrong> {
    let mut known = Expectations::new();
    for (name, of_protocol) in expect {
        protocol(&name, protocols)?;
        let of_protocol = of_protocol.into_inner().into_iter();
        let of_protocol = of_protocol.map(|(key, value)| Ok((guarantee(&key)?, expected(&value)?)));
        known.insert(name.into_inner(), of_protocol.collect::<Result<_, _>>()?);
    }
    Ok(known)
}

type Goals = BTreeSet<Goal>;

fn goals(
    sometimes: Named<Sometimes>,
    protocols: &[&str],
) -> Result<(Goals, BTreeMap<String, Goals>), Wrong> {
    let (mut all, mut own) = (Goals::new(), BTreeMap::new());
    for (name, sometimes) in sometimes {
        let place = sometimes.span();
        match sometimes.into_inner() {
            Sometimes::Goal(wanted) => {
                all.insert(goal(&name, wanted, place)?);
            }
            Sometimes::Of(goals) => {
                protocol(&name, protocols)?;
                let goals = goals.into_iter();
                let goals = goals.map(|(key, wanted)| goal(&key, *wanted.as_ref(), wanted.span()));
                own.insert(name.into_inner(), goals.collect::<Result<_, _>>()?);
            }
        }
    }
    Ok((all, own))
}

fn goal(name: &Spanned<String>, wanted: bool, place: Range<usize>) -> Result<Goal, Wrong> {
    let found = Goal::ALL.into_iter().find(|known| known.name() == name.as_ref());
    let goal = found.ok_or_else(|| {
        let known = Goal::ALL.into_iter().map(Goal::name);
        Wrong::new(name.span(), names::unknown("goal", name.as_ref(), known))
    })?;
    if wanted {
        return Ok(goal);
    }
    let text = format!("the goal `{goal}` is asked for with `true`; leave the key out otherwise");
    Err(Wrong::new(place, text))
}
