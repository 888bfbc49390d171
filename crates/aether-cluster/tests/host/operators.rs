//! Operators cordon, drain and open nodes while others ask.

use aether_cluster::placement::Standing;

use crate::load::Load;
use crate::site::{SHARDS, settled, until};
use crate::town::Town;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs nats-server: run cargo xtask integration"]
async fn cordon_drain_and_uncordon_under_load_show_no_error_to_callers() {
    let town = Town::of(&["a", "b", "c"]).await;
    let [a, b, c] = town.nodes().try_into().unwrap();
    let id = &c.me().node;
    let load = Load::start(&town);
    load.goes_on(100).await;

    let before = c.owned();
    a.cordon(id).await.unwrap();
    let stands = |standing| b.members().get(id).is_some_and(|member| member.standing == standing);
    until("others know that it is cordoned", || stands(Standing::Cordoned)).await;
    load.goes_on(200).await;
    assert_eq!(c.owned(), before, "a cordoned node keeps what it has");

    b.drain(id).await.unwrap();
    until("it owns nothing", || c.owned().is_empty()).await;
    let others = || a.owned().len() + b.owned().len();
    until("the others own everything", || others() == SHARDS as usize).await;
    load.goes_on(200).await;
    assert!(c.owned().is_empty() && c.is_serving(), "it is a member without shards");
    assert!(a.members().get(id).unwrap().is_alive());

    // From the node itself, too.
    c.uncordon(id).await.unwrap();
    settled(&town.nodes()).await;
    load.goes_on(200).await;
    load.ends_well(&town).await;
}
