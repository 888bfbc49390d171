//! aether-store-jetstream.
