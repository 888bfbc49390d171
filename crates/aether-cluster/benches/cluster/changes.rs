//! How many shards joins and leaves move.

use aether_bench::{Figures, Program, Report, Result};
use aether_cluster::placement::{Nodes, ShardMap};
use fastrand::Rng;

use crate::goals::{MOVES, SPREAD};
use crate::site::{node, nodes, settled, unthrottled};

const SHARDS: u32 = 256;

pub(crate) async fn measure(program: &Program, report: &mut Report) {
    report.measure(program, [&MOVES, &SPREAD], async || changes()).await;
}

fn changes() -> Result<[Figures; 2]> {
    let mut random = Rng::with_seed(300);
    let mut there = nodes(10)?;
    let mut map = settled(SHARDS, &there)?;
    let (mut moves, mut fewest, mut spread) = (0, 0, 0);
    for number in 0..300 {
        change(&mut random, &mut there, number)?;
        let plan = unthrottled(&map, &there);
        fewest += fewest_to_even_out(&held(&map, &there));
        moves += plan.moves.len();
        map = map.after(&plan);
        let held = held(&map, &there);
        spread = spread.max(held.iter().max().unwrap_or(&0) - held.iter().min().unwrap_or(&0));
    }
    let figures = |ours: usize, baseline: usize| Figures { ours: ours as f64, baseline: baseline as f64 };
    Ok([figures(moves, fewest), figures(spread, 1)])
}

/// Lets a node join or leave: of 2 to 40.
fn change(random: &mut Rng, there: &mut Nodes, number: usize) -> Result {
    let leaver = there.iter().nth(random.usize(..there.len())).map(|node| node.id.clone());
    match leaver.filter(|_| there.len() > 2 && (there.len() == 40 || random.bool())) {
        Some(leaver) => there.remove(&leaver),
        None => there.insert(node(format!("new-{number}"))?),
    };
    Ok(())
}

fn held(map: &ShardMap, there: &Nodes) -> Vec<usize> {
    there.iter().map(|node| map.held_by(&node.id).count()).collect()
}

/// Worked out without quotas: of nodes of one weight, those that hold most keep one more where not all can be the same.
fn fewest_to_even_out(held: &[usize]) -> usize {
    let mut held = held.to_vec();
    held.sort_unstable_by(|a, b| b.cmp(a));
    let (least, more) = (SHARDS as usize / held.len(), SHARDS as usize % held.len());
    held.iter().enumerate().map(|(at, held)| (least + usize::from(at < more)).saturating_sub(*held)).sum()
}
