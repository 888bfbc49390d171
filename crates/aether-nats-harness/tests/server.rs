//! One server: what can be done to it does what it says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test")]

mod common;

use std::{path::Path, time::Duration};

use aether_nats_harness::{HarnessError, Server};
use async_nats::ConnectOptions;
use common::{eventually, is_alive, jetstream, make_stream, publish, stored, until};

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_started_server_has_jetstream_and_the_version_it_names() {
    let server = Server::start().unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    assert_eq!(client.server_info().version, server.version().to_string());
    assert_eq!(client.server_info().port, server.port());
    let context = async_nats::jetstream::new(client);
    make_stream(&context, 1).await;
    assert_eq!(publish(&context, "s.a").await, 1);
    assert!(server.store_dir().join("jetstream").is_dir());
    assert!(server.log().contains("Server is ready"));
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_restart_keeps_the_stream_and_the_port_of_a_client() {
    let mut server = Server::start().unwrap();
    let (url, pid) = (server.url(), server.pid());
    let context = jetstream(&url).await;
    make_stream(&context, 1).await;
    publish(&context, "s.a").await;
    server.restart().unwrap();
    assert_eq!(server.url(), url);
    assert!(server.pid().is_some() && server.pid() != pid);
    // The same client, which has to find the server again by itself.
    assert_eq!(stored(&context).await, 1);
    assert!(server.log().contains("Initiating Shutdown"), "SIGTERM is a graceful end");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_killed_server_is_gone_and_has_its_messages_when_it_is_back() {
    let mut server = Server::start().unwrap();
    let context = jetstream(&server.url()).await;
    make_stream(&context, 1).await;
    publish(&context, "s.a").await;
    let pid = server.pid().unwrap();
    server.kill().unwrap();
    assert_eq!(server.pid(), None);
    assert!(!is_alive(pid));
    assert!(async_nats::connect(server.url()).await.is_err());
    assert!(!server.log().contains("Initiating Shutdown"), "SIGKILL is not graceful");
    server.start_again().unwrap();
    assert_eq!(stored(&context).await, 1);
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_paused_server_answers_when_it_is_resumed_and_not_before() {
    let mut server = Server::start().unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    server.pause().unwrap();
    let answer = tokio::spawn(async move { client.request("$JS.API.INFO", "".into()).await });
    let early = tokio::time::timeout(Duration::from_millis(300), async_nats::connect(server.url())).await;
    assert!(early.is_err(), "a paused server greets nobody");
    assert!(!answer.is_finished());
    server.resume().unwrap();
    answer.await.unwrap().unwrap();
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_paused_server_can_be_stopped_and_killed() {
    let mut server = Server::start().unwrap();
    server.pause().unwrap();
    server.stop().unwrap();
    server.start_again().unwrap();
    server.pause().unwrap();
    server.kill().unwrap();
    assert_eq!(server.pid(), None);
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn what_makes_no_sense_is_refused() {
    let mut server = Server::start().unwrap();
    assert!(matches!(server.start_again(), Err(HarnessError::AlreadyRunning { .. })));
    server.stop().unwrap();
    for result in [server.stop(), server.kill(), server.pause(), server.resume()] {
        assert!(matches!(result, Err(HarnessError::NotRunning { .. })), "{result:?}");
    }
    server.start_again().unwrap();
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_server_that_crashes_by_itself_is_noticed_and_can_be_started_again() {
    let mut server = Server::start().unwrap();
    let pid = rustix::process::Pid::from_raw(server.pid().unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    until("the server is gone", || server.pid().is_none());
    server.start_again().unwrap();
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn accounts_of_a_snippet_have_streams_of_their_own() {
    let account =
        |name: &str| format!("{name} {{ jetstream: enabled, users: [{{user: {name}, password: {name}}}] }}");
    let snippet = format!("accounts {{ {}, {} }}", account("a"), account("b"));
    let server = Server::builder().config(&snippet).start().unwrap();
    let login = async |name: &str| {
        let options = ConnectOptions::with_user_and_password(name.to_owned(), name.to_owned());
        async_nats::jetstream::new(options.connect(server.url()).await.unwrap())
    };
    let (a, b) = (login("a").await, login("b").await);
    make_stream(&a, 1).await;
    make_stream(&b, 1).await;
    publish(&a, "s.x").await;
    assert_eq!((stored(&a).await, stored(&b).await), (1, 0));
    assert!(async_nats::connect(server.url()).await.is_err(), "nobody else may connect");
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn limits_of_the_builder_hold() {
    let builder = Server::builder().max_payload(2048).jetstream("max_file_store: 1MB");
    let server = builder.sync_always().start().unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    assert_eq!(client.server_info().max_payload, 2048);
    let about = monitor(server.monitor_port(), "/jsz");
    let config = &about["config"];
    assert_eq!(config["max_storage"].as_u64(), Some(1 << 20), "{config}");
    assert_eq!(config["sync_always"].as_bool(), Some(true), "{config}");
    let usual = Server::builder().sync_interval(Duration::from_millis(1500)).start().unwrap();
    let about = monitor(usual.monitor_port(), "/jsz");
    assert_eq!(about["config"]["sync_interval"].as_u64(), Some(1_500_000_000), "{about}");
    assert!(!about["config"]["sync_always"].as_bool().unwrap_or_default());
}

fn monitor(port: u16, path: &str) -> serde_json::Value {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_snippet_cannot_move_the_server_from_loopback_or_its_directory() {
    let server = Server::builder().config("listen: \"0.0.0.0:1\"").start().unwrap();
    let log = server.log();
    let listening = format!("Listening for client connections on 127.0.0.1:{}", server.port());
    assert!(log.contains(&listening) && !log.contains("0.0.0.0"), "{log}");
    let elsewhere = "jetstream { store_dir: \"/nowhere/at/all\" }";
    let error = Server::builder().config(elsewhere).start().unwrap_err().to_string();
    assert!(error.contains("store_dir"), "{error}");
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn a_bad_snippet_is_shown_by_the_error() {
    let error = Server::builder().config("no_such_setting: 1").start().unwrap_err();
    assert!(matches!(error, HarnessError::EndedAtStart { .. }), "{error}");
    assert!(error.to_string().contains("no_such_setting"), "{error}");
}

#[test]
#[ignore = "needs nats-server: run cargo xtask integration"]
fn dropping_a_server_ends_it_and_removes_its_directory() {
    let mut first = Server::start().unwrap();
    let second = Server::start().unwrap();
    let (pid, other) = (first.pid().unwrap(), second.pid().unwrap());
    let directory = first.store_dir();
    first.pause().unwrap();
    drop(first);
    assert!(!is_alive(pid) && is_alive(other));
    assert!(!directory.exists() && second.store_dir().exists());
}

#[tokio::test]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_kept_server_outlives_its_value() {
    let server = Server::builder().keep(true).start().unwrap();
    let (url, pid, directory) = (server.url(), server.pid().unwrap(), server.store_dir());
    drop(server);
    let there = eventually("connecting", || async_nats::connect(&url)).await;
    let port = there.server_info().port;
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    until("the kept server is gone", || !is_alive(pid));
    std::fs::remove_dir_all(directory.parent().unwrap_or(Path::new("/nowhere"))).unwrap();
    assert!(url.ends_with(&port.to_string()));
}
