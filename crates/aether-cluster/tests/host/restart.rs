//! Nodes are restarted one after the other while others ask.

use crate::load::Load;
use crate::site::settled;
use crate::town::Town;

/// So many answers come between one step of an operator and the next.
const BETWEEN: u64 = 200;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_rolling_restart_under_load_loses_nothing_and_shows_no_error_to_callers() {
    let town = Town::of(&["a", "b", "c", "d"]).await;
    let load = Load::start(&town);
    for place in &town.places()[..3] {
        load.goes_on(BETWEEN).await;
        town.leave(place).await;
        load.goes_on(BETWEEN).await;
        town.start(place).await;
        settled(&town.nodes()).await;
    }
    load.goes_on(BETWEEN).await;
    load.ends_well(&town).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn a_node_that_restarts_at_once_is_missed_by_nobody() {
    let town = Town::of(&["a", "b", "c"]).await;
    let load = Load::start(&town);
    for place in town.places() {
        load.goes_on(BETWEEN).await;
        town.leave(place).await;
        // Before the others have settled, and while the former life still says where its shards went.
        town.start(place).await;
    }
    settled(&town.nodes()).await;
    load.ends_well(&town).await;
}
