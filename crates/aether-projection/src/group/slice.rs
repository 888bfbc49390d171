//! Slices: the parts that a group's actors are divided into.

use aether_core::ActorId;

/// Returns the slice of an actor, of `slices`. It is the same in every process, version and platform: FNV-1a over the
/// bytes of the id, mixed as `SplitMix64` mixes, modulo the number of slices.
pub(crate) fn slice_of(actor: &ActorId, slices: u32) -> u32 {
    let hash = hash_of(actor) % u64::from(slices.max(1));
    u32::try_from(hash).unwrap_or_default()
}

/// A number that spreads actors evenly.
pub(crate) fn hash_of(actor: &ActorId) -> u64 {
    let fold = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
    let hash = actor.as_str().bytes().fold(0xCBF2_9CE4_8422_2325, fold);
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slice_of_an_actor_never_changes() {
        let of = |id: &str| slice_of(&ActorId::new(id).unwrap(), 8);
        let slices: Vec<_> = (0..8).map(|number| of(&format!("order-{number}"))).collect();
        assert_eq!(slices, WRITTEN_DOWN);
        assert_eq!(slice_of(&ActorId::new("order-1").unwrap(), 1), 0);
    }

    const WRITTEN_DOWN: [u32; 8] = [3, 3, 3, 5, 6, 4, 1, 4];

    #[test]
    fn actors_spread_evenly() {
        let mut counts = [0u32; 7];
        for number in 0..7_000 {
            counts[slice_of(&ActorId::new(format!("order-{number}")).unwrap(), 7) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
    }
}
