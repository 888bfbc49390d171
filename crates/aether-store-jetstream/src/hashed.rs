//! Actors as keys of tables: hashed once, however many tables are asked. Pure.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::LazyLock;

use aether_core::ActorId;

use crate::spread::Spread;

/// Another one in each process, so that nobody can choose ids that meet.
static STATE: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// An actor with the hash of its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hashed {
    hash: u64,
    actor: ActorId,
}

/// What a table by actor hashes with.
pub(crate) type ByHash = BuildHasherDefault<Spread>;

/// A table by actor.
pub(crate) type ByActor<V> = HashMap<Hashed, V, ByHash>;

impl Hashed {
    pub(crate) fn of(actor: &ActorId) -> Self {
        Self { hash: STATE.hash_one(actor.as_str()), actor: actor.clone() }
    }
}

impl Hash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}
