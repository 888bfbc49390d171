//! Whoever plans comes to the same plan.

use aether_cluster::placement::{Node, Nodes, ShardMap, Wanted, Zones, plan};
use proptest::prelude::*;

use crate::site::{any_map, any_nodes, any_zones, empty, node, nodes, planned};

proptest! {
    #[test]
    fn the_order_in_which_nodes_were_found_does_not_matter(
        map in any_map(1_u32..=300, 8), nodes in any_nodes(0..=8), zones in any_zones(), seed in any::<u64>(),
    ) {
        let mut shuffled: Vec<Node> = nodes.clone().into();
        fastrand::Rng::with_seed(seed).shuffle(&mut shuffled);
        let shuffled: Nodes = shuffled.into_iter().collect();
        prop_assert_eq!(planned(&map, &nodes, zones), planned(&map, &shuffled, zones));
    }

    #[test]
    fn a_map_and_nodes_that_went_through_json_give_the_same_plan(map in any_map(1_u32..=300, 8), nodes in any_nodes(0..=8)) {
        let through_json: ShardMap = serde_json::from_str(&serde_json::to_string(&map).unwrap()).unwrap();
        let nodes_through_json: Nodes = serde_json::from_str(&serde_json::to_string(&nodes).unwrap()).unwrap();
        let again = plan(&through_json, &Wanted::new(nodes_through_json));
        prop_assert_eq!(plan(&map, &Wanted::new(nodes)), again);
    }
}

fn owners(map: &ShardMap, nodes: &Nodes) -> String {
    let number = |id| nodes.iter().position(|node| Some(&node.id) == id).unwrap();
    map.places().map(|(_, place)| number(place.owner.as_ref()).to_string()).collect()
}

/// By a Python program that knows the rules and not this code: first to three equal nodes, then with a fourth one of
/// twice their weight.
#[test]
fn the_plans_are_the_ones_that_are_written_down() {
    let three = nodes(3);
    let map = empty(64);
    let map = map.after(&planned(&map, &three, Zones::Ignored));
    assert_eq!(owners(&map, &three), FIRST);
    let mut four = three;
    four.insert(node(3, 200));
    let map = map.after(&planned(&map, &four, Zones::Ignored));
    assert_eq!(owners(&map, &four), JOINED);
    let mut two = four;
    two.remove(&crate::site::id(0));
    two.remove(&crate::site::id(1));
    let map = map.after(&planned(&map, &two, Zones::Ignored));
    assert_eq!(owners(&map, &two), LEFT);
}

const FIRST: &str = "2002222211100220220202112220202222000121100001110011001010111111";
const JOINED: &str = "2303223331130223223302333230302232030123103033310011301013113113";
const LEFT: &str = "0101001110111001001110111011100010110001001111101111111111111111";
