//! What projectors and groups tell the `metrics` facade, once a second.
//!
//! | name | kind | labels |
//! | --- | --- | --- |
//! | `aether_projection_{events,batches,skipped,failures,restarts}_total` | counter | `projection`, `generation` |
//! | `aether_projection_{lag,caught_up}` | gauge | as these |
//! | `aether_group_{handled,failures,malformed}_total` | counter | `group` |
//! | `aether_group_{slices,open,parked,lag}` | gauge | as these; of this process |

use std::sync::Weak;
use std::time::Duration;

use metrics::{Label, counter, gauge};
use tokio::time::sleep;

use crate::group::GroupStatus;
use crate::projector::Board;
use crate::{Generation, ProjectorStatus};

const EACH: Duration = Duration::from_secs(1);

/// Reports how a projector is doing, until it has ended.
pub(crate) async fn projector(name: String, generation: Option<Generation>, board: Weak<Board>) {
    let generation = generation.map_or_else(|| "none".to_owned(), |generation| generation.to_string());
    let labels = [Label::new("projection", name), Label::new("generation", generation)];
    let Some(mut ended) = board.upgrade().map(|board| board.watch()) else { return };
    loop {
        let now = board.upgrade().map(|board| board.status());
        let is_gone = now.is_none();
        let status = now.unwrap_or_else(|| ended.borrow().clone());
        report_projector(&labels, &status);
        if is_gone || status.state.has_ended() {
            return;
        }
        tokio::select! {
            () = sleep(EACH) => {}
            end = ended.wait_for(|status| status.state.has_ended()) => drop(end),
        }
    }
}

/// Reports how a member of a group is doing, until it is dropped.
pub(crate) async fn group(name: String, status: impl Fn() -> GroupStatus + Send) {
    let labels = [Label::new("group", name)];
    loop {
        report_group(&labels, &status());
        sleep(EACH).await;
    }
}

fn report_projector(labels: &[Label], status: &ProjectorStatus) {
    let count = |name, number| counter!(name, labels.to_vec()).absolute(number);
    count("aether_projection_events_total", status.events);
    count("aether_projection_batches_total", status.batches);
    count("aether_projection_skipped_total", status.skipped);
    count("aether_projection_failures_total", status.failures);
    count("aether_projection_restarts_total", status.restarts);
    let is_caught_up = status.is_caught_up && !status.state.has_ended();
    gauge!("aether_projection_caught_up", labels.to_vec()).set(u8::from(is_caught_up));
    if let Some(lag) = status.lag {
        gauge!("aether_projection_lag", labels.to_vec()).set(lag as f64);
    }
}

fn report_group(labels: &[Label], status: &GroupStatus) {
    let count = |name, number| counter!(name, labels.to_vec()).absolute(number);
    count("aether_group_handled_total", status.handled);
    count("aether_group_failures_total", status.failures);
    count("aether_group_malformed_total", status.malformed);
    let level = |name, number| gauge!(name, labels.to_vec()).set(number);
    level("aether_group_slices", status.slices.len() as f64);
    level("aether_group_open", status.open as f64);
    level("aether_group_parked", status.parked as f64);
    if let Some(lag) = status.lag {
        level("aether_group_lag", lag as f64);
    }
}
