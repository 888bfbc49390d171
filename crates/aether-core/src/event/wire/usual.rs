//! The JSON of an event as it is usually written: members in the order of ours, no blanks between them, no escapes in
//! the texts around the data. It is read in one pass, and whatever differs is left to the general way.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Deserializer;

use super::{Text, Wire};

/// Reads such an object. `None` says nothing of the text but that it is not of this form.
pub(super) fn read(text: &str) -> Option<Wire<'_>> {
    let mut rest = Rest(text);
    let id = rest.text("{\"id\":\"")?;
    let event_type = rest.text(",\"eventType\":\"")?;
    let actor_id = rest.text(",\"actorId\":\"")?;
    let command_id = rest.text(",\"commandId\":\"").map(Text);
    let version = rest.number(",\"version\":")?;
    let data = rest.value(",\"data\":")?;
    let metadata = rest.value(",\"metadata\":");
    let timestamp = rest.text(",\"timestamp\":\"")?;
    let schema_version = rest.value(",\"schemaVersion\":");
    (rest.0 == "}").then_some(Wire {
        id,
        event_type,
        actor_id,
        command_id,
        version,
        data,
        metadata,
        timestamp,
        schema_version,
    })
}

/// What has not been read yet. Where something else comes than what is asked for, nothing is taken.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Takes `before` and a text without escapes, with the quotation mark that ends it.
    fn text(&mut self, before: &str) -> Option<Cow<'a, str>> {
        let (text, rest) = self.0.strip_prefix(before)?.split_once('"')?;
        // All of it, for the compiler to look at many bytes at a time.
        let is_plain = text.bytes().fold(true, |plain, byte| plain & (byte >= b' ') & (byte != b'\\'));
        if !is_plain {
            return None;
        }
        self.0 = rest;
        Some(Cow::Borrowed(text))
    }

    /// Takes `before` and the digits of a number as JSON writes it.
    fn number(&mut self, before: &str) -> Option<u64> {
        let rest = self.0.strip_prefix(before)?;
        let (digits, _) = rest.split_at(rest.bytes().position(|byte| !byte.is_ascii_digit())?);
        let is_json = digits == "0" || !digits.starts_with('0');
        let number = digits.parse().ok().filter(|_| is_json)?;
        self.0 = rest.strip_prefix(digits)?;
        Some(number)
    }

    /// Takes `before` and a value of any kind.
    fn value<T: Deserialize<'a>>(&mut self, before: &str) -> Option<T> {
        let rest = self.0.strip_prefix(before)?;
        let mut values = Deserializer::from_str(rest).into_iter::<T>();
        let value = values.next()?.ok()?;
        self.0 = rest.get(values.byte_offset()..)?;
        Some(value)
    }
}
