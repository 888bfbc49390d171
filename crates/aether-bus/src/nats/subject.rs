//! Subjects: namespaces and patterns as NATS has them. The only place that builds and reads them.
//!
//! `PREFIX.KIND.TOKENS`: the tokens of a namespace are tokens of the subject, injectively. Every byte that NATS forbids in a token or
//! that is ambiguous there (blank, control characters, DEL, `*`, `>`, and `%` itself) becomes `%XX`, and an empty token,
//! which NATS does not have, becomes `%`. So a namespace is never a wildcard, and the wildcards of a pattern are those of NATS.

use aether_core::Namespace;

use crate::Pattern;
use crate::pattern::Token;

/// What is published: each kind has subjects of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Event,
    Stored,
}

impl Kind {
    fn token(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Stored => "stored",
        }
    }
}

/// Returns the subject of what is published to a namespace.
pub(crate) fn of_namespace(prefix: &str, kind: Kind, namespace: &Namespace) -> String {
    let mut out = start(prefix, kind);
    for token in namespace.as_str().split('.') {
        push(&mut out, token);
    }
    out
}

/// Returns the subject that subscribes to the namespaces of a pattern.
pub(crate) fn of_pattern(prefix: &str, kind: Kind, pattern: &Pattern) -> String {
    let mut out = start(prefix, kind);
    for token in pattern.tokens() {
        match token {
            Token::Is(name) => push(&mut out, name),
            Token::Any => out.push_str(".*"),
            Token::Rest => out.push_str(".>"),
        }
    }
    out
}

/// Returns the subject on which a node hears itself.
pub(crate) fn of_node(prefix: &str, node: &str) -> String {
    format!("{prefix}.node.{node}")
}

/// Returns the namespace that a subject is of, if it is one's.
pub(crate) fn namespace(prefix: &str, kind: Kind, subject: &str) -> Option<Namespace> {
    let tokens = subject.strip_prefix(prefix)?.strip_prefix('.')?.strip_prefix(kind.token())?;
    let mut text = Vec::with_capacity(tokens.len());
    for (n, token) in tokens.strip_prefix('.')?.split('.').enumerate() {
        text.extend((n > 0).then_some(b'.'));
        decode(&mut text, token)?;
    }
    let text = String::from_utf8(text).ok()?;
    let internal = Namespace::internal();
    if text == internal.as_str() { Some(internal) } else { Namespace::new(text).ok() }
}

fn start(prefix: &str, kind: Kind) -> String {
    format!("{prefix}.{}", kind.token())
}

fn is_escaped(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f || matches!(byte, b'*' | b'>' | b'%')
}

fn push(out: &mut String, token: &str) {
    out.push('.');
    if token.is_empty() {
        out.push('%');
    }
    for character in token.chars() {
        match u8::try_from(character).ok().filter(|byte| is_escaped(*byte)) {
            Some(byte) => out.push_str(&format!("%{byte:02X}")),
            None => out.push(character),
        }
    }
}

/// Appends what a token stands for; `None` for a token that no namespace has.
fn decode(out: &mut Vec<u8>, token: &str) -> Option<()> {
    if token == "%" {
        return Some(());
    }
    let mut bytes = token.bytes();
    let mut is_empty = true;
    while let Some(byte) = bytes.next() {
        is_empty = false;
        out.push(match byte {
            b'%' => {
                let byte = 16 * digit(bytes.next()?)? + digit(bytes.next()?)?;
                // What needs no escape has one form only.
                is_escaped(byte).then_some(byte)?
            }
            byte if is_escaped(byte) => return None,
            byte => byte,
        });
    }
    (!is_empty).then_some(())
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name() -> impl Strategy<Value = Namespace> {
        prop_oneof!["\\PC{1,20}", "[a.*> %2E\\-\\t\\r\\n\\x00\\x7f]{1,12}"]
            .prop_filter_map("a name", |text| Namespace::new(text).ok())
    }

    proptest! {
        #[test]
        fn a_subject_is_that_of_one_namespace(a in name(), b in name()) {
            let of = |name| of_namespace("p", Kind::Event, name);
            prop_assert_eq!(of(&a) == of(&b), a == b);
            prop_assert_eq!(namespace("p", Kind::Event, &of(&a)), Some(a));
        }

        #[test]
        fn a_namespace_is_never_a_wildcard_and_no_protocol_text(name in name()) {
            let subject = of_namespace("aether.bus", Kind::Stored, &name);
            prop_assert!(subject.split('.').all(|token| !token.is_empty()));
            prop_assert!(!subject.contains(['*', '>']) && !subject.bytes().any(|byte| byte <= b' ' || byte == 0x7f));
            prop_assert!(subject.len() < 256);
            let exact = of_pattern("aether.bus", Kind::Stored, &Pattern::exact(&name));
            prop_assert_eq!(exact, subject);
        }

        #[test]
        fn nats_matches_what_the_pattern_matches(name in name(), text in "[a*>]{1}(\\.[a*]){0,3}(\\.>)?") {
            if let Ok(pattern) = Pattern::new(&text) {
                let (wanted, subject) = (of_pattern("p", Kind::Event, &pattern), of_namespace("p", Kind::Event, &name));
                prop_assert_eq!(nats_matches(&wanted, &subject), pattern.matches(&name));
            }
        }

        #[test]
        fn what_is_read_is_written_the_same(subject in "p\\.event(\\.[a%2E>]{0,4}){0,3}") {
            if let Some(name) = namespace("p", Kind::Event, &subject) {
                prop_assert_eq!(of_namespace("p", Kind::Event, &name), subject);
            }
        }
    }

    /// As the server matches subjects.
    fn nats_matches(wanted: &str, subject: &str) -> bool {
        let mut tokens = subject.split('.');
        for token in wanted.split('.') {
            match (token, tokens.next()) {
                (">", Some(_)) => return true,
                (_, None) => return false,
                ("*", Some(_)) => {}
                (token, Some(other)) if token == other => {}
                _ => return false,
            }
        }
        tokens.next().is_none()
    }

    #[test]
    fn the_subjects_are_those_that_are_written_down() {
        let of = |text: &str| of_namespace("aether.bus", Kind::Event, &Namespace::new(text).unwrap());
        assert_eq!(of("tenant-a"), "aether.bus.event.tenant-a");
        assert_eq!(of("a.>"), "aether.bus.event.a.%3E");
        assert_eq!(of("a..b"), "aether.bus.event.a.%.b");
        assert_eq!(of("100%"), "aether.bus.event.100%25");
        let pattern = Pattern::new("a.*.>").unwrap();
        assert_eq!(of_pattern("aether.bus", Kind::Stored, &pattern), "aether.bus.stored.a.*.>");
        let internal = of_namespace("p", Kind::Stored, &Namespace::internal());
        assert_eq!(namespace("p", Kind::Stored, &internal), Some(Namespace::internal()));
    }

    #[test]
    fn what_is_no_namespaces_subject_is_none() {
        for subject in [
            "",
            "p",
            "p.event",
            "p.event.",
            "p.stored.a",
            "q.event.a",
            "p.event.a%",
            "p.event.%41",
            "p.event.%3e",
        ] {
            assert_eq!(namespace("p", Kind::Event, subject), None, "{subject}");
        }
    }
}
