//! One connection through the proxy.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc::{Receiver, Sender, channel},
    time::{Instant, sleep_until},
};

use super::{
    Direction,
    filter::Filter,
    settings::{Shared, Way},
};

const CHUNK_BYTES: usize = 16 << 10;
/// With the above a megabyte: what may be on a delayed way.
const CHUNKS_ON_THE_WAY: usize = 64;

/// Connects to the server and passes bytes until one side ends.
pub(super) async fn run(client: TcpStream, upstream: SocketAddr, shared: Arc<Shared>) {
    let Ok(server) = TcpStream::connect(upstream).await else {
        return;
    };
    // The delays are ours to choose, not the kernel's.
    if client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_err() {
        return;
    }
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::select! {
        _ = pass(&mut from_client, &mut to_server, Direction::ToServer, &shared) => {}
        _ = pass(&mut from_server, &mut to_client, Direction::ToClient, &shared) => {}
    }
}

async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    direction: Direction,
    shared: &Shared,
) -> io::Result<()> {
    let (sender, receiver) = channel(CHUNKS_ON_THE_WAY);
    // Both end: the reader at the end of its input, then the writer, when everything on the way has arrived.
    let (read, written) = tokio::join!(read(from, sender), write(to, receiver, direction, shared));
    read.and(written)
}

/// A piece of the stream, and when it came.
struct Chunk {
    bytes: Vec<u8>,
    came: Instant,
}

async fn read(from: &mut (impl AsyncRead + Unpin), sender: Sender<Chunk>) -> io::Result<()> {
    loop {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES);
        if from.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
        if sender.send(Chunk { bytes, came: Instant::now() }).await.is_err() {
            return Ok(());
        }
    }
}

async fn write(
    to: &mut (impl AsyncWrite + Unpin),
    mut receiver: Receiver<Chunk>,
    direction: Direction,
    shared: &Shared,
) -> io::Result<()> {
    let (mut filter, mut free_at) = (Filter::default(), Instant::now());
    while let Some(Chunk { bytes, came }) = receiver.recv().await {
        delay(came, direction, shared).await;
        match direction {
            Direction::ToServer => send(to, &bytes, direction, shared, &mut free_at).await?,
            // Swallowing and dropping are decided last, so that they hold for all that arrives from now on.
            Direction::ToClient => {
                let mut kept = Vec::with_capacity(bytes.len());
                filter.push(&bytes, &mut kept, |subject| shared.takes_out(subject));
                send(to, &kept, direction, shared, &mut free_at).await?;
            }
        }
    }
    Ok(())
}

/// Waits as long as what came at `came` is to be delayed: also when that changes on the way.
async fn delay(came: Instant, direction: Direction, shared: &Shared) {
    let mut settings = shared.watch();
    loop {
        let due = came + settings.borrow_and_update().way(direction).delay;
        // A timer ends with a millisecond at the earliest, also one that is due.
        if due <= Instant::now() {
            return;
        }
        tokio::select! {
            () = sleep_until(due) => return,
            _ = settings.changed() => {}
        }
    }
}

/// Writes in steps that are small enough for the rate.
async fn send(
    to: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    direction: Direction,
    shared: &Shared,
    free_at: &mut Instant,
) -> io::Result<()> {
    let mut left = bytes;
    while !left.is_empty() {
        sleep_until(*free_at).await;
        let way = shared.settings().way(direction);
        let (step, rest) = left.split_at(step_bytes(way).min(left.len()));
        if way.swallow {
            shared.bytes_swallowed.fetch_add(step.len() as u64, Ordering::Relaxed);
        } else {
            // Counted first: whoever has seen the bytes arrive finds them counted.
            shared.bytes(direction).fetch_add(step.len() as u64, Ordering::Relaxed);
            to.write_all(step).await?;
        }
        *free_at = Instant::now() + time_for(step.len(), way);
        left = rest;
    }
    Ok(())
}

/// About a twentieth of a second's worth, so that a change of the rate is soon felt.
fn step_bytes(way: Way) -> usize {
    way.bytes_per_second.map_or(usize::MAX, |rate| usize::try_from(rate / 20).unwrap_or(usize::MAX).max(1))
}

fn time_for(bytes: usize, way: Way) -> Duration {
    way.bytes_per_second.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(bytes as f64 / rate as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_not_delayed_waits_for_no_timer() {
        // Not at a tick of the timers, each of which is a millisecond.
        tokio::time::advance(Duration::from_micros(300)).await;
        let came = Instant::now();
        delay(came, Direction::ToServer, &Shared::default()).await;
        assert_eq!(came.elapsed(), Duration::ZERO);
    }

    #[test]
    fn a_rate_s_steps_add_up_to_it() {
        for rate in [1, 7, 1000, 10_000_000] {
            let way = Way { bytes_per_second: Some(rate), ..Way::default() };
            let per_second = step_bytes(way) as f64 / time_for(step_bytes(way), way).as_secs_f64();
            assert!((per_second - rate as f64).abs() < 0.01 * rate as f64, "{rate}: {per_second}");
        }
        assert_eq!(time_for(usize::MAX, Way::default()), Duration::ZERO);
    }
}
