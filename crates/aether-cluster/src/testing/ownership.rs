//! Ownerships that no cluster knows.

use std::sync::Arc;
use std::time::Duration;

use aether_core::Epoch;

use crate::gate::Gate;
use crate::host::Ownership;
use crate::placement::Shard;
use crate::protocol::{Address, Incarnation, Moment};

/// An ownership that no cluster knows, under which anything may be answered: to call a host's methods in its own tests.
#[must_use]
pub fn ownership(shard: Shard, epoch: Epoch, incarnation: Incarnation) -> Ownership {
    let gate = Arc::new(Gate::default());
    gate.open_until(Some(Moment::new(Duration::MAX)));
    Ownership::new(Address { shard, epoch, incarnation }, gate)
}

/// Has it [drain](Ownership::is_draining), as if its shard were to go elsewhere.
pub fn drain(ownership: &Ownership) {
    ownership.drain(true);
}
