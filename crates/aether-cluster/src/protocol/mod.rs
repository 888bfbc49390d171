//! The protocols as pure state machines. What a shell around them has to do stands at each [`Output`] and [`Effect`].

pub mod change;
mod fence;
mod forget;
mod identity;
mod interface;
mod key;
mod leader;
mod member;
mod members;
mod node;
pub mod ownership;
mod planning;
mod record;
mod repair;
mod route;
mod scope;
mod shard;
mod time;
mod view;
mod watch;

pub use change::Answer;
pub use fence::{Fence, HeadMark, Held};
pub use identity::{Identity, Incarnation, InvalidIncarnation, Stamp, Term};
pub use interface::{Input, Output, Setup};
pub use key::Key;
pub use leader::{Draft, Leadership};
pub use member::{Ended, Member};
pub use node::Node;
pub use planning::{Moving, Planned, Planning};
pub use record::{
    ConfigRecord, FORM, LeaderRecord, Listed, MembersRecord, NodeRecord, NodeState, PlanRecord, Record,
    RecordError, ShardRecord, StandingRecord, Why,
};
pub use route::{Address, Ask, Attempt, Effect, End, Event, Reply};
pub use scope::{Scope, Scoping};
pub use shard::{Act, Circumstances, LocalShard, Stage, Task};
pub use time::{Lease, Moment, Timeouts};
pub use view::View;
pub use watch::Watch;

pub use crate::placement::{NodeId, Shard};
