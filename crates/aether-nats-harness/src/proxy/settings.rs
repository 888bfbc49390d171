//! What a proxy's owner has chosen, and what its connections have counted.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use super::{Direction, Stats};

/// How traffic is treated.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Settings {
    to_server: Way,
    to_client: Way,
}

/// How traffic that goes one way is treated.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Way {
    pub(super) delay: Duration,
    pub(super) bytes_per_second: Option<u64>,
    /// Whether all of it is discarded.
    pub(super) swallow: bool,
}

impl Settings {
    pub(super) fn way(&self, direction: Direction) -> Way {
        match direction {
            Direction::ToServer => self.to_server,
            Direction::ToClient => self.to_client,
        }
    }

    /// Whether a connection has lost bytes, which it cannot go on after.
    pub(super) fn swallow(&self) -> bool {
        self.to_server.swallow || self.to_client.swallow
    }

    pub(super) fn way_mut(&mut self, direction: Direction) -> &mut Way {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }
}

/// Which messages are to be dropped.
#[derive(Debug)]
struct Rule {
    /// What their subjects begin with.
    prefix: String,
    /// How many are let through before that.
    spared: usize,
    /// How many are still to be dropped.
    left: usize,
}

/// What the owner's thread and the proxy's both see. No lock is held for longer than a look.
#[derive(Default, Debug)]
pub(super) struct Shared {
    // A watch, so that what waits because of a setting is woken when it changes.
    settings: watch::Sender<Settings>,
    drops: Mutex<Vec<Rule>>,
    pub(super) connections: AtomicU64,
    bytes_to_server: AtomicU64,
    bytes_to_client: AtomicU64,
    messages_dropped: AtomicU64,
    pub(super) bytes_swallowed: AtomicU64,
}

impl Shared {
    pub(super) fn settings(&self) -> Settings {
        *self.settings.borrow()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Settings> {
        self.settings.subscribe()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Settings)) {
        self.settings.send_modify(change);
    }

    pub(super) fn drop_messages(&self, prefix: &str, spared: usize, left: usize) {
        if left > 0 {
            lock(&self.drops).push(Rule { prefix: prefix.to_owned(), spared, left });
        }
    }

    /// Forgets every choice.
    pub(super) fn heal(&self) {
        self.change(|settings| *settings = Settings::default());
        lock(&self.drops).clear();
    }

    /// Decides whether a message is dropped, and counts it down.
    pub(super) fn takes_out(&self, subject: &[u8]) -> bool {
        let mut drops = lock(&self.drops);
        let rule = drops.iter_mut().find(|rule| subject.starts_with(rule.prefix.as_bytes()));
        let Some(rule) = rule else { return false };
        if rule.spared > 0 {
            rule.spared -= 1;
            return false;
        }
        rule.left -= 1;
        drops.retain(|rule| rule.left > 0);
        self.messages_dropped.fetch_add(1, Ordering::Relaxed);
        true
    }

    pub(super) fn bytes(&self, direction: Direction) -> &AtomicU64 {
        match direction {
            Direction::ToServer => &self.bytes_to_server,
            Direction::ToClient => &self.bytes_to_client,
        }
    }

    pub(super) fn stats(&self) -> Stats {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Stats {
            connections: read(&self.connections),
            bytes_to_server: read(&self.bytes_to_server),
            bytes_to_client: read(&self.bytes_to_client),
            messages_dropped: read(&self.messages_dropped),
            bytes_swallowed: read(&self.bytes_swallowed),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_as_many_messages_are_spared_and_dropped_as_were_asked_for() {
        let shared = Shared::default();
        shared.drop_messages("_INBOX.", 1, 2);
        shared.drop_messages("a", 0, 1);
        let dropped = [b"_INBOX.w".as_slice(), b"_INBOX.x", b"b", b"ab", b"_INBOX.y", b"a", b"_INBOX.z"]
            .map(|s| shared.takes_out(s));
        assert_eq!(dropped, [false, true, false, true, true, false, false]);
        assert_eq!(shared.stats().messages_dropped, 3);
    }

    #[test]
    fn healing_forgets_everything() {
        let shared = Shared::default();
        shared.drop_messages("", 0, 1);
        shared.change(|settings| settings.way_mut(Direction::ToClient).delay = Duration::from_secs(1));
        shared.change(|settings| settings.way_mut(Direction::ToServer).swallow = true);
        shared.heal();
        assert!(!shared.takes_out(b"a") && !shared.settings().swallow());
        assert_eq!(shared.settings().way(Direction::ToClient).delay, Duration::ZERO);
    }
}
