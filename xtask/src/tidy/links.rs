//! Links in the documentation lead somewhere. Addresses on the web are not fetched.

use std::collections::{BTreeMap, BTreeSet};

use super::markdown::Page;
use super::source::{Finding, Source, Tree};

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let sources: Vec<&Source> = tree.sources.iter().filter(|source| source.is_markdown()).collect();
    let pages: BTreeMap<&str, Page> =
        sources.iter().map(|source| (source.path.as_str(), Page::new(&source.text))).collect();
    let places = Places {
        anchors: pages.iter().map(|(path, page)| (*path, page.anchors())).collect(),
        paths: &tree.paths,
    };
    let mut findings = Vec::new();
    for source in sources {
        let Some(page) = pages.get(source.path.as_str()) else {
            continue;
        };
        for link in page.links() {
            let message = places.judge(&source.path, &link.target);
            findings.extend(message.map(|message| source.finding(link.at, message)));
        }
        for label in page.undefined_labels() {
            let message =
                format!("no `[{0}]: target` defines `{0}`: add it, or write it as code", label.target);
            findings.push(source.finding(label.at, message));
        }
    }
    findings
}

/// Everything a link can lead to.
struct Places<'a> {
    paths: &'a BTreeSet<String>,
    anchors: BTreeMap<&'a str, BTreeSet<String>>,
}

impl Places<'_> {
    /// What is wrong with a link in the page `from`.
    fn judge(&self, from: &str, target: &str) -> Option<String> {
        if is_address(target) {
            return None;
        }
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let path = path.split('?').next().unwrap_or_default();
        let Some(path) = resolve(from, &decoded(path)) else {
            return Some(format!(
                "the link `{target}` leads out of the repository: link inside, or to the web"
            ));
        };
        if !self.exists(&path) {
            return Some(format!("the link `{target}` leads nowhere: there is no `{path}` in git"));
        }
        let anchors = self.anchors.get(path.as_str())?;
        let anchor = decoded(anchor);
        (!anchor.is_empty() && !anchors.contains(&anchor)).then(|| {
            format!("the link `{target}` leads nowhere: `{path}` has no heading with the anchor `#{anchor}`")
        })
    }

    fn exists(&self, path: &str) -> bool {
        let folder = format!("{path}/");
        path.is_empty()
            || self.paths.contains(path)
            || self.paths.range(folder.clone()..).next().is_some_and(|next| next.starts_with(&folder))
    }
}

/// `https:`, `mailto:`, `//host`.
fn is_address(target: &str) -> bool {
    let scheme = target.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme =
        scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    is_scheme || target.starts_with("//")
}

/// The path from the root that a link in `from` means; none when it leads out.
fn resolve(from: &str, path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(from.to_owned());
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    // A leading slash is the root of the repository.
    let folder = if path.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// `a%20b` as `a b`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.bytes().next() {
        let code = rest.strip_prefix('%').and_then(|rest| u8::from_str_radix(rest.get(..2)?, 16).ok());
        bytes.push(code.unwrap_or(first));
        // Byte by byte would cut characters of more than one, so these go whole.
        let length = if code.is_some() { 3 } else { rest.chars().next().map_or(1, char::len_utf8) };
        bytes.extend(rest.bytes().take(length).skip(1).filter(|_| code.is_none()));
        rest = rest.get(length..).unwrap_or_default();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::source::testing::tree;
    use super::*;

    /// The findings in `docs/a.md` with this text, beside a few other files.
    fn messages(text: &str) -> Vec<String> {
        let other = ("README.md", "# The start\n");
        let files = [other, ("docs/a.md", text), ("docs/b c.md", ""), ("src/lib.rs", "")];
        check(&tree(&files)).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn links_to_files_folders_and_anchors_are_fine() {
        for good in
            ["b%20c.md", "../README.md#the-start", "/src", "../src/lib.rs#L3", "#here", "..", "ü%C3%BC:x"]
        {
            let bad = messages(&format!("# Here\n[x]({good})"));
            assert_eq!(bad.len(), usize::from(good.starts_with('ü')), "{bad:?}");
        }
    }

    #[test]
    fn addresses_are_not_followed() {
        assert_eq!(messages("[x](https://a.b/c#d) [y](mailto:a@b) [z](//a.b)").len(), 0);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        assert!(messages("[x](gone.md)")[0].contains("no `docs/gone.md`"));
        assert!(messages("[x](../READ.md)")[0].contains("leads nowhere"));
        assert!(messages("[x]: sr")[0].contains("leads nowhere"));
        assert!(messages("[x](../../out.md)")[0].contains("out of the repository"));
        assert!(messages("[x](../README.md#start)")[0].contains("`#start`"));
        assert!(messages("[x](#gone)")[0].contains("`#gone`"));
        assert!(messages("[x][gone]")[0].contains("defines `gone`"));
    }

    #[test]
    fn encoded_bytes_are_decoded() {
        assert_eq!(decoded("a%20b%C3%BCü%"), "a büü%");
    }
}
