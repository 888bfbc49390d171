//! Digests: a SHA-256 chain over an actor's history, for audits. Pure.
//!
//! Each commit's digest is that of the digest before it (nothing, for the first) and its payload. Whoever changes,
//! removes or inserts a commit must change the digests of all later ones.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// The digest of an actor's history up to a commit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    /// Continues the chain after `before` with the payload of a commit.
    pub(crate) fn next(before: Option<Self>, payload: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        if let Some(before) = before {
            hasher.update(before.0);
        }
        hasher.update(payload);
        Self(hasher.finalize().into())
    }

    /// Reads 64 hexadecimal digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
            *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_chain_is_sha_256() {
        let first = Digest::next(None, b"abc");
        // FIPS 180-2, appendix B.1.
        let wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(first.to_string(), wanted);
        assert_ne!(Digest::next(Some(first), b"abc"), first);
    }

    proptest! {
        #[test]
        fn a_digest_survives_its_text_and_no_text_panics(payload: Vec<u8>, text in "\\PC{0,70}") {
            let digest = Digest::next(None, &payload);
            prop_assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
            let _ = Digest::parse(&text);
        }
    }
}
