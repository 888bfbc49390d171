//! The subjects of a stream, and ids as tokens of them: the only place that builds subjects.
//!
//! An id becomes one token, injectively: every byte that NATS forbids in a token or that is ambiguous there (blank,
//! control characters, DEL, `.`, `*`, `>`, and `%` itself) becomes `%XX`. Ids without those bytes stand in the subject as
//! they are, which is how the Go original wrote them.

use aether_core::ActorId;

use crate::layout::Layout;

/// Says which bytes cannot stand for themselves in a token.
fn is_escaped(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f || matches!(byte, b'.' | b'*' | b'>' | b'%')
}

/// Looks at every byte, whatever the first ones say: then the compiler looks at many of them at a time.
fn has_escapes(id: &str) -> bool {
    id.bytes().fold(false, |any, byte| any | is_escaped(byte))
}

/// Appends `id` to `out` as a single token.
fn push_token(out: &mut String, id: &str) {
    if !has_escapes(id) {
        out.push_str(id);
        return;
    }
    for character in id.chars() {
        match u8::try_from(character).ok().filter(|byte| is_escaped(*byte)) {
            Some(byte) => out.push_str(&format!("%{byte:02X}")),
            None => out.push(character),
        }
    }
}

/// Appends `id` to `out` as the Go original does: several ids may become one token. Control characters, which that store
/// let through to the protocol, are escaped, so that such ids have no history there.
fn push_lossy_token(out: &mut String, id: &str) {
    for character in id.chars() {
        match character {
            ' ' | '.' | '*' | '>' => out.push('_'),
            '\0'..' ' | '\x7f' => out.push_str(&format!("%{:02X}", u32::from(character))),
            _ => out.push(character),
        }
    }
}

/// Says whether the Go original gives the actor a subject that no other actor has.
pub(crate) fn is_exact(actor: &ActorId) -> bool {
    !actor.as_str().bytes().any(|byte| byte != b'%' && is_escaped(byte))
}

impl Layout {
    fn push_token(self) -> fn(&mut String, &str) {
        match self {
            Self::Aether => push_token,
            Self::Go => push_lossy_token,
        }
    }
}

/// Returns `STREAM.KIND.TYPE.ID`.
fn subject(layout: Layout, stream: &str, kind: &str, actor: &ActorId) -> String {
    let push = layout.push_token();
    let (actor_type, id) = (actor.actor_type(), actor.as_str());
    let mut out = String::with_capacity(stream.len() + kind.len() + actor_type.len() + id.len() + 3);
    for fixed in [stream, kind] {
        out.push_str(fixed);
        out.push('.');
    }
    push(&mut out, actor_type);
    out.push('.');
    push(&mut out, id);
    out
}

/// Returns the subject of an actor's events.
pub(crate) fn events(layout: Layout, stream: &str, actor: &ActorId) -> String {
    subject(layout, stream, "events", actor)
}

/// Returns the subject that all events of an actor type match, and perhaps those of others, where types may become one token.
pub(crate) fn events_of_type(layout: Layout, stream: &str, actor_type: &str) -> String {
    let mut out = format!("{stream}.events.");
    layout.push_token()(&mut out, actor_type);
    out.push_str(".*");
    out
}

/// Says whether `subject` is the one of an actor's events.
pub(crate) fn is_events(layout: Layout, stream: &str, actor: &ActorId, subject: &str) -> bool {
    let (actor_type, id) = (actor.actor_type(), actor.as_str());
    // What most ids are, without making the subject.
    let tokens = subject.strip_prefix(stream).and_then(|rest| rest.strip_prefix(".events."));
    let plain = tokens.and_then(|tokens| tokens.strip_prefix(actor_type)?.strip_prefix('.'));
    if plain == Some(id) && !has_escapes(id) {
        return true;
    }
    subject == events(layout, stream, actor)
}

/// Returns the subject of an actor's snapshots.
pub(crate) fn snapshots(layout: Layout, stream: &str, actor: &ActorId) -> String {
    subject(layout, stream, "snapshots", actor)
}

/// Returns the subject of an actor's anchor.
pub(crate) fn anchor(stream: &str, actor: &ActorId) -> String {
    subject(Layout::Aether, stream, "anchors", actor)
}

/// Returns the subject that all events of a stream match.
pub(crate) fn all_events(stream: &str) -> String {
    format!("{stream}.events.>")
}

/// Returns the one subject of the stream that says how many partitions a store has. Nobody publishes to it.
pub(crate) fn partitions(store: &str) -> String {
    format!("{store}.partitions")
}

/// Returns the subject that all anchors of a stream match.
pub(crate) fn all_anchors(stream: &str) -> String {
    format!("{stream}.anchors.>")
}

/// Returns the subject that all snapshots of a stream match.
pub(crate) fn all_snapshots(stream: &str) -> String {
    format!("{stream}.snapshots.>")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn id() -> impl Strategy<Value = String> {
        prop_oneof![any::<String>(), "[a.*> %_\\-\\t\\r\\n\\x00\\x7f2E]{1,12}"]
            .prop_filter("ids have 1 to 512 bytes", |id| !id.is_empty() && id.len() <= 512)
    }

    proptest! {
        #[test]
        fn two_ids_have_two_subjects(a in id(), b in id()) {
            let (x, y) = (ActorId::new(a.as_str()).unwrap(), ActorId::new(b.as_str()).unwrap());
            prop_assert_eq!(events(Layout::Aether, "s", &x) == events(Layout::Aether, "s", &y), a == b);
        }

        #[test]
        fn a_subject_is_known_for_its_actors(a in id(), b in id()) {
            let (x, y) = (ActorId::new(a.as_str()).unwrap(), ActorId::new(b).unwrap());
            for layout in [Layout::Aether, Layout::Go] {
                let (own, other) = (events(layout, "s", &x), events(layout, "s", &y));
                prop_assert!(is_events(layout, "s", &x, &own));
                prop_assert_eq!(is_events(layout, "s", &x, &other), own == other);
                let longer = format!("{own}.x");
                prop_assert!(!is_events(layout, "s", &x, &longer));
                let of_type = events_of_type(layout, "s", x.actor_type());
                prop_assert!(own.starts_with(of_type.trim_end_matches('*')));
            }
        }

        #[test]
        fn an_id_is_one_token_without_protocol_text(id in id()) {
            let subject = events(Layout::Aether, "s", &ActorId::new(id).unwrap());
            prop_assert_eq!(subject.split('.').count(), 4);
            prop_assert!(subject.split('.').all(|token| !token.is_empty()));
            prop_assert!(!subject.contains(['*', '>']));
            prop_assert!(!subject.bytes().any(|b| b <= b' ' || b == 0x7f));
        }

        #[test]
        fn an_id_without_odd_bytes_has_the_subject_of_the_go_original(kind in "[a-z0-9_:/é]{1,9}", id in "[a-z0-9_:/é-]{1,20}") {
            let actor = ActorId::new(format!("{kind}-{id}")).unwrap();
            prop_assert_eq!(events(Layout::Aether, "events", &actor), format!("events.events.{kind}.{kind}-{id}"));
        }

        #[test]
        fn the_longest_subject_fits_into_a_control_line(byte in "[ -~]") {
            let stream = format!("{}%p255of256", "s".repeat(crate::names::MAX_BYTES));
            let actor = ActorId::new(format!("{}-", byte.repeat(511))).unwrap();
            prop_assert!(events(Layout::Aether, &stream, &actor).len() + stream.len() + 128 < 4096);
        }
    }

    proptest! {
        #[test]
        fn on_streams_of_the_go_original_exact_ids_have_subjects_of_their_own(a in id(), b in id()) {
            let (x, y) = (ActorId::new(a.as_str()).unwrap(), ActorId::new(b.as_str()).unwrap());
            let (go, ours) = (events(Layout::Go, "s", &x), events(Layout::Aether, "s", &x));
            prop_assert!(!go.bytes().any(|b| b <= b' ' || b == 0x7f) && !go.contains(['*', '>']));
            if is_exact(&x) && is_exact(&y) {
                prop_assert_eq!(go == events(Layout::Go, "s", &y), a == b);
                prop_assert!(a.contains('%') || go == ours);
            }
        }
    }

    #[test]
    fn lossy_ids_share_a_subject_on_streams_of_the_go_original() {
        let of = |id: &str| events(Layout::Go, "events", &ActorId::new(id).unwrap());
        assert_eq!(of("a.b"), of("a_b"));
        assert_eq!(of("acme.eu-77.1"), "events.events.acme_eu.acme_eu-77_1");
        assert_eq!(of("my order-9"), "events.events.my_order.my_order-9");
        assert!(!is_exact(&ActorId::new("a.b").unwrap()) && is_exact(&ActorId::new("user:42/x%").unwrap()));
    }

    #[test]
    fn look_alike_ids_stay_apart() {
        let of = |id: &str| events(Layout::Aether, "s", &ActorId::new(id).unwrap());
        assert_eq!(of("a.b"), "s.events.unknown.a%2Eb");
        assert_eq!(of("a_b"), "s.events.unknown.a_b");
        assert_eq!(of("a b"), "s.events.unknown.a%20b");
        assert_eq!(of("a%2Eb"), "s.events.unknown.a%252Eb");
        assert_eq!(of("acme.eu-77.1"), "s.events.acme%2Eeu.acme%2Eeu-77%2E1");
        assert_eq!(
            snapshots(Layout::Aether, "s", &ActorId::new("order-1\r\nPUB x 0").unwrap()),
            "s.snapshots.order.order-1%0D%0APUB%20x%200"
        );
    }
}
