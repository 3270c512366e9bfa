//! Who is connected to a port.
//!
//! A port is open to everybody on the machine, and whoever connects may say nothing for ever. When
//! there are as many as may be and one more comes, the oldest goes of those from whom no frame came
//! yet, or else the oldest of all: who belongs to the run speaks as soon as he is connected, and
//! connects again when he must. So strangers keep nobody out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use tokio::task::AbortHandle;

/// First those from whom no frame came yet, then the others, each in the order of their coming, as
/// the tasks that hear them.
type Present = Rc<RefCell<BTreeMap<(bool, u64), AbortHandle>>>;

/// The guests of a port.
#[derive(Debug)]
pub(super) struct Guests {
    most: usize,
    /// How many have come.
    came: u64,
    present: Present,
}

/// One guest, until he goes.
#[derive(Debug)]
pub(super) struct Guest {
    place: (bool, u64),
    present: Present,
}

impl Guests {
    /// Nobody yet; at once there are at most so many.
    pub(super) fn new(most: usize) -> Self {
        Self { most, came: 0, present: Present::default() }
    }

    /// Lets one in, whom a task of his own hears.
    pub(super) fn welcome<F: Future<Output = ()> + 'static>(
        &mut self,
        hear: impl FnOnce(Guest) -> F,
    ) {
        self.came += 1;
        let place = (false, self.came);
        let task = tokio::task::spawn_local(hear(Guest { place, present: self.present.clone() }));
        let mut present = self.present.borrow_mut();
        if present.len() == self.most
            && let Some((_, oldest)) = present.pop_first()
        {
            oldest.abort();
        }
        present.insert(place, task.abort_handle());
    }
}

impl Guest {
    /// A frame came from him.
    pub(super) fn spoke(&mut self) {
        let mut present = self.present.borrow_mut();
        if let Some(task) = present.remove(&self.place) {
            self.place.0 = true;
            present.insert(self.place, task);
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.present.borrow_mut().remove(&self.place);
    }
}
