//! Reading type and data as one adjacently tagged enum, in one pass.

use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeSeed, MapAccess};
use serde_json::Error;

use crate::RawJson;

/// Decodes the pair as `{"eventType": TYPE, "data": DATA}`, the tag first.
pub(super) fn decode<'a, E: Deserialize<'a>>(event_type: &'a str, data: &'a RawJson) -> Result<E, Error> {
    let first = attempt(event_type, data.as_str());
    // A unit variant takes null for its content, but not an empty object; which of the two was written should not
    // matter to it, and only the variant itself can tell that it is one.
    if first.is_err() && data.is_empty_object() {
        return attempt(event_type, "null").or(first);
    }
    first
}

fn attempt<'a, E: Deserialize<'a>>(event_type: &'a str, data: &'a str) -> Result<E, Error> {
    E::deserialize(MapAccessDeserializer::new(Pair { event_type, data, at: At::TypeKey }))
}

enum At {
    TypeKey,
    TypeValue,
    DataKey,
    DataValue,
}

/// A map of two entries that stands in two places.
struct Pair<'a> {
    event_type: &'a str,
    data: &'a str,
    at: At,
}

impl<'a> MapAccess<'a> for Pair<'a> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'a>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let (key, next) = match self.at {
            At::TypeKey => ("eventType", At::TypeValue),
            At::DataKey => ("data", At::DataValue),
            At::TypeValue | At::DataValue => return Ok(None),
        };
        self.at = next;
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'a>>(&mut self, seed: V) -> Result<V::Value, Error> {
        if matches!(self.at, At::TypeValue) {
            self.at = At::DataKey;
            return seed.deserialize(BorrowedStrDeserializer::new(self.event_type));
        }
        seed.deserialize(&mut serde_json::Deserializer::from_str(self.data))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;
    use crate::NewEvent;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "eventType", content = "data")]
    enum Sample {
        Unit,
        Newtype(i128),
        Pair(String, bool),
        Struct { n: u64, maybe: Option<u8> },
        Map(BTreeMap<String, f64>),
        Any(serde_json::Value),
        Nothing {},
    }

    fn read(kind: &str, data: &str) -> Result<Sample, String> {
        decode(kind, &RawJson::parse(data.to_owned()).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn every_shape_of_variant_survives() {
        for sample in [
            Sample::Unit,
            Sample::Newtype(i128::MAX),
            Sample::Pair("x".into(), true),
            Sample::Struct { n: 9_007_199_254_740_993, maybe: None },
            Sample::Map(BTreeMap::from([("k".into(), 0.1)])),
            Sample::Any(serde_json::json!({"a": [1, null]})),
            Sample::Nothing {},
        ] {
            let event = NewEvent::encode(&sample).unwrap();
            assert_eq!(decode::<Sample>(event.event_type().as_str(), event.raw_data()).unwrap(), sample);
        }
    }

    #[test]
    fn null_and_an_empty_object_read_as_a_unit_variant() {
        assert_eq!(read("Unit", "null"), Ok(Sample::Unit));
        assert_eq!(read("Unit", "{ }"), Ok(Sample::Unit));
        assert!(read("Unit", "{\"a\":1}").is_err());
        assert_eq!(read("Any", "{}"), Ok(Sample::Any(serde_json::json!({}))));
    }

    #[test]
    fn an_unknown_type_or_an_unfit_shape_is_an_error_that_says_so() {
        assert!(read("Other", "null").unwrap_err().contains("Other"));
        assert!(read("Struct", "{\"n\":-1}").unwrap_err().contains("-1"));
        assert!(read("Struct", "{}").unwrap_err().contains("missing field"));
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(tag = "eventType", content = "data")]
    enum Borrowing<'a> {
        Said {
            #[serde(borrow)]
            text: &'a str,
        },
    }

    #[test]
    fn an_enum_may_borrow_from_the_data() {
        let data = RawJson::parse(r#"{"text":"hello"}"#).unwrap();
        let Borrowing::Said { text } = decode("Said", &data).unwrap();
        assert!(data.as_str().as_bytes().as_ptr_range().contains(&text.as_ptr()));
    }
}
