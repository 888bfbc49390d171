//! The text of a server's configuration file.

use std::fmt::Write as _;

/// What a test may choose about a server.
#[derive(Clone, Default, Debug)]
pub(crate) struct Options {
    /// Lines for the end of the file.
    pub(crate) snippet: String,
    /// Lines for the `jetstream` block.
    pub(crate) jetstream: String,
    /// The largest payload in bytes; the server's default is 1 MiB.
    pub(crate) max_payload_bytes: Option<u64>,
}

/// One server's place in a cluster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Membership<'a> {
    /// The cluster's name.
    pub(crate) cluster: &'a str,
    /// The port for the other servers' routes.
    pub(crate) route_port: u16,
    /// The route ports of all members; its own is left out.
    pub(crate) peers: &'a [u16],
    /// What the others are told of the way to it, if not its own port.
    pub(crate) advertised: Option<u16>,
}

/// Writes the file. What decides where a server listens and stores is not here: it goes on the command line, which a
/// snippet cannot override.
pub(crate) fn render(name: &str, options: &Options, membership: Option<Membership<'_>>) -> String {
    let mut text = format!("server_name: {}\n", quoted(name));
    let _ = writeln!(text, "jetstream {{\n{}}}", options.jetstream);
    if let Some(bytes) = options.max_payload_bytes {
        let _ = writeln!(text, "max_payload: {bytes}");
    }
    if let Some(membership) = membership {
        text.push_str(&cluster_block(membership));
    }
    text.push_str(&options.snippet);
    text
}

fn cluster_block(membership: Membership<'_>) -> String {
    let Membership { cluster, route_port, peers, advertised } = membership;
    let advertise = advertised.map(|port| format!("advertise: \"127.0.0.1:{port}\"\n")).unwrap_or_default();
    let routes: String = peers
        .iter()
        .filter(|port| **port != route_port)
        .map(|port| format!("nats://127.0.0.1:{port}\n"))
        .collect();
    // Without no_advertise clients would learn the other servers' addresses, and go around a proxy.
    format!(
        "cluster {{\nname: {}\nlisten: \"127.0.0.1:{route_port}\"\nno_advertise: true\n{advertise}routes: [\n{routes}]\n}}\n",
        quoted(cluster)
    )
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stand_where_the_server_looks_for_them() {
        let options = Options {
            snippet: "debug: true\n".to_owned(),
            jetstream: "sync_interval: always\n".to_owned(),
            max_payload_bytes: Some(2048),
        };
        assert_eq!(
            render("a \"b\"", &options, None),
            "server_name: \"a \\\"b\\\"\"\njetstream {\nsync_interval: always\n}\n\
             max_payload: 2048\ndebug: true\n"
        );
    }

    #[test]
    fn a_member_knows_every_route_and_advertises_none() {
        let membership = Membership { cluster: "c", route_port: 2, peers: &[1, 2], advertised: Some(9) };
        let text = render("a", &Options::default(), Some(membership));
        for part in [
            "name: \"c\"",
            "listen: \"127.0.0.1:2\"",
            "routes: [\nnats://127.0.0.1:1\n]",
            "no_advertise",
            "\nadvertise: \"127.0.0.1:9\"",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}
