//! How fast an ask to another node is, beside a raw request: to be looked at by hand, in release mode, with `AETHER_ROUNDS=5`.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::join_all;

use super::site::{Site, actor};
use crate::host::Handled;
use crate::rooms::RoomSettings;

/// Keeps so many under way for a while; returns how many ended a second, and the median of what one took.
async fn load<F, O>(at_once: usize, one: O) -> (f64, Duration)
where
    F: Future<Output = ()> + Send + 'static,
    O: Fn() -> F + Clone + Send + Sync + 'static,
{
    let (start, round) = (Instant::now(), Duration::from_millis(if rounds() > 1 { 1_000 } else { 100 }));
    let workers = (0..at_once).map(|_| one.clone()).map(|one| {
        tokio::spawn(async move {
            let mut times = Vec::new();
            while start.elapsed() < round {
                let begun = Instant::now();
                one().await;
                times.push(begun.elapsed());
            }
            times
        })
    });
    let mut times: Vec<_> = join_all(workers).await.into_iter().flat_map(Result::unwrap).collect();
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    times.sort();
    (rate, times[times.len() / 2])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn an_ask_beside_a_raw_request() {
    let site = Site::new();
    let (asker, owner) = (site.node(1).await, site.node_with(2, Quiet, RoomSettings::default()).await);
    let (name, shard) = actor("order-1");
    site.give(&owner, shard, 1);
    let responder = owner.client.clone();
    let mut questions = responder.subscribe("raw.question").await.unwrap();
    responder.flush().await.unwrap();
    tokio::spawn(async move {
        while let Some(message) = questions.next().await {
            let _ = responder.publish(message.reply.unwrap(), message.payload).await;
        }
    });
    let payload = Bytes::from_static(b"\"0123456789012345678901234567890123456789\"");
    let text = "0123456789012345678901234567890123456789";
    for at_once in [1, 64, 1_024] {
        let mut rows = Vec::new();
        for _ in 0..rounds() {
            let (client, payload) = (asker.client.clone(), payload.clone());
            let raw = load(at_once, move || {
                let (client, payload) = (client.clone(), payload.clone());
                async move {
                    client.request("raw.question", payload).await.unwrap();
                }
            });
            let raw = raw.await;
            let (router, name) = (asker.router.clone(), name.clone());
            let ask = load(at_once, move || {
                let (router, name) = (router.clone(), name.clone());
                async move {
                    let said: String = router.route(&name, text).ask().await.unwrap();
                    assert_eq!(said, text);
                }
            });
            let ask = ask.await;
            rows.push((ask.0 / raw.0, ask.1.as_secs_f64() / raw.1.as_secs_f64(), raw, ask));
        }
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (rate, latency, raw, ask) = rows[rows.len() / 2];
        println!("{at_once:5} at once: rate {rate:.2}, p50 {latency:.2} (raw {raw:?}, ask {ask:?})");
    }
}

fn rounds() -> usize {
    std::env::var("AETHER_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1)
}

/// Answers what it was asked.
struct Quiet;

impl crate::host::ShardHost for Quiet {
    async fn handle(&self, _: &crate::host::Ownership, message: crate::host::Message) -> Handled {
        Handled::Answered(message.payload)
    }
}
