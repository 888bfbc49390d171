//! Loading actors whose events lie scattered in a long stream.

use std::time::Instant;

use aether_bench::{Figures, Program, Report, Result, interleave, median};
use aether_core::{EventStoreExt, Version};
use aether_store_jetstream::JetStreamStore;
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::OnceCell;

use crate::goals::{LOAD_MANY, LOAD_TEN, LOAD_TEN_CONSUMER, LOAD_TEN_SIZES, LOAD_THOUSAND};
use crate::raw::Raw;
use crate::scattered::{Filled, Scattered, fill};
use crate::site::Site;

/// How an actor is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Store,
    /// The last message, then the others by sequence, which are known.
    BySequence,
    Consumer,
    Batch,
}

/// A filled stream, and a handle on it that remembers nothing.
pub(crate) struct Stream {
    pub(crate) filled: Filled,
    pub(crate) reader: Reader,
    _site: Site,
}

#[derive(Clone)]
pub(crate) struct Reader {
    store: JetStreamStore,
    raw: Raw,
}

impl Stream {
    pub(crate) async fn of(messages: usize) -> Result<Self> {
        let site = Site::one().await?;
        let filled = fill(&site.open("scattered").await?, messages).await?;
        let store = site.open("scattered").await?;
        let reader = Reader { raw: site.raw(&store), store };
        Ok(Self { filled, reader, _site: site })
    }
}

impl Reader {
    /// Loads an actor once; what is not complete is an error.
    async fn load(&self, how: How, actor: &Scattered) -> Result {
        let count = actor.sequences.len();
        let subject = self.raw.subject(&actor.id);
        match how {
            How::Store => {
                let found = self.store.read_all(&actor.id, Version::FIRST).await?.len();
                if found != count {
                    return Err(format!("{found} events of {count}").into());
                }
                Ok(())
            }
            How::BySequence => {
                let (_, earlier) = actor.sequences.split_last().ok_or("an actor without events")?;
                self.raw.last(&subject).await?;
                self.raw.at(earlier).await.map(drop)
            }
            How::Consumer => self.raw.push(&subject, count).await,
            How::Batch => self.raw.batches(&subject, count).await,
        }
    }

    /// Loads actors one after the other; returns the median of one load in milliseconds.
    pub(crate) async fn one_by_one(&self, how: How, actors: &[Scattered]) -> Result<f64> {
        let (reader, actors) = (self.clone(), actors.to_vec());
        // In a task, where most users' loads are.
        let loads = tokio::spawn(async move {
            let mut each = Vec::with_capacity(actors.len());
            for actor in &actors {
                let started = Instant::now();
                reader.load(how, actor).await?;
                each.push(started.elapsed().as_secs_f64() * 1e3);
            }
            Ok(median(each))
        });
        loads.await?
    }

    /// Loads actors, 32 at a time; returns how many in a second.
    async fn at_a_time(&self, how: How, actors: &[Scattered]) -> Result<f64> {
        const AT_A_TIME: usize = 32;
        let started = Instant::now();
        let loads = stream::iter(actors.to_vec()).map(|actor| {
            let reader = self.clone();
            tokio::spawn(async move { reader.load(how, &actor).await })
        });
        let mut loads = loads.buffer_unordered(AT_A_TIME);
        while let Some(load) = loads.try_next().await? {
            load?;
        }
        Ok(actors.len() as f64 / started.elapsed().as_secs_f64())
    }
}

/// The streams, filled once each, when something is first measured in it.
#[derive(Default)]
pub(crate) struct Streams {
    ten_thousand: OnceCell<Stream>,
    hundred_thousand: OnceCell<Stream>,
    million: OnceCell<Stream>,
}

impl Streams {
    pub(crate) async fn of(&self, messages: usize) -> Result<&Stream> {
        let stream = match messages {
            10_000 => &self.ten_thousand,
            100_000 => &self.hundred_thousand,
            1_000_000 => &self.million,
            _ => return Err(format!("there is no stream of {messages}").into()),
        };
        stream.get_or_try_init(|| Stream::of(messages)).await
    }
}

pub(crate) async fn measure(program: &Program, report: &mut Report, streams: &Streams) {
    let goals = [&LOAD_TEN, &LOAD_TEN_CONSUMER];
    report.measure(program, goals, async || ten(program, streams).await).await;
    report.measure(program, [&LOAD_TEN_SIZES], async || sizes(program, streams).await).await;
    report.measure(program, [&LOAD_THOUSAND], async || thousand(program, streams).await).await;
    report.measure(program, [&LOAD_MANY], async || many(program, streams).await).await;
}

async fn ten(program: &Program, streams: &Streams) -> Result<[Figures; 2]> {
    let stream = streams.of(1_000_000).await?;
    let all = [How::Store, How::BySequence, How::Consumer];
    let turn = async |how| stream.reader.one_by_one(how, &stream.filled.tens).await;
    let [ours, by_sequence, consumer] = interleave(program.choose(25, 11), all, turn).await?;
    let per_second = |ms: f64| 1e3 / ms;
    Ok([
        Figures { ours, baseline: by_sequence },
        Figures { ours: per_second(ours), baseline: per_second(consumer) },
    ])
}

async fn sizes(program: &Program, streams: &Streams) -> Result<[Figures; 1]> {
    let (large, small) = (streams.of(1_000_000).await?, streams.of(100_000).await?);
    let turn = async |stream: &Stream| stream.reader.one_by_one(How::Store, &stream.filled.tens).await;
    Ok([interleave(program.choose(25, 11), [large, small], turn).await?.into()])
}

async fn thousand(program: &Program, streams: &Streams) -> Result<[Figures; 1]> {
    let stream = streams.of(1_000_000).await?;
    let turn = async |how| {
        let ms = stream.reader.one_by_one(how, &stream.filled.thousands).await?;
        Ok(1e3 / ms)
    };
    Ok([interleave(program.choose(15, 5), [How::Store, How::Consumer], turn).await?.into()])
}

async fn many(program: &Program, streams: &Streams) -> Result<[Figures; 1]> {
    let stream = streams.of(100_000).await?;
    let all = [How::Store, How::Consumer, How::Batch];
    let turn = async |how| stream.reader.at_a_time(how, &stream.filled.nineties).await;
    let [ours, consumer, batch] = interleave(program.choose(11, 5), all, turn).await?;
    Ok([Figures { ours, baseline: consumer.max(batch) }])
}
