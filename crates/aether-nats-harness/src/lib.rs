//! aether-nats-harness.
