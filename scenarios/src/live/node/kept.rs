//! What a node keeps, as records of its file.

use crate::live::journal::written;
use locklab_protocols::contract::{Disk, Node, Portable};
use locklab_protocols::id::NodeId;
use locklab_protocols::storage::StorageDisk;
use locklab_protocols::system::{DiskOf, SystemChange, SystemDisk};
use serde::de::DeserializeOwned;

/// The record of a change.
pub(super) fn bytes_of_change<S: serde::Serialize, C: serde::Serialize>(
    change: &SystemChange<S, C>,
) -> Vec<u8> {
    let bytes = match change {
        SystemChange::Server(change) => written(change),
        SystemChange::Client(change) => written(change),
        SystemChange::Storage(change) => written(change),
    };
    bytes.expect("a change can be written down")
}

/// The record of everything.
pub(super) fn bytes_of_disk<P: Portable>(disk: &DiskOf<P>) -> Vec<u8> {
    let bytes = match disk {
        SystemDisk::Server(disk) => written(disk),
        SystemDisk::Client(disk) => written(disk),
        SystemDisk::Storage(disk) => written(disk),
    };
    bytes.expect("a disk can be written down")
}

/// What a node keeps, from the records of its file.
pub(super) fn kept<P: Portable>(
    node: NodeId,
    everything: Option<&[u8]>,
    changes: &[Vec<u8>],
) -> Result<DiskOf<P>, postcard::Error> {
    Ok(match node {
        NodeId::Server(_) => {
            SystemDisk::Server(fold::<<P::Server as Node>::Disk>(everything, changes)?)
        }
        NodeId::Client(_) => {
            SystemDisk::Client(fold::<<P::Client as Node>::Disk>(everything, changes)?)
        }
        NodeId::Storage => SystemDisk::Storage(fold::<StorageDisk>(everything, changes)?),
    })
}

fn fold<D>(everything: Option<&[u8]>, changes: &[Vec<u8>]) -> Result<D, postcard::Error>
where
    D: Disk<Change: DeserializeOwned> + DeserializeOwned,
{
    let mut disk = everything.map(postcard::from_bytes).transpose()?.unwrap_or_default();
    for change in changes {
        D::apply(&mut disk, postcard::from_bytes(change)?);
    }
    Ok(disk)
}
