//! Quotas: portions that are rounded so that the most shards stay where they are. Pure.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::share::{Party, Portion, divide};
use super::{Node, Standing, Zones};

/// A node that may have a quota above 0.
struct Candidate {
    /// Its place among all nodes.
    at: usize,
    party: Party,
    held: usize,
}

/// Returns how many shards of `total` each node is to hold, given how many it holds: none where it is draining.
pub(super) fn quotas(total: usize, nodes: &[&Node], held: &[usize], zones: Zones) -> Vec<usize> {
    let zones = candidates(nodes, held, zones);
    let parties: Vec<Party> = zones.iter().map(|zone| as_party(zone)).collect();
    let (portions, ups) = divide(total, &parties);
    // What one more would cost a zone does not depend on the others, so the cheapest ones are the best choice.
    let totals = round(&portions, ups, |zone, least| {
        zones.get(zone).map_or(0, |zone| arrivals(zone, least + 1) - arrivals(zone, least))
    });
    let mut quotas = vec![0; nodes.len()];
    for (zone, total) in zones.iter().zip(totals) {
        for (candidate, quota) in zone.iter().zip(of_zone(zone, total)) {
            if let Some(of) = quotas.get_mut(candidate.at) {
                *of = quota;
            }
        }
    }
    quotas
}

/// The candidates by zone; all in one where zones do not count.
fn candidates(nodes: &[&Node], held: &[usize], zones: Zones) -> Vec<Vec<Candidate>> {
    let mut by_zone: BTreeMap<Option<&str>, Vec<Candidate>> = BTreeMap::new();
    for (at, (node, held)) in nodes.iter().zip(held.iter().copied()).enumerate() {
        let most = match node.standing {
            Standing::Open => None,
            Standing::Cordoned => Some(held),
            Standing::Draining => continue,
        };
        let zone = if zones == Zones::Even { node.labels.zone() } else { None };
        let party = Party { weight: u64::from(node.weight.get()), most };
        by_zone.entry(zone).or_default().push(Candidate { at, party, held });
    }
    by_zone.into_values().collect()
}

fn as_party(zone: &[Candidate]) -> Party {
    let most = zone.iter().map(|candidate| candidate.party.most).sum();
    Party { weight: 1, most }
}

/// Returns the quotas in a zone that holds `total`.
fn of_zone(zone: &[Candidate], total: usize) -> Vec<usize> {
    let parties: Vec<Party> = zone.iter().map(|candidate| candidate.party).collect();
    let (portions, ups) = divide(total, &parties);
    // One more costs nothing where it is there.
    round(&portions, ups, |at, least| i64::from(zone.get(at).is_none_or(|candidate| candidate.held <= least)))
}

/// Returns how many shards have to come to the nodes of a zone that is to hold `total`.
fn arrivals(zone: &[Candidate], total: usize) -> i64 {
    let quotas = of_zone(zone, total);
    zone.iter().zip(quotas).map(|(candidate, quota)| quota.saturating_sub(candidate.held) as i64).sum()
}

/// Gives one more to `ups` of those with a remainder: where it costs least, then where most is due, then the first.
///
/// Nothing else decides, and above all not how much is held: so the choice stays as it is while its moves are carried out.
fn round(portions: &[Portion], ups: usize, cost: impl Fn(usize, usize) -> i64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..portions.len()).collect();
    order.retain(|at| portions.get(*at).is_some_and(|portion| portion.remainder > 0));
    order.sort_by_cached_key(|at| {
        portions.get(*at).map(|portion| (cost(*at, portion.least), Reverse(portion.remainder)))
    });
    let mut quotas: Vec<usize> = portions.iter().map(|portion| portion.least).collect();
    for at in order.into_iter().take(ups) {
        if let Some(quota) = quotas.get_mut(at) {
            *quota += 1;
        }
    }
    quotas
}
