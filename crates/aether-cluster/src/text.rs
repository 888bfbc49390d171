//! Checks texts that come from outside. Pure.

use aether_core::id::{InvalidText, TextFault};

/// Checks that the text has 1 to `limit` bytes, none of which `forbidden` names.
pub(crate) fn check(
    what: &'static str,
    text: &str,
    limit: usize,
    forbidden: impl Fn(u8) -> bool,
) -> Result<(), InvalidText> {
    let fault = if text.is_empty() {
        TextFault::Empty
    } else if text.len() > limit {
        TextFault::TooLong { bytes: text.len(), limit }
    } else if let Some((offset, byte)) = text.bytes().enumerate().find(|(_, byte)| forbidden(*byte)) {
        TextFault::Forbidden { offset, byte }
    } else {
        return Ok(());
    };
    // As much of it as a log line bears.
    Err(InvalidText { what, text: text.chars().take(16).collect(), fault })
}
