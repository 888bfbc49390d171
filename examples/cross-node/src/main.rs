//! Two processes on one bus: a shop that places orders, and a billing that sends an invoice for each.
//!
//! `NATS_URL=nats://127.0.0.1:4222 cargo run -p cross-node` is the shop, and starts the billing as a process of its own. Without
//! `NATS_URL` both are tasks of one process, on a local bus: the rest is the same.

mod billing;
mod messages;
mod node;
mod shop;

use std::error::Error;

use tokio::process::Command;

use crate::node::Node;

pub(crate) type Result<T = ()> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result {
    let url = std::env::var("NATS_URL").ok();
    match (url, std::env::args().nth(1).as_deref()) {
        (Some(url), Some("billing")) => billing::run(Node::connect(&url).await?).await,
        (Some(url), _) => {
            // Before the other one starts, so that it hears it from the first word on.
            let shop = shop::open(Node::connect(&url).await?).await?;
            let mut billing =
                Command::new(std::env::current_exe()?).arg("billing").kill_on_drop(true).spawn()?;
            shop.run().await?;
            billing.wait().await?.success().then_some(()).ok_or("billing failed")?;
            Ok(())
        }
        (None, _) => {
            println!("(no NATS_URL: both in one process)");
            let node = Node::local();
            let shop = shop::open(node.clone()).await?;
            let billing = tokio::spawn(billing::run(node));
            shop.run().await?;
            billing.await?
        }
    }
}
