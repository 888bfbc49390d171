//! Running seeds, and keeping what a failing one did.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use aether_cluster::Mechanisms;

use crate::scenario;

/// Runs seeds on all cores, and returns the lowest that violates something, with what it says.
pub(crate) fn first_violation(from: u64, count: u64, mechanisms: Mechanisms) -> Option<(u64, String)> {
    let (next, found) = (AtomicU64::new(from), Mutex::new(None::<(u64, String)>));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= from + count
                || found.lock().unwrap().as_ref().is_some_and(|(lowest, _)| *lowest < seed)
            {
                return;
            }
            if let Some(violation) = scenario::run(seed, mechanisms, false).violation {
                let mut found = found.lock().unwrap();
                if found.as_ref().is_none_or(|(lowest, _)| seed < *lowest) {
                    *found = Some((seed, violation));
                }
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    found.into_inner().unwrap()
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is {text:?}, expected a number")))
}

/// Keeps the history of a seed where it can be looked at.
fn keep(seed: u64) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name("simulate");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("seed-{seed}.txt"));
    std::fs::write(&path, scenario::run(seed, Mechanisms::default(), true).history).unwrap();
    path
}

#[test]
fn no_seed_breaks_an_invariant() {
    let (from, count) = (number("AETHER_SIMULATE_FROM"), number("AETHER_SIMULATE_SEEDS"));
    let (from, count) = (from.unwrap_or(1), count.unwrap_or(5_000));
    let began = Instant::now();
    let found = first_violation(from, count, Mechanisms::default());
    println!("{count} seeds from {from} in {:.1} s", began.elapsed().as_secs_f64());
    if let Some((seed, violation)) = found {
        let path = keep(seed);
        panic!("seed {seed}: {violation}\nits history: {}", path.display());
    }
    if count == 1 {
        println!("its history: {}", keep(from).display());
    }
}

#[test]
fn a_seed_is_the_same_whenever_it_runs() {
    let run = || scenario::run(7, Mechanisms::default(), true).history;
    assert_eq!(run(), run());
}

#[test]
fn the_seeds_do_something() {
    let mut ends = BTreeMap::<_, u64>::new();
    let (mut steps, mut events, mut followers, mut failovers) = (0, 0, 0, Vec::new());
    for seed in 1..=100 {
        let outcome = scenario::run(seed, Mechanisms::default(), false);
        (steps, events) = (steps + outcome.steps, events + outcome.events);
        followers += outcome.followers;
        failovers.extend(outcome.failover);
        outcome.ends.into_iter().for_each(|(name, count)| *ends.entry(name).or_default() += count);
    }
    failovers.sort_unstable();
    let middle = failovers[failovers.len() / 2];
    println!("{steps} steps, {events} events, {followers} followers, {ends:?}");
    assert!(followers > 25, "{followers} followers");
    println!(
        "{} leaders killed, {middle} us without in the middle, at most {:?}",
        failovers.len(),
        failovers.last()
    );
    for name in ["stored", "answered", "rejected", "deadline"] {
        assert!(ends.get(name).is_some_and(|count| *count > 100), "{name}: {ends:?}");
    }
}
