//! The timed model: the border of a lease from both sides, pinned, and a lock that it must catch.

use locklab_models::timed::border::{Axes, Border, Cell, Side, border, drawn};
use locklab_models::timed::catalogue::{self, Leased, TICK, times};
use locklab_models::timed::{TimedModel, check};
use locklab_protocols::contract::{Effect, Event};
use locklab_protocols::prelude::*;
use locklab_protocols::ttl::keys::Keys;
use locklab_protocols::ttl::message::Message;
use locklab_protocols::ttl::{ClientTimer, Redis, Settings, Ttl, TtlClient};
use stateright::{Checker, Model};

const MOST: usize = 20_000_000;

/// The table of a border, one line for each margin and rate: a dot holds, an X breaks.
fn table(border: &Border) -> String {
    let mut text = String::new();
    for margin in &border.axes.margins {
        for rate in &border.axes.rates {
            text += &format!("{margin:>3} % {rate:>3} % ");
            for pause in &border.axes.pauses {
                let cell = border.cell(*margin, *rate, *pause).expect("it was searched");
                text.push(match cell.side() {
                    Side::Holds => '.',
                    Side::Breaks => 'X',
                    Side::Unknown => '?',
                });
            }
            text.push('\n');
        }
    }
    text
}

fn of(protocol: &str, margins: &[u32]) -> Border {
    let axes = Axes { margins: margins.to_vec(), ..Axes::of(protocol) };
    border(protocol, &axes, MOST, |_, _| true).expect("a lock with a timed model")
}

/// From both sides: what the settings cover is exhausted, and what they do not cover breaks, the
/// first pause that is too long included.
fn is_exact(border: &Border) {
    let wrong: Vec<String> = border
        .wrong()
        .map(|cell| {
            let Cell { margin_percent, rate_percent, pause, slack, report } = cell;
            format!(
                "margin {margin_percent} %, rate {rate_percent} %, pause {pause}: {:?}, but the \
                 slack is {slack:?} ({} states, missed {:?})",
                cell.side(),
                report.unique,
                report.missed
            )
        })
        .collect();
    assert!(border.is_as_promised(), "{wrong:#?}\n{}", table(border));
    for cell in border.cells.iter().filter(|cell| cell.side() == Side::Holds) {
        assert!(cell.report.missed.is_empty(), "it has looked");
    }
}

#[test]
fn the_border_of_ttl_is_where_its_settings_say() {
    let border = of("ttl", &[25]);
    is_exact(&border);
    assert_eq!(table(&border), TTL_BORDER);
}

#[test]
fn the_border_of_redlock_is_where_its_settings_say() {
    let border = of("redlock", &[30]);
    is_exact(&border);
    assert_eq!(table(&border), REDLOCK_BORDER);
}

const TTL_BORDER: &str =
    concat!(" 25 %   0 % ...XX\n", " 25 %   5 % ..XXX\n", " 25 %  10 % .XXXX\n",);

const REDLOCK_BORDER: &str = concat!(" 30 %   0 % ..XX\n", " 30 %  10 % .XXX\n",);

/// What a lock promises outright lies inside of what is exhausted. Windows are rounded outwards, by
/// less than a tick in all; where less than a tick is left for a pause, that is more than there is,
/// and nothing can be said.
#[test]
fn promises_of_mutual_exclusion_are_exhausted() {
    let settings = catalogue::settings(10, 25);
    let mut exhausted = Vec::new();
    for promise in (Ttl { settings }).promises() {
        if promise.guarantee != Guarantee::MutualExclusion {
            continue;
        }
        let rate = promise.assumes.iter().find_map(|one| match one {
            Assumption::ClockRateWithinPercent(rate) => Some(*rate),
            _ => None,
        });
        let pause = promise.assumes.iter().find_map(|one| match one {
            Assumption::ClientPauseAtMost(pause) => Some(*pause),
            _ => None,
        });
        let (Some(rate), Some(pause)) = (rate, pause) else { panic!("{promise:?}") };
        let Some(pause) = pause.checked_sub(TICK) else { continue };
        let pause = u16::try_from(pause.as_nanos() / TICK.as_nanos()).expect("a few ticks");
        let report = check(&catalogue::ttl(10, 25, times(rate, pause)), MOST, |_| true);
        assert!(report.holds(), "{promise:?}: {:?}, missed {:?}", report.broken, report.missed);
        exhausted.push((rate, pause));
    }
    assert_eq!(exhausted, [(0, 1), (7, 0)]);
}

/// The number of states, and how a lease that is too short for its holder's pause ends.
#[test]
fn counts_and_the_shortest_break_are_pinned() {
    let inside = check(&catalogue::ttl(10, 25, times(0, 2)), MOST, |_| true);
    assert!(inside.holds());
    assert_eq!((inside.unique, inside.generated, inside.depth), TTL_STATES);
    let outside = check(&catalogue::ttl(10, 25, times(0, 3)), MOST, |_| true);
    let broken = outside.broken.expect("one tick outside");
    assert_eq!(broken.guarantee, Guarantee::MutualExclusion);
    assert_eq!(broken.story.len(), SHORTEST);
    let last = broken.story.last().expect("some moves");
    assert_eq!(last.at, TICK * 10, "at the end of the lease: the holder's last moment");
    assert!(broken.reason.contains("while c"), "{}", broken.reason);
}

const TTL_STATES: (usize, usize, usize) = (263_719, 744_601, 62);
const SHORTEST: usize = 8;

/// stateright's own checker sees the same states.
#[test]
fn stateright_agrees() {
    let configuration = catalogue::ttl(5, 30, times(10, 0));
    let ours = check(&configuration, MOST, |_| true);
    let theirs = TimedModel::new(configuration).checker().spawn_dfs().join();
    assert_eq!(theirs.unique_state_count(), ours.unique);
    theirs.assert_properties();
}

/// A client that counts its validity from the answer, and not from when it asked.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct LateClient {
    inner: TtlClient,
    asked: Option<ClientTimer>,
    validity: Duration,
}

impl Node for LateClient {
    type Message = Message;
    type Timer = ClientTimer;
    type Disk = ();

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        let mut inner = Effects::<TtlClient>::default();
        self.inner.step(input, &mut inner);
        for effect in inner.drain() {
            if let Effect::Arm { timer: timer @ ClientTimer::Validity(..), .. } = effect {
                self.asked = Some(timer);
                continue;
            }
            let granted = matches!(effect, Effect::Notify(Event::Lock(LockEvent::Granted { .. })));
            fx.push(effect);
            if let (true, Some(timer)) = (granted, self.asked.take_if(|_| granted)) {
                fx.arm(timer, Clock::Monotonic, self.validity);
            }
        }
    }
}

/// `ttl` with such clients.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Late {
    settings: Settings,
}

impl Protocol for Late {
    type Message = Message;
    type Server = Redis;
    type Client = LateClient;

    fn name(&self) -> &'static str {
        "ttl-late"
    }

    fn server(&self, id: ServerId, disk: &Keys) -> Redis {
        Ttl { settings: self.settings }.server(id, disk)
    }

    fn client(&self, id: ClientId, disk: &()) -> LateClient {
        let inner = Ttl { settings: self.settings }.client(id, disk);
        LateClient { inner, asked: None, validity: self.settings.validity() }
    }

    fn owners(&self, servers: Servers<'_, Self>, lock: LockId) -> Vec<Owner> {
        servers.live().filter_map(|(_, server)| server.owner(lock)).collect()
    }
}

impl Leased for Late {
    fn ends_validity(timer: &ClientTimer) -> bool {
        matches!(timer, ClientTimer::Validity(..))
    }
}

/// An answer may take as long as it likes, so no margin covers a client that counts from there: it
/// breaks with the best clocks and without any pause, and the border says so.
#[test]
fn a_client_that_counts_from_the_answer_is_caught() {
    let axes = Axes { margins: vec![35], rates: vec![0], pauses: vec![0, 3], ..Axes::of("ttl") };
    let border = drawn(|settings| Late { settings }, &axes, MOST, |_, _| true);
    assert!(border.cells.iter().all(|cell| cell.side() == Side::Breaks), "{}", table(&border));
    assert!(!border.is_as_promised(), "what should hold does not");
}

/// A search that reaches none of its goals proves nothing, whatever it exhausts.
#[test]
fn a_search_that_never_came_by_a_grant_does_not_hold() {
    let mut configuration = catalogue::ttl(5, 30, times(0, 0));
    configuration.untimed.bounds.acquires = 0;
    let report = check(&configuration, MOST, |_| true);
    assert!(report.exhausted && report.broken.is_none());
    assert!(!report.holds(), "{:?}", report.missed);
}
