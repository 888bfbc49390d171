//! An ask to another node, beside the client's own request.

use std::time::{Duration, Instant};

use aether_bench::{Figures, Goal, Program, Report, Result, interleave, median};
use aether_cluster::{Cluster, Handled, Ownership, ShardHost};
use aether_core::ActorId;
use aether_nats_harness::Server;
use async_nats::{Client, Message};
use bytes::Bytes;
use futures_util::StreamExt;

use crate::goals::{ASK_P50_1, ASK_P50_64, ASK_P50_1024, ASK_RATE_1, ASK_RATE_64, ASK_RATE_1024};
use crate::live::{builder_on, quiet};

/// What is said, and answered: 40 bytes, and 42 as JSON.
const SAID: &str = "0123456789012345678901234567890123456789";
const SUBJECT: &str = "raw.question";

/// How many are under way at a time, with the rows of how many there are in a second and how long one takes.
const ROWS: [(usize, [&Goal; 2]); 3] = [
    (1, [&ASK_RATE_1, &ASK_P50_1]),
    (64, [&ASK_RATE_64, &ASK_P50_64]),
    (1_024, [&ASK_RATE_1024, &ASK_P50_1024]),
];

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    for (at_a_time, rows) in ROWS {
        report.measure(program, rows, async || contest(program, at_a_time).await).await;
    }
}

async fn contest(program: &Program, at_a_time: usize) -> Result<[Figures; 2]> {
    let site = Site::start().await?;
    let (rounds, turn) = program.choose((15, 1_000), (7, 400));
    let mut times = [Vec::new(), Vec::new()];
    let rates = interleave(rounds, [true, false], async |is_ours| {
        let load = site.load(is_ours, at_a_time, Duration::from_millis(turn)).await?;
        if let Some(times) = times.get_mut(usize::from(!is_ours)) {
            times.push(load.p50);
        }
        Ok(load.rate)
    });
    let rates = rates.await?;
    // As of the rates, the first does not count.
    let p50s = times.map(|times| median(times.into_iter().skip(1).collect()));
    Ok([rates, p50s].map(Figures::from))
}

/// Two nodes, each with a client of its own, and two clients beside them. One of each asks, one answers.
struct Site {
    asker: Cluster,
    /// Whose shards are the other node's.
    actors: Vec<ActorId>,
    raw: Client,
    _owner: Cluster,
    _server: Server,
}

impl Site {
    async fn start() -> Result<Self> {
        let server = Server::start()?;
        let connect = || async_nats::connect(server.url());
        let asker = builder_on(connect().await?, "asks", "asker")?.join().await?;
        let owner = builder_on(connect().await?, "asks", "owner")?.host(Echo).join().await?;
        quiet(&asker, 2).await?;
        let actors = (0..).map(|number| ActorId::new(format!("order-{number}")));
        let owns = |actor: &ActorId| {
            let places = asker.shard_map();
            let place = places.get(places.count().shard_of(actor));
            place.is_some_and(|place| place.owner.as_ref() == Some(owner.me()))
        };
        let actors = actors.flatten().filter(owns).take(64).collect();
        answer(connect().await?).await?;
        let raw = connect().await?;
        Ok(Self { asker, actors, raw, _owner: owner, _server: server })
    }

    /// Keeps so many under way for a while.
    async fn load(&self, is_ours: bool, at_a_time: usize, turn: Duration) -> Result<Load> {
        let (started, until) = (Instant::now(), Instant::now() + turn);
        let workers = self.actors.iter().cycle().take(at_a_time).cloned().map(|actor| match is_ours {
            true => tokio::spawn(asks(self.asker.clone(), actor, until)),
            false => tokio::spawn(requests(self.raw.clone(), until)),
        });
        let mut each = Vec::new();
        for worker in workers.collect::<Vec<_>>() {
            each.extend(worker.await??);
        }
        let rate = each.len() as f64 / started.elapsed().as_secs_f64();
        Ok(Load { rate, p50: median(each) })
    }
}

/// How many ended in a second, and the median of how many microseconds one took.
struct Load {
    rate: f64,
    p50: f64,
}

async fn asks(asker: Cluster, actor: ActorId, until: Instant) -> Result<Vec<f64>> {
    let mut each = Vec::new();
    while Instant::now() < until {
        let begun = Instant::now();
        let said: String = asker.route(&actor, SAID).ask().await?;
        each.push(begun.elapsed().as_secs_f64() * 1e6);
        if said != SAID {
            return Err(format!("the answer is {said}").into());
        }
    }
    Ok(each)
}

async fn requests(client: Client, until: Instant) -> Result<Vec<f64>> {
    let payload = Bytes::from(serde_json::to_vec(SAID)?);
    let mut each = Vec::new();
    while Instant::now() < until {
        let begun = Instant::now();
        let answer = client.request(SUBJECT, payload.clone()).await?;
        each.push(begun.elapsed().as_secs_f64() * 1e6);
        if answer.payload != payload {
            return Err("the answer is another one".into());
        }
    }
    Ok(each)
}

/// Answers what is asked by hand, in place.
async fn answer(client: Client) -> Result {
    let mut questions = client.subscribe(SUBJECT).await?;
    client.flush().await?;
    tokio::spawn(async move {
        while let Some(Message { reply: Some(reply), payload, .. }) = questions.next().await {
            let _ = client.publish(reply, payload).await;
        }
    });
    Ok(())
}

/// Answers what it was asked.
struct Echo;

impl ShardHost for Echo {
    async fn handle(&self, _: &Ownership, message: aether_cluster::Message) -> Handled {
        Handled::Answered(message.payload)
    }
}
