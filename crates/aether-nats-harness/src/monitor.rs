//! What a server says about the cluster that it is in.

use serde::Deserialize;

use crate::http;

/// What one server knows about the meta group.
#[derive(Clone, PartialEq, Eq, Default, Debug, Deserialize)]
pub(crate) struct MetaGroup {
    /// The leader's name, empty while there is none.
    #[serde(default)]
    pub(crate) leader: String,
    /// How many servers take part.
    #[serde(default)]
    pub(crate) cluster_size: usize,
    /// The other members, as the leader sees them; others do not say.
    #[serde(default)]
    pub(crate) replicas: Vec<Peer>,
}

/// One other member of the meta group.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(crate) struct Peer {
    /// Whether it has everything that the leader has.
    #[serde(default)]
    pub(crate) current: bool,
    /// Whether the leader has lost it.
    #[serde(default)]
    pub(crate) offline: bool,
}

#[derive(Deserialize)]
struct Jsz {
    #[serde(default)]
    meta_cluster: MetaGroup,
    #[serde(default)]
    account_details: Vec<Account>,
}

#[derive(Deserialize)]
struct Account {
    name: String,
    #[serde(default)]
    stream_detail: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    name: String,
    #[serde(default)]
    cluster: StreamGroup,
}

#[derive(Default, Deserialize)]
struct StreamGroup {
    #[serde(default)]
    leader: String,
}

#[derive(Deserialize)]
struct Routez {
    #[serde(default)]
    routes: Vec<Route>,
}

#[derive(Deserialize)]
struct Route {
    #[serde(default)]
    remote_name: String,
}

/// Asks for the name at the other end of each route; several lead to one server.
pub(crate) fn routes(monitor_port: u16) -> Result<Vec<String>, String> {
    let body = http::get(monitor_port, "/routez")?;
    let answer: Routez = serde_json::from_str(&body).map_err(|error| error.to_string())?;
    Ok(answer.routes.into_iter().map(|route| route.remote_name).collect())
}

/// Asks for the meta group.
pub(crate) fn meta_group(monitor_port: u16) -> Result<MetaGroup, String> {
    http::get(monitor_port, "/jsz").and_then(|body| parse(&body)).map(|jsz| jsz.meta_cluster)
}

/// Asks for the name of a stream's leader; `None` when this server has no copy, or knows no leader.
pub(crate) fn stream_leader(
    monitor_port: u16,
    account: &str,
    stream: &str,
) -> Result<Option<String>, String> {
    let body = http::get(monitor_port, "/jsz?accounts=true&streams=true")?;
    parse(&body).map(|jsz| leader_in(jsz, account, stream))
}

fn leader_in(jsz: Jsz, account: &str, stream: &str) -> Option<String> {
    let account = jsz.account_details.into_iter().find(|found| found.name == account)?;
    let stream = account.stream_detail.into_iter().find(|found| found.name == stream)?;
    Some(stream.cluster.leader).filter(|leader| !leader.is_empty())
}

fn parse(body: &str) -> Result<Jsz, String> {
    serde_json::from_str(body).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meta_group_is_read_and_absent_on_a_single_server() {
        let alone = parse(r#"{"memory":0}"#).unwrap().meta_cluster;
        assert_eq!(alone, MetaGroup::default());
        let leader = parse(
            r#"{"meta_cluster":{"name":"c","leader":"b","peer":"x","cluster_size":3,
                "replicas":[{"name":"a","current":true,"active":7},{"name":"d","current":false,"offline":true}]}}"#,
        );
        let group = leader.unwrap().meta_cluster;
        let peers: Vec<_> = group.replicas.iter().map(|peer| (peer.current, peer.offline)).collect();
        assert_eq!((&*group.leader, group.cluster_size, peers), ("b", 3, vec![(true, false), (false, true)]));
    }

    #[test]
    fn a_stream_s_leader_is_looked_up_in_its_account() {
        let body = r#"{"account_details":[
            {"name":"A","stream_detail":[{"name":"S","cluster":{"leader":"a"}}]},
            {"name":"$G","stream_detail":[{"name":"S","cluster":{"leader":"g"}},{"name":"T","cluster":{}}]}]}"#;
        let of = |account, stream| leader_in(parse(body).unwrap(), account, stream);
        assert_eq!(of("$G", "S").as_deref(), Some("g"));
        assert_eq!(of("A", "S").as_deref(), Some("a"));
        assert_eq!((of("$G", "T"), of("$G", "U"), of("B", "S")), (None, None, None));
    }
}
