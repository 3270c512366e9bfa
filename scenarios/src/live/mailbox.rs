//! A node's way to the others: what comes in at its port, and what it sends.
//!
//! Frames travel over TCP or as datagrams. Over TCP each pair of nodes has a connection of its own
//! in each direction, made when there is something to send and made again when it broke. What
//! cannot be sent now is lost, as on any network: a protocol that needs it says it again. Queues
//! are bounded; what does not fit is lost too. As datagrams, one frame each, they may also be lost
//! where a receiver is slow or stands still, and a frame that is longer than a datagram never
//! arrives.

use super::frame::{self, Refusal};
use guests::{Guest, Guests};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

mod guests;

/// How many connections a port has at once.
const CONNECTIONS: usize = 512;

/// How many frames wait for one receiver.
const WAITING: usize = 4096;

/// How long nothing is tried after a connection could not be made.
const RETRY: Duration = Duration::from_millis(20);

/// More than the longest datagram, in bytes.
const DATAGRAM: usize = 65_536;

/// How frames travel between nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Transport {
    /// One after the other, over connections that are made again when they break.
    #[default]
    Tcp,
    /// Each in a datagram.
    Udp,
}

/// Where frames come in.
#[derive(Debug)]
pub(super) enum Port {
    Tcp(TcpListener),
    Udp(UdpSocket),
}

impl Port {
    /// Opens a port.
    pub(super) async fn open(address: SocketAddr, transport: Transport) -> io::Result<Self> {
        Ok(match transport {
            Transport::Tcp => Self::Tcp(TcpListener::bind(address).await?),
            Transport::Udp => Self::Udp(UdpSocket::bind(address).await?),
        })
    }

    /// Opens a port of this machine that nobody uses.
    pub(super) async fn any(transport: Transport) -> io::Result<Self> {
        Self::open((Ipv4Addr::LOCALHOST, 0).into(), transport).await
    }

    /// Where it is.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr(),
            Self::Udp(socket) => socket.local_addr(),
        }
    }
}

/// What becomes of a payload: whether its connection may go on, or why not.
pub(super) type Taken = Pin<Box<dyn Future<Output = Result<(), Refusal>>>>;

/// Gets each payload that comes in at a port.
pub(super) type Deliver = Rc<dyn Fn(Vec<u8>) -> Taken>;

/// Hears why a connection may not go on.
pub(super) type Refuse = Rc<dyn Fn(Refusal)>;

/// Hears of refusals and passes on how many there were and why the last time: of the first, the
/// second, the fourth and so on, so that a flood of them makes no flood of words.
pub(super) fn told_less_and_less(tell: impl Fn(u64, &Refusal) + 'static) -> Refuse {
    let times = Cell::new(0_u64);
    Rc::new(move |refusal| {
        times.set(times.get() + 1);
        if times.get().is_power_of_two() {
            tell(times.get(), &refusal);
        }
    })
}

/// Takes payloads in at a port until the end of the runtime.
pub(super) async fn take_in(port: Port, run: u64, deliver: Deliver, refuse: Refuse) {
    match port {
        Port::Tcp(listener) => {
            take_connections(listener, Guests::new(CONNECTIONS), run, deliver, refuse).await;
        }
        Port::Udp(socket) => take_datagrams(socket, run, deliver, refuse).await,
    }
}

async fn take_datagrams(socket: UdpSocket, run: u64, deliver: Deliver, refuse: Refuse) {
    let mut datagram = vec![0; DATAGRAM];
    loop {
        let Ok((length, _)) = socket.recv_from(&mut datagram).await else {
            tokio::time::sleep(RETRY).await;
            continue;
        };
        let taken = match frame::of_datagram(&datagram[..length], run) {
            Ok(payload) => deliver(payload).await,
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = taken {
            refuse(refusal);
        }
    }
}

async fn take_connections(
    listener: TcpListener,
    mut guests: Guests,
    run: u64,
    deliver: Deliver,
    refuse: Refuse,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, say: what is open may close.
            tokio::time::sleep(RETRY).await;
            continue;
        };
        let (deliver, refuse) = (deliver.clone(), refuse.clone());
        guests.welcome(|guest| hear(guest, stream, run, deliver, refuse));
    }
}

/// Takes in what comes on one connection.
async fn hear(mut guest: Guest, mut stream: TcpStream, run: u64, deliver: Deliver, refuse: Refuse) {
    loop {
        let taken = match frame::receive(&mut stream, run).await {
            Ok(None) => return,
            Ok(Some(payload)) => {
                guest.spoke();
                deliver(payload).await
            }
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = taken {
            refuse(refusal);
            return;
        }
    }
}

/// Where frames go out.
#[derive(Debug)]
pub(super) struct Outgoing<K> {
    transport: Transport,
    links: BTreeMap<K, Link>,
}

#[derive(Debug)]
struct Link {
    address: SocketAddr,
    frames: mpsc::Sender<Vec<u8>>,
    task: JoinHandle<()>,
}

impl<K: Ord> Outgoing<K> {
    /// Nobody can be reached yet.
    pub(super) fn new(transport: Transport) -> Self {
        Self { transport, links: BTreeMap::new() }
    }

    /// Frames for `to` go to this address from now on; what waits for an older one is lost.
    pub(super) fn reach(&mut self, to: K, address: SocketAddr) {
        if self.links.get(&to).is_some_and(|link| link.address == address) {
            return;
        }
        let (frames, waiting) = mpsc::channel(WAITING);
        let task = match self.transport {
            Transport::Tcp => tokio::task::spawn_local(send_all(address, waiting)),
            Transport::Udp => tokio::task::spawn_local(send_datagrams(address, waiting)),
        };
        if let Some(old) = self.links.insert(to, Link { address, frames, task }) {
            old.task.abort();
        }
    }

    /// Sends a frame, if that can be done.
    pub(super) fn send(&self, to: &K, frame: Vec<u8>) {
        if let Some(link) = self.links.get(to) {
            // A full queue loses it.
            let _lost = link.frames.try_send(frame);
        }
    }
}

async fn send_datagrams(address: SocketAddr, mut frames: mpsc::Receiver<Vec<u8>>) {
    let Ok(socket) = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await else { return };
    // Nobody reads here: what strangers send is not to pile up.
    if socket.connect(address).await.is_err() {
        return;
    }
    while let Some(frame) = frames.recv().await {
        // Too long, or nobody there: lost.
        let _lost = socket.send(&frame).await;
    }
}

async fn send_all(address: SocketAddr, mut frames: mpsc::Receiver<Vec<u8>>) {
    let mut open: Option<TcpStream> = None;
    let mut failed: Option<Instant> = None;
    while let Some(frame) = frames.recv().await {
        if open.is_none() && failed.is_none_or(|at| at.elapsed() >= RETRY) {
            open = TcpStream::connect(address).await.ok();
            failed = open.is_none().then(Instant::now);
            if let Some(stream) = &open {
                // Small frames that wait for each other would be slow; without it they still go.
                let _slow = stream.set_nodelay(true);
            }
        }
        if let Some(stream) = &mut open
            && stream.write_all(&frame).await.is_err()
        {
            open = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use tokio::io::AsyncReadExt;
    use tokio::task::LocalSet;

    const RUN: u64 = 7;
    const PATIENCE: Duration = Duration::from_secs(30);

    /// A port that has so many guests at most, and what has come in at it.
    async fn open_port(most: usize) -> (SocketAddr, Rc<RefCell<Vec<Vec<u8>>>>) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("it has one");
        let came = Rc::new(RefCell::new(Vec::new()));
        let kept = came.clone();
        let deliver: Deliver = Rc::new(move |payload: Vec<u8>| {
            kept.borrow_mut().push(payload);
            Box::pin(async { Ok(()) })
        });
        let guests = Guests::new(most);
        tokio::task::spawn_local(take_connections(listener, guests, RUN, deliver, Rc::new(|_| {})));
        (address, came)
    }

    async fn say(stream: &mut TcpStream, payload: &[u8]) {
        stream.write_all(&frame::frame(RUN, payload)).await.expect("it is open");
    }

    /// Waits until so many payloads came.
    async fn until(came: &RefCell<Vec<Vec<u8>>>, count: usize) {
        let wait = async {
            while came.borrow().len() < count {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("it is heard");
    }

    fn play(story: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        LocalSet::new().block_on(&runtime.expect("a runtime"), story);
    }

    #[test]
    fn silent_strangers_keep_nobody_out() {
        play(async {
            let (address, came) = open_port(8).await;
            let connect = || async { TcpStream::connect(address).await.expect("it listens") };
            let mut known = connect().await;
            say(&mut known, b"first").await;
            until(&came, 1).await;
            let mut oldest = connect().await;
            let mut silent = Vec::new();
            for _ in 0..20 {
                silent.push(connect().await);
            }
            let mut late = connect().await;
            say(&mut late, b"late").await;
            until(&came, 2).await;
            say(&mut known, b"again").await;
            until(&came, 3).await;
            let mut nothing = [0];
            let end = tokio::time::timeout(PATIENCE, oldest.read(&mut nothing)).await;
            let end = end.expect("its connection is closed");
            assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
        });
    }
}
