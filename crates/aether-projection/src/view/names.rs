//! The keys of a view in its store. Pure.

/// What the keys of all views begin with.
pub(crate) const PREFIX: &str = "view/";

/// Where a view's checkpoint and entries lie: at `view/NAME`, and at `view/NAME/KEY`.
#[derive(Debug, Clone)]
pub(super) struct Names {
    /// The name, without a slash.
    pub(super) name: String,
    prefix: String,
}

impl Names {
    pub(super) fn new(name: &str) -> Self {
        // Or the entries of the view `a/b` could be those of the view `a`.
        let name = name.replace('%', "%25").replace('/', "%2F");
        Self { prefix: format!("{PREFIX}{name}/"), name }
    }

    /// Returns where the entry of `key` lies; with the beginning of keys, what their places begin with.
    pub(super) fn entry(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// Returns the key whose entry lies there.
    pub(super) fn key<'a>(&self, place: &'a str) -> Option<&'a str> {
        place.strip_prefix(&self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_two_views_share_a_place(
            a in "[a/%2F.]{0,5}", b in "[a/%2F.]{0,5}", x in "[a/%]{0,3}", y in "[a/%]{0,3}"
        ) {
            let (one, other) = (Names::new(&a), Names::new(&b));
            prop_assert_eq!(one.entry(&x) == other.entry(&y), (&a, &x) == (&b, &y));
            prop_assert_eq!(one.name == other.name, a == b);
            // Where the checkpoint lies.
            prop_assert_ne!(format!("{PREFIX}{}", one.name), other.entry(&y));
            let place = one.entry(&x);
            prop_assert_eq!(one.key(&place), Some(x.as_str()));
        }
    }
}
