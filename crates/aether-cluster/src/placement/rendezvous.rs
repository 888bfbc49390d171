//! Weighted rendezvous hashing: each node draws a number for each key, and the best draw has it. Pure.

use super::hash::{draw, spread};
use super::logarithm::below_one;
use super::{Node, Nodes, Standing, Weight};

/// How good a node's draw for a key is: the least is the best.
///
/// The first number is the draw's logarithm by the weight, which makes a node of twice the weight win twice as often; the
/// second one is the draw itself, which decides between equal weights alone.
pub(super) type Rank = (u128, u64);

/// Returns the rank of a node for a key that was spread.
pub(super) fn rank(node: u64, weight: Weight, spread: u64) -> Rank {
    let drawn = draw(node, spread);
    let inverse = (1_u64 << 48) / u64::from(weight.get());
    (u128::from(below_one(drawn)) * u128::from(inverse), !drawn)
}

/// Returns what orders nodes of one weight as [`rank`] does: a logarithm keeps the order of what it is taken of.
pub(super) fn rank_of_equals(node: u64, spread: u64) -> u64 {
    !draw(node, spread)
}

/// Returns the open node that a key belongs to by weighted rendezvous hashing alone, if there is one.
///
/// It needs no map and no history: whoever knows the nodes comes to the same answer, and a join or a leave moves only keys of
/// that node. For that, nodes do not hold equal parts: of 256 keys on 10 nodes, the fullest node has 1.31 times the mean
/// (`cargo xtask bench cluster`). [`plan`](super::plan) keeps them within one shard.
///
/// The key is any number; [`key_of`](super::key_of) makes one of a text.
///
/// ```
/// use aether_cluster::placement::{Node, NodeId, Nodes, key_of, rendezvous};
///
/// let nodes: Nodes = ["a", "b", "c"].into_iter().filter_map(|id| Some(Node::new(NodeId::new(id).ok()?))).collect();
/// let cache = rendezvous(key_of("images/7.png"), &nodes);
/// assert_eq!(cache.map(|node| node.id.as_str()), Some("c"));
/// ```
#[must_use]
pub fn rendezvous(key: u64, nodes: &Nodes) -> Option<&Node> {
    let spread = spread(key);
    open(nodes).min_by_key(|node| rank(node.id.key(), node.weight, spread))
}

/// Returns the open nodes in the order in which rendezvous hashing prefers them for a key: where the first one is gone, the
/// key belongs to the second.
#[must_use]
pub fn ranking(key: u64, nodes: &Nodes) -> Vec<&Node> {
    let spread = spread(key);
    let mut ranked: Vec<_> = open(nodes).collect();
    ranked.sort_by_cached_key(|node| rank(node.id.key(), node.weight, spread));
    ranked
}

fn open(nodes: &Nodes) -> impl Iterator<Item = &Node> {
    nodes.iter().filter(|node| node.standing == Standing::Open)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::placement::NodeId;

    fn node(id: &str, weight: u16) -> Node {
        Node::new(NodeId::new(id).unwrap()).weight(Weight::new(weight).unwrap())
    }

    /// By a Python program: not from this code.
    #[test]
    fn keys_belong_to_the_nodes_that_are_written_down() {
        let nodes: Nodes =
            [node("a", 100), node("b", 100), node("c", 200), node("d", 50)].into_iter().collect();
        let winners: String = (0..64).map(|key| rendezvous(key, &nodes).unwrap().id.to_string()).collect();
        assert_eq!(winners, WINNERS);
    }

    const WINNERS: &str = "cdaacadccaadcabdabccccaabadbcbcadccdbbcbcabcbbabbbcacbadccadacbc";

    #[test]
    fn nodes_win_by_their_weights() {
        let nodes: Nodes = [node("a", 100), node("b", 200), node("c", 700)].into_iter().collect();
        let mut won = [0_i32; 3];
        (0..100_000).for_each(|key| {
            let winner = rendezvous(key, &nodes).unwrap();
            won[nodes.iter().position(|node| node == winner).unwrap()] += 1;
        });
        // Five deviations of a fair dice are 750.
        let expected = [10_000, 20_000, 70_000];
        assert!(won.iter().zip(expected).all(|(won, expected)| (won - expected).abs() < 750), "{won:?}");
    }

    #[test]
    fn without_open_nodes_a_key_belongs_to_nobody() {
        let nodes: Nodes = [node("a", 1).standing(Standing::Cordoned)].into_iter().collect();
        assert_eq!((rendezvous(7, &nodes), rendezvous(7, &Nodes::new())), (None, None));
    }

    proptest! {
        #[test]
        fn nodes_of_one_weight_are_ordered_by_their_draws_alone(
            a in any::<u64>(), b in any::<u64>(), key in any::<u64>(), weight in 1_u16..=10_000,
        ) {
            let weight = Weight::new(weight).unwrap();
            let by_weight = rank(a, weight, key).cmp(&rank(b, weight, key));
            prop_assert_eq!(by_weight, rank_of_equals(a, key).cmp(&rank_of_equals(b, key)));
        }

        #[test]
        fn a_leave_moves_only_what_the_leaver_had(key in any::<u64>(), count in 2_usize..12, leaver in 0_usize..12) {
            let mut nodes: Nodes = (0..count).map(|n| node(&format!("n{n}"), 1 + n as u16)).collect();
            let ranked: Vec<Node> = ranking(key, &nodes).into_iter().cloned().collect();
            prop_assert_eq!(rendezvous(key, &nodes), ranked.first());
            let leaver = nodes.iter().nth(leaver % count).unwrap().clone();
            nodes.remove(&leaver.id);
            prop_assert_eq!(rendezvous(key, &nodes), ranked.iter().find(|node| **node != leaver));
        }
    }
}
