//! Announcing without holding a lock: the part of announcing that every store shares.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::EventBroadcaster;
use crate::{EventStored, Namespace, RecordedEvent};

/// Hands announcements to a broadcaster in order, without a lock around the broadcaster. For stores.
///
/// A store calls [`enqueue`](Self::enqueue) while it holds whatever orders an actor's appends, and
/// [`deliver`](Self::deliver) when it has let go. A broadcaster that appends to the store from within is safe that way:
/// its announcement waits for the delivery that is going on, and nobody waits for it.
pub struct Announcer {
    namespace: Namespace,
    broadcaster: Option<Arc<dyn EventBroadcaster>>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<EventStored>,
    delivering: bool,
}

impl Announcer {
    /// Announces to `broadcaster`, if there is one, for a store in `namespace`.
    #[must_use]
    pub fn new(namespace: Option<Namespace>, broadcaster: Option<Arc<dyn EventBroadcaster>>) -> Self {
        let namespace = namespace.unwrap_or_else(Namespace::internal);
        Self { namespace, broadcaster, queue: Mutex::default() }
    }

    /// Puts the announcements of `events` behind those that wait.
    #[inline]
    pub fn enqueue(&self, events: &[RecordedEvent]) {
        if self.broadcaster.is_some() {
            self.queue().waiting.extend(events.iter().map(EventStored::from));
        }
    }

    /// Delivers what waits, unless somebody is already at it.
    #[inline]
    pub fn deliver(&self) {
        let Some(broadcaster) = &self.broadcaster else {
            return;
        };
        {
            let mut queue = self.queue();
            if queue.delivering {
                return;
            }
            queue.delivering = true;
        }
        // Lets others deliver even if the broadcaster panics.
        let turn = Turn(self);
        while let Some(stored) = turn.next() {
            broadcaster.stored(&self.namespace, stored);
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Announcer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let announces = self.broadcaster.is_some();
        f.debug_struct("Announcer")
            .field("namespace", &self.namespace)
            .field("announces", &announces)
            .finish()
    }
}

/// The right to deliver, given up when it is dropped or when nothing waits any more.
struct Turn<'a>(&'a Announcer);

impl Turn<'_> {
    /// Takes the next announcement; at the end, gives up the right in the same step, so that none is left behind.
    fn next(&self) -> Option<EventStored> {
        let mut queue = self.0.queue();
        let next = queue.waiting.pop_front();
        queue.delivering = next.is_some();
        next
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.queue().delivering = false;
        }
    }
}
