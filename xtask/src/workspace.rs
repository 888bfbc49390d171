//! Where the workspace is, and how its programs are run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::package::{self, Package};
use crate::process;

/// The checkout that this program belongs to.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    packages: Vec<Package>,
}

impl Workspace {
    /// Finds the checkout, from whatever folder `cargo xtask` was called in.
    pub(crate) fn find() -> Result<Self> {
        let own = std::env::var_os("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| OsString::from(env!("CARGO_MANIFEST_DIR")));
        let root = Path::new(&own)
            .parent()
            .ok_or_else(|| Failure::new("xtask lies at the root of the file system"))?
            .to_path_buf();
        let mut metadata = cargo_in(&root);
        metadata.args(["metadata", "--format-version", "1", "--no-deps"]);
        let metadata = package::parse(&process::output(metadata)?)?;
        Ok(Self { root, target: metadata.target, packages: metadata.packages })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder for everything built: `CARGO_TARGET_DIR` is honoured.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// The members, by name.
    pub(crate) fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// `cargo` with these arguments, in the root.
    pub(crate) fn cargo<I: IntoIterator<Item = A>, A: AsRef<std::ffi::OsStr>>(
        &self,
        arguments: I,
    ) -> Command {
        let mut cargo = cargo_in(&self.root);
        cargo.args(arguments);
        cargo
    }

    /// Another program, in the root, with the environment a shell would give it.
    pub(crate) fn program(&self, path: impl AsRef<Path>) -> Command {
        program_in(&self.root, path.as_ref())
    }
}

fn cargo_in(root: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    program_in(root, Path::new(&cargo))
}

fn program_in(root: &Path, path: &Path) -> Command {
    let mut command = Command::new(path);
    command.current_dir(root);
    // `cargo run` set these for xtask. Build scripts watch some of them (ring's does), and would run again at each
    // change between `cargo xtask` and a plain `cargo`.
    let of_xtask = |name: &str| {
        ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(of_xtask) {
            command.env_remove(name);
        }
    }
    command
}
