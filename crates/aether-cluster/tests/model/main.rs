//! Leases, ownership and the fence in the log, in a model checker: three nodes, two shards, one actor each, every interleaving up to
//! a depth. Who may acquire and who may write is decided by the crate's own code.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod cluster;

use std::time::Instant;

use cluster::Cluster;
use stateright::{Checker, HasDiscoveries, Model};

/// Up to here every interleaving is tried.
const DEPTH: usize = 10;

#[test]
fn every_interleaving_up_to_a_depth_keeps_the_invariants() {
    let began = Instant::now();
    let checked = Cluster::new().checker().threads(2).target_max_depth(DEPTH).spawn_bfs().join();
    let (states, unique) = (checked.state_count(), checked.unique_state_count());
    println!("depth {DEPTH}: {unique} states, {states} generated, {:.1} s", began.elapsed().as_secs_f64());
    checked.assert_properties();
}

#[test]
fn without_revoking_first_two_nodes_answer_for_a_shard() {
    assert_eq!(broken(Cluster { revokes: false, ..Cluster::new() }), ["one node answers"]);
}

#[test]
fn without_stopping_before_the_lease_ends_two_nodes_answer_for_a_shard() {
    assert_eq!(broken(Cluster { stops: false, ..Cluster::new() }), ["one node answers"]);
}

#[test]
fn without_a_look_at_the_head_an_epoch_goes_back() {
    assert_eq!(broken(Cluster { looks: false, ..Cluster::new() }), ["epochs never go back"]);
}

/// What is broken first.
fn broken(cluster: Cluster) -> Vec<&'static str> {
    let checker = cluster.checker().threads(2).target_max_depth(DEPTH + 1);
    let checked = checker.finish_when(HasDiscoveries::Any).spawn_bfs().join();
    checked.discoveries().into_keys().collect()
}
