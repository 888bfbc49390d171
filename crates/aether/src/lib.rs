//! aether.
