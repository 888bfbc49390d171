//! How long askers wait, and how soon they try again.

use std::time::Duration;

use aether_core::RetryPolicy;

use crate::protocol::Lease;

/// No message has a longer deadline: owners remember what they rejected for longer than that.
pub(crate) const LONGEST: Duration = Duration::from_secs(30);

/// How long askers wait, and how soon they try again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RouteSettings {
    /// An attempt is given up after so long: L / 3, as with everything that is waited for. Whoever died is declared so after L, and its shards are
    /// taken over soon after; a longer patience would add to that. A turn that takes longer is not begun anew by the next attempt, which waits for
    /// its outcome with the first.
    pub(crate) patience: Duration,
    /// The pauses after `Moved`, no responders and no owner: from 5 ms (L / 200) to L / 10, each shortened at random by up to a half. Moves take
    /// some ten milliseconds, so that the first pause often is the only one.
    pub(crate) pauses: RetryPolicy,
    /// How long an ask may take, unless it says so itself: 5 L.
    pub(crate) within: Duration,
}

impl RouteSettings {
    pub(crate) fn of(lease: Lease) -> Self {
        let pauses =
            RetryPolicy::default().attempts(u32::MAX).delays(lease.length() / 200, lease.length() / 10);
        let within = lease.length().saturating_mul(5).min(LONGEST);
        Self { patience: lease.renewal(), pauses, within }
    }
}
