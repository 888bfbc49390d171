//! aether-core.
