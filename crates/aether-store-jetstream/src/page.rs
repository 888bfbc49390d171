//! The first messages of a subject at once: a batched direct get (ADR-31 of nats-architecture-and-design), of servers of API
//! level 1 (2.11) and later.

use async_nats::Message;
use futures_util::StreamExt;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::api::{Api, direct_message};
use crate::error::Failure;
use crate::frame::Stored;

/// A page of a subject's messages.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) messages: Vec<Stored>,
    /// Whether these are all that the replica has which answered.
    pub(crate) is_complete: bool,
}

impl Api {
    /// Returns the first messages of `subject`, at most `count`, that some replica has.
    pub(crate) async fn direct_page(&self, stream: &str, subject: &str, count: u64) -> Result<Page, Failure> {
        let request = self.subject(&format!("DIRECT.GET.{stream}"));
        let body = json!({ "seq": 1, "batch": count, "next_by_subj": subject }).to_string();
        let (inbox, until) = (self.client.new_inbox(), Instant::now() + self.timeout);
        let garbled = |error: &'static str| Failure::garbled(&request, error);
        let late = |error| Failure::NoAnswer { subject: request.clone(), source: error };
        let exchange = async {
            let _permit = self.permit(&request).await?;
            let subscribed = self.client.subscribe(inbox.clone()).await;
            let mut answers = subscribed.map_err(|error| late(error.into()))?;
            let asked = self.client.publish_with_reply(request.clone(), inbox.clone(), body.into()).await;
            asked.map_err(|error| late(error.into()))?;
            let mut page = Page { messages: Vec::new(), is_complete: false };
            let mut pending = None;
            while let Some(answer) = answers.next().await {
                let left = said(&answer, "Nats-Num-Pending");
                match answer.status.map(|status| status.as_u16()) {
                    None => {
                        // The client drops what its buffer does not hold: each answer says how many come after it.
                        if left.is_none()
                            || pending.is_some_and(|before| left.map(|left| left + 1) != Some(before))
                        {
                            return Err(garbled("a batch with a gap"));
                        }
                        pending = left;
                        let found = direct_message(answer);
                        page.messages
                            .push(found.ok_or_else(|| garbled("without subject or sequence"))?.message);
                    }
                    Some(204) => {
                        page.is_complete = left == Some(0);
                        return Ok(page);
                    }
                    Some(404) => return Ok(Page { messages: Vec::new(), is_complete: true }),
                    Some(503) => return Err(Failure::NoResponders { subject: request.clone() }),
                    Some(_) => return Err(garbled("another status than the end of a batch")),
                }
            }
            Err(garbled("the end of the subscription"))
        };
        timeout_at(until, exchange).await.map_err(|error| late(error.into()))?
    }
}

fn said(answer: &Message, header: &str) -> Option<u64> {
    answer.headers.as_ref()?.get_last(header)?.as_str().parse().ok()
}
