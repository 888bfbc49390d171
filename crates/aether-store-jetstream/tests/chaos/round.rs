//! One round: a fresh stream, workers, faults for a while, then peace and the checker.

use std::time::{Duration, Instant};

use aether_store_jetstream::{JetStreamStore, Mechanism, Retention};
use tempfile::TempDir;

use crate::check::check;
use crate::history;
use crate::log;
use crate::nemesis::{Nemesis, Pace};
use crate::site::Site;
use crate::summary::Summary;
use crate::worker::Orders;
use crate::workers::Workers;

/// What a round is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) lasts: Duration,
    /// When so many commits and claims are there, it ends.
    pub(crate) messages: u64,
    pub(crate) workers: u64,
    /// The tasks of a worker that race for the same few actors, and those that have actors of their own.
    pub(crate) racers: u64,
    pub(crate) others: u64,
    /// Of a hundred calls, so many are reads.
    pub(crate) reads: u32,
    /// After so long without an answer a store asks again: longer than all that is in flight takes, or nothing gets on.
    pub(crate) answers_within: Duration,
    pub(crate) pace: Pace,
    pub(crate) without: Option<Mechanism>,
}

/// Runs a round at the site, and returns what it came to.
pub(crate) fn run(site: &mut Site, plan: Plan, mut progress: impl FnMut(u64)) -> Summary {
    let began = Instant::now();
    let name = format!("chaos-{}", aether_core::EventId::generate());
    let directory = TempDir::new().unwrap();
    let orders = Orders {
        urls: site.proxied(),
        store: name.clone(),
        number: 0,
        seed: plan.seed,
        racers: plan.racers,
        others: plan.others,
        reads: plan.reads,
        answers_within: plan.answers_within,
        history: directory.path().to_owned(),
        without: plan.without.map(|mechanism| format!("{mechanism:?}")),
    };
    let mut workers = Workers::new(site, orders, directory.path());
    create(&workers, &name, site.replicas());
    (0..plan.workers).for_each(|_| workers.spawn());
    let dropped = site.messages_dropped();
    let mut nemesis = Nemesis::new(plan.pace, plan.seed);
    let (mut asked, started) = (Instant::now(), Instant::now());
    let mut messages = 0;
    // Some faults need a leader, which is not always there: longer, if that brings those that are missing.
    let goes_on = |nemesis: &Nemesis| {
        let limit = if nemesis.is_complete() { plan.lasts } else { 3 * plan.lasts };
        started.elapsed() < limit
    };
    while goes_on(&nemesis) && messages < plan.messages {
        nemesis.step(site, &name, &mut workers);
        if asked.elapsed() > Duration::from_secs(1) {
            messages = workers.messages(&name).unwrap_or(messages);
            asked = Instant::now();
            progress(messages);
        }
    }
    let worked = started.elapsed();
    site.heal(&name);
    workers.finish();
    let (messages, mut violations) = workers.runtime.block_on(log::read(&workers.client, &name));
    let paths = workers.histories();
    let histories: Vec<_> = paths.iter().map(|path| history::read(path)).collect();
    violations.extend(check(&messages, &histories));
    workers.runtime.block_on(delete(&workers.client, &name));
    if !violations.is_empty() && plan.without.is_none() {
        println!("the histories are kept in {}", directory.keep().display());
    }
    Summary {
        seed: plan.seed,
        faults: nemesis.counts,
        waits: nemesis.waits,
        dropped: site.messages_dropped() - dropped,
        operations: history::count(&histories),
        errors: history::errors(&histories),
        messages: messages.len() as u64,
        in_flight: history::most_in_flight(&histories),
        worked,
        took: began.elapsed(),
        violations,
    }
}

fn create(workers: &Workers, name: &str, replicas: u8) {
    let builder = JetStreamStore::builder(workers.client.clone(), name.try_into().unwrap());
    let builder = builder.replicas(replicas).retention(Retention::default());
    workers.runtime.block_on(builder.open()).unwrap();
}

/// Makes room for the next round.
async fn delete(client: &async_nats::Client, name: &str) {
    let context = async_nats::jetstream::new(client.clone());
    for stream in [name.to_owned(), format!("{name}%snapshots")] {
        let _ = context.delete_stream(stream).await;
    }
}
