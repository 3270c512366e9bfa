//! Frames: what goes over a socket between two nodes.
//!
//! A frame is a header of 21 bytes and a payload. Numbers are little-endian.
//!
//! | bytes | what |
//! | --- | --- |
//! | 4 | `LKLB` |
//! | 1 | the version of the encoding, 1 |
//! | 8 | the run: a number that all nodes of a run share and nobody else knows |
//! | 4 | the length of the payload, at most 4 MiB |
//! | 4 | the CRC-32 (IEEE) of the payload |
//!
//! The payload is an [`Envelope`] in postcard's encoding. What is not such a frame is refused with
//! a [`Refusal`], the connection is closed, and the node lives on: a port is open to everybody on
//! the machine. No memory is set aside for a length that was only claimed.

use super::journal::written;
use locklab_protocols::id::NodeId;
use locklab_protocols::system::Packet;
use locklab_protocols::time::Time;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};

const MAGIC: [u8; 4] = *b"LKLB";

/// The version of the encoding.
pub const VERSION: u8 = 1;

/// The length of a header, in bytes.
pub const HEADER: usize = 21;

/// The length of the longest payload, in bytes.
pub const LONGEST: u32 = 4 * 1024 * 1024;

/// How long a frame that has begun may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message with its addresses.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Envelope<M> {
    /// Who sent it.
    pub from: NodeId,
    /// To whom it goes.
    pub to: NodeId,
    /// When it was sent, by the count of its run.
    pub sent: Time,
    /// What it says.
    pub body: Packet<M>,
}

/// Why bytes are no frame, or not one for here.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// The first bytes are not those of a frame.
    #[error("it does not begin as a frame does")]
    Foreign,
    /// A frame of another version.
    #[error("its encoding has version {0}; this program speaks version {VERSION}")]
    Version(u8),
    /// A frame of another run.
    #[error("it belongs to another run")]
    OtherRun,
    /// A payload that is longer than any.
    #[error("it claims {0} bytes; the most is {LONGEST}")]
    Oversized(u32),
    /// It ended in the middle, or did not go on.
    #[error("it ended in the middle")]
    Truncated,
    /// The payload is not what was sent.
    #[error("its checksum is wrong")]
    Damaged,
    /// The payload is no message.
    #[error("its payload is no message: {0}")]
    Unreadable(String),
    /// A message for another node, or from nobody.
    #[error("it goes from {from} to {to}, which is not here")]
    Misaddressed {
        /// Who sent it, as it says.
        from: NodeId,
        /// To whom.
        to: NodeId,
    },
}

/// The frame of a payload.
///
/// # Panics
///
/// If the payload is longer than [`LONGEST`]: no protocol here comes near it.
pub fn frame(run: u64, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).ok().filter(|length| *length <= LONGEST);
    let length = length.expect("a message is shorter than 4 MiB");
    let mut frame = Vec::with_capacity(HEADER + payload.len());
    frame.extend(MAGIC);
    frame.push(VERSION);
    frame.extend(run.to_le_bytes());
    frame.extend(length.to_le_bytes());
    frame.extend(crc32fast::hash(payload).to_le_bytes());
    frame.extend(payload);
    frame
}

/// The frame of a message.
///
/// # Panics
///
/// As [`frame`].
pub fn enclose<M: Serialize>(run: u64, envelope: &Envelope<M>) -> Vec<u8> {
    frame(run, &written(envelope).expect("a message can be written down"))
}

/// A header that has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// The length of the payload.
    pub length: u32,
    checksum: u32,
}

impl Header {
    /// Reads a header.
    ///
    /// # Errors
    ///
    /// If it is none, or not one of this run.
    pub fn read(bytes: &[u8; HEADER], run: u64) -> Result<Self, Refusal> {
        let (magic, rest) = bytes.split_first_chunk::<4>().expect("21 bytes");
        let ([version], rest) = rest.split_first_chunk::<1>().expect("17 bytes");
        let (of_run, rest) = rest.split_first_chunk::<8>().expect("16 bytes");
        let (length, rest) = rest.split_first_chunk::<4>().expect("8 bytes");
        let (checksum, _) = rest.split_first_chunk::<4>().expect("4 bytes");
        let length = u32::from_le_bytes(*length);
        if *magic != MAGIC {
            Err(Refusal::Foreign)
        } else if *version != VERSION {
            Err(Refusal::Version(*version))
        } else if u64::from_le_bytes(*of_run) != run {
            Err(Refusal::OtherRun)
        } else if length > LONGEST {
            Err(Refusal::Oversized(length))
        } else {
            Ok(Self { length, checksum: u32::from_le_bytes(*checksum) })
        }
    }

    /// Holds a payload against its checksum.
    ///
    /// # Errors
    ///
    /// If they do not fit.
    pub fn check(self, payload: &[u8]) -> Result<(), Refusal> {
        if payload.len() < self.length as usize {
            Err(Refusal::Truncated)
        } else if crc32fast::hash(payload) != self.checksum {
            Err(Refusal::Damaged)
        } else {
            Ok(())
        }
    }
}

/// The payload of the next frame; `None` where the stream ends between two frames.
///
/// # Errors
///
/// If what comes is no frame of this run. The stream is of no use after that.
pub async fn receive<R: AsyncRead + Unpin>(
    from: &mut R,
    run: u64,
) -> Result<Option<Vec<u8>>, Refusal> {
    let mut header = [0; HEADER];
    // Whoever says nothing may be quiet for as long as he likes.
    match from.read(&mut header[..1]).await {
        Ok(1) => {}
        _ => return Ok(None),
    }
    let rest = async {
        from.read_exact(&mut header[1..]).await.map_err(|_| Refusal::Truncated)?;
        let header = Header::read(&header, run)?;
        let mut payload = Vec::new();
        let mut bytes = from.take(u64::from(header.length));
        bytes.read_to_end(&mut payload).await.map_err(|_| Refusal::Truncated)?;
        header.check(&payload)?;
        Ok(Some(payload))
    };
    tokio::time::timeout(PATIENCE, rest).await.unwrap_or(Err(Refusal::Truncated))
}

/// The payload of the frame that a datagram is.
///
/// # Errors
///
/// If it is not one frame of this run, and nothing besides.
pub fn of_datagram(datagram: &[u8], run: u64) -> Result<Vec<u8>, Refusal> {
    let (header, payload) = datagram.split_first_chunk().ok_or(Refusal::Truncated)?;
    let header = Header::read(header, run)?;
    if payload.len() > header.length as usize {
        let more = payload.len() - header.length as usize;
        return Err(Refusal::Unreadable(format!("{more} bytes are left over")));
    }
    header.check(payload)?;
    Ok(payload.to_vec())
}

/// The message in a payload.
///
/// # Errors
///
/// If there is none, or something besides.
pub fn open<M: DeserializeOwned>(payload: &[u8]) -> Result<Envelope<M>, Refusal> {
    let unreadable = |error: postcard::Error| Refusal::Unreadable(error.to_string());
    let (envelope, rest) = postcard::take_from_bytes(payload).map_err(unreadable)?;
    if rest.is_empty() {
        Ok(envelope)
    } else {
        Err(Refusal::Unreadable(format!("{} bytes are left over", rest.len())))
    }
}

/// The addresses on a payload, for a relay, which does not read on.
///
/// # Errors
///
/// If there are none.
pub fn addresses(payload: &[u8]) -> Result<(NodeId, NodeId), Refusal> {
    let read = postcard::take_from_bytes(payload);
    let unreadable = |error: postcard::Error| Refusal::Unreadable(error.to_string());
    read.map(|(addresses, _)| addresses).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use locklab_protocols::id::{ClientId, ServerId};
    use proptest::prelude::*;

    const RUN: u64 = 0x0123_4567_89ab_cdef;

    fn letter() -> Envelope<u64> {
        let (from, to) = (ClientId(1).into(), ServerId(2).into());
        Envelope { from, to, sent: Time(5), body: Packet::Lock(77) }
    }

    fn received(bytes: &[u8]) -> Vec<Result<Option<Vec<u8>>, Refusal>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(async {
            let (mut stream, mut all) = (bytes, Vec::new());
            loop {
                all.push(receive(&mut stream, RUN).await);
                if !matches!(all.last(), Some(Ok(Some(_)))) {
                    return all;
                }
            }
        })
    }

    #[test]
    fn what_is_enclosed_is_what_is_opened() {
        let bytes = [enclose(RUN, &letter()), enclose(RUN, &letter())].concat();
        let all = received(&bytes);
        assert_eq!(all.len(), 3);
        for one in &all[..2] {
            let Ok(Some(payload)) = one else { panic!("{one:?}") };
            assert_eq!(open::<u64>(payload), Ok(letter()));
            assert_eq!(addresses(payload), Ok((letter().from, letter().to)));
        }
        assert_eq!(all[2], Ok(None));
    }

    #[test]
    fn every_kind_of_wrong_frame_is_refused_for_what_it_is() {
        let good = enclose(RUN, &letter());
        let changed = |position: usize, to: u8| {
            let mut bytes = good.clone();
            bytes[position] = to;
            received(&bytes).remove(0)
        };
        assert_eq!(changed(0, b'l'), Err(Refusal::Foreign));
        assert_eq!(changed(4, 9), Err(Refusal::Version(9)));
        assert_eq!(changed(5, 0), Err(Refusal::OtherRun));
        assert_eq!(changed(16, 255), Err(Refusal::Oversized(0xff00_0000 + good.len() as u32 - 21)));
        assert_eq!(changed(good.len() - 1, 0), Err(Refusal::Damaged));
        let cut = &good[..good.len() - 1];
        assert_eq!(received(cut), [Err(Refusal::Truncated)]);
        assert_eq!(received(&good[..7]), [Err(Refusal::Truncated)]);
        assert!(matches!(open::<u64>(b"no message"), Err(Refusal::Unreadable(_))));
    }

    #[test]
    fn a_datagram_is_one_frame_and_nothing_besides() {
        let good = enclose(RUN, &letter());
        let payload = of_datagram(&good, RUN).expect("a frame");
        assert_eq!(open::<u64>(&payload), Ok(letter()));
        assert_eq!(of_datagram(&good[..20], RUN), Err(Refusal::Truncated));
        assert_eq!(of_datagram(&good[..good.len() - 1], RUN), Err(Refusal::Truncated));
        let twice = [good.clone(), good].concat();
        assert!(matches!(of_datagram(&twice, RUN), Err(Refusal::Unreadable(_))));
    }

    proptest! {
        /// Whatever bytes come, something is said of them, and nothing is taken for a message
        /// that was not sent.
        #[test]
        fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 1..200)) {
            prop_assert!(matches!(received(&bytes)[..], [Err(_)]));
        }

        #[test]
        fn a_flipped_bit_is_refused(bit in 0..8_u32, position in any::<prop::sample::Index>()) {
            let mut bytes = enclose(RUN, &letter());
            let position = position.index(bytes.len());
            bytes[position] ^= 1 << bit;
            prop_assert!(received(&bytes)[0].is_err());
        }
    }
}
