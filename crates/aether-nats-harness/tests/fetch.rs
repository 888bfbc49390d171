//! Servers from the package index.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

use std::{fs, os::unix::fs::MetadataExt as _};

use aether_nats_harness::{HarnessError, Server, ServerBinary, ServerVersion};

const OLD: ServerVersion = ServerVersion::new(2, 10, 26);

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_older_version_is_fetched_and_runs_as_that_version() {
    let binary = ServerBinary::fetch(OLD).unwrap();
    assert_eq!(binary.version(), OLD);
    let server = Server::builder().binary(binary).start().unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    assert_eq!(client.server_info().version, "2.10.26");
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn the_pinned_versions_pass_their_hash_check_and_are_kept() {
    for version in ["2.10.26", "2.11.11", "2.12.8", "2.15.1"] {
        let version = version.parse().unwrap();
        let binary = ServerBinary::fetch(version).unwrap();
        assert_eq!(binary.version(), version);
        let identity = |binary: &ServerBinary| {
            let metadata = fs::metadata(binary.path()).unwrap();
            (metadata.ino(), metadata.mtime_nsec())
        };
        assert!(binary.path().ends_with(format!("nats-server/{version}/nats-server")));
        let again = ServerBinary::fetch(version).unwrap();
        assert_eq!(identity(&binary), identity(&again), "fetched once");
    }
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_version_that_is_not_offered_is_an_error_that_names_those_that_are() {
    let error = ServerBinary::fetch(ServerVersion::new(2, 10, 9999)).unwrap_err();
    assert!(matches!(error, HarnessError::VersionNotOffered { .. }), "{error}");
    assert!(error.to_string().contains("2.15.1"), "{error}");
}
