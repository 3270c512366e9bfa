//! The histories: what several clients would see of a real lock, and what they never should.
//!
//! A lock is used at random. At each moment one thing happens: somebody asks, somebody who waits is
//! granted the lock if it is free, the holder begins to give it back (and it is free), or hears that
//! it did. So an acquire waits for as long as another holds, and overlaps the acquires of others and
//! the releases before it.
//!
//! A history that is to be broken ends with a second grant while the first holder has not begun to
//! give back. Operations of unknown outcome belong to clients that come only for them and are never
//! heard of again, as of programs that crashed: every other one asked and never heard, the rest held
//! the lock, began to give it back, and never heard. They come well before the end, so that a search
//! has to weigh all of them again and again.

use locklab_protocols::id::{ClientId, Incarnation, LockId, Owner};
use locklab_protocols::spec::linearizable::{Action, History, Operation, Outcome};

/// How many clients use the lock from the beginning to the end.
const CLIENTS: u32 = 5;

/// How many operations of known outcome a broken history has, without the two that break it.
const BROKEN: usize = 100;

/// A history to judge.
#[derive(Clone, Copy)]
pub(crate) enum Case {
    /// One that fits, with so many operations.
    Legal(usize),
    /// One that does not, with so many operations of unknown outcome.
    Illegal(usize),
}

impl Case {
    /// All of them.
    pub(crate) const ALL: [Self; 7] = [
        Self::Legal(100),
        Self::Legal(1_000),
        Self::Legal(10_000),
        Self::Illegal(0),
        Self::Illegal(4),
        Self::Illegal(10),
        Self::Illegal(20),
    ];

    /// Whether it fits.
    pub(crate) fn legal(self) -> bool {
        matches!(self, Self::Legal(_))
    }

    /// How many operations of unknown outcome it has.
    pub(crate) fn unknown(self) -> usize {
        match self {
            Self::Legal(_) => 0,
            Self::Illegal(unknown) => unknown,
        }
    }

    /// What it is called.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Legal(count) => format!("a history of {count} operations that fits"),
            Self::Illegal(unknown) => format!("a broken history with {unknown} unknown outcomes"),
        }
    }

    /// The history.
    pub(crate) fn history(self) -> History {
        match self {
            Self::Legal(count) => legal(count),
            Self::Illegal(unknown) => illegal(unknown),
        }
    }
}

/// A history that fits, of so many operations.
pub(crate) fn legal(count: usize) -> History {
    let mut scene = Scene::new(count);
    scene.wind_up();
    History::new(scene.operations)
}

/// A history that does not fit.
fn illegal(unknown: usize) -> History {
    let mut scene = Scene::new(BROKEN);
    for number in 0..unknown {
        while scene.promised < BROKEN * number / (2 * unknown) {
            scene.go_on();
        }
        scene.vanishing_client(number);
    }
    scene.wind_up();
    for _ in 0..2 {
        let stranger = scene.stranger();
        let acquire = scene.call(stranger, Action::Acquire);
        scene.end(acquire);
    }
    History::new(scene.operations)
}

/// What a client is at.
#[derive(Clone, Copy)]
enum Phase {
    Thinks,
    /// It asked: the number of its acquire.
    Waits(usize),
    Holds,
    /// It began to give back: the number of its release.
    Leaves(usize),
}

/// A lock in use.
struct Scene {
    operations: Vec<Operation>,
    phases: [Phase; CLIENTS as usize],
    held: bool,
    /// How many operations its usual clients are to call in all.
    limit: usize,
    /// How many belong to the sections that have begun.
    promised: usize,
    /// How many sections are over.
    returned: usize,
    now: u64,
    clients: u32,
    random: u64,
}

impl Scene {
    /// The usual clients are to call so many operations, an even number.
    fn new(limit: usize) -> Self {
        Self {
            operations: Vec::with_capacity(limit),
            phases: [Phase::Thinks; CLIENTS as usize],
            held: false,
            limit,
            promised: 0,
            returned: 0,
            now: 0,
            clients: CLIENTS,
            random: 0x9E37_79B9_7F4A_7C15,
        }
    }

    /// One of the clients, by Marsaglia's xorshift with a star.
    fn any(&mut self) -> usize {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        let drawn = self.random.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        (drawn % u64::from(CLIENTS)) as usize
    }

    fn call(&mut self, client: u32, action: Action) -> usize {
        self.now += 1;
        let process = Owner { client: ClientId(client), incarnation: Incarnation(1) };
        let called = self.now;
        let outcome = Outcome::Unknown;
        let lock = LockId(1);
        let operation = Operation { process, lock, action, called, returned: None, outcome };
        self.operations.push(operation);
        self.operations.len() - 1
    }

    fn end(&mut self, operation: usize) {
        self.now += 1;
        self.operations[operation].returned = Some(self.now);
        self.operations[operation].outcome = Outcome::Ok(None);
    }

    /// The next thing that somebody does; nothing if who is drawn has to wait, or has nothing left
    /// to do.
    fn go_on(&mut self) {
        let place = self.any();
        let client = place as u32 + 1;
        self.phases[place] = match self.phases[place] {
            // Whoever asks will give back as well.
            Phase::Thinks if self.promised + 2 <= self.limit => {
                self.promised += 2;
                Phase::Waits(self.call(client, Action::Acquire))
            }
            Phase::Waits(acquire) if !self.held => {
                self.end(acquire);
                self.held = true;
                Phase::Holds
            }
            Phase::Holds => {
                self.held = false;
                Phase::Leaves(self.call(client, Action::Release))
            }
            Phase::Leaves(release) => {
                self.end(release);
                self.returned += 1;
                Phase::Thinks
            }
            waits => waits,
        };
    }

    /// Goes on until everybody has done all that he will.
    fn wind_up(&mut self) {
        while 2 * self.returned < self.limit {
            self.go_on();
        }
    }

    /// A client that was not there before.
    fn stranger(&mut self) -> u32 {
        self.clients += 1;
        self.clients
    }

    /// A client comes, and the outcome of its last operation is never known.
    fn vanishing_client(&mut self, number: usize) {
        let stranger = self.stranger();
        if number.is_multiple_of(2) {
            self.call(stranger, Action::Acquire);
            return;
        }
        let acquire = self.call(stranger, Action::Acquire);
        while self.held {
            self.go_on();
        }
        self.end(acquire);
        self.call(stranger, Action::Release);
    }
}
