//! The proxy's thread: accepts connections and follows orders.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, atomic::Ordering, mpsc},
};

use tokio::{
    net::{TcpListener, TcpStream},
    runtime,
    sync::mpsc::UnboundedReceiver,
    task::JoinSet,
};

use super::{link, settings::Shared};

/// What the owner wants of the connections. It is told when it has been done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    Cut,
    CutOnce,
    Heal,
    End,
}

/// Runs until it is told to end, or the owner is gone.
pub(super) fn run(
    port: u16,
    upstream: SocketAddr,
    shared: &Arc<Shared>,
    orders: UnboundedReceiver<(Order, mpsc::Sender<()>)>,
    ready: &mpsc::Sender<io::Result<()>>,
) {
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(ready.send(Err(error))),
    };
    runtime.block_on(async {
        match listen(port).await {
            Ok(listener) => {
                let _ = ready.send(Ok(()));
                serve(port, upstream, shared, orders, listener).await;
            }
            Err(error) => drop(ready.send(Err(error))),
        }
    });
}

async fn serve(
    port: u16,
    upstream: SocketAddr,
    shared: &Arc<Shared>,
    mut orders: UnboundedReceiver<(Order, mpsc::Sender<()>)>,
    listener: TcpListener,
) {
    let mut listener = Some(listener);
    let mut links = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv() => {
                let Some((order, done)) = order else { return };
                follow(order, port, shared, &mut listener, &mut links).await;
                let _ = done.send(());
                if order == Order::End {
                    return;
                }
            }
            client = accept(listener.as_ref()) => {
                if let Ok(client) = client {
                    shared.connections.fetch_add(1, Ordering::Relaxed);
                    links.spawn(link::run(client, upstream, Arc::clone(shared)));
                }
            }
            Some(_) = links.join_next() => {}
        }
    }
}

async fn follow(
    order: Order,
    port: u16,
    shared: &Shared,
    listener: &mut Option<TcpListener>,
    links: &mut JoinSet<()>,
) {
    let closes = match order {
        Order::Cut | Order::End => {
            *listener = None;
            true
        }
        Order::CutOnce => true,
        // Whatever lost bytes cannot go on.
        Order::Heal => shared.settings().swallow(),
    };
    if closes {
        links.shutdown().await;
    }
    if order == Order::Heal {
        shared.heal();
        if listener.is_none() {
            // Cannot be taken: the port is leased and lies outside of what the kernel gives away.
            *listener = listen(port).await.ok();
        }
    }
}

async fn listen(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.map(|(client, _)| client),
        None => std::future::pending().await,
    }
}
