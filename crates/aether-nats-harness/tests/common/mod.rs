//! What the tests with a server share.

#![allow(dead_code, clippy::unwrap_used, reason = "tests; each file uses a part")]

use std::{
    future::Future,
    thread,
    time::{Duration, Instant},
};

use async_nats::jetstream::{self, stream};

/// Is enough for anything on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// Waits until `condition` holds.
pub(crate) fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within {LIMIT:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Calls `attempt` until it succeeds.
pub(crate) async fn eventually<T, E: std::fmt::Debug, F: Future<Output = Result<T, E>>>(
    what: &str,
    mut attempt: impl FnMut() -> F,
) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        match attempt().await {
            Ok(value) => return value,
            Err(error) => assert!(Instant::now() < deadline, "{what}: {error:?} after {LIMIT:?}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Connects, and gives JetStream.
pub(crate) async fn jetstream(url: &str) -> jetstream::Context {
    jetstream::new(async_nats::connect(url).await.unwrap())
}

/// Makes the stream `S` on the subjects `s.>`.
pub(crate) async fn make_stream(context: &jetstream::Context, replicas: usize) -> stream::Stream {
    let config = stream::Config {
        name: "S".to_owned(),
        subjects: vec!["s.>".to_owned()],
        num_replicas: replicas,
        ..stream::Config::default()
    };
    context.create_stream(config).await.unwrap()
}

/// Publishes and waits for the acknowledgment.
pub(crate) async fn publish(context: &jetstream::Context, subject: &str) -> u64 {
    let ack = context.publish(subject.to_owned(), "payload".into()).await.unwrap();
    ack.await.unwrap().sequence
}

/// Connects, and gives JetStream that waits two seconds at most for an answer.
pub(crate) async fn impatient(url: &str) -> jetstream::Context {
    let mut context = jetstream(url).await;
    context.set_timeout(Duration::from_secs(2));
    context
}

/// Makes a request that succeeds, however often it has to be repeated.
pub(crate) async fn answered(client: &async_nats::Client) {
    eventually("an answer", async || {
        let request = client.request("$JS.API.INFO", "".into());
        tokio::time::timeout(Duration::from_secs(1), request)
            .await
            .map_err(|_| "late".to_owned())?
            .map_err(|error| error.to_string())
    })
    .await;
}

/// Counts the messages of the stream `S`.
pub(crate) async fn stored(context: &jetstream::Context) -> u64 {
    let mut context = context.clone();
    // A request that a lost connection has swallowed is not worth waiting for.
    context.set_timeout(Duration::from_secs(1));
    eventually("the stream's state", async || {
        let mut stream = context.get_stream("S").await.map_err(|error| error.to_string())?;
        stream.info().await.map(|info| info.state.messages).map_err(|error| error.to_string())
    })
    .await
}

/// Says whether a process is there.
pub(crate) fn is_alive(pid: u32) -> bool {
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    rustix::process::test_kill_process(pid).is_ok()
}
