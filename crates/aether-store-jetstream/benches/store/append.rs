//! Appending: one actor, many, packed, and the first time.

use std::time::Instant;

use aether_bench::{Figures, Program, Report, Result, interleave, median, sample};
use aether_core::{EventStoreExt, Expected};

use crate::goals::{
    APPEND_MANY, APPEND_MANY_OF_ONE_TASK, APPEND_ONE, APPEND_ONE_BARE, APPEND_P99, APPEND_P99_OF_TASKS,
    FIRST, FIRST_ANCHORED, PACKED_R1, PACKED_R3,
};
use crate::site::Site;
use crate::writers::{Shape, Who, Writers};

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    report.measure(program, [&APPEND_ONE, &APPEND_ONE_BARE], async || one(program).await).await;
    for (goal, shape) in [(&APPEND_MANY, Shape::Tasks), (&APPEND_MANY_OF_ONE_TASK, Shape::OneTask)] {
        report.measure(program, [goal], async || many(program, shape).await).await;
    }
    for (goal, shape) in [(&APPEND_P99, Shape::OneTask), (&APPEND_P99_OF_TASKS, Shape::Tasks)] {
        report.measure(program, [goal], async || p99(program, shape).await).await;
    }
    report.measure(program, [&PACKED_R1], async || packed(program, Site::one().await?).await).await;
    report.measure(program, [&PACKED_R3], async || packed(program, Site::three().await?).await).await;
    for (goal, anchors) in [(&FIRST, None), (&FIRST_ANCHORED, Some(100))] {
        report.measure(program, [goal], async || first(program, anchors).await).await;
    }
}

async fn one(program: &Program) -> Result<[Figures; 2]> {
    let site = Site::one().await?;
    let store = site.open("one").await?;
    let mut writers = Writers::warm(&store, &site.raw(&store), "one", 1).await?;
    let (rounds, commits) = program.choose((21, 2_000), (11, 1_000));
    let all = [Who::Store, Who::Raw, Who::Bare];
    let turn = async |who| Ok(writers.run(who, commits, 1).await?.rate());
    let [ours, raw, bare] = interleave(rounds, all, turn).await?;
    Ok([raw, bare].map(|baseline| Figures { ours, baseline }))
}

async fn many(program: &Program, shape: Shape) -> Result<[Figures; 1]> {
    let site = Site::one().await?;
    let store = site.open("many").await?;
    let mut writers = Writers::warm(&store, &site.raw(&store), "many", 1_000).await?.shaped(shape);
    let (rounds, commits) = program.choose((11, 40), (7, 20));
    let turn = async |who| Ok(writers.run(who, commits, 1).await?.rate());
    Ok([interleave(rounds, [Who::Store, Who::Raw], turn).await?.into()])
}

async fn p99(program: &Program, shape: Shape) -> Result<[Figures; 1]> {
    let site = Site::one().await?;
    let store = site.open("window").await?;
    let mut writers = Writers::warm(&store, &site.raw(&store), "window", 4_096).await?.shaped(shape);
    let (rounds, commits) = program.choose((9, 20), (5, 10));
    let turn = async |who| Ok(writers.run(who, commits, 1).await?.p99_ms());
    Ok([interleave(rounds, [Who::Store, Who::Raw], turn).await?.into()])
}

/// Events per second in commits of ten, and in single ones.
async fn packed(program: &Program, site: Site) -> Result<[Figures; 1]> {
    let store = site.open("packed").await?;
    let mut writers = Writers::warm(&store, &site.raw(&store), "packed", 1_000).await?;
    let (rounds, commits) = program.choose((9, 20), (5, 8));
    let turn = async |pack| Ok(writers.run(Who::Store, commits, pack).await?.rate() * pack as f64);
    Ok([interleave(rounds, [10, 1], turn).await?.into()])
}

/// First appends of new actors, to a store that reserves so many versions at a time.
async fn first(program: &Program, anchors: Option<u64>) -> Result<[Figures; 1]> {
    let site = Site::one().await?;
    let builder = site.builder("first")?;
    let store = match anchors {
        Some(versions) => builder.anchors(versions),
        None => builder,
    };
    let store = store.open().await?;
    let raw = site.raw(&store);
    let events = sample::Events::new()?;
    store.append(&sample::actor("template", 0)?, Expected::NoEvents, [events.one()]).await?;
    let template = raw.template(&raw.subject(&sample::actor("template", 0)?)).await?;
    let (rounds, calls) = program.choose((15, 500), (9, 200));
    let mut next = 0..;
    let turn = async |who| {
        let mut each = Vec::with_capacity(calls);
        for index in next.by_ref().take(calls) {
            let (actor, event) = (sample::actor("new", index)?, events.one());
            let subject = format!("{}-raw", raw.subject(&actor));
            let started = Instant::now();
            let trips = match who {
                Who::Store => {
                    store.append(&actor, Expected::NoEvents, [event]).await?;
                    1.0
                }
                Who::Raw | Who::Bare => {
                    raw.last(&subject).await?;
                    raw.publish(&subject, template.clone(), 0).await?;
                    2.0
                }
            };
            each.push(started.elapsed().as_secs_f64() * 1e6 / trips);
        }
        Ok(median(each))
    };
    Ok([interleave(rounds, [Who::Store, Who::Raw], turn).await?.into()])
}
