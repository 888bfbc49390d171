//! Opening: two streams for each partition, created or found to be right.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use aether_core::error::Unsupported;
use aether_core::store::Announcer;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::Value;

use crate::api::Api;
use crate::config::{self, Wanted};
use crate::deadline::Deadline;
use crate::error::{Failure, code};
use crate::head::Heads;
use crate::hint::Hints;
use crate::key_value::{Bucket, atomic, is_atomic};
use crate::lanes::Lanes;
use crate::layout::{Layout, of_aether_only};
use crate::names::Streams;
use crate::partition::{self, Partition};
use crate::partitions::Partitions;
use crate::store::{Inner, JetStreamStore, Shared};
use crate::{JetStreamStoreBuilder, OpenError, adopt, labels, names};

#[derive(Deserialize)]
struct StreamInfo {
    config: Value,
}

#[derive(Deserialize)]
struct AccountInfo {
    #[serde(default)]
    api: ApiInfo,
}

#[derive(Default, Deserialize)]
struct ApiInfo {
    #[serde(default)]
    level: u64,
}

pub(crate) async fn open(builder: JetStreamStoreBuilder) -> Result<JetStreamStore, OpenError> {
    let store = names::events(builder.namespace.as_ref(), &builder.name)
        .map_err(|bytes| OpenError::NameTooLong { bytes, limit: names::MAX_BYTES })?;
    let (wanted, limit) = (builder.partitions, partition::MOST);
    if !(1..=limit).contains(&wanted) {
        return Err(OpenError::PartitionCount { wanted, limit });
    }
    if let Some(replicas) = builder.wishes.replicas.filter(|replicas| !(1..=5).contains(replicas)) {
        let (stream, wanted, found) = (store, replicas.to_string(), "1 to 5 can be had".to_owned());
        return Err(OpenError::Config { stream, field: "num_replicas", wanted, found });
    }
    if builder.wishes.anchors == Some(0) {
        let (stream, wanted, found) = (store, "0".to_owned(), "1 or more can be had".to_owned());
        return Err(OpenError::Config { stream, field: "aether.anchors", wanted, found });
    }
    let (client, prefix) = (builder.client.clone(), builder.prefix.clone());
    let api = Api::new(client, prefix, builder.answer_timeout, builder.max_in_flight);
    let api = Arc::new(api.with(builder.mechanisms));
    let level = api_level(&api).await?;
    if wanted > 1 && !api.client.is_server_compatible(2, 9, 16) {
        return Err(no_consumers(&api).into());
    }
    let announcer = Arc::new(Announcer::new(builder.namespace.clone(), builder.broadcaster.clone()));
    let partitions = Opening { builder, store, api, level, announcer }.partitions().await?;
    Ok(JetStreamStore(Arc::new(partitions)))
}

/// Older servers put the name of a stream into a format of Go's, where `%p` means something: consumers fail there (commit
/// 692f384f2 of nats-server).
fn no_consumers(api: &Api) -> Unsupported {
    Unsupported {
        operation: "opening a store of several partitions",
        needed: "nats-server 2.9.16 or later, which has consumers on streams with a `%` in their names"
            .to_owned(),
        found: format!("nats-server {}", api.client.server_info().version),
    }
}

/// A store that is being opened.
struct Opening {
    builder: JetStreamStoreBuilder,
    /// What the stream of events is called, if it is the only one.
    store: String,
    api: Arc<Api>,
    level: u64,
    announcer: Arc<Announcer>,
}

impl Opening {
    async fn partitions(&self) -> Result<Partitions, OpenError> {
        let count = self.builder.partitions;
        let mut all = Partition::all(count);
        let first = all.next().unwrap_or(Partition::WHOLE);
        let streams = Streams::new(&self.store, first);
        // Before anything else: whoever wants another number of partitions is refused the same name.
        let named = config::named(self.wanted(&streams));
        ensure(&self.api, &named).await?;
        let first = self.partition(first).await?;
        let others = stream::iter(all.map(|partition| self.partition(partition))).buffered(AT_ONCE);
        let partitions = Partitions::new(first, others.try_collect().await?);
        // Once more: clusters of 2.10 take the later of two creations at the same moment for a change of the stream. They have
        // done so by now, for they did what was asked of them after it.
        named.check(&appearing(&self.api, named.stream).await?)?;
        Ok(partitions)
    }

    /// Returns both streams of a partition.
    fn wanted<'a>(&'a self, streams: &'a Streams) -> [Wanted<'a>; 2] {
        let builder = &self.builder;
        config::both(streams, builder.namespace.as_ref(), &builder.name, builder.wishes, self.level)
    }

    async fn partition(&self, partition: Partition) -> Result<Shared, OpenError> {
        let (api, builder) = (&self.api, &self.builder);
        let streams = Streams::new(&self.store, partition);
        let [events, beside] = self.wanted(&streams);
        let (layout, config) = ensure(api, &events).await?;
        let snapshots = match layout {
            Layout::Aether => {
                ensure(api, &beside).await?;
                streams.snapshots
            }
            Layout::Go if builder.audit => return Err(of_aether_only("an audit").into()),
            Layout::Go if builder.wishes.anchors.is_some() => return Err(of_aether_only("anchors").into()),
            Layout::Go => streams.events.clone(),
        };
        let inner = Inner {
            api: Arc::clone(api),
            layout,
            partition: partition.index,
            stream: streams.events,
            snapshots,
            deadline: builder.deadline,
            // Batched direct gets came with 2.11.
            pages: self.level >= 1,
            replicas: config.get("num_replicas").and_then(Value::as_u64).unwrap_or(1),
            // -1 for none.
            max_msg_size: config.get("max_msg_size").and_then(Value::as_u64),
            // Checked with the configuration.
            anchors: labels::anchors(&config).unwrap_or_default(),
            seen: AtomicU64::new(0),
            audit: builder.audit,
            heads: Heads::new(builder.cached_heads.div_ceil(partition.of as usize)),
            hints: Hints::default(),
            lanes: Lanes::default(),
            consumers: Arc::new(tokio::sync::Semaphore::new(MOST_CONSUMERS)),
            announcer: Arc::clone(&self.announcer),
            mechanisms: builder.mechanisms,
        };
        if inner.anchors.is_some() {
            inner.see(inner.state().await?.last_seq);
        }
        Ok(Arc::new(inner))
    }
}

/// How many partitions are opened at a time.
const AT_ONCE: usize = 16;

/// The most consumers of one handle: servers may limit those of a stream (`max_consumers`), and a stream with 1,000
/// refused the next one where it was tried.
const MOST_CONSUMERS: usize = 256;

/// Asks what the server knows. Where asking is not permitted, what can be told without is assumed.
async fn api_level(api: &Api) -> Result<u64, OpenError> {
    match api.call::<AccountInfo>("INFO", &Value::Null).await {
        Ok(info) => Ok(info.api.level),
        Err(Failure::NoResponders { subject }) => Err(Unsupported {
            operation: "opening a store",
            needed: "JetStream, enabled on the server (nats-server -js) and for this account".to_owned(),
            found: format!("nobody who answers on {subject}"),
        }
        .into()),
        Err(Failure::NoAnswer { .. }) => {
            let known = [(2, 12), (2, 11)].into_iter().zip([2, 1]);
            let mut known =
                known.filter(|((major, minor), _)| api.client.is_server_compatible(*major, *minor, 0));
            Ok(known.next().map_or(0, |(_, level)| level))
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Creates the stream, or checks that what is there is it.
async fn ensure(api: &Api, wanted: &Wanted<'_>) -> Result<(Layout, Value), OpenError> {
    if let Some(found) = find(api, wanted.stream).await? {
        return match wanted.check(&found) {
            Ok(layout) => Ok((layout, found)),
            Err(error) => match wanted.change(&found, &error) {
                Some(changed) => update(api, wanted, &changed).await,
                None => Err(error),
            },
        };
    }
    let create = format!("STREAM.CREATE.{}", wanted.stream);
    match patiently(api, &create, &wanted.to_json()).await {
        Ok(info) => Ok((wanted.check(&info.config)?, info.config)),
        // Somebody else created it in between.
        Err(Failure::Api(error)) if error.err_code == code::NAME_IN_USE => {
            let found = appearing(api, wanted.stream).await?;
            Ok((wanted.check(&found)?, found))
        }
        Err(Failure::Api(error)) if error.err_code == code::SUBJECT_OVERLAP => {
            let by = "another stream, which has subjects that begin with this name".to_owned();
            Err(OpenError::NameTaken { stream: wanted.stream.to_owned(), by })
        }
        Err(Failure::Api(error)) => match find(api, wanted.stream).await? {
            // The refusal may be of a change to what somebody else created.
            Some(found) => Ok((wanted.check(&found)?, found)),
            None => Err(OpenError::Refused { stream: wanted.stream.to_owned(), reason: error.to_string() }),
        },
        Err(failure) => Err(failure.into()),
    }
}

/// Creates a bucket, or checks that the one that is there will do, and returns its configuration, and whether several keys can
/// be changed together there, or what there is instead.
pub(crate) async fn ensure_bucket(
    api: &Api,
    bucket: &Bucket,
    is_wished: bool,
) -> Result<(Value, Result<(), String>), OpenError> {
    let found = find(api, &bucket.stream).await?;
    let says_so = found.as_ref().is_some_and(is_atomic);
    // Asked only where it matters: it takes a permission, and a moment.
    let knows_batches = (is_wished || says_so) && api_level(api).await? >= BATCHES;
    let wanted = if is_wished && knows_batches { bucket.to_atomic_json() } else { bucket.to_json() };
    let config = match found {
        Some(found) => found,
        None => create_bucket(api, bucket, &wanted).await?,
    };
    bucket.check(&config)?;
    let config = match is_wished && knows_batches && !is_atomic(&config) {
        true => change_bucket(api, bucket, &atomic(config)).await?,
        false => config,
    };
    let version = || format!("nats-server {}", api.client.server_info().version);
    let batches = match (is_atomic(&config), knows_batches) {
        // Both: old servers ignore what they do not know, and would store the messages of a batch one by one.
        (true, true) => Ok(()),
        (_, false) if is_wished || says_so => Err(version()),
        _ => Err("a bucket that was not".to_owned()),
    };
    Ok((config, batches))
}

/// The level of the server's API that came with batches of messages (2.12).
const BATCHES: u64 = 2;

async fn create_bucket(api: &Api, bucket: &Bucket, wanted: &Value) -> Result<Value, OpenError> {
    let stream = &bucket.stream;
    match patiently(api, &format!("STREAM.CREATE.{stream}"), wanted).await {
        Ok(info) => Ok(info.config),
        Err(Failure::Api(error)) if error.err_code == code::NAME_IN_USE => Ok(appearing(api, stream).await?),
        Err(Failure::Api(error)) => {
            let refused = || OpenError::Refused { stream: stream.clone(), reason: error.to_string() };
            find(api, stream).await?.ok_or_else(refused)
        }
        Err(failure) => Err(failure.into()),
    }
}

async fn change_bucket(api: &Api, bucket: &Bucket, wanted: &Value) -> Result<Value, OpenError> {
    let stream = &bucket.stream;
    match patiently(api, &format!("STREAM.UPDATE.{stream}"), wanted).await {
        Ok(info) => Ok(info.config),
        Err(Failure::Api(error)) => {
            Err(OpenError::Refused { stream: stream.clone(), reason: error.to_string() })
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Makes a stream of the Go original one of ours.
pub(crate) async fn mark(inner: &Inner, builder: &JetStreamStoreBuilder) -> Result<(), OpenError> {
    let (api, level) = (&inner.api, api_level(&inner.api).await?);
    let streams = Streams::new(&inner.stream, Partition::WHOLE);
    let [events, _] =
        config::both(&streams, builder.namespace.as_ref(), &builder.name, builder.wishes, level);
    let found = find(api, &inner.stream).await?.unwrap_or_default();
    update(api, &events, &adopt::adopted(&found, &events.to_json())).await.map(drop)
}

/// Changes an existing stream.
async fn update(api: &Api, wanted: &Wanted<'_>, config: &Value) -> Result<(Layout, Value), OpenError> {
    match patiently(api, &format!("STREAM.UPDATE.{}", wanted.stream), config).await {
        Ok(info) => Ok((wanted.check(&info.config)?, info.config)),
        Err(Failure::Api(error)) => {
            Err(OpenError::Refused { stream: wanted.stream.to_owned(), reason: error.to_string() })
        }
        Err(failure) => Err(failure.into()),
    }
}

/// Asks again, until the deadline, while there is no answer: creating a stream twice is creating it once.
async fn patiently(api: &Api, verb: &str, body: &Value) -> Result<StreamInfo, Failure> {
    let mut deadline = Deadline::after(OPEN);
    loop {
        match api.call::<StreamInfo>(verb, body).await {
            Err(failure @ (Failure::NoAnswer { .. } | Failure::NoResponders { .. })) => {
                if !deadline.pause().await {
                    return Err(failure);
                }
            }
            result => return result,
        }
    }
}

/// How long a stream may take to answer: a cluster has to elect a leader for a new one.
const OPEN: Duration = Duration::from_secs(10);

/// Waits for a stream that somebody else creates: in a cluster its name is in use before it can be found.
async fn appearing(api: &Api, stream: &str) -> Result<Value, Failure> {
    let mut deadline = Deadline::after(OPEN);
    loop {
        if let Some(found) = find(api, stream).await? {
            return Ok(found);
        }
        if !deadline.pause().await {
            return Err(Failure::garbled(stream, "the name is in use, but there is no such stream"));
        }
    }
}

/// Returns the configuration of a stream, if there is one of that name.
pub(crate) async fn find(api: &Api, stream: &str) -> Result<Option<Value>, Failure> {
    match patiently(api, &format!("STREAM.INFO.{stream}"), &Value::Null).await {
        Ok(info) => Ok(Some(info.config)),
        Err(Failure::Api(error)) if error.err_code == code::STREAM_NOT_FOUND => Ok(None),
        Err(failure) => Err(failure),
    }
}
