//! Takes the code out of Markdown, where a bracket is no link; bytes and lines keep their places.

/// The text with its fenced blocks blanked.
pub(crate) fn without_blocks(markdown: &str) -> String {
    let mut text = String::with_capacity(markdown.len());
    let mut fence: Option<&str> = None;
    for line in markdown.split_inclusive('\n') {
        let marks = fence_marks(line);
        match (fence, marks) {
            (None, None) => {
                text.push_str(line);
                continue;
            }
            (None, Some(_)) => fence = marks,
            // Closed by the same marks, at least as many, with nothing behind them.
            (Some(open), Some(close)) if close.starts_with(open) && line.trim() == close => fence = None,
            (Some(_), _) => {}
        }
        blank(&mut text, line);
    }
    text
}

fn fence_marks(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let mark = line.chars().next().filter(|first| "`~".contains(*first))?;
    let length = line.len() - line.trim_start_matches(mark).len();
    line.get(..length).filter(|_| length >= 3)
}

/// The text with its code spans and HTML comments blanked.
pub(crate) fn without_spans(text: &str) -> String {
    let mut prose = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['`', '<']) {
        let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
        prose.push_str(before);
        let span = span(from);
        // Marks that nothing closes are text, all of them.
        let length = span.unwrap_or_else(|| marks(from).max(1));
        let (taken, behind) = from.split_at_checked(length).unwrap_or((from, ""));
        match span {
            Some(_) => blank(&mut prose, taken),
            None => prose.push_str(taken),
        }
        rest = behind;
    }
    prose + rest
}

/// The bytes of the span or comment that starts here; a span ends at the same marks, before an empty line.
fn span(from: &str) -> Option<usize> {
    if from.starts_with("<!--") {
        return from.find("-->").map(|end| end + 3);
    }
    let opening = marks(from);
    let paragraph = from.split("\n\n").next().filter(|_| opening > 0)?;
    let mut at = opening;
    loop {
        at += paragraph.get(at..)?.find('`')?;
        let closing = marks(paragraph.get(at..)?);
        at += closing;
        if closing == opening {
            return Some(at);
        }
    }
}

fn marks(text: &str) -> usize {
    text.len() - text.trim_start_matches('`').len()
}

fn blank(text: &mut String, hidden: &str) {
    text.extend(hidden.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn keeps(left: &str, text: &str, kept: &str) {
        assert_eq!(left.len(), text.len());
        assert_eq!(left.split_whitespace().collect::<Vec<_>>().join(" "), kept);
    }

    #[test]
    fn fenced_blocks_are_blanked() {
        for text in ["a\n```rust\n[b](c)\n```\nd", "a\n  ~~~\n```\n  ~~~\nd", "a\n````\n```\n````\nd"] {
            keeps(&without_blocks(text), text, "a d");
        }
    }

    #[test]
    fn spans_and_comments_are_blanked() {
        for text in ["a `b` d", "a ``b ` c`` d", "a <!-- b --> d", "a `b\nc` d"] {
            keeps(&without_spans(text), text, "a d");
        }
    }

    #[test]
    fn marks_that_nothing_closes_are_text() {
        keeps(&without_spans("a `b\n\nc` d < e"), "a `b\n\nc` d < e", "a `b c` d < e");
        keeps(&without_spans("a ``` b `` c"), "a ``` b `` c", "a ``` b `` c");
    }
}
