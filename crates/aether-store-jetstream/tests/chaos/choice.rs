//! What a worker does next: by its seed.

use std::collections::HashMap;

use aether_core::{Epoch, Expected, Version};

/// What a task believes of its actors.
#[derive(Debug, Default)]
pub(crate) struct Beliefs(HashMap<usize, (u64, Option<u64>)>);

impl Beliefs {
    pub(crate) fn version(&mut self, actor: usize, version: u64) {
        self.0.entry(actor).or_default().0 = version;
    }

    pub(crate) fn epoch(&mut self, actor: usize, epoch: u64) {
        self.0.entry(actor).or_default().1 = Some(epoch);
    }
}

/// A call to make.
#[derive(Debug)]
pub(crate) enum Choice {
    Append { expected: Expected, epoch: Option<Epoch>, count: usize },
    Claim(Epoch),
    Read { leader: bool },
}

pub(crate) fn choose(random: &mut fastrand::Rng, beliefs: &Beliefs, actor: usize, reads: u32) -> Choice {
    let (version, epoch) = beliefs.0.get(&actor).copied().unwrap_or_default();
    match random.u32(0..100) {
        percent if percent < reads => Choice::Read { leader: random.bool() },
        percent if percent < reads + 3 => {
            Choice::Claim(Epoch::new(epoch.unwrap_or_default() + random.u64(0..2)))
        }
        _ => Choice::Append {
            expected: expected(random, version),
            epoch: own_epoch(random, epoch),
            count: if random.u32(0..10) < 6 { 1 } else { random.usize(2..6) },
        },
    }
}

fn expected(random: &mut fastrand::Rng, version: u64) -> Expected {
    let at = |number| Version::new(number).unwrap();
    match random.u32(0..100) {
        0..40 => Expected::Exactly(at(version)),
        40..43 => Expected::NoEvents,
        43..80 => Expected::Any,
        _ => Expected::Below(at(version + random.u64(1..4))),
    }
}

/// Half of the writers say an epoch, some of them one that is over.
fn own_epoch(random: &mut fastrand::Rng, epoch: Option<u64>) -> Option<Epoch> {
    let epoch = epoch.filter(|_| random.bool())?;
    Some(Epoch::new(if random.u32(0..8) == 0 { epoch.saturating_sub(1) } else { epoch }))
}
