//! Every ignored test says why, and those that need a server say it in one way.

use super::rust_text::code_only;
use super::source::{Finding, Source, words};

/// The reason of a test that `cargo xtask integration` runs.
const NEEDS_SERVER: &str = "needs nats-server: run cargo xtask integration";

pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let code = code_only(&source.text);
    let tests = code.match_indices("#[").filter_map(|(start, _)| {
        let attribute = attribute(&code, start)?;
        let message = judge(attribute, source.text.get(start..start + attribute.len())?)?;
        Some(source.finding(start, message))
    });
    tests.chain(documentation(source)).collect()
}

/// The attribute that starts here, up to its closing bracket.
fn attribute(code: &str, start: usize) -> Option<&str> {
    let rest = code.get(start..)?;
    let mut depth = 0_usize;
    for (at, character) in rest.char_indices() {
        match character {
            '[' => depth += 1,
            ']' if depth == 1 => return rest.get(..=at),
            ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// What is wrong with an attribute: `code` is `text` without its literals.
fn judge(code: &str, text: &str) -> Option<String> {
    let is_ignore = code.starts_with("#[ignore") || code.starts_with("#[cfg_attr(");
    let at = words(code, "ignore").next().filter(|_| is_ignore)?;
    let behind = text.get(at + "ignore".len()..)?.trim_start();
    let Some(reason) = behind.strip_prefix('=').map(str::trim_start) else {
        return Some("a test ignored without a reason: write `#[ignore = \"why\"]`".to_owned());
    };
    let reason = reason.split('"').nth(1).unwrap_or_default();
    if reason.trim().is_empty() {
        return Some("a test ignored with an empty reason: say why".to_owned());
    }
    (reason.contains("nats-server") && reason != NEEDS_SERVER)
        .then(|| format!("a test that needs a server is ignored with exactly \"{NEEDS_SERVER}\""))
}

/// Examples in the documentation cannot give a reason, so they are not ignored at all.
fn documentation(source: &Source) -> impl Iterator<Item = Finding> {
    let message = "an ignored example: make it run, or mark it `no_run` or `text`";
    let lines = source.text.lines().enumerate().filter(|(_, line)| {
        let comment = line.trim_start();
        let comment = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!"));
        let fence = comment.and_then(|comment| comment.trim_start().strip_prefix("```"));
        fence.is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == "ignore"))
    });
    lines.map(|(index, _)| Finding {
        path: source.path.clone(),
        line: index + 1,
        message: message.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::source::testing::source;
    use super::*;

    fn messages(text: &str) -> Vec<String> {
        check(&source("a.rs", text)).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn an_ignored_test_without_a_reason_is_found() {
        assert!(messages("#[test]\n#[ignore]\nfn a() {}")[0].contains("without a reason"));
        assert!(messages("#[cfg_attr(windows, ignore)]")[0].contains("without a reason"));
        assert!(messages("#[ignore = \" \"]")[0].contains("empty"));
    }

    #[test]
    fn a_reason_with_a_server_has_one_wording() {
        assert!(messages("#[ignore = \"needs a nats-server\"]")[0].contains("exactly"));
        assert_eq!(messages(&format!("#[ignore = \"{NEEDS_SERVER}\"]")).len(), 0);
    }

    #[test]
    fn other_reasons_comments_and_strings_are_fine() {
        assert_eq!(messages("#[ignore = \"takes an hour\"]").len(), 0);
        assert_eq!(messages("// #[ignore]\nlet a = \"#[ignore]\";").len(), 0);
        assert_eq!(messages("#[cfg_attr(windows, ignore = \"no signals\")]").len(), 0);
        assert_eq!(messages("#[serde(rename = \"ignore\")]").len(), 0);
    }

    #[test]
    fn an_ignored_example_is_found() {
        assert!(messages("/// ```ignore\n/// x\n/// ```")[0].contains("example"));
        assert_eq!(messages("/// ```no_run\n/// x\n/// ```").len(), 0);
    }
}
