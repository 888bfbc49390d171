//! What has happened between two values. Pure.

use super::{ClusterEvent, Leader, Member, Members, ShardPlaces};
use crate::protocol::NodeState;

/// Events of members, by id.
pub(crate) fn of_members(before: &Members, after: &Members) -> Vec<ClusterEvent> {
    let mut events = Vec::new();
    for member in after.iter() {
        let earlier = before.get(&member.node);
        if let Some(earlier) = earlier.filter(|earlier| earlier.incarnation != member.incarnation) {
            // Another life stands in its place, and nobody saw it end.
            if earlier.is_alive() {
                events.push(ClusterEvent::Died { node: earlier.identity() });
            }
        }
        events.extend(of_member(earlier.filter(|earlier| earlier.incarnation == member.incarnation), member));
    }
    events
}

fn of_member(before: Option<&Member>, after: &Member) -> Option<ClusterEvent> {
    let node = after.identity();
    match (before, after.state) {
        // It was over before anybody here saw it.
        (None, state) if state.is_over() => None,
        (None, _) => Some(ClusterEvent::Joined { node }),
        (Some(before), NodeState::Left) if before.is_alive() => Some(ClusterEvent::Left { node }),
        (Some(before), NodeState::Dead) if before.is_alive() => Some(ClusterEvent::Died { node }),
        (Some(before), _) if after.suspected && !before.suspected => Some(ClusterEvent::Suspected { node }),
        _ => None,
    }
}

/// The event of another leader.
pub(crate) fn of_leader(before: Option<&Leader>, after: Option<&Leader>) -> Option<ClusterEvent> {
    (before != after).then(|| ClusterEvent::LeaderChanged { leader: after.cloned() })
}

/// Events of shards, by number.
pub(crate) fn of_shards(before: &ShardPlaces, after: &ShardPlaces) -> Vec<ClusterEvent> {
    let pairs = before.iter().zip(after.iter());
    let moved = pairs.filter(|(before, after)| (&before.owner, before.epoch) != (&after.owner, after.epoch));
    moved
        .map(|(before, after)| ClusterEvent::ShardMoved {
            shard: after.shard,
            from: before.owner.clone(),
            to: after.owner.clone(),
            epoch: after.epoch,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::placement::{Labels, NodeId, Standing, Weight};
    use crate::protocol::{Identity, Incarnation};

    fn member(life: u128, state: NodeState, suspected: bool) -> Member {
        Member {
            node: NodeId::new("a").unwrap(),
            incarnation: Incarnation::new(life),
            state,
            standing: Standing::Open,
            weight: Weight::USUAL,
            labels: Labels::new(),
            suspected,
        }
    }

    #[test]
    fn the_table_of_what_happens_to_members() {
        use NodeState::{Dead, Left, Up};
        let life = |life| Identity { node: NodeId::new("a").unwrap(), incarnation: Incarnation::new(life) };
        let (up, dead) = (member(1, Up, false), member(1, Dead, false));
        for (name, before, after, wanted) in [
            ("joined", None, up.clone(), vec![ClusterEvent::Joined { node: life(1) }]),
            ("was dead already", None, dead.clone(), vec![]),
            ("the same", Some(up.clone()), up.clone(), vec![]),
            (
                "suspected",
                Some(up.clone()),
                member(1, Up, true),
                vec![ClusterEvent::Suspected { node: life(1) }],
            ),
            ("it was not so", Some(member(1, Up, true)), up.clone(), vec![]),
            ("died", Some(member(1, Up, true)), dead.clone(), vec![ClusterEvent::Died { node: life(1) }]),
            ("left", Some(up.clone()), member(1, Left, false), vec![ClusterEvent::Left { node: life(1) }]),
            ("came back", Some(dead), member(2, Up, false), vec![ClusterEvent::Joined { node: life(2) }]),
            (
                "another life in its place",
                Some(up),
                member(2, Up, false),
                vec![ClusterEvent::Died { node: life(1) }, ClusterEvent::Joined { node: life(2) }],
            ),
        ] {
            let (before, after): (Members, Members) =
                (before.into_iter().collect(), [after].into_iter().collect());
            assert_eq!(of_members(&before, &after), wanted, "{name}");
        }
    }
}
