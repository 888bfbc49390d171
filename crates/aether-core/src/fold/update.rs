//! Deciding and appending, again and again until nobody else was first.

use std::future::Future;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{LoadError, Loaded, Loader, State};
use crate::error::AppendError;
use crate::event::DecodeError;
use crate::retry::{Backoff, RetryPolicy};
use crate::{ActorId, AppendOptions, Commit, Event, EventStore, Expected, NewEvent, SnapshotStore};

/// Says why an update did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateError<E> {
    /// The decision itself was an error: nothing was appended.
    #[error("{0}")]
    Rejected(E),
    /// The actor could not be loaded: nothing was appended.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The events could not be appended: a conflict or an unknown outcome that outlasted the retries, or another error.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The decided events are none of the state's: nothing was appended.
    #[error(transparent)]
    Decode(#[from] Box<DecodeError>),
}

impl<S, T> Loader<S, T>
where
    S: State + Serialize + DeserializeOwned + Sync,
    T: EventStore + SnapshotStore,
{
    /// Loads the actor, lets `decide` turn its state into events, and appends them where the state left off.
    ///
    /// After a conflict the actor is loaded and decided on again; after an unknown outcome the *same* events are
    /// repeated, so that they are stored once. `retry` bounds both together; `sleep` waits between attempts
    /// (`tokio::time::sleep`, or any other). An empty decision appends nothing.
    ///
    /// # Errors
    ///
    /// [`UpdateError`] says which step failed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the decided events stored or not. Update again: `decide` sees which.
    pub async fn update<E, D, Z, F>(
        &self,
        actor: &ActorId,
        retry: &RetryPolicy,
        sleep: Z,
        mut decide: D,
    ) -> Result<Loaded<S>, UpdateError<E>>
    where
        D: FnMut(&Loaded<S>) -> Result<Vec<NewEvent>, E>,
        Z: Fn(Duration) -> F,
        F: Future<Output = ()>,
    {
        let mut backoff = retry.backoff();
        loop {
            let mut loaded = self.load(actor).await?;
            let events = decide(&loaded).map_err(UpdateError::Rejected)?;
            if events.is_empty() {
                return Ok(loaded);
            }
            check_decided::<S>(actor, &loaded, &events)?;
            match self.append(actor, Expected::Exactly(loaded.version()), events, &mut backoff, &sleep).await
            {
                Ok(commit) => {
                    for event in commit.events {
                        loaded.apply(event).map_err(Box::new)?;
                    }
                    self.snapshot_if_due(actor, &mut loaded).await;
                    return Ok(loaded);
                }
                Err(error) if error.is_conflict() && backoff.wait(&sleep).await => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Appends, and repeats the same events as long as their outcome is unknown. What a repeat cannot tell, such as that
    /// the store is not available now, leaves it unknown.
    async fn append<Z, F>(
        &self,
        actor: &ActorId,
        mut expected: Expected,
        events: Vec<NewEvent>,
        backoff: &mut Backoff,
        sleep: &Z,
    ) -> Result<Commit, AppendError>
    where
        Z: Fn(Duration) -> F,
        F: Future<Output = ()>,
    {
        let mut unknown = None;
        loop {
            let append = self.store().append_with(actor, expected, events.clone(), AppendOptions::default());
            match append.await {
                Err(AppendError::Unknown(outcome)) => {
                    expected = outcome.expected;
                    unknown = Some(outcome);
                }
                Err(error) if unknown.is_none() || error.settles() => return Err(error),
                Err(_) => {}
                Ok(commit) => return Ok(commit),
            }
            if !backoff.wait(sleep).await
                && let Some(unknown) = unknown
            {
                return Err(unknown.into());
            }
        }
    }
}

/// Refuses events that the state could not be loaded with ever after.
fn check_decided<S: State>(
    actor: &ActorId,
    loaded: &Loaded<S>,
    events: &[NewEvent],
) -> Result<(), Box<DecodeError>> {
    let versions = std::iter::successors(loaded.version().next(), |version| version.next());
    for (version, event) in versions.zip(events) {
        Event::new(actor.clone(), version, event.clone()).decode::<S::Event>()?;
    }
    Ok(())
}
