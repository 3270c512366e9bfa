//! A lease that the servers have let run out is not taken for a lock that was lost: neither if
//! their account is looked at while the server that did so still waits for its disk, nor if there
//! is no account at that moment.

use locklab_protocols::contract::{Disk, Event};
use locklab_protocols::prelude::*;
use locklab_sim::fault::{Crash, DiskLoss, Fault, Kind, Lasting, Target, When};
use locklab_sim::outcome::Happening;
use locklab_sim::{Plan, Record, run};

/// Server 1 lets the lease of client 1 run out and syncs before it says so; server 2 ticks, so
/// that the account is looked at meanwhile.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct SaysLate {
    /// Whether there is an account only while both are up.
    needs_both: bool,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Server {
    id: ServerId,
    owner: Option<Owner>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Client;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Tick;

#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Count(u32);

impl Disk for Count {
    type Change = ();

    fn apply(&mut self, (): ()) {
        self.0 += 1;
    }
}

const LOCK: LockId = LockId(1);
const EVERY: Duration = Duration::from_millis(10);

impl Node for Server {
    type Message = Never;
    type Timer = Tick;
    type Disk = Count;

    fn step(&mut self, input: InputOf<Self>, fx: &mut Effects<Self>) {
        match (input, self.id.0) {
            (Input::Started(_), 1) => {
                let owner = Owner::first(ClientId(1));
                self.owner = Some(owner);
                let lease = Some(10 * EVERY);
                fx.notify(LeaseEvent::Granted { lock: LOCK, owner, lease });
                fx.arm(Tick, Clock::Monotonic, 10 * EVERY);
            }
            (Input::Fired(Tick), 1) => {
                if let Some(owner) = self.owner.take() {
                    fx.write(());
                    fx.sync();
                    fx.notify(LeaseEvent::Expired { lock: LOCK, owner });
                }
            }
            (Input::Started(_) | Input::Fired(Tick), _) => fx.arm(Tick, Clock::Monotonic, EVERY),
            _ => {}
        }
    }
}

impl Node for Client {
    type Message = Never;
    type Timer = Never;
    type Disk = ();

    fn step(&mut self, _: InputOf<Self>, _: &mut Effects<Self>) {}
}

impl Protocol for SaysLate {
    type Message = Never;
    type Server = Server;
    type Client = Client;

    fn name(&self) -> &'static str {
        "says-late"
    }

    fn servers(&self) -> usize {
        2
    }

    fn server(&self, id: ServerId, _: &Count) -> Server {
        Server { id, owner: None }
    }

    fn client(&self, _: ClientId, (): &()) -> Client {
        Client
    }

    fn has_account(&self, servers: Servers<'_, Self>) -> bool {
        !self.needs_both || servers.live().count() == 2
    }

    fn owners(&self, servers: Servers<'_, Self>, _: LockId) -> Vec<Owner> {
        servers.live().filter_map(|(_, server)| server.owner).collect()
    }
}

/// What is told of the end of the lease, with these faults.
fn told(lock: SaysLate, faults: Vec<Fault>) -> Vec<&'static str> {
    let plan = Plan {
        clients: 1,
        sync_time: 5 * EVERY,
        faults,
        heal_at: Duration::from_secs(1),
        settle: Duration::from_secs(1),
        ..Plan::default()
    };
    let outcome = run(&lock, &plan, 1, Record::Everything);
    let told = outcome.trace.iter().filter_map(|traced| match &traced.what {
        Happening::Seen(seen) => match &seen.event {
            Event::LeaseEnded { .. } => Some("ended"),
            Event::Owners { owners, .. } if owners.is_empty() => Some("nobody"),
            Event::Lease(LeaseEvent::Expired { .. }) => Some("expired"),
            _ => None,
        },
        _ => None,
    });
    told.collect()
}

#[test]
fn a_lease_that_ran_out_is_ended_and_not_lost() {
    let lock = SaysLate { needs_both: false };
    assert_eq!(told(lock, Vec::new()), ["ended", "nobody", "expired"]);
}

/// Server 2 is down when the lease runs out. It is said at once that the lease has ended, and not
/// once more when there is an account again.
#[test]
fn a_lease_that_ran_out_while_there_was_no_account_is_ended() {
    let lock = SaysLate { needs_both: true };
    let crash = Crash {
        target: Target::Server(ServerId(2)).into(),
        lasting: Lasting::For(20 * EVERY),
        disk: DiskLoss::Kept,
    };
    let fault = Fault { when: When::At(9 * EVERY), kind: Kind::Crash(crash) };
    assert_eq!(told(lock, vec![fault]), ["expired", "ended", "nobody"]);
}
