//! The cost of bytes in headers: the same publishes with longer and longer ones, in turns.

use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

use crate::Result;
use crate::report::Report;
use crate::site::Site;

/// Bytes of the header's value: as few as an expectation, a full trail, and more than any trail.
const VALUES: [usize; 4] = [0, 64, 256, 1024];
/// Publishes in flight.
const AT_ONCE: usize = 512;

pub(crate) async fn measure(report: &mut Report, replicas: u8, messages: u64, rounds: u32) -> Result<()> {
    let site = Site::start(replicas).await?;
    let mut took = [const { Vec::new() }; VALUES.len()];
    let mut disk = [0.0; VALUES.len()];
    for round in 0..rounds {
        for (index, bytes) in VALUES.into_iter().enumerate() {
            let stream = format!("s{round}-{bytes}");
            create(&site, &stream, replicas).await?;
            took[index].push(publish(&site, &stream, bytes, messages).await?);
            disk[index] = stored(&site, &stream).await? / messages as f64;
            // Whatever follows shall find as little as this one did.
            site.client.request(format!("$JS.API.STREAM.DELETE.{stream}"), "".into()).await?;
        }
    }
    for (index, bytes) in VALUES.into_iter().enumerate() {
        took[index].sort_unstable();
        let median = took[index][took[index].len() / 2].as_secs_f64();
        report.row(
            replicas,
            &format!("a message of 200 bytes with a header of {bytes}"),
            &[("appends", messages as f64 / median, "/s"), ("stored", disk[index], "bytes")],
        );
    }
    Ok(())
}

async fn create(site: &Site, stream: &str, replicas: u8) -> Result<()> {
    let config = json!({ "name": stream, "subjects": [format!("{stream}.>")], "num_replicas": replicas });
    let create = format!("$JS.API.STREAM.CREATE.{stream}");
    let answer = site.client.request(create, config.to_string().into()).await?;
    let answer: Value = serde_json::from_slice(&answer.payload)?;
    if answer["error"].is_object() { Err(answer.to_string().into()) } else { Ok(()) }
}

/// The bytes that the stream counts as its own.
async fn stored(site: &Site, stream: &str) -> Result<f64> {
    let answer = site.client.request(format!("$JS.API.STREAM.INFO.{stream}"), "".into()).await?;
    let answer: Value = serde_json::from_slice(&answer.payload)?;
    Ok(answer["state"]["bytes"].as_f64().ok_or("a stream without a state")?)
}

async fn publish(site: &Site, stream: &str, bytes: usize, messages: u64) -> Result<Duration> {
    let mut headers = HeaderMap::new();
    headers.insert("Aether-Trail", "7".repeat(bytes.max(1)));
    let payload = bytes::Bytes::from(vec![b'x'; 200]);
    let begun = Instant::now();
    let publishes = stream::iter(0..messages).map(|number| {
        let (headers, payload) = (headers.clone(), payload.clone());
        let (client, subject) = (&site.client, format!("{stream}.{}", number % 1000));
        async move {
            let answer = client.request_with_headers(subject, headers, payload).await?;
            let answer: Value = serde_json::from_slice(&answer.payload)?;
            if answer["seq"].is_u64() { Result::Ok(()) } else { Err(answer.to_string().into()) }
        }
    });
    publishes.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    Ok(begun.elapsed())
}
