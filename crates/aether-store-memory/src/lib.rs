//! aether-store-memory.
