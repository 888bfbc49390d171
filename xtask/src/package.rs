//! The members of the workspace, as `cargo metadata` tells them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::failure::{Failure, Result};

#[derive(Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) target: PathBuf,
    pub(crate) packages: Vec<Package>,
}

#[derive(Debug, Default, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Relative to the root of the workspace, with `/`.
    pub(crate) manifest: String,
    /// What each feature turns on.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    pub(crate) has_library: bool,
    pub(crate) has_program: bool,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) requirement: String,
    pub(crate) for_tests: bool,
    pub(crate) optional: bool,
    pub(crate) by_path: bool,
}

impl Package {
    /// Whether its manifest lies in this folder of the root.
    pub(crate) fn is_under(&self, folder: &str) -> bool {
        Path::new(&self.manifest).starts_with(folder)
    }
}

/// Reads what `cargo metadata --format-version 1 --no-deps` printed.
pub(crate) fn parse(json: &str) -> Result<Metadata> {
    let metadata: Value = serde_json::from_str(json)?;
    let root = PathBuf::from(text(&metadata, "workspace_root")?);
    let mut packages =
        list(&metadata, "packages").iter().map(|value| package(value, &root)).collect::<Result<Vec<_>>>()?;
    packages.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(Metadata { target: PathBuf::from(text(&metadata, "target_directory")?), packages })
}

fn package(value: &Value, root: &Path) -> Result<Package> {
    let manifest = PathBuf::from(text(value, "manifest_path")?);
    let kinds: Vec<&str> = list(value, "targets")
        .iter()
        .flat_map(|target| list(target, "kind"))
        .filter_map(Value::as_str)
        .collect();
    Ok(Package {
        name: text(value, "name")?,
        manifest: slashes(manifest.strip_prefix(root).unwrap_or(&manifest)),
        features: features(value),
        has_library: kinds.iter().any(|kind| kind.ends_with("lib") || *kind == "proc-macro"),
        has_program: kinds.contains(&"bin"),
        dependencies: list(value, "dependencies").iter().map(dependency).collect::<Result<_>>()?,
    })
}

fn features(value: &Value) -> BTreeMap<String, Vec<String>> {
    let turned_on = |list: &Value| {
        let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        names.map(str::to_owned).collect()
    };
    let features = value.get("features").and_then(Value::as_object).into_iter().flatten();
    features.map(|(name, list)| (name.clone(), turned_on(list))).collect()
}

fn dependency(value: &Value) -> Result<Dependency> {
    Ok(Dependency {
        name: text(value, "name")?,
        requirement: text(value, "req")?,
        for_tests: value.get("kind").and_then(Value::as_str) == Some("dev"),
        optional: value.get("optional").and_then(Value::as_bool) == Some(true),
        by_path: value.get("path").is_some_and(Value::is_string),
    })
}

fn text(value: &Value, key: &str) -> Result<String> {
    let text = value.get(key).and_then(Value::as_str);
    text.map(str::to_owned)
        .ok_or_else(|| Failure::new(format!("`cargo metadata` printed no `{key}` where one was expected")))
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A path with `/` on every system.
fn slashes(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_read_from_the_metadata() {
        let json = r#"{"workspace_root": "/r", "target_directory": "/t", "packages": [{
            "name": "aether", "manifest_path": "/r/crates/aether/Cargo.toml",
            "features": {"default": ["memory"], "memory": ["dep:m"]},
            "targets": [{"kind": ["lib"]}, {"kind": ["test"]}],
            "dependencies": [
                {"name": "m", "req": "^0.1.0", "kind": null, "optional": true, "path": "/r/crates/m"},
                {"name": "serde", "req": "^1", "kind": "dev", "optional": false}]}]}"#;
        let metadata = parse(json).unwrap();
        let package = &metadata.packages[0];
        assert_eq!(metadata.target, Path::new("/t"));
        assert_eq!(package.manifest, "crates/aether/Cargo.toml");
        assert!(package.is_under("crates") && !package.is_under("examples"));
        assert!(package.has_library && !package.has_program);
        assert_eq!(package.features["default"], ["memory"]);
        assert!(package.dependencies[0].optional && package.dependencies[0].by_path);
        assert!(package.dependencies[1].for_tests && !package.dependencies[1].by_path);
    }
}
