//! Sends an invoice for each order of any tenant's.

use crate::Result;
use crate::messages::{Said, invoices, next};
use crate::node::Node;

pub(crate) async fn run(node: Node) -> Result {
    let mut heard = node.subscribe("*.orders").await?;
    node.publish(&invoices()?, Said::BillingOpened.of("billing-1")?).await?;
    while let Some((order, said)) = next(&mut heard).await? {
        println!("billing: heard of {order}: {said:?}");
        match said {
            Said::OrderPlaced { cents } => {
                node.publish(&invoices()?, Said::InvoiceSent { cents }.of(order.as_str())?).await?;
            }
            _ => break,
        }
    }
    node.stop().await;
    Ok(())
}
