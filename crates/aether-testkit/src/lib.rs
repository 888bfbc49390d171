//! The tests that every event store of Aether passes, ready to be run on yours.
//!
//! - [`event_store_conformance!`], [`snapshot_store_conformance!`] and [`subscription_conformance!`] make one named test per
//!   fact that the contracts of [`EventStore`](aether_core::EventStore),
//!   [`SnapshotStore`](aether_core::SnapshotStore) and [`Subscribe`](aether_core::Subscribe) demand.
//! - [`key_value_conformance!`] does it for [`KeyValue`](aether_core::KeyValue).
//! - [`event_store_model!`] and [`snapshot_store_model!`] compare a store with a simple [model] under random commands,
//!   and print the shortest history that tells them apart.
//! - [`FaultyStore`] fails, delays and drops acknowledgements, to test what is built on stores.
//! - [`mod@reference`] is the simplest store there is. It has a [`Mutation`](reference::Mutation) for each mechanism that
//!   can be taken away from it, by which the suite itself is tested.
//!
//! # Testing a store of your own
//!
//! ```toml
//! [dependencies]
//! aether-core = "0.1"
//! futures-core = "0.3" # `read_with` returns its `Stream`
//!
//! [dev-dependencies]
//! aether-testkit = "0.1"
//! ```
//!
//! Say how a stream is opened. Opening the same one twice gives two handles on the same data:
//!
//! ```
//! use aether_core::error::BoxError;
//! use aether_core::{Namespace, StreamName};
//! use aether_testkit::reference::{ReferenceStore, ReferenceUnderTest};
//! use aether_testkit::{StoreUnderTest, event_store_conformance, snapshot_store_conformance, snapshot_store_model};
//!
//! # struct Server(ReferenceUnderTest);
//! # impl Server {
//! #     fn at(_: &str) -> Self { Self(ReferenceUnderTest::new()) }
//! #     async fn stream(&self, namespace: Option<&Namespace>, name: &StreamName) -> Result<ReferenceStore, BoxError> {
//! #         self.0.open(namespace, name).await
//! #     }
//! # }
//! struct MyStoreUnderTest {
//!     server: Server,
//! }
//!
//! impl MyStoreUnderTest {
//!     fn new() -> Self {
//!         Self { server: Server::at("localhost:4222") }
//!     }
//! }
//!
//! impl StoreUnderTest for MyStoreUnderTest {
//! #   /*
//!     type Store = MyStore;
//! #   */
//! #   type Store = ReferenceStore;
//!
//!     async fn open(&self, namespace: Option<&Namespace>, name: &StreamName) -> Result<Self::Store, BoxError> {
//!         self.server.stream(namespace, name).await
//!     }
//! }
//!
//! event_store_conformance!(MyStoreUnderTest::new());
//! snapshot_store_conformance!(MyStoreUnderTest::new());
//! snapshot_store_model!(MyStoreUnderTest::new(), cases = 16);
//! # fn main() {
//! #     let suite = aether_testkit::event_store::facts::<MyStoreUnderTest>();
//! #     suite[0].check(MyStoreUnderTest::new);
//! # }
//! ```
//!
//! This goes into a file under `tests/`; `cargo test` then shows `append::the_first_event_has_version_1` and some 150
//! others. The testkit brings its own runtime, so that no test attribute is needed, and gives each fact a deadline, so
//! that a store which hangs fails. Tests use names that nobody else uses and leave their streams behind: run them
//! against a server that is thrown away, all at once if you like.
//!
//! Where a server is needed, put `#[ignore]` on every test: `event_store_conformance!(#[ignore = "needs a server"]
//! MyStoreUnderTest::new())`. What a store cannot do it says in its
//! [`Capabilities`](aether_core::Capabilities); the facts about it then demand that it is refused as `Unsupported`.
//!
//! To go through the facts in a program, take them from [`event_store::facts`], [`snapshot_store::facts`] and
//! [`subscription::facts`].

pub mod event_store;
pub mod faulty;
pub mod key_value;
mod macros;
pub mod model;
pub mod reference;
pub mod snapshot_store;
pub mod subscription;
mod suite;

pub use faulty::FaultyStore;
pub use suite::{Fact, StoreUnderTest};
