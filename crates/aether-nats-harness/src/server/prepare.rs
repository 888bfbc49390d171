//! Everything that a server needs before it runs.

use std::{fs, path::Path};

use super::Server;
use crate::{
    Builder, HarnessError,
    config::{self, Membership},
    error::Doing,
    port::PortLease,
    process::Process,
    ready::Readiness,
    wrapper::Wrapper,
};

/// What a cluster decides for a server.
pub(crate) struct Member<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) route_port: PortLease,
    pub(crate) peers: &'a [u16],
    pub(crate) advertised: Option<u16>,
}

impl Server {
    /// Makes everything but the running server.
    pub(crate) fn prepare<T>(builder: &Builder<T>, member: Option<Member<'_>>) -> Result<Self, HarnessError> {
        let binary = builder.chosen_binary()?;
        let keep = builder.kept()?;
        let (client_port, monitor_port) = (PortLease::take()?, PortLease::take()?);
        let name = format!("aether-{}", client_port.port());
        let folder = tempfile::Builder::new().prefix("aether-nats-").tempdir();
        let folder = folder.doing(|| format!("making a folder in {}", std::env::temp_dir().display()))?;
        let membership = member.as_ref().map(|member| Membership {
            cluster: member.cluster,
            route_port: member.route_port.port(),
            peers: member.peers,
            advertised: member.advertised,
        });
        let store = folder.path().join("store");
        let text = config::render(&name, &builder.options, membership);
        let path = folder.path().join("server.conf");
        fs::write(&path, text).doing(|| format!("writing {}", path.display()))?;
        let arguments = arguments(&path, &store, client_port.port(), monitor_port.port());
        let wrapper = Wrapper::spawn(binary.path(), folder.path(), &arguments, keep)?;
        Ok(Self {
            process: Process::new(wrapper),
            binary,
            name,
            // From here on the wrapper removes it.
            directory: folder.keep(),
            readiness: if member.is_some() { Readiness::Member } else { Readiness::Whole },
            keep,
            client_port,
            monitor_port,
            _route_port: member.map(|member| member.route_port),
        })
    }
}

fn arguments(config: &Path, store: &Path, port: u16, monitor_port: u16) -> Vec<String> {
    let (config, store) = (config.to_string_lossy().into_owned(), store.to_string_lossy().into_owned());
    let (port, monitor_port) = (port.to_string(), monitor_port.to_string());
    let pairs =
        [("-c", config), ("-a", "127.0.0.1".to_owned()), ("-p", port), ("-m", monitor_port), ("-sd", store)];
    pairs.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect()
}
