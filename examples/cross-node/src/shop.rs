//! Places three orders, and waits for an invoice for each.

use aether::bus::Subscription;

use crate::Result;
use crate::messages::{Said, invoices, next, orders};
use crate::node::Node;

pub(crate) struct Shop {
    node: Node,
    heard: Subscription,
}

pub(crate) async fn open(node: Node) -> Result<Shop> {
    let heard = node.subscribe(invoices()?.as_str()).await?;
    Ok(Shop { node, heard })
}

impl Shop {
    pub(crate) async fn run(mut self) -> Result {
        let opened = next(&mut self.heard).await?;
        println!("shop:    heard {:?}", opened.ok_or("nothing was heard")?.1);
        for (number, cents) in (1..).zip([9_999, 450, 12_000]) {
            let order = format!("order-{number}");
            println!("shop:    {order} is placed");
            self.node.publish(&orders()?, Said::OrderPlaced { cents }.of(&order)?).await?;
            let (actor, said) = next(&mut self.heard).await?.ok_or("nothing was heard")?;
            println!("shop:    heard of {actor}: {said:?}");
        }
        self.node.publish(&orders()?, Said::ShopClosed.of("shop-1")?).await?;
        self.node.stop().await;
        Ok(())
    }
}
