//! Which shards are given away. Pure.

use super::hash::spread;
use super::scene::{Scene, Seat};
use super::take::Takers;

/// What nodes give away.
#[derive(Default)]
pub(super) struct Given {
    /// First those of draining nodes, then the others, each by number.
    pub(super) seats: Vec<Seat>,
    /// How many more would go, but are still on their way to where they would go from.
    pub(super) passing: usize,
}

/// Chooses, for each node above its quota, so many of its shards: those that somebody below its own prefers most.
pub(super) fn given(scene: &Scene<'_>, quotas: &[usize], takers: &Takers) -> Given {
    let mut given = Given::default();
    if takers.is_empty() {
        return given;
    }
    let excess: Vec<usize> =
        quotas.iter().zip(&scene.held).map(|(quota, held)| held.saturating_sub(*quota)).collect();
    let mut of_givers: Vec<Vec<Seat>> = vec![Vec::new(); excess.len()];
    for seat in scene.seats.iter().filter(|seat| seat.target.is_none()) {
        let giver = seat.owner.filter(|owner| excess.get(*owner).is_some_and(|excess| *excess > 0));
        if let Some(seats) = giver.and_then(|giver| of_givers.get_mut(giver)) {
            seats.push(*seat);
        }
    }
    for (mut seats, excess) in of_givers.into_iter().zip(excess) {
        given.passing += excess.saturating_sub(seats.len());
        if seats.len() > excess {
            seats.sort_by_cached_key(|seat| takers.best(spread(seat.shard.key())));
            seats.truncate(excess);
        }
        given.seats.append(&mut seats);
    }
    given.seats.sort_by_key(|seat| (!seat.owner.is_some_and(|owner| scene.is_draining(owner)), seat.shard));
    given
}
