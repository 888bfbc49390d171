//! The macros that make tests of facts.

/// Makes a test of every fact about event stores.
///
/// The argument is an expression that makes a [`StoreUnderTest`](crate::StoreUnderTest); each test evaluates it once.
/// Attributes before it are put on every test:
///
/// ```
/// use aether_testkit::event_store_conformance;
/// use aether_testkit::reference::ReferenceUnderTest;
///
/// event_store_conformance!(
///     #[ignore = "needs nats-server: run cargo xtask integration"]
///     ReferenceUnderTest::new()
/// );
/// # fn main() {}
/// ```
///
/// Each theme becomes a module (`append`, `expected`, `content`, `read`, `identity`, `epochs`, `isolation`, `limits`,
/// `reopen`, `racing`, `errors`) next to the call, which the expression is evaluated in; what is in scope there is in
/// scope for it. Put the call into a module of its own to use it twice.
#[macro_export]
macro_rules! event_store_conformance {
    ($($input:tt)*) => { $crate::__conformance! { event_store [] $($input)* } };
}

/// Makes a test of every fact about snapshot stores, and about snapshots and events together.
///
/// As [`event_store_conformance!`]; the store must implement [`Subscribe`](aether_core::Subscribe), too, so that it can be
/// shared; one without subscriptions refuses them. The modules are `snapshot`, `load` and
/// `shared`.
///
/// ```
/// aether_testkit::snapshot_store_conformance!(aether_testkit::reference::ReferenceUnderTest::new());
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! snapshot_store_conformance {
    ($($input:tt)*) => { $crate::__conformance! { snapshot_store [] $($input)* } };
}

/// Makes a test of every fact about subscriptions.
///
/// As [`event_store_conformance!`]; the store must implement [`Subscribe`](aether_core::Subscribe), too. The modules are
/// `catch_up`, `start`, `lineage`, `filter` and `readers`.
///
/// ```
/// aether_testkit::subscription_conformance!(aether_testkit::reference::ReferenceUnderTest::new());
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! subscription_conformance {
    ($($input:tt)*) => { $crate::__conformance! { subscription [] $($input)* } };
}

/// Makes a test of every fact about key-value stores.
///
/// As [`event_store_conformance!`], of an expression that makes a
/// [`KeyValueUnderTest`](crate::key_value::KeyValueUnderTest). The modules are `value`, `conflict`, `key`, `handle`, `racing`,
/// `together` and `together_racing`.
#[macro_export]
macro_rules! key_value_conformance {
    ($($input:tt)*) => { $crate::__conformance! { key_value [] $($input)* } };
}

/// Makes a test, `event_store_model`, that compares a store with a simple model under random commands.
///
/// As [`event_store_conformance!`], with the number of cases where it is not to be [64](crate::model::CASES):
///
/// ```
/// # use aether_testkit::reference::ReferenceUnderTest;
/// aether_testkit::event_store_model!(ReferenceUnderTest::new(), cases = 16);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! event_store_model {
    ($($input:tt)*) => { $crate::__model! { event_store_model check_events [] $($input)* } };
}

/// Makes a test, `snapshot_store_model`, that does what [`event_store_model!`] does, with snapshots among the commands.
///
/// ```
/// # use aether_testkit::reference::ReferenceUnderTest;
/// aether_testkit::snapshot_store_model!(ReferenceUnderTest::new());
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! snapshot_store_model {
    ($($input:tt)*) => { $crate::__model! { snapshot_store_model check [] $($input)* } };
}

/// Collects the attributes one by one, since an expression may begin with one too.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance {
    ($suite:ident [$($attributes:tt)*] #[$($attribute:tt)*] $($rest:tt)*) => {
        $crate::__conformance! { $suite [$($attributes)* #[$($attribute)*]] $($rest)* }
    };
    (event_store $attributes:tt $factory:expr $(,)?) => {
        $crate::__event_store_facts! { __fact_tests event_store $attributes ($factory) }
    };
    (snapshot_store $attributes:tt $factory:expr $(,)?) => {
        $crate::__snapshot_store_facts! { __fact_tests snapshot_store $attributes ($factory) }
    };
    (subscription $attributes:tt $factory:expr $(,)?) => {
        $crate::__subscription_facts! { __fact_tests subscription $attributes ($factory) }
    };
    (key_value $attributes:tt $factory:expr $(,)?) => {
        $crate::__key_value_facts! { __fact_tests key_value $attributes ($factory) }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __model {
    ($name:ident $check:ident [$($attributes:tt)*] #[$($attribute:tt)*] $($rest:tt)*) => {
        $crate::__model! { $name $check [$($attributes)* #[$($attribute)*]] $($rest)* }
    };
    ($name:ident $check:ident $attributes:tt $factory:expr $(,)?) => {
        $crate::__model! { $name $check $attributes $factory, cases = $crate::model::CASES }
    };
    ($name:ident $check:ident [$($attributes:tt)*] $factory:expr, cases = $cases:expr $(,)?) => {
        #[test]
        $($attributes)*
        fn $name() {
            $crate::model::$check(|| $factory, $cases);
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __fact_tests {
    ($suite:ident $attributes:tt $factory:tt $($theme:ident { $($fact:ident,)* })*) => {
        $(
            mod $theme {
                #[allow(unused_imports)]
                use super::*;

                $( $crate::__fact_test! { $suite $attributes $factory $theme $fact } )*
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __fact_test {
    ($suite:ident [$($attributes:tt)*] ($factory:expr) $theme:ident $fact:ident) => {
        #[test]
        $($attributes)*
        fn $fact() {
            let facts = $crate::$suite::facts();
            $crate::$suite::Fact::check_named(&facts, stringify!($theme), stringify!($fact), || $factory);
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __fact_list {
    ($($theme:ident { $($fact:ident,)* })*) => {
        vec![$($(
            $crate::Fact::new(stringify!($theme), stringify!($fact), |fixture| Box::pin($theme::$fact(fixture))),
        )*)*]
    };
}
