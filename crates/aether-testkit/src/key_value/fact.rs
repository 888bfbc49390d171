//! A fact about key-value stores as a value.

use std::fmt;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use super::{Fixture, KeyValueUnderTest};
use crate::suite::Runner;

/// States one thing that the contract of key-value stores demands, and checks it.
pub struct Fact<F> {
    theme: &'static str,
    name: &'static str,
    check: fn(Fixture<F>) -> BoxFuture<'static, ()>,
}

impl<F: KeyValueUnderTest> Fact<F> {
    pub(super) const fn new(
        theme: &'static str,
        name: &'static str,
        check: fn(Fixture<F>) -> BoxFuture<'static, ()>,
    ) -> Self {
        Self { theme, name, check }
    }

    /// Returns the theme and the name, as the generated test has them: `value::a_put_replaces`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}::{}", self.theme, self.name)
    }

    /// Checks the fact on a runtime of its own.
    ///
    /// # Panics
    ///
    /// When it does not hold, or when the [deadline](KeyValueUnderTest::deadline) passes first.
    pub fn check(&self, factory: impl FnOnce() -> F) {
        let runner = Runner::new();
        let factory = Arc::new(runner.enter(factory));
        let outcome = runner.run(factory.deadline(), (self.check)(Fixture::new(factory)));
        if let Err(message) = outcome {
            panic!("{} does not hold: {message}", self.name());
        }
    }

    /// Checks the fact of that name among `facts`: what the generated tests call.
    #[doc(hidden)]
    pub fn check_named(facts: &[Self], theme: &str, name: &str, factory: impl FnOnce() -> F) {
        let fact = facts.iter().find(|fact| fact.theme == theme && fact.name == name);
        fact.unwrap_or_else(|| panic!("no fact {theme}::{name}")).check(factory);
    }
}

impl<F> fmt::Debug for Fact<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fact").field(&self.theme).field(&self.name).finish()
    }
}
