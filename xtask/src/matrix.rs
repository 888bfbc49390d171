//! The servers that the stores, views and clusters are tested on beside the main one: old and new ones, and a cluster.

use std::path::PathBuf;

use aether_nats_harness::{ServerBinary, ServerVersion};

use crate::cli::{Replicas, ServerChoice};

/// The packages whose NATS-backed tests run on every server: the store, what does its work otherwise on old ones, and what speaks to
/// JetStream itself.
pub(crate) const PACKAGES: [&str; 3] = [STORE, "aether-projection", "aether-cluster"];

const STORE: &str = "aether-store-jetstream";

/// The store's test targets that run on every server.
const TARGETS: [&str; 12] = [
    "anchors",
    "answers",
    "conformance",
    "go_streams",
    "key_value",
    "key_value_together",
    "lost_answers",
    "reads",
    "rewound",
    "streams",
    "subscriptions",
    "trails",
];

/// What needs a newer server than the oldest that a distribution brings (2.9.16).
const NEWER: [&str; 1] = ["partitions"];

/// Of projections: views are committed as a whole from 2.12 on, and entry by entry before that.
const PROJECTIONS: [&str; 1] = ["views"];

/// Of clusters, on the oldest server and on three: they need 2.10, since their consumers have several filters, and nothing later.
const CLUSTERS: [&str; 2] = ["host", "nats"];

/// What runs on the main server only: `chaos` brings servers of its own, and the contracts hold on each stream.
#[cfg(test)]
const MAIN: [&str; 2] = ["chaos", "conformance_partitions"];

/// One server, or a cluster of three.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) server: ServerChoice,
    pub(crate) replicas: Replicas,
    /// The test targets that run on it.
    pub(crate) targets: Vec<&'static str>,
}

/// Returns the columns: the oldest supported line, the one with pages, the one with atomic batches, the pinned one as a cluster, and what
/// the distribution brings where it is older than all of them (Debian 12 has 2.9.10).
pub(crate) fn columns() -> Vec<Column> {
    let fetched = |version, replicas: Replicas, more: &[&'static str]| Column {
        name: format!("suites, {version}, replicas {}", replicas.digit()),
        server: ServerChoice { server: None, server_version: Some(version) },
        replicas,
        targets: TARGETS.into_iter().chain(NEWER).chain(PROJECTIONS).chain(more.iter().copied()).collect(),
    };
    let mut columns = vec![
        fetched(ServerVersion::new(2, 10, 26), Replicas::One, &CLUSTERS),
        fetched(ServerVersion::new(2, 11, 11), Replicas::One, &[]),
        fetched(ServerVersion::new(2, 12, 8), Replicas::One, &[]),
        fetched(ServerVersion::PINNED, Replicas::Three, &CLUSTERS),
    ];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let programs = std::env::split_paths(&path).map(|folder| folder.join("nats-server"));
    columns.extend(installed_old(programs).map(|(version, path)| Column {
        name: format!("stores, {version} as installed, replicas 1"),
        server: ServerChoice { server: Some(path), server_version: None },
        replicas: Replicas::One,
        targets: TARGETS.to_vec(),
    }));
    columns
}

/// Finds the first program that is a server older than what is taken from the PATH otherwise.
fn installed_old(programs: impl Iterator<Item = PathBuf>) -> Option<(ServerVersion, PathBuf)> {
    let found = programs.filter(|path| path.is_file()).find_map(|path| ServerBinary::at(path).ok());
    found
        .filter(|server| server.version() < ServerVersion::OLDEST)
        .map(|server| (server.version(), server.path().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_says_what_it_runs_on() {
        let columns = columns();
        for (version, replicas) in [("2.10.26", "1"), ("2.11.11", "1"), ("2.12.8", "1"), ("2.15.1", "3")] {
            let named = |column: &&Column| column.name == format!("suites, {version}, replicas {replicas}");
            let column = columns.iter().find(named).unwrap();
            assert_eq!(column.replicas.digit(), replicas);
            assert_eq!(
                column.server.server_version.map(|version| version.to_string()).as_deref(),
                Some(version)
            );
        }
    }

    #[test]
    fn no_test_target_is_forgotten() {
        let tests = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates").join(STORE).join("tests");
        let mut found: Vec<_> = std::fs::read_dir(tests)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .filter(|name| !["common", "data"].contains(&name.as_str()))
            .collect();
        found.sort();
        let mut named: Vec<_> = TARGETS.into_iter().chain(NEWER).chain(MAIN).collect();
        named.sort_unstable();
        assert_eq!(found, named);
    }

    #[test]
    fn what_is_no_server_is_passed_over() {
        assert!(installed_old([PathBuf::from("/nonexistent/nats-server")].into_iter()).is_none());
    }
}
