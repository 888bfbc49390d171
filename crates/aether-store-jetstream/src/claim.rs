//! Claiming: a message without events that moves an actor's subject on.

use aether_core::{ActorId, AppendError, AppendOptions, ClaimOptions, Consistency, Epoch, Expected, Head};
use bytes::Bytes;

use crate::append::Appending;
use crate::error::Failure;
use crate::head::Known;
use crate::headers::{self, Body, Said};
use crate::layout::of_aether_only;
use crate::store::{Inner, Shared};

impl Inner {
    /// Takes the actor over at `epoch`.
    pub(crate) async fn claim(
        self: &Shared,
        actor: &ActorId,
        epoch: Epoch,
        options: ClaimOptions,
    ) -> Result<Head, AppendError> {
        if self.is_go() {
            return Err(of_aether_only("a claim").into());
        }
        let mut as_append = AppendOptions::default().epoch(epoch);
        as_append.deadline = options.deadline;
        let mut claim = Appending::new(self, "claim", actor, Expected::Any, Vec::new(), as_append);
        let _lane = claim.enter_lane().await?;
        claim.run_claim(epoch, options.proves).await
    }
}

impl Appending<'_> {
    async fn run_claim(&mut self, epoch: Epoch, proves: bool) -> Result<Head, AppendError> {
        loop {
            let head = self.look(Consistency::Leader).await?;
            if let Some(current) = head.epoch.filter(|_| self.is_fenced(&head)) {
                return Err(self.fenced(current));
            }
            // A claim is the same whoever wrote it, an attempt without an answer included; but that it is there was only
            // read.
            if head.epoch == Some(epoch) && !proves {
                return Ok(head.to_head(self.inner.partition, None));
            }
            self.expected = Expected::Exactly(head.version);
            match self.publish_claim(&head, Some(epoch)).await {
                Ok(known) => return Ok(known.to_head(self.inner.partition, None)),
                Err(failure) if failure.is_passing() || failure.is_conflict() => {
                    if failure.is_unknown() {
                        self.unanswered.get_or_insert(head.sequence);
                    }
                    self.inner.heads.forget(&self.key);
                    self.wait(&head, failure).await?;
                }
                Err(failure) => return Err(self.failed(failure)),
            }
        }
    }

    /// Publishes a claim after `head`, and returns where the actor stands with it.
    pub(crate) async fn publish_claim(&self, head: &Known, epoch: Option<Epoch>) -> Result<Known, Failure> {
        let said = Said { epoch, ..head.said(Body::Claim) };
        let connection = self.inner.connection();
        let sequence = self.publish(headers::write(&said), Bytes::new()).await?;
        let known = Known { anchor: self.anchor, ..Known::after(sequence, head.version, &said) };
        self.inner.heads.remember(connection, &self.key, known.clone());
        Ok(known)
    }
}
