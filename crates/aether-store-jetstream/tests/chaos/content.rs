//! What the events hold: derived from their ids, so that the checker knows it without being told.

/// Hashes text (FNV-1a).
pub(crate) fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The data of the event `id`, as JSON.
pub(crate) fn data(id: &str) -> String {
    let hash = hash(id);
    let padding = "x".repeat((hash % 60) as usize);
    format!(r#"{{"of":"{id}","check":{hash},"padding":"{padding}"}}"#)
}

pub(crate) const EVENT_TYPE: &str = "Noted";
pub(crate) const TIMESTAMP: &str = "2026-01-13T21:25:51Z";
