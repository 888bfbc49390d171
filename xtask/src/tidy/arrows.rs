//! The arrows between the crates: DESIGN.md section 2 as a table.

use super::source::{Finding, Tree};
use crate::package::{Dependency, Package};

/// What of the workspace a crate may depend on.
struct Arrows {
    from: &'static str,
    to: &'static [&'static str],
    /// Only behind a feature.
    to_optional: &'static [&'static str],
}

const fn arrows(from: &'static str, to: &'static [&'static str]) -> Arrows {
    Arrows { from, to, to_optional: &[] }
}

const CORE: &[&str] = &["aether-core"];
const FACADE: &[&str] = &["aether"];

/// The drawing. A new arrow or crate needs an ADR, and a line in ARCHITECTURE.md.
const TABLE: &[Arrows] = &[
    arrows("aether-core", &[]),
    arrows("aether-store-memory", CORE),
    arrows("aether-store-jetstream", CORE),
    arrows("aether-projection", CORE),
    arrows("aether-bus", CORE),
    arrows("aether-cluster", CORE),
    Arrows { from: "aether-runtime", to: CORE, to_optional: &["aether-cluster"] },
    arrows("aether-testkit", CORE),
    arrows("aether-nats-harness", &[]),
    Arrows { from: "aether-bench", to: &[], to_optional: CORE },
    Arrows {
        from: "aether",
        to: CORE,
        to_optional: &[
            "aether-store-memory",
            "aether-store-jetstream",
            "aether-projection",
            "aether-bus",
            "aether-cluster",
            "aether-runtime",
        ],
    },
    arrows("aether-cli", FACADE),
];

/// Checks the dependencies of every member.
pub(crate) fn check(packages: &[Package], tree: &Tree) -> Vec<Finding> {
    let members: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in packages.iter().filter(|package| package.name != "xtask") {
        let allowed = if package.is_under("examples") {
            &arrows("examples", FACADE)
        } else if let Some(allowed) = TABLE.iter().find(|row| row.from == package.name) {
            allowed
        } else {
            findings.push(finding(package, tree, &package.name, UNKNOWN.to_owned()));
            continue;
        };
        let ours = package.dependencies.iter();
        for dependency in ours.filter(|dependency| members.contains(&dependency.name.as_str())) {
            let message = judge(package, allowed, dependency);
            findings.extend(message.map(|text| finding(package, tree, &dependency.name, text)));
        }
    }
    findings
}

const UNKNOWN: &str = "a crate without arrows: draw it in ARCHITECTURE.md, and add it to TABLE in \
                       xtask/src/tidy/arrows.rs";

fn judge(package: &Package, allowed: &Arrows, dependency: &Dependency) -> Option<String> {
    let (from, to) = (&package.name, dependency.name.as_str());
    if dependency.for_tests {
        let plain = dependency.by_path && dependency.requirement == "*";
        return (!plain).then(|| {
            format!(
                "the dev-dependency `{to}` has a version, which makes publishing cyclic: write \
                 `{to} = {{ path = \"...\" }}`"
            )
        });
    }
    if allowed.to.contains(&to) || (allowed.to_optional.contains(&to) && dependency.optional) {
        return None;
    }
    Some(if allowed.to_optional.contains(&to) {
        format!("the arrow from `{from}` to `{to}` is drawn as optional: put it behind a feature")
    } else {
        format!("no arrow is drawn from `{from}` to `{to}`: name what is needed as a trait of aether-core")
    })
}

fn finding(package: &Package, tree: &Tree, name: &str, message: String) -> Finding {
    let Some(manifest) = tree.source(&package.manifest) else {
        return Finding { path: package.manifest.clone(), line: 1, message };
    };
    let is_it = |line: &str| {
        line.trim_start().strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '.', '=']))
    };
    let line = manifest.text.lines().position(is_it).map_or(1, |index| index + 1);
    Finding { path: package.manifest.clone(), line, message }
}

#[cfg(test)]
mod tests {
    use super::super::source::testing::tree;
    use super::*;

    fn normal(name: &str) -> Dependency {
        Dependency {
            name: name.to_owned(),
            requirement: "^0.1.0".to_owned(),
            for_tests: false,
            optional: false,
            by_path: true,
        }
    }

    fn for_tests(name: &str, requirement: &str) -> Dependency {
        Dependency { requirement: requirement.to_owned(), for_tests: true, ..normal(name) }
    }

    fn package(folder: &str, name: &str, dependencies: Vec<Dependency>) -> Package {
        let manifest = format!("{folder}/{name}/Cargo.toml");
        Package { name: name.to_owned(), manifest, dependencies, ..Package::default() }
    }

    /// The findings about `package`, in a workspace with all crates.
    fn messages(package: &Package) -> Vec<String> {
        let mut packages: Vec<Package> =
            TABLE.iter().map(|row| self::package("crates", row.from, Vec::new())).collect();
        packages.retain(|other| other.name != package.name);
        packages.push(package.clone());
        check(&packages, &tree(&[])).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn drawn_arrows_are_fine_and_others_are_found() {
        let ours = package("crates", "aether-bus", vec![normal("aether-core"), normal("serde")]);
        assert_eq!(messages(&ours).len(), 0);
        let sideways = package("crates", "aether-bus", vec![normal("aether-cluster")]);
        assert!(messages(&sideways)[0].contains("no arrow is drawn from `aether-bus` to `aether-cluster`"));
        let up = package("crates", "aether-core", vec![normal("aether-testkit")]);
        assert_eq!(messages(&up).len(), 1);
    }

    #[test]
    fn the_drawn_exception_is_behind_a_feature() {
        let cluster = Dependency { optional: true, ..normal("aether-cluster") };
        assert_eq!(messages(&package("crates", "aether-runtime", vec![cluster])).len(), 0);
        let always = package("crates", "aether-runtime", vec![normal("aether-cluster")]);
        assert!(messages(&always)[0].contains("optional"));
    }

    #[test]
    fn examples_use_the_facade() {
        assert_eq!(messages(&package("examples", "shop", vec![normal("aether")])).len(), 0);
        assert_eq!(messages(&package("examples", "shop", vec![normal("aether-core")])).len(), 1);
    }

    #[test]
    fn an_unknown_crate_says_where_to_add_it() {
        assert!(messages(&package("crates", "aether-new", Vec::new()))[0].contains("arrows.rs"));
    }

    #[test]
    fn dev_dependencies_have_no_version() {
        let plain = vec![for_tests("aether-store-memory", "*")];
        assert_eq!(messages(&package("crates", "aether-core", plain)).len(), 0);
        let versioned = vec![for_tests("aether-store-memory", "^0.1.0")];
        assert!(messages(&package("crates", "aether-core", versioned))[0].contains("has a version"));
    }

    #[test]
    fn the_finding_is_in_the_line_of_the_dependency() {
        let bus = package("crates", "aether-bus", vec![normal("aether")]);
        let packages = [bus, package("crates", "aether", Vec::new())];
        let manifest = "[dependencies]\naether-core = \"1\"\naether.workspace = true\n";
        let findings = check(&packages, &tree(&[("crates/aether-bus/Cargo.toml", manifest)]));
        assert_eq!(findings[0].line, 3);
    }
}
