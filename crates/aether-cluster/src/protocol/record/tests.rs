use super::*;

const ONE: &str = "00000000000000000000000000000001";

fn stamp() -> Stamp {
    Stamp { incarnation: Incarnation::new(1), nonce: 2 }
}

fn me() -> Identity {
    Identity { node: NodeId::new("n1").unwrap(), incarnation: Incarnation::new(1) }
}

/// The record as its own text, without what all have: its form and who wrote it.
fn check(key: &Key, record: &Record, text: &str) {
    let text = format!(r#"{{"v":1,{text},"by":{{"incarnation":"{ONE}","nonce":2}}}}"#);
    assert_eq!(String::from_utf8(record.encode().unwrap()).unwrap(), text);
    assert_eq!(&Record::decode(key, text.as_bytes()).unwrap(), record);
    assert_eq!(Key::parse(&key.to_string()).as_ref(), Some(key));
}

#[test]
fn records_of_nodes_are_written_as_this_and_read_back() {
    let (node, labels) = (me().node, Labels::in_zone("a").unwrap());
    let (state, weight, by) = (NodeState::Up, Weight::USUAL, stamp());
    let record = NodeRecord {
        incarnation: me().incarnation,
        state,
        weight,
        labels,
        lease: 7,
        seen: Revision::new(6),
        by,
    };
    let text = format!(
        r#""incarnation":"{ONE}","state":"up","weight":100,"labels":{{"zone":"a"}},"lease":7,"seen":6"#
    );
    check(&Key::Node(node.clone()), &Record::Node(record), &text);
    let record = Record::Standing(StandingRecord { standing: Standing::Draining, by });
    check(&Key::Standing(node), &record, r#""standing":"draining""#);
    let record = Record::Config(ConfigRecord { shards: ShardCount::default(), lease_ms: 1_000, by });
    check(&Key::Config, &record, r#""shards":256,"leaseMs":1000"#);
}

#[test]
fn records_of_leaders_are_written_as_this_and_read_back() {
    let (Identity { node, incarnation }, term, by) = (me(), Term::new(3), stamp());
    let record = Record::Leader(LeaderRecord { leader: Some(me()), term, by });
    check(&Key::Leader, &record, &format!(r#""leader":{{"node":"n1","incarnation":"{ONE}"}},"term":3"#));
    let listed = Listed {
        revision: Revision::new(9),
        incarnation,
        state: NodeState::Leaving,
        weight: Weight::USUAL,
        labels: Labels::new(),
        standing: Standing::Cordoned,
    };
    let nodes = BTreeMap::from([(node.clone(), listed)]);
    let record = Record::Members(MembersRecord { term, nodes, standbys: vec![node.clone()], by });
    let listed = format!(
        r#""n1":{{"revision":9,"incarnation":"{ONE}","state":"leaving","weight":100,"standing":"cordoned"}}"#
    );
    check(&Key::Members, &record, &format!(r#""term":3,"nodes":{{{listed}}},"standbys":["n1"]"#));
}

#[test]
fn records_of_shards_are_written_as_this_and_read_back() {
    let (node, term, by) = (me().node, Term::new(3), stamp());
    let why = Why { shard: Shard::new(0), reason: Reason::Joined(node.clone()) };
    let targets = vec![Some(node.clone()), None];
    let planned_for = [crate::placement::Node::new(node)].into_iter().collect();
    let plan = PlanRecord { term, targets: targets.clone(), planned_for, reasons: vec![why], by };
    let text = concat!(
        r#""term":3,"targets":["n1",null],"#,
        r#""plannedFor":[{"id":"n1","weight":100,"standing":"open","labels":{}}],"#,
        r#""reasons":[{"shard":0,"reason":{"joined":"n1"}}]"#
    );
    check(&Key::Plan, &Record::Plan(plan), text);
    let plan = PlanRecord { term, targets, planned_for: Nodes::new(), reasons: Vec::new(), by };
    check(&Key::Plan, &Record::Plan(plan), r#""term":3,"targets":["n1",null]"#);
    let shard = ShardRecord { owner: None, epoch: Epoch::new(4), by };
    check(&Key::Shard(Shard::new(5)), &Record::Shard(shard), r#""epoch":4"#);
}

#[test]
fn a_later_form_is_not_guessed_at() {
    let error = Record::decode(&Key::Plan, br#"{"v":2,"anything":[]}"#).unwrap_err();
    assert!(matches!(error, RecordError::Form { found: 2, .. }), "{error}");
    assert!(matches!(Record::decode(&Key::Plan, b"{}"), Err(RecordError::Malformed { .. })));
}
