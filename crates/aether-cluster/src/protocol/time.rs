//! Time as one node sees it. No clock is read here, and no two clocks are ever compared.

use std::time::Duration;

/// A reading of one node's monotonic clock. It should count the time in which the machine is suspended (`CLOCK_BOOTTIME` on
/// Linux): a node that slept through its lease must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// Where the clock's counting starts, whenever that was.
    pub const START: Self = Self(Duration::ZERO);

    /// The moment so long after the start.
    #[must_use]
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// The moment so much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// How much later this is than `earlier`; nothing when it is not.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// How long a sign of life counts, and what follows from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease(Duration);

impl Lease {
    /// A lease of this length, the same at all nodes.
    #[must_use]
    pub const fn new(length: Duration) -> Self {
        Self(length)
    }

    /// L: after so long without a change, by the observer's clock, a record is silent.
    #[must_use]
    pub const fn length(self) -> Duration {
        self.0
    }

    /// L / 3: so often a record is renewed, and so long an answer is waited for.
    #[must_use]
    pub fn renewal(self) -> Duration {
        self.0 / 3
    }

    /// 0.8 L: so long after it *sent* its last renewal that succeeded, a node stops by its own clock. The fifth of a lease that is
    /// left pays for clocks that run at different rates.
    #[must_use]
    pub fn stop(self) -> Duration {
        self.0 * 4 / 5
    }

    /// 2 L / 3: an observer that has not seen a renewal of its own for so long does not trust its watch.
    #[must_use]
    pub fn trust(self) -> Duration {
        self.0 * 2 / 3
    }
}

/// How long the steps of a shard's move may take. Each has a way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// So long a target listens for a shard that is not released to it. Then it gives up, and tries again a lease later; the
    /// owner goes on as if nothing had been.
    pub prepare: Duration,
    /// So long an owner waits for its turns to end. Then it releases the shard, and whatever still runs is answered `Moved`.
    pub drain: Duration,
    /// So long a released shard waits for its planned owner. Then the leader plans another one.
    pub acquire: Duration,
    /// So long a former owner answers `Moved` with where to go; then nobody listens there.
    pub forward: Duration,
    /// So long a node that leaves waits for somebody to be ready for its shards. Then it releases them all the same.
    pub leave: Duration,
    /// So long a node that has left or died is remembered. Then the leader forgets it.
    pub forget: Duration,
}

/// So long a node that is over is remembered at least: an operator may look for it.
const REMEMBERED: Duration = Duration::from_secs(600);

impl Timeouts {
    /// The usual ones for a lease L: 2 L to prepare, 5 L to drain, 2 L to acquire, 30 L to forward, 10 L to leave; 100 L to forget,
    /// and ten minutes at least.
    #[must_use]
    pub fn of(lease: Lease) -> Self {
        let leases = |count: u32| lease.length().saturating_mul(count);
        Self {
            prepare: leases(2),
            drain: leases(5),
            acquire: leases(2),
            forward: leases(30),
            leave: leases(10),
            forget: leases(100).max(REMEMBERED),
        }
    }
}
