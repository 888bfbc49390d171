//! The two hashes. Pure, written down (ADR 0016), and never to be changed: nodes of different builds must agree.

use sha2::{Digest as _, Sha256};

/// Returns the number that a text is known by: the first 8 bytes of its SHA-256, the most significant one first.
///
/// In Python: `int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")`.
#[must_use]
pub fn key_of(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// The step of `SplitMix64`: 2^64 divided by the golden ratio.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// The output function of `SplitMix64` (Steele, Lea and Flood: Fast Splittable Pseudorandom Number Generators, 2014), with the
/// constants of Vigna's `splitmix64.c`.
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Spreads keys such as 0, 1, 2, which differ in a few bits only.
pub(super) fn spread(key: u64) -> u64 {
    mix(key.wrapping_add(STEP))
}

/// What a node draws for a key that was spread: any number below 2^64, each as likely.
pub(super) fn draw(node: u64, spread: u64) -> u64 {
    mix(node ^ spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `printf %s TEXT | sha256sum`.
    #[test]
    fn a_text_has_the_key_that_is_written_down() {
        for (text, key) in TEXTS {
            assert_eq!(key_of(text), key, "{text}");
        }
    }

    /// By a Python program of ten lines: not from this code.
    #[test]
    fn a_node_draws_what_is_written_down() {
        for (text, key, drawn) in DRAWS {
            assert_eq!(draw(key_of(text), spread(key)), drawn, "{text} {key}");
        }
    }

    /// The first outputs of `splitmix64.c` from the seed 0.
    #[test]
    fn the_mixer_is_the_one_of_splitmix64() {
        assert_eq!(spread(0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(spread(STEP), 0x6e78_9e6a_a1b9_65f4);
    }

    const TEXTS: [(&str, u64); 4] = [
        ("a", 0xca97_8112_ca1b_bdca),
        ("b", 0x3e23_e816_0039_594a),
        ("node-1", 0x3597_1be6_e9bb_024a),
        ("orders-7f9c-2", 0xb41b_da1e_0822_0a10),
    ];

    const DRAWS: [(&str, u64, u64); 5] = [
        ("a", 0, 0x69f0_3f26_b5e8_212f),
        ("a", 1, 0x6ddf_b43e_50ca_b843),
        ("b", 0, 0xc8d0_1818_ba1d_2c7a),
        ("node-1", 255, 0x773b_639d_d86e_28d7),
        ("node-1", u64::MAX, 0x434a_2f9e_5625_ff26),
    ];
}
