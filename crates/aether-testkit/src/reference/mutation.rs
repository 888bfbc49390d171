//! What can be taken away from the reference store.

/// Declares the mutations, and the list of them all.
macro_rules! mutations {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Says which mechanism the reference store lacks: one thing that stores have been seen to get wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Mutation {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Mutation {
            /// Every mutation.
            pub const ALL: &[Self] = &[$(Self::$name,)+];
        }
    };
}

mutations! {
    /// Commits are not checked for what makes them impossible.
    CommitsUnchecked,
    /// The expected version is ignored.
    ExpectedUnchecked,
    /// The expected version is checked against what the handle remembers: fault 1 of the Go original.
    CheckedInHandle,
    /// `Below` takes the current version, too.
    BelowInclusive,
    /// A saved event gets the next version, not its own.
    GapsClosed,
    /// The versions of a commit are checked for its first event only.
    OverflowUnchecked,
    /// The events of a commit are stored one by one, with others in between.
    CommitsTorn,
    /// A refused commit leaves its last event behind.
    ConflictsLeaveRemains,
    /// A conflict tells a version that is no longer current.
    ConflictsTellOldVersion,
    /// A repeated append is a conflict.
    RepeatsForgotten,
    /// A repeated append is recognized as long as it is the latest only.
    RepeatsForgottenLater,
    /// A repeated append says that it was not there.
    RepeatsSeemFresh,
    /// An id with other content counts as stored: fault 3.
    ReusedIdsSwallowed,
    /// A part of a commit counts as the whole.
    PartsCountAsWhole,
    /// A commit that stands somewhere else counts as a repeat.
    RepeatsFoundAnywhere,
    /// An event id is taken for all actors at once: fault 3.
    EventIdsGlobal,
    /// A claim that is to prove something is not written where its epoch is there.
    ProofsUnwritten,
    /// Epochs are kept, but nobody is fenced.
    EpochsUnchecked,
    /// A writer without an epoch leaves none behind.
    EpochsForgotten,
    /// A refused append leaves its epoch behind.
    EpochsRaisedByConflicts,
    /// The expected version is judged before the epoch.
    ConflictsHideFencing,
    /// The epoch is judged before the append is recognized.
    FencingHidesRepeats,
    /// A claim is not kept.
    ClaimsLost,
    /// A claim counts as a version.
    ClaimsTakeVersions,
    /// A claim is read as an event.
    ClaimsVisible,
    /// A lower claim replaces a higher one.
    ClaimsUnchecked,
    /// Actors share a history when their ids differ in `.`, `_`, blank, `*` and `>` only: fault 2.
    ActorsLossy,
    /// Actors share a history when their ids differ in control characters only: fault 2.
    ControlsDropped,
    /// Actors share a history when their ids differ in case only.
    CaseFolded,
    /// Ids are cut.
    IdsCut,
    /// Namespaces share their streams.
    NamespacesShared,
    /// Namespace and name are joined by `_`: fault 2.
    NamespacesJoined,
    /// Streams share their actors.
    StreamsShared,
    /// `from` is exclusive: fault 4.
    FromExclusive,
    /// A read that begins inside a commit begins with all of it.
    CommitsReadWhole,
    /// A read ends after 1,000 events, without an error: fault 7.
    ReadsEndEarly,
    /// A read of one megabyte ends early, without an error: fault 7.
    LargeReadsEndEarly,
    /// A read shows what was there a moment ago.
    ReadsStale,
    /// Events come in the order of their ids.
    ReadsUnordered,
    /// All events of an actor have one position.
    PositionsConstant,
    /// A commit's position is that of its first event.
    PositionsOfFirst,
    /// The head is one version behind.
    HeadsLate,
    /// Numbers in data become floats: fault 6.
    NumbersRounded,
    /// Data is parsed and written again.
    DataReformatted,
    /// Timestamps are cut to microseconds.
    TimesRounded,
    /// Metadata is dropped.
    MetadataDropped,
    /// Command ids are dropped.
    CommandsDropped,
    /// Schema versions are dropped.
    SchemaVersionsDropped,
    /// Large commits are not refused.
    LimitsUnchecked,
    /// Only single events are held against the limit.
    LimitsPerEvent,
    /// Each handle has its own data.
    HandlesForget,
    /// The wrong actor is named in errors.
    ErrorsNameNobody,
    /// The last snapshot that is saved stays, whatever its version: fault 12.
    SnapshotsLastWins,
    /// A snapshot of equal version does not replace.
    SnapshotsFirstStays,
    /// A snapshot's position and schema version are dropped.
    SnapshotsPartial,
    /// Actors share a snapshot when their ids differ in `.`, `_`, blank, `*` and `>` only: fault 2.
    SnapshotsLossy,
    /// A snapshot of version 0 counts as none.
    SnapshotsNotAtZero,
    /// A subscription goes on from what is there when history has been read, not from where history ended.
    HandOverSkips,
    /// What was the last of history comes again, from elsewhere, when history has been read.
    HandOverRepeats,
    /// The mark comes before history.
    MarkFirst,
    /// There is no mark.
    MarkForgotten,
    /// Events that are stored together come in any order.
    SubscriptionsUnordered,
    /// Nobody is woken when something is stored.
    SubscriptionsAsleep,
    /// A reader that is far behind loses what it has not read.
    SlowReadersCut,
    /// Each subscription gets everything.
    FiltersForgotten,
    /// Actor types, and event types, match by their beginnings.
    FiltersMatchPrefixes,
    /// Actors match when their ids differ in `.`, `_`, blank, `*` and `>` only.
    FiltersLossy,
    /// A checkpoint moves with events that were handed out only.
    CheckpointsStay,
    /// A commit that was handed out in part is handed out again when it is resumed, from elsewhere.
    CommitsResumedWhole,
    /// A commit that was handed out in part counts as handed out.
    CommitsResumedAfter,
    /// What is stored before a subscription is first asked counts as stored before now.
    NowIsLate,
    /// From now on is from the beginning on.
    NowIsBeginning,
    /// Events are as old as they say.
    TimesOfWriters,
    /// Checkpoints are taken for those of this log.
    LineagesUnchecked,
    /// Nothing is ever answered.
    Hangs,
}

impl Mutation {
    /// Says whether the store without it leaves readers waiting for ever: they need not be waited for.
    pub(crate) fn hangs(self) -> bool {
        use Mutation::{
            CommitsResumedAfter, HandOverSkips, Hangs, MarkForgotten, NowIsLate, SlowReadersCut,
            SubscriptionsAsleep,
        };
        let hang = [
            CommitsResumedAfter,
            HandOverSkips,
            Hangs,
            MarkForgotten,
            NowIsLate,
            SlowReadersCut,
            SubscriptionsAsleep,
        ];
        hang.contains(&self)
    }

    /// Says whether this is what is removed: `None` is a store that lacks nothing.
    pub(crate) fn is(self, removed: Option<Self>) -> bool {
        removed == Some(self)
    }
}
