//! The end of a log.

use std::{fs, path::Path};

/// Reads a whole log; a missing one is empty, so that errors can always show it.
pub(crate) fn read(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Gives the last `lines` lines of a text.
pub(crate) fn tail(text: &str, lines: usize) -> &str {
    let body = text.trim_end_matches('\n');
    match body.rmatch_indices('\n').nth(lines.saturating_sub(1)) {
        Some((at, _)) => body.get(at + 1..).unwrap_or(body),
        None => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_lines_and_all_of_a_short_text() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a\nb\nc", 1), "c");
        assert_eq!(tail("a\nb\nc", 3), "a\nb\nc");
        assert_eq!(tail("a\nb\nc", 9), "a\nb\nc");
        assert_eq!(tail("", 2), "");
    }

    #[test]
    fn a_missing_log_is_empty() {
        assert_eq!(read(Path::new("/nowhere/at all")), "");
    }
}
