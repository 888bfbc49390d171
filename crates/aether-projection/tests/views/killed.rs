//! Workers that are killed at random points, and some that are stopped and go on when another one has taken over.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::time::Duration;

use aether_nats_harness::shared;
use rustix::process::{Pid, Signal, kill_process};

use crate::site::{COMMIT, Site, urls};
use crate::worker::{BEGUN, Orders};

/// How often one is killed; more with `AETHER_VIEW_KILLS=1000`.
const KILLS: u32 = 100;
/// Each round has this much more to do.
const COMMITS: u32 = 30;
/// How long one works at most.
const LONGEST: Duration = Duration::from_millis(120);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn killed_at_random_points_it_equals_the_plain_fold() {
    kill_again_and_again(true).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn killed_at_random_points_it_equals_the_plain_fold_entry_by_entry() {
    kill_again_and_again(false).await;
}

async fn kill_again_and_again(is_atomic: bool) {
    let kills = std::env::var("AETHER_VIEW_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut site = Site::start(is_atomic).await;
    let replicas = u8::try_from(shared().unwrap().replicas()).unwrap();
    let orders = Orders { urls: urls(), name: site.name.clone(), replicas, is_atomic };
    let (mut stopped, mut before, mut in_the_midst) = (None::<Worker>, 0, 0);
    for round in 0..kills {
        site.append(COMMITS).await;
        let mut worker = Worker::start(&orders, round % 8 != 7);
        // One that was stopped before goes on beside it, and knows nothing of it.
        let late = stopped.take().inspect(|late| late.signal(Signal::CONT));
        tokio::time::sleep(LONGEST.mul_f64(fastrand::f64())).await;
        if round % 4 == 1 {
            worker.signal(Signal::STOP);
            stopped = Some(worker);
        } else {
            worker.kill();
        }
        late.into_iter().for_each(|mut late| late.kill());
        let (covered, lines) = site.look().await;
        assert!(covered >= before, "went back from {before} to {covered}");
        in_the_midst += u32::from(covered > before && covered < site.appended);
        before = covered;
        if site.views.is_atomic() {
            assert_eq!(lines, *site.fold(covered), "entries and checkpoint are one change");
        }
    }
    drop(stopped);
    assert!(in_the_midst > kills / 10, "killed at work {in_the_midst} times");
    println!(
        "killed {kills} times, {in_the_midst} of them at work, over {} events",
        kills * COMMITS * COMMIT
    );
    site.finish().await;
}

/// A worker's process, which ends with the test.
struct Worker(Child);

impl Worker {
    /// Starts one, and waits until it has begun, or does not.
    fn start(orders: &Orders, is_awaited: bool) -> Self {
        let mut worker = orders.start();
        if is_awaited {
            let lines = BufReader::new(worker.stdout.take().unwrap()).lines();
            let begun = lines.map_while(Result::ok).any(|line| line.contains(BEGUN));
            assert!(begun, "the worker ended before it began");
        }
        Self(worker)
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    fn kill(&mut self) {
        assert!(self.0.try_wait().unwrap().is_none(), "it runs until it is killed");
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
