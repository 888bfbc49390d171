//! The points of the plots.

use aether_bench::{Plot, Program, Report, Result, Scale, Series, interleave};

use crate::load::{self, Streams};
use crate::replay::{self, Replayed};
use crate::site::Site;
use crate::writers::{Who, Writers};

pub(crate) async fn measure(program: &Program, report: &mut Report, streams: &Streams, replayed: &Replayed) {
    report.plot(program, "throughput against concurrency", async || throughput(program).await).await;
    report.plot(program, "load time against stream size", async || loads(program, streams).await).await;
    report.plot(program, "replay time against history", async || replays(program, replayed).await).await;
}

/// Collects one point per series at each x.
struct Points<const N: usize>([Vec<(f64, f64)>; N]);

impl<const N: usize> Points<N> {
    fn new() -> Self {
        Self(std::array::from_fn(|_| Vec::new()))
    }

    fn add(&mut self, x: usize, figures: [f64; N]) {
        self.0.iter_mut().zip(figures).for_each(|(points, y)| points.push((x as f64, y)));
    }

    fn series(self, names: [&str; N]) -> Vec<Series> {
        names.into_iter().zip(self.0).map(|(name, points)| Series::new(name, points)).collect()
    }
}

async fn throughput(program: &Program) -> Result<Plot> {
    let site = Site::one().await?;
    let store = site.open("throughput").await?;
    let raw = site.raw(&store);
    let mut points = Points::new();
    for actors in [1, 4, 16, 64, 256, 1_024, 4_096] {
        let mut writers = Writers::warm(&store, &raw, &format!("c{actors}"), actors).await?;
        let commits = (program.choose(20_000, 4_000) / actors).max(2);
        let turn = async |(who, pack)| Ok(writers.run(who, commits, pack).await?.rate() * pack as f64);
        let all = [(Who::Store, 1), (Who::Store, 10), (Who::Raw, 1)];
        points.add(actors, interleave(program.choose(5, 2), all, turn).await?);
    }
    let mut series = points.series(["Aether", "Aether, ten events a commit", "raw publishes, client's API"]);
    series.push(Series::new("Go original (quoted)", vec![(1.0, 14_000.0), (64.0, 15_600.0)]));
    Ok(Plot {
        file: "append".to_owned(),
        title: "Appending against concurrency".to_owned(),
        x: "actors appended to at a time".to_owned(),
        y: "events per second".to_owned(),
        y_scale: Scale::Log,
        series,
    })
}

async fn loads(program: &Program, streams: &Streams) -> Result<Plot> {
    use load::How;

    let mut points = Points::new();
    for messages in [10_000, 100_000, 1_000_000] {
        let stream = streams.of(messages).await?;
        let all = [How::Store, How::BySequence, How::Consumer, How::Batch];
        let turn = async |how| stream.reader.one_by_one(how, &stream.filled.tens).await;
        points.add(messages, interleave(program.choose(7, 3), all, turn).await?);
    }
    let names = ["Aether", "raw direct gets by sequence", "raw filtered consumer", "raw direct get batch"];
    Ok(Plot {
        file: "load".to_owned(),
        title: "Loading an actor of 10 scattered events".to_owned(),
        x: "messages in the stream, of 10,000 actors".to_owned(),
        y: "milliseconds".to_owned(),
        y_scale: Scale::Log,
        series: points.series(names),
    })
}

async fn replays(program: &Program, replayed: &Replayed) -> Result<Plot> {
    use replay::How;

    let mut points = Points::new();
    for events in [10, 100, 1_000, 10_000, 100_000] {
        let histories = replayed.of(events).await?;
        let turn = async |how| Ok(1e3 * histories.replay(how).await?);
        let all = [How::Store, How::Packed, How::Raw];
        points.add(events, interleave(program.choose(9, 5), all, turn).await?);
    }
    let mut series =
        points.series(["Aether", "Aether, ten events a commit", "raw push consumer, no decoding"]);
    let go = vec![(10.0, 3.2), (999.0, 61.0), (1_000.0, 1_065.0), (100_000.0, 3_014.0)];
    series.push(Series::new("Go original (quoted)", go));
    Ok(Plot {
        file: "replay".to_owned(),
        title: "Replaying a history".to_owned(),
        x: "events of the actor".to_owned(),
        y: "milliseconds".to_owned(),
        y_scale: Scale::Log,
        series,
    })
}
