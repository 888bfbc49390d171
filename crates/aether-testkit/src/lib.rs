//! aether-testkit.
