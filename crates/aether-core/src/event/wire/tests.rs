use proptest::prelude::*;

use super::*;
use crate::Timestamp;

fn any_event() -> impl Strategy<Value = Event> {
    let data = prop_oneof![
        Just("null".to_owned()),
        Just("{}".to_owned()),
        any::<String>().prop_map(|text| serde_json::json!({ "text": text }).to_string()),
        (any::<u64>(), any::<i64>()).prop_map(|(a, b)| format!("{{ \"a\": {a},\"b\" :[{b}] }}")),
    ];
    let metadata = proptest::collection::btree_map(any::<String>(), any::<String>(), 0..4);
    let texts = (any::<String>(), any::<String>(), "\\PC{1,9}", proptest::option::of("\\PC{1,9}"));
    (texts, 1u64..=Version::MAX.number(), data, metadata, 0u32..4, any::<u32>()).prop_map(
        |((id, kind, actor, command), version, data, metadata, schema, seconds)| {
            let time =
                Timestamp::try_from(time::OffsetDateTime::from_unix_timestamp(seconds.into()).unwrap());
            let (id, kind) = (EventId::as_read(id), EventType::as_read(kind));
            let content = NewEvent(Shared::new(Content {
                id,
                event_type: kind,
                command_id: command.map(CommandId::as_read),
                data: RawJson::parse(data).unwrap(),
                metadata: metadata.into_iter().collect(),
                timestamp: time.unwrap(),
                schema_version: SchemaVersion::new(schema),
            }));
            Event::new(ActorId::new(actor).unwrap(), Version::new(version).unwrap(), content)
        },
    )
}

proptest! {
    #[test]
    fn an_event_survives_the_wire(event in any_event()) {
        let mut out = Vec::new();
        encode(&event, &mut out);
        prop_assert_eq!(&decode(out.into(), None).unwrap(), &event);
        let json = serde_json::to_string(&event).unwrap();
        prop_assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event);
    }

    #[test]
    fn a_packed_commit_survives_the_wire(events in proptest::collection::vec(any_event(), 0..5)) {
        let mut out = Vec::new();
        encode_packed(&events, &mut out);
        prop_assert_eq!(decode_packed(out.into(), None).unwrap(), events);
    }

    #[test]
    fn what_is_read_in_one_pass_means_the_same_read_in_the_general_way(event in any_event(), at in 0usize..400, byte in any::<u8>(), spoils: bool) {
        let mut out = Vec::new();
        encode(&event, &mut out);
        if spoils && let Some(place) = out.get_mut(at) {
            *place = byte;
        }
        if let Ok(text) = String::from_utf8(out)
            && let Some(quick) = usual::read(&text)
        {
            let general: Wire<'_> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(format!("{quick:?}"), format!("{general:?}"));
        }
    }

    #[test]
    fn no_payload_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64), cut in 0usize..400, event in any_event()) {
        prop_assert!(decode(bytes.clone().into(), None).is_err());
        let mut out = Vec::new();
        encode(&event, &mut out);
        out.truncate(cut.min(out.len()));
        out.extend_from_slice(&bytes);
        let _ = decode(out.clone().into(), None);
        let _ = decode_packed(out.into(), None);
    }
}

#[test]
fn what_we_write_is_read_in_one_pass_and_odd_forms_are_not() {
    let usual = r#"{"id":"e","eventType":"T","actorId":"a-1","commandId":"c","version":10,"data":{"x":[1, 2]},"metadata":{"k":"v\n"},"timestamp":"2026-01-01T00:00:00Z","schemaVersion":2}"#;
    assert!(usual::read(usual).is_some());
    let least = r#"{"id":"","eventType":"","actorId":"é","version":1,"data":null,"timestamp":""}"#;
    assert!(usual::read(least).is_some());
    for (there, odd) in [
        (r#""id":"#, r#" "id":"#),
        (r#""e""#, r#""\u0065""#),
        (r#""e""#, "\"\u{1}\""),
        (r#""T""#, "null"),
        (":10,", ":010,"),
        (":10,", ":18446744073709551616,"),
        (":10,", ":1e1,"),
        (r#"[1, 2]"#, r#"[1, 02]"#),
        (r#"{"x":[1, 2]}"#, r#"{"x":[1, 2]"#),
        (r#"{"k":"v\n"}"#, r#"{"k":1}"#),
        (r#""schemaVersion":2"#, r#""schemaVersion":2,"id":"twice""#),
        (r#""schemaVersion":2}"#, r#""schemaVersion":2}}"#),
        (r#""commandId":"c","version":10"#, r#""version":10,"commandId":"c""#),
    ] {
        assert!(usual.contains(there), "{there}");
        assert!(usual::read(&usual.replace(there, odd)).is_none(), "{odd}");
    }
}

fn read(json: &str) -> Result<Event, WireError> {
    decode(Bytes::copy_from_slice(json.as_bytes()), None)
}

const PLAIN: &str = r#"{"id":"e1","eventType":"T","actorId":"a-1","version":1,"data":{"n":1},"timestamp":"2026-01-13T21:25:51Z"}"#;

#[test]
fn the_members_stand_in_the_order_of_the_go_original() {
    let mut out = Vec::new();
    encode(&read(PLAIN).unwrap(), &mut out);
    assert_eq!(String::from_utf8(out).unwrap(), PLAIN);
}

#[test]
fn unknown_members_are_passed_over_and_optional_ones_may_be_null() {
    let json = PLAIN.replace("\"version\"", "\"x\":[{}],\"commandId\":null,\"metadata\":null,\"version\"");
    assert_eq!(read(&json).unwrap(), read(PLAIN).unwrap());
    assert_eq!(
        read(&PLAIN.replace("\"version\"", "\"commandId\":\"\",\"version\"")).unwrap().command_id(),
        None
    );
}

#[test]
fn absent_data_is_null() {
    assert_eq!(read(&PLAIN.replace(r#""data":{"n":1},"#, "")).unwrap().raw_data(), &RawJson::NULL);
}

/// Fault 9 of the Go original: `{}` read as version 0, after which version 1 was accepted again.
#[test]
fn a_payload_without_what_makes_an_event_is_malformed() {
    for (json, what) in [
        ("{}".to_owned(), "not the JSON of an event"),
        ("[]".to_owned(), "not the JSON of an event"),
        (PLAIN.replace("\"version\":1", "\"version\":0"), "version is 0"),
        (PLAIN.replace("\"version\":1", "\"version\":-1"), "not the JSON of an event"),
        (PLAIN.replace("\"version\":1", "\"version\":9223372036854775808"), "version is no version"),
        (PLAIN.replace("\"version\":1", "\"version\":1,\"version\":2"), "not the JSON of an event"),
        (PLAIN.replace("a-1", ""), "actorId is no actor id"),
        (PLAIN.replace("2026-01-13", "2026-13-13"), "timestamp is no timestamp"),
        (PLAIN.replace("\"timestamp\"", "\"metadata\":{\"a\":1},\"timestamp\""), "not the JSON of an event"),
    ] {
        let error = read(&json).unwrap_err();
        assert!(error.to_string().contains(what), "{json}: {error}");
    }
}

#[test]
fn a_payload_that_is_not_utf8_is_malformed_at_that_byte() {
    let mut bytes = PLAIN.as_bytes().to_vec();
    bytes[7] = 0xff;
    assert!(matches!(decode(bytes.into(), None), Err(WireError::NotUtf8 { offset: 7 })));
}

#[test]
fn the_asked_actor_is_shared_and_another_one_is_told() {
    let asked = ActorId::new("a-1").unwrap();
    let event = decode(Bytes::from_static(PLAIN.as_bytes()), Some(&asked)).unwrap();
    assert!(std::ptr::eq(event.actor().as_str(), asked.as_str()));
    let other = ActorId::new("a.1").unwrap();
    assert_eq!(decode(Bytes::from_static(PLAIN.as_bytes()), Some(&other)).unwrap().actor(), &asked);
}

#[test]
fn data_is_a_part_of_the_payload_and_not_a_copy() {
    let payload = Bytes::from_static(PLAIN.as_bytes());
    let event = decode(payload.clone(), None).unwrap();
    assert!(payload.as_ptr_range().contains(&event.raw_data().as_str().as_ptr()));
}
