//! Rust source without its comments and literals, so that a rule about code looks at code only.

/// The text with every comment, string and character literal blanked; bytes and lines keep their places.
pub(crate) fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let in_word = code.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        let hidden = hidden(rest, in_word).min(rest.len());
        let (skipped, behind) = rest.split_at_checked(hidden).unwrap_or((rest, ""));
        code.extend(skipped.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        rest = behind;
        if hidden == 0 {
            code.push(next);
            rest = rest.get(next.len_utf8()..).unwrap_or_default();
        }
    }
    code
}

/// How many bytes the comment or literal at the start of `rest` has; 0 when there is none.
fn hidden(rest: &str, in_word: bool) -> usize {
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if let Some(body) = rest.strip_prefix('"') {
        return 1 + until_quote(body, '"');
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    if in_word { 0 } else { raw_string(rest).unwrap_or(0) }
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

/// The bytes up to the closing quote, with it.
fn until_quote(body: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, character) in body.char_indices() {
        if !escaped && character == quote {
            return at + 1;
        }
        escaped = !escaped && character == '\\';
    }
    body.len()
}

/// `'x'` or `'\n'`, but not the lifetime `'x`.
fn character(rest: &str) -> usize {
    let mut body = rest.chars().skip(1);
    match (body.next(), body.next()) {
        (Some('\\'), _) => 1 + until_quote(rest.get(1..).unwrap_or_default(), '\''),
        (Some(one), Some('\'')) => 2 + one.len_utf8(),
        _ => 0,
    }
}

/// `r"..."`, `r#"..."#`, also with `b` or `c` in front.
fn raw_string(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix(['b', 'c']).unwrap_or(rest).strip_prefix('r')?;
    let inner = body.trim_start_matches('#');
    let hashes = body.len() - inner.len();
    let inner = inner.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let before = rest.len() - inner.len();
    Some(before + inner.find(&end).map_or(inner.len(), |at| at + end.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn keeps(text: &str, kept: &str) {
        let code = code_only(text);
        assert_eq!(code.len(), text.len());
        assert_eq!(code.split_whitespace().collect::<Vec<_>>().join(" "), kept);
    }

    #[test]
    fn comments_are_blanked() {
        keeps("a // b\nc", "a c");
        keeps("a /* b /* c */ d */ e", "a e");
        keeps("/* ü", "");
    }

    #[test]
    fn literals_are_blanked() {
        keeps(r#"a("b \" // c") d"#, "a( ) d");
        keeps(r##"a(r#"b " c"#) br"d\" e"##, "a( ) e");
        keeps(r"a('b', '\'', '\\', 'ü') c", "a( , , , ) c");
    }

    #[test]
    fn lifetimes_and_raw_names_are_code() {
        keeps("fn a<'b>(c: &'b str, r#for: d)", "fn a<'b>(c: &'b str, r#for: d)");
    }

    #[test]
    fn lines_keep_their_places() {
        assert_eq!(code_only("/* a\n b */ c").lines().count(), 2);
    }
}
