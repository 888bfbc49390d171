//! Content: what was appended is what is read, byte for byte.

use aether_core::event::MetadataKey;
use aether_core::{CommandId, EventId, EventType, Expected, NewEvent, RawJson, SchemaVersion, Timestamp};

use crate::suite::ability::packs;
use crate::suite::check::{append, history, same};
use crate::suite::sample::{event, with_data};
use crate::suite::{Fixture, StoreUnderTest};

/// Appends each event and asserts that another handle reads it unchanged.
async fn survive<F: StoreUnderTest>(fixture: &Fixture<F>, contract: &str, events: Vec<NewEvent>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    for event in &events {
        append(&store, &actor, Expected::Any, [event.clone()]).await;
    }
    let read = history(&fixture.open().await, &actor).await;
    for (read, wanted) in read.iter().zip(&events) {
        same(contract, &read.to_new(), wanted);
    }
    same(contract, read.len(), events.len());
}

fn full() -> NewEvent {
    event()
        .with_command(CommandId::generate())
        .with_metadata(MetadataKey::CorrelationId, "c-1")
        .with_metadata(MetadataKey::UserId, "user \"7\"")
        .with_metadata("own key", "")
        .with_timestamp(time("2026-01-13T22:25:51.123456789+05:45"))
        .with_schema_version(SchemaVersion::new(7))
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("the suite's timestamps are valid")
}

pub(crate) async fn every_field_survives<F: StoreUnderTest>(fixture: Fixture<F>) {
    survive(&fixture, "every field of an event is read as it was appended", vec![full(), event()]).await;
}

pub(crate) async fn every_field_survives_in_a_commit_of_several<F: StoreUnderTest>(fixture: Fixture<F>) {
    let (store, actor) = (fixture.open().await, fixture.actor("order"));
    if !packs(&fixture, &store).await {
        return;
    }
    let ours = vec![full(), event(), with_data("{ \"n\" : 9007199254740993 }"), full()];
    append(&store, &actor, Expected::NoEvents, ours.clone()).await;
    let read = history(&fixture.open().await, &actor).await;
    let read: Vec<_> = read.iter().map(|event| event.to_new()).collect();
    same("every field of every event of a commit is read as it was appended", read, ours);
}

/// Fault 6 of the Go original: there, numbers became floats.
pub(crate) async fn numbers_keep_their_digits<F: StoreUnderTest>(fixture: Fixture<F>) {
    let numbers = ["9007199254740993", "18446744073709551615", "-9223372036854775808", "1.10", "1e400", "-0"];
    let events = numbers.map(|number| with_data(&format!("{{\"n\":{number}}}"))).to_vec();
    survive(&fixture, "a number keeps the digits that were written", events).await;
}

pub(crate) async fn data_is_kept_byte_for_byte<F: StoreUnderTest>(fixture: Fixture<F>) {
    let texts = [
        "{ \"b\" : 1,\n\t\"a\" :  [ ] , \"b\":2 }",
        "{\"escaped\":\"\\u00e9\\/\\uD83D\\uDE00\",\"plain\":\"é/😀\"}",
        "{\"\":{\"\":null}}",
        "{}",
        "{ }",
    ];
    let contract = "data is read byte for byte: blanks, escapes, order and doubled members included";
    survive(&fixture, contract, texts.map(with_data).to_vec()).await;
}

pub(crate) async fn data_of_every_kind_survives<F: StoreUnderTest>(fixture: Fixture<F>) {
    let texts = ["null", "true", "0", "\"text\"", "[1,2]", "{\"a\":[{}]}"];
    survive(&fixture, "any JSON value may be an event's data", texts.map(with_data).to_vec()).await;
}

pub(crate) async fn timestamps_keep_nanoseconds_and_offset<F: StoreUnderTest>(fixture: Fixture<F>) {
    let texts = [
        "2026-01-13T21:25:51.000000001Z",
        "2026-01-13T21:25:51.999999999-11:30",
        "2026-01-13T21:25:51+00:01",
        "1969-12-31T23:59:59.5+14:00",
        "0000-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59.999999999-23:59",
    ];
    let events = texts.map(|text| event().with_timestamp(time(text))).to_vec();
    survive(&fixture, "a timestamp keeps its nanoseconds and its own offset", events).await;
}

pub(crate) async fn texts_of_any_letters_survive<F: StoreUnderTest>(fixture: Fixture<F>) {
    let texts = [
        "注文が届いた",
        "é e\u{301}",
        "\u{1F600}",
        "a\r\nb\tc\0d\u{7f}",
        "\"\\/'<>&",
        " ",
        "\u{2028}\u{feff}",
    ];
    let events = texts.map(|text| {
        NewEvent::new(EventType::new(text).expect("a valid type"), RawJson::NULL)
            .with_id(EventId::new(format!("{text}@{text}")).expect("a valid id"))
            .with_command(CommandId::new(text).expect("a valid command id"))
            .with_metadata(text, text)
    });
    survive(&fixture, "ids, types and metadata may be any text", events.to_vec()).await;
}

pub(crate) async fn schema_versions_survive<F: StoreUnderTest>(fixture: Fixture<F>) {
    let versions = [0, 1, 2, u32::MAX];
    let events = versions.map(|number| event().with_schema_version(SchemaVersion::new(number))).to_vec();
    survive(&fixture, "the schema version is read as it was appended", events).await;
}
