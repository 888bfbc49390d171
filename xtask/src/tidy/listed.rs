//! What exists is listed: every decision in the list of decisions, every crate in the pages that name the crates.

use super::source::{Finding, Source, Tree};
use crate::package::Package;

const DECISIONS: &str = "docs/adr/README.md";
const PAGES: [&str; 2] = ["ARCHITECTURE.md", "README.md"];

/// Every `docs/adr/*.md` has a line in the list there, when there is a list.
pub(crate) fn decisions(tree: &Tree) -> Vec<Finding> {
    let Some(list) = tree.source(DECISIONS) else {
        return Vec::new();
    };
    let names = tree.paths.iter().filter_map(|path| path.strip_prefix("docs/adr/"));
    names
        .filter(|name| name.ends_with(".md") && !name.contains('/') && *name != "README.md")
        .filter(|name| !list.text.contains(name))
        .map(|name| list.finding(0, format!("`{name}` is not listed: add a line with a link to it")))
        .collect()
}

/// Every crate under `crates/` is named in the pages that list them, as far as these exist.
pub(crate) fn crates(packages: &[Package], tree: &Tree) -> Vec<Finding> {
    let pages = PAGES.iter().filter_map(|page| tree.source(page));
    pages.flat_map(|page| missing_crates(packages, page)).collect()
}

fn missing_crates(packages: &[Package], page: &Source) -> Vec<Finding> {
    let missing = packages
        .iter()
        .filter(|package| package.is_under("crates") && !names_crate(&page.text, &package.name));
    missing
        .map(|package| {
            let message = format!("the crate `{}` is missing: add a line about it", package.name);
            page.finding(0, message)
        })
        .collect()
}

/// Whether the name stands there whole: `aether-core` does not name `aether`.
fn names_crate(text: &str, name: &str) -> bool {
    let inner = |character: char| character.is_alphanumeric() || "-_".contains(character);
    text.split(|character| !inner(character)).any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::super::source::testing::tree;
    use super::*;

    fn package(name: &str) -> Package {
        let manifest = format!("crates/{name}/Cargo.toml");
        Package { name: name.to_owned(), manifest, ..Package::default() }
    }

    #[test]
    fn a_decision_that_is_not_listed_is_found() {
        let listed = ("docs/adr/0001-a.md", "");
        let list = (DECISIONS, "[one](0001-a.md)");
        assert_eq!(decisions(&tree(&[listed, list])), []);
        assert_eq!(decisions(&tree(&[listed, list, ("docs/adr/0002-b.md", "")])).len(), 1);
        assert_eq!(decisions(&tree(&[("docs/adr/0002-b.md", "")])), []);
    }

    #[test]
    fn a_crate_without_a_line_is_found() {
        let packages = [package("aether"), package("aether-core")];
        let page = |text| tree(&[("README.md", text)]);
        assert_eq!(crates(&packages, &page("`aether`, `aether-core`")), []);
        let findings = crates(&packages, &page("Aether has `aether-core`."));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.contains("`aether`"));
    }
}
