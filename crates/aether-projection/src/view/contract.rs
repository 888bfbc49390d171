//! What users write of a view.

use aether_core::RecordedEvent;
use aether_core::error::BoxError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Says what a read model by key is: which keys an event touches, and what becomes of the entry at each.
///
/// ```
/// use aether_core::RecordedEvent;
/// use aether_core::error::BoxError;
/// use aether_projection::View;
/// use serde::{Deserialize, Serialize};
///
/// /// How often each product was sold.
/// struct Sales;
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Sold {
///     times: u64,
/// }
///
/// #[derive(Deserialize)]
/// struct ProductSold {
///     product: String,
/// }
///
/// impl View for Sales {
///     type Entry = Sold;
///     type Error = BoxError;
///
///     fn keys(&self, event: &RecordedEvent) -> Result<Vec<String>, BoxError> {
///         let sold: ProductSold = serde_json::from_str(event.raw_data().as_str())?;
///         Ok(vec![sold.product])
///     }
///
///     fn apply(&self, _: &str, entry: Option<Sold>, _: &RecordedEvent) -> Result<Option<Sold>, BoxError> {
///         let times = entry.unwrap_or_default().times + 1;
///         Ok(Some(Sold { times }))
///     }
/// }
/// ```
///
/// # Contract
///
/// Both methods say the same of the same arguments, whenever and wherever they are called: after a conflict or a crash they
/// are called again, and what they said before is forgotten. Who changes them begins a view of another name, such as the next
/// [`Generation`](crate::Generation)'s.
pub trait View: Send + Sync + 'static {
    /// What lies at a key.
    type Entry: Serialize + DeserializeOwned + Send + 'static;
    /// Why an event means nothing that could be applied.
    type Error: Into<BoxError> + Send;

    /// Returns the keys whose entries the event changes. Texts of up to 400 bytes or so: the store's limit is 512, with the
    /// name of the view.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the event. What follows is the projector's [policy](crate::ErrorPolicy).
    fn keys(&self, event: &RecordedEvent) -> Result<Vec<String>, Self::Error>;

    /// Returns what lies at the key after the event, given what lay there before; `None` for nothing.
    ///
    /// # Errors
    ///
    /// As with [`keys`](Self::keys).
    fn apply(
        &self,
        key: &str,
        entry: Option<Self::Entry>,
        event: &RecordedEvent,
    ) -> Result<Option<Self::Entry>, Self::Error>;
}
