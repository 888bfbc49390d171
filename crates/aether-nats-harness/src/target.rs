//! Where the build's files go, so that a fetched server can be kept there.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use crate::{HarnessError, error::Doing};

/// Finds the target folder: `$CARGO_TARGET_DIR`, else `target` beside the nearest `Cargo.lock`, else beside the
/// nearest `Cargo.toml`, at or above the current directory.
pub(crate) fn target_folder() -> Result<PathBuf, HarnessError> {
    let here = std::env::current_dir().doing(|| "finding the current directory".to_owned())?;
    let setting = std::env::var_os("CARGO_TARGET_DIR");
    choose(setting.as_deref(), &here).ok_or(HarnessError::NoTargetFolder { from: here })
}

fn choose(setting: Option<&OsStr>, here: &Path) -> Option<PathBuf> {
    let root = || nearest(here, "Cargo.lock").or_else(|| nearest(here, "Cargo.toml"));
    match setting.filter(|setting| !setting.is_empty()).map(Path::new) {
        Some(absolute) if absolute.is_absolute() => Some(absolute.to_owned()),
        // Cargo reads it relative to where it was called, and runs tests in their package: the root is the best guess.
        Some(relative) => Some(root().unwrap_or(here).join(relative)),
        None => root().map(|root| root.join("target")),
    }
}

fn nearest<'a>(here: &'a Path, name: &str) -> Option<&'a Path> {
    here.ancestors().find(|folder| folder.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn workspace() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let package = root.path().join("crates/one");
        fs::create_dir_all(&package).unwrap();
        fs::write(package.join("Cargo.toml"), "").unwrap();
        (root, package)
    }

    #[test]
    fn the_lock_file_wins_over_a_nearer_manifest() {
        let (root, package) = workspace();
        assert_eq!(choose(None, &package), Some(package.join("target")));
        fs::write(root.path().join("Cargo.lock"), "").unwrap();
        assert_eq!(choose(None, &package), Some(root.path().join("target")));
    }

    #[test]
    fn the_setting_wins_and_is_relative_to_the_root() {
        let (root, package) = workspace();
        fs::write(root.path().join("Cargo.lock"), "").unwrap();
        let of = |setting: &str| choose(Some(OsStr::new(setting)), &package);
        assert_eq!(of("/elsewhere"), Some(PathBuf::from("/elsewhere")));
        assert_eq!(of("out"), Some(root.path().join("out")));
        assert_eq!(of(""), Some(root.path().join("target")));
    }

    #[test]
    fn outside_of_a_project_there_is_none() {
        assert_eq!(choose(None, Path::new("/")), None);
    }
}
