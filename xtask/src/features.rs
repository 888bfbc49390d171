//! Which features are linted alone: per package none at all, then each one.

use std::collections::BTreeSet;

use crate::package::Package;

/// One run: a package with these features and no default ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Combination {
    pub(crate) package: String,
    pub(crate) feature: Option<String>,
    pub(crate) targets: Vec<&'static str>,
}

/// The runs of all packages, without those that would compile the same again.
pub(crate) fn combinations(packages: &[Package]) -> Vec<Combination> {
    packages.iter().flat_map(of_package).collect()
}

fn of_package(package: &Package) -> Vec<Combination> {
    let mut seen: Vec<BTreeSet<&str>> = Vec::new();
    let none = std::iter::once(None);
    // `default` last: it mostly equals another.
    let (default, named): (Vec<_>, Vec<_>) = package.features.keys().partition(|name| *name == "default");
    let mut runs = Vec::new();
    for feature in none.chain(named.into_iter().chain(default).map(Some)) {
        let turned_on = closure(package, feature);
        if !seen.contains(&turned_on) {
            seen.push(turned_on);
            let (package, targets) = (package.name.clone(), targets(package));
            runs.push(Combination { package, feature: feature.cloned(), targets });
        }
    }
    runs
}

/// Everything that a feature turns on. `default` itself does not count: no code asks for it.
fn closure<'a>(package: &'a Package, feature: Option<&'a String>) -> BTreeSet<&'a str> {
    let mut turned_on = BTreeSet::new();
    let mut open: Vec<&str> = feature.map(String::as_str).into_iter().collect();
    while let Some(name) = open.pop() {
        if turned_on.insert(name) {
            let next = package.features.get(name).into_iter().flatten();
            open.extend(next.map(String::as_str));
        }
    }
    turned_on.remove("default");
    turned_on
}

fn targets(package: &Package) -> Vec<&'static str> {
    let library = package.has_library.then_some("--lib");
    let programs = package.has_program.then_some("--bins");
    library.into_iter().chain(programs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(features: &[(&str, &[&str])]) -> Package {
        let owned = |(name, on): &(&str, &[&str])| {
            ((*name).to_owned(), on.iter().map(|feature| (*feature).to_owned()).collect())
        };
        Package {
            name: "p".to_owned(),
            features: features.iter().map(owned).collect(),
            has_library: true,
            ..Package::default()
        }
    }

    fn names(package: &Package) -> Vec<Option<String>> {
        of_package(package).into_iter().map(|run| run.feature).collect()
    }

    #[test]
    fn a_package_is_linted_without_and_with_each_feature() {
        let package = package(&[("a", &[]), ("b", &["dep:x"])]);
        assert_eq!(names(&package), [None, Some("a".to_owned()), Some("b".to_owned())]);
    }

    #[test]
    fn default_is_left_out_when_it_equals_one_feature() {
        let package = package(&[("default", &["memory"]), ("memory", &["dep:m"])]);
        assert_eq!(names(&package), [None, Some("memory".to_owned())]);
    }

    #[test]
    fn default_is_linted_when_it_is_a_combination_of_its_own() {
        let package = package(&[("a", &[]), ("b", &[]), ("default", &["a", "b"])]);
        assert_eq!(names(&package).len(), 4);
    }

    #[test]
    fn an_empty_default_equals_none() {
        assert_eq!(names(&package(&[("default", &[])])), [None]);
    }

    #[test]
    fn only_targets_that_exist_are_asked_for() {
        let mut package = package(&[]);
        assert_eq!(targets(&package), ["--lib"]);
        (package.has_library, package.has_program) = (false, true);
        assert_eq!(targets(&package), ["--bins"]);
    }
}
