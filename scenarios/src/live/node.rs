//! A node as a process: one of the hosts of the contract.
//!
//! The process steps its own part of a [`System`], one input at a time, on one thread. It writes
//! each input to its journal before any effect of it leaves the process, and then applies the
//! effects in their order, with a real fsync where the node says `sync`. Due timers go before
//! messages, also after a stop.

mod effects;
mod kept;
mod letters;

use kept::kept;
use letters::mailbox;

use super::by_hand::Base;
use super::clocks::{Epoch, Moment, NodeClocks};
use super::disk::{DiskError, DiskFile};
use super::frame::Envelope;
use super::journal::{Control, DiskState, Entry, NodeConfig, Waits, hear, say};
use super::mailbox::{Outgoing, Port};
use locklab_protocols::contract::{Clock, Input, Portable, Protocol, Reading, Trigger};
use locklab_protocols::id::NodeId;
use locklab_protocols::system::{Buffers, Setting, System, SystemEffect, SystemInput, TimerOf};
use locklab_protocols::time::Time;
use locklab_sim::Plan;
use locklab_sim::chance::Chance;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Why a node ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// Its disk.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Its port, or its host.
    #[error("cannot {0}: {1}")]
    Io(&'static str, io::Error),
    /// What is on its disk was written by something else.
    #[error("what is on the disk of {0} cannot be read: {1}")]
    Unreadable(NodeId, postcard::Error),
}

/// How many messages wait for the node.
const MAILBOX: usize = 1024;

/// No timer is waited for longer than this at a stretch: somebody may set the machine's clock.
const LONGEST_SLEEP: Duration = Duration::from_millis(250);

/// A message for the node.
type Letter<P> = Envelope<<P as Protocol>::Message>;

/// Where the journal goes.
type Journal = Rc<RefCell<File>>;

/// What hears the events of a node that has no host.
type Tell = Rc<dyn Fn(&str)>;

/// Runs a node until its host is gone.
///
/// # Errors
///
/// If its disk, its port or its host fails it.
pub fn run<P: Portable>(protocol: P, plan: &Plan, config: NodeConfig) -> Result<(), NodeError> {
    on_this_thread(Box::pin(async {
        let setting = Setting {
            protocol,
            clients: plan.clients,
            workload: plan.workload.clone(),
            fencing: plan.fencing,
        };
        LiveNode::new(setting, config).await?.run().await
    }))
}

/// Runs a server without a host, until the process is ended. `tell` hears its events.
pub(super) fn run_by_hand<P: Portable>(
    protocol: P,
    plan: &Plan,
    config: NodeConfig,
    base: Base,
    tell: Box<dyn Fn(&str)>,
) -> Result<(), NodeError> {
    on_this_thread(Box::pin(async {
        let peers = base.everybody(protocol.servers());
        let address = base.address(config.node);
        let setting = Setting {
            protocol,
            clients: plan.clients,
            workload: plan.workload.clone(),
            fencing: plan.fencing,
        };
        // Nobody reads its journal.
        let journal = File::options().write(true).open("/dev/null");
        let journal = journal.map_err(|error| NodeError::Io("journal", error))?;
        let (words, control) = mpsc::unbounded_channel();
        let (talk, tell) = ((journal, control), Some(Rc::from(tell)));
        let mut node = LiveNode::open(setting, config, talk, address, tell).await?;
        node.obey(Control::Begin { peers, epoch: Epoch::of_the_machine() })?;
        let done = node.run().await;
        drop(words);
        done
    }))
}

/// Does what a node does on a runtime of this thread. It is built once and not for every protocol.
pub(super) fn on_this_thread(
    node: Pin<Box<dyn Future<Output = Result<(), NodeError>> + '_>>,
) -> Result<(), NodeError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| NodeError::Io("start", error))?;
    tokio::task::LocalSet::new().block_on(&runtime, node)
}

#[derive(Clone, Copy, Debug)]
struct Armed {
    clock: Clock,
    deadline: Reading,
    /// The order in which timers were armed.
    number: u64,
}

#[derive(Clone, Copy, Debug)]
enum Question {
    Clock(Clock),
    Draw(u32),
}

struct LiveNode<P: Portable> {
    id: NodeId,
    run: u64,
    epoch: Epoch,
    setting: Setting<P>,
    system: System<P>,
    buffers: Buffers<P>,
    disk: DiskFile,
    disk_state: DiskState,
    clocks: NodeClocks,
    slow: Duration,
    halts: BTreeSet<Trigger>,
    chance: Chance,
    journal: Journal,
    control: mpsc::UnboundedReceiver<Control>,
    letters: mpsc::Receiver<Letter<P>>,
    outgoing: Outgoing<NodeId>,
    letter: Option<Letter<P>>,
    tell: Option<Tell>,
    timers: BTreeMap<TimerOf<P>, Armed>,
    armed: u64,
    /// When the effects at hand count as applied.
    at: Time,
    pending: VecDeque<SystemEffect<P>>,
    questions: VecDeque<Question>,
    /// What the effects at hand wait for, as the journal has it.
    waits: Waits,
    halted: bool,
    held_by_disk: bool,
}

impl<P: Portable> LiveNode<P> {
    /// Opens a node with a host, and waits until it may go.
    async fn new(setting: Setting<P>, config: NodeConfig) -> Result<Self, NodeError> {
        let journal = io::stdout().as_fd().try_clone_to_owned();
        let journal = journal.map_err(|error| NodeError::Io("journal", error))?;
        let talk = (File::from(journal), listen_to_host());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut node = Self::open(setting, config, talk, address, None).await?;
        loop {
            let control = node.next_control().await?;
            let go = matches!(control, Control::Begin { .. });
            node.obey(control)?;
            if go {
                return Ok(node);
            }
        }
    }

    /// Reads the disk and opens the port.
    async fn open(
        setting: Setting<P>,
        config: NodeConfig,
        (journal, control): (File, mpsc::UnboundedReceiver<Control>),
        address: SocketAddr,
        tell: Option<Tell>,
    ) -> Result<Self, NodeError> {
        let id = config.node;
        let io = |what| move |error| NodeError::Io(what, error);
        let journal = Rc::new(RefCell::new(journal));
        let (disk, contents) = DiskFile::open(&config.folder.join("disk"))?;
        if let Some(note) = &contents.note {
            if let Some(tell) = &tell {
                tell(note);
            }
            let note = Entry::<P>::Note(format!("{id}: {note}"));
            say(&mut *journal.borrow_mut(), &note).map_err(io("journal"))?;
        }
        let mut system = System::new(&setting);
        let fail = |error| NodeError::Unreadable(id, error);
        let kept =
            kept::<P>(id, contents.everything.as_deref(), &contents.changes).map_err(fail)?;
        system.restore(id, kept, config.life);
        let port = Port::open(address, config.transport).await.map_err(io("open its port"))?;
        let address = port.address().map_err(io("open its port"))?;
        say(&mut *journal.borrow_mut(), &Entry::<P>::Listening(address)).map_err(io("journal"))?;
        let letters = mailbox(port, &setting, &config, (journal.clone(), tell.clone()));
        Ok(Self {
            id,
            run: config.run,
            epoch: Epoch::now(),
            setting,
            system,
            buffers: Buffers::default(),
            disk,
            disk_state: config.disk,
            clocks: config.clocks,
            slow: config.slow,
            halts: config.halts,
            chance: Chance::new(config.seed, &(config.node, config.life)),
            journal,
            control,
            letters,
            outgoing: Outgoing::new(config.transport),
            letter: None,
            tell,
            timers: BTreeMap::new(),
            armed: 0,
            at: Time::ZERO,
            pending: VecDeque::new(),
            questions: VecDeque::new(),
            waits: Waits::default(),
            halted: false,
            held_by_disk: false,
        })
    }

    async fn next_control(&mut self) -> Result<Control, NodeError> {
        let gone = || NodeError::Io("hear the host", io::ErrorKind::BrokenPipe.into());
        self.control.recv().await.ok_or_else(gone)
    }

    async fn run(mut self) -> Result<(), NodeError> {
        self.start().await?;
        loop {
            while let Ok(control) = self.control.try_recv() {
                self.obey(control)?;
            }
            if self.halted || self.held_by_disk {
                let control = self.next_control().await?;
                self.obey(control)?;
            } else if let Some(effect) = self.pending.pop_front() {
                self.apply(effect)?;
            } else if let Some(question) = self.questions.pop_front() {
                let answer = self.answer(question);
                self.step(answer, None).await?;
            } else if let Some(timer) = self.due_timer() {
                self.timers.remove(&timer);
                self.step(Input::Fired(timer), None).await?;
            } else if let Some(Envelope { from, sent, body, .. }) = self.letter.take() {
                self.step(Input::Message { from, body }, Some(sent)).await?;
            } else {
                self.wait().await?;
            }
        }
    }

    /// Waits for a message, a word of the host, or the next timer. Due timers go before a message
    /// that has come, so it is only laid down here.
    async fn wait(&mut self) -> Result<(), NodeError> {
        let now = self.epoch.moment();
        let times = self.timers.values();
        let next = times.filter_map(|armed| self.clocks.until(armed.clock, armed.deadline, now));
        let sleep = tokio::time::sleep(next.min().unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP));
        tokio::select! {
            biased;
            control = self.control.recv() => match control {
                Some(control) => self.obey(control)?,
                None => return Err(NodeError::Io("hear the host", io::ErrorKind::BrokenPipe.into())),
            },
            letter = self.letters.recv() => self.letter = letter,
            () = sleep => {}
        }
        Ok(())
    }

    /// The timer that has been due for longest.
    fn due_timer(&self) -> Option<TimerOf<P>> {
        let now: Moment = self.epoch.moment();
        let is_due = |armed: &Armed| self.clocks.read(armed.clock, now) >= armed.deadline;
        let due = self.timers.iter().filter(|(_, armed)| is_due(armed));
        let overdue =
            |armed: &Armed| self.clocks.read(armed.clock, now).0.saturating_sub(armed.deadline.0);
        let first = due.min_by_key(|(_, armed)| (std::cmp::Reverse(overdue(armed)), armed.number));
        first.map(|(timer, _)| timer.clone())
    }

    fn obey(&mut self, control: Control) -> Result<(), NodeError> {
        match control {
            Control::Begin { peers, epoch } => {
                self.epoch = epoch;
                for (node, address) in peers {
                    self.outgoing.reach(node, address);
                }
            }
            Control::Go => {
                if std::mem::take(&mut self.halted) {
                    self.went()?;
                }
            }
            Control::Clocks(clocks) => self.clocks = clocks,
            Control::Disk(state) => {
                self.disk_state = state;
                if !state.stalled && std::mem::take(&mut self.held_by_disk) {
                    self.went_on_with_the_disk()?;
                }
            }
            Control::Slow(slow) => self.slow = slow,
        }
        Ok(())
    }

    fn note(&self, entry: &Entry<P>) -> Result<(), NodeError> {
        let said = say(&mut *self.journal.borrow_mut(), entry);
        said.map_err(|error| NodeError::Io("write the journal", error))
    }

    /// The effects that waited go on.
    fn went(&mut self) -> Result<(), NodeError> {
        self.waits.at_once = false;
        self.waits.at_writes = self.disk_state.stalled;
        self.at = self.epoch.time();
        let (at, durable, waits) = (self.at, self.disk.durable(), self.waits);
        self.note(&Entry::Went { at, durable, waits })
    }

    fn now_waits(&self) -> Waits {
        Waits { at_once: !self.slow.is_zero(), at_writes: self.disk_state.stalled }
    }

    async fn start(&mut self) -> Result<(), NodeError> {
        let disk = self.system.disk(self.id);
        let life = self.system.start(self.id, &self.setting);
        self.waits = self.now_waits();
        self.at = self.epoch.time();
        let (at, durable, waits) = (self.at, self.disk.durable(), self.waits);
        self.note(&Entry::Started { at, life, disk, durable, waits })?;
        self.take(Input::Started(life)).await
    }

    async fn step(&mut self, input: SystemInput<P>, sent: Option<Time>) -> Result<(), NodeError> {
        self.waits = self.now_waits();
        self.at = self.epoch.time();
        let entry = Entry::Step { at: self.at, input, sent, waits: self.waits };
        self.note(&entry)?;
        let Entry::Step { input, .. } = entry else { return Ok(()) };
        self.take(input).await
    }

    async fn take(&mut self, input: SystemInput<P>) -> Result<(), NodeError> {
        self.system.step(self.id, input, &mut self.buffers, &mut self.pending);
        if self.waits.at_once {
            tokio::time::sleep(self.slow).await;
            self.went()?;
        }
        // What was sent gets its turn.
        tokio::task::yield_now().await;
        Ok(())
    }
}

/// Hears the host on a thread of its own. When the host is gone, so is the node.
fn listen_to_host() -> mpsc::UnboundedReceiver<Control> {
    let (sender, control) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        while let Some(said) = hear(&mut stdin) {
            if sender.send(said).is_err() {
                break;
            }
        }
        std::process::exit(0);
    });
    control
}
