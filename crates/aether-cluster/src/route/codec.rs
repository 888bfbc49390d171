//! How messages become bytes.

use aether_core::error::BoxError;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes messages and reads answers. Both ends of a route must agree on it; nothing on the wire says which one it is.
pub trait Codec: Send + Sync {
    /// Writes a message.
    ///
    /// # Errors
    ///
    /// Why the value cannot be written.
    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Bytes, BoxError>;

    /// Reads an answer.
    ///
    /// # Errors
    ///
    /// Why the bytes are no such value.
    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, BoxError>;
}

/// JSON, which is the codec unless another one is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Json;

impl Codec for Json {
    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Bytes, BoxError> {
        Ok(serde_json::to_vec(value)?.into())
    }

    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, BoxError> {
        Ok(serde_json::from_slice(bytes)?)
    }
}
