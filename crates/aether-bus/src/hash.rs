//! A quick hash for short names, with a seed for each map.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Makes hashers of one map.
#[derive(Debug, Clone)]
pub(crate) struct Seeded(u64);

impl Default for Seeded {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u8))
    }
}

impl BuildHasher for Seeded {
    type Hasher = Quick;

    #[inline]
    fn build_hasher(&self) -> Quick {
        Quick(self.0)
    }
}

/// Eight bytes at a time: multiplied, and folded so that each bit counts.
#[derive(Debug)]
pub(crate) struct Quick(u64);

impl Quick {
    #[inline]
    fn mix(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for Quick {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.mix(u64::from_le_bytes(last) ^ ((rest.len() as u64) << 56));
    }

    #[inline]
    fn write_u8(&mut self, byte: u8) {
        // What ends a text.
        self.0 ^= u64::from(byte);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_that_look_alike_have_different_hashes_also_in_few_bits() {
        let seeded = Seeded::default();
        let names: Vec<String> =
            (0..4_096).map(|n| format!("tenant-{n}")).chain(["".to_owned(), "\0".to_owned()]).collect();
        let hashes: HashSet<u64> = names.iter().map(|name| seeded.hash_one(name.as_str())).collect();
        assert_eq!(hashes.len(), names.len());
        for bits in [0, 52] {
            let buckets: HashSet<u64> = hashes.iter().map(|hash| (hash >> bits) & 4_095).collect();
            // Of as many at random, 1 - 1/e.
            assert!(buckets.len() > 2_300, "{} of 4,096 at bit {bits}", buckets.len());
        }
    }
}
