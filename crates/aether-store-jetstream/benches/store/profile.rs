//! Doing one thing for a while, to be looked at with a profiler: `AETHER_BENCH_PROFILE=append`, and so on.

use std::time::{Duration, Instant};

use aether_bench::Result;

use crate::replay::{How, LONGEST, Replayed};
use crate::site::Site;
use crate::writers::{Who, Writers};

const LASTING: Duration = Duration::from_secs(10);

/// Does what is asked for, and prints what it cost; nothing if nothing is asked for.
pub(crate) async fn run() -> Option<Result> {
    let what = std::env::var("AETHER_BENCH_PROFILE").ok()?;
    Some(match what.as_str() {
        "append" => append(Who::Store, 1).await,
        "append-packed" => append(Who::Store, 10).await,
        "append-raw" => append(Who::Raw, 1).await,
        "replay" => replay(How::Store).await,
        "replay-packed" => replay(How::Packed).await,
        "replay-raw" => replay(How::Raw).await,
        other => Err(format!("nothing to profile is called {other}").into()),
    })
}

async fn append(who: Who, pack: usize) -> Result {
    const ACTORS: usize = 1_000;
    const COMMITS: usize = 20;
    let site = Site::one().await?;
    let store = site.open("profiled").await?;
    let mut writers = Writers::warm(&store, &site.raw(&store), "profiled", ACTORS).await?;
    let meter = Meter::start(&site)?;
    while meter.is_running() {
        writers.run(who, COMMITS, pack).await?;
        meter.count(ACTORS * COMMITS * pack);
    }
    meter.print()
}

async fn replay(how: How) -> Result {
    let replayed = Replayed::default();
    let histories = replayed.of(LONGEST).await?;
    let meter = Meter::start(replayed.site().await?)?;
    while meter.is_running() {
        histories.replay(how).await?;
        meter.count(LONGEST);
    }
    meter.print()
}

/// The time that this process and its server spend on processors, which others on the machine do not change much.
struct Meter {
    server: u32,
    started: Instant,
    before: [f64; 2],
    events: std::cell::Cell<usize>,
}

impl Meter {
    fn start(site: &Site) -> Result<Self> {
        let server = site.server_pid().ok_or("the server does not run")?;
        let before = [cpu_seconds(std::process::id())?, cpu_seconds(server)?];
        Ok(Self { server, started: Instant::now(), before, events: 0.into() })
    }

    fn is_running(&self) -> bool {
        self.started.elapsed() < LASTING
    }

    fn count(&self, events: usize) {
        self.events.set(self.events.get() + events);
    }

    fn print(&self) -> Result {
        let [client, server] = self.before;
        let (events, wall) = (self.events.get() as f64, self.started.elapsed().as_secs_f64());
        let micros = |seconds: f64| seconds * 1e6 / events;
        let client = micros(cpu_seconds(std::process::id())? - client);
        let server = micros(cpu_seconds(self.server)? - server);
        let rate = events / wall;
        println!(
            "{rate:.0} events/s; per event {client:.2} us in this process, {server:.2} us in the server"
        );
        Ok(())
    }
}

/// User and system time of a process: fields 14 and 15 of its `stat`, counted in hundredths (proc(5)).
fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program, the second field, may hold blanks: what follows its bracket counts.
    let (_, fields) = stat.rsplit_once(") ").ok_or("no stat")?;
    let ticks: f64 = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(ticks / 100.0)
}
