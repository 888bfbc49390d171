//! Writing JSON strings without a way to fail.

/// Appends `text` to `out` as a JSON string.
pub(crate) fn push_string(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    match has_escapes(text) {
        true => push_escaped(out, text.as_bytes()),
        false => out.extend_from_slice(text.as_bytes()),
    }
    out.push(b'"');
}

/// Looks at every byte, whatever the first ones say: then the compiler looks at many of them at a time.
fn has_escapes(text: &str) -> bool {
    text.bytes().fold(false, |any, byte| any | is_escaped(byte))
}

fn push_escaped(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some(clean) = rest.iter().position(|byte| is_escaped(*byte)) {
        let (before, after) = rest.split_at(clean);
        out.extend_from_slice(before);
        if let Some((byte, after)) = after.split_first() {
            push_escape(out, *byte);
            rest = after;
        }
    }
    out.extend_from_slice(rest);
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'\\')
}

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
        _ => out.extend_from_slice(&[b'\\', byte]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_reads_back_as_itself(text in any::<String>(), control in "[\\x00-\\x1f\"\\\\]{0,9}") {
            let text = format!("{text}{control}");
            let mut out = Vec::new();
            push_string(&mut out, &text);
            prop_assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }
}
