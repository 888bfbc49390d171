//! Who owns which shard, as routing asks for it.

use aether_core::Epoch;
use futures_core::future::BoxFuture;

use crate::placement::Shard;
use crate::protocol::Identity;

/// Who owns which shard. What it says may be old: whoever is asked then answers `Moved`, or nobody does.
pub(crate) trait Owners: Send + Sync + 'static {
    /// As far as is known.
    fn known(&self, shard: Shard) -> Option<(Identity, Epoch)>;

    /// By a fresh look at the leader of the bucket; what is known when that fails.
    fn look(&self, shard: Shard) -> BoxFuture<'_, Option<(Identity, Epoch)>>;
}
