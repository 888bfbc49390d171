//! When a cluster can be used.

use super::{Cluster, SIZE, running_group};
use crate::{Server, ServerVersion, monitor, probe};

/// Says what the cluster still lacks.
pub(super) fn check(cluster: &Cluster) -> Result<(), String> {
    let up: Vec<_> = cluster.servers.iter().filter(|server| server.pid().is_some()).collect();
    let groups = up.iter().map(|server| running_group(server)).collect::<Result<Vec<_>, _>>()?;
    let leader = groups.first().map(|group| group.leader.clone()).unwrap_or_default();
    let agreed = groups.iter().all(|group| group.leader == leader && group.cluster_size == SIZE);
    let followers = groups.iter().flat_map(|group| &group.replicas);
    let current = followers.filter(|peer| peer.current && !peer.offline).count();
    if leader.is_empty() || !agreed || current + 1 < up.len() {
        return Err(format!("{groups:?}"));
    }
    up.iter().try_for_each(|server| check_routes(server, &up))?;
    up.first().map_or(Ok(()), |server| probe::place_stream(server.port(), up.len()))
}

/// Says which other server cannot be reached yet on every route: accounts are spread over them, and what is sent to an
/// account whose route is missing is lost, without a word.
fn check_routes(server: &Server, up: &[&Server]) -> Result<(), String> {
    let routes = monitor::routes(server.monitor_port())?;
    let wanted = routes_between(server.version());
    let missing = up
        .iter()
        .filter(|other| other.name() != server.name())
        .find(|other| routes.iter().filter(|name| *name == other.name()).count() < wanted);
    missing.map_or(Ok(()), |other| Err(format!("{} has too few routes to {}", server.name(), other.name())))
}

/// Gives how many routes two servers have: since 2.10 a pool of three, and one for the system account.
fn routes_between(version: ServerVersion) -> usize {
    if version < ServerVersion::new(2, 10, 0) { 1 } else { 4 }
}
