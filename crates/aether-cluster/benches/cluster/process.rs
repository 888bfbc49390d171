//! Nodes that are processes of their own: this program, run again.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::Ordering;

use aether_bench::Result;
use aether_cluster::placement::NodeId;
use tokio::task::spawn_blocking;

use crate::live::builder_on;

/// Says which node a process is.
const NODE: &str = "AETHER_BENCH_NODE";

/// A node in a process of its own. It ends with this.
pub(crate) struct Process {
    pub(crate) node: NodeId,
    child: Child,
    say: ChildStdin,
    said: BufReader<ChildStdout>,
}

/// What a process has used since it began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used {
    /// Messages, in and out.
    pub(crate) messages: f64,
    /// Seconds of processor time.
    pub(crate) processor: f64,
}

impl Process {
    /// Starts one, and returns when it has joined.
    pub(crate) async fn start(url: &str, cluster: &str, node: &str) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(NODE, format!("{url} {cluster} {node}")).stdin(Stdio::piped()).stdout(Stdio::piped());
        let node = NodeId::new(node)?;
        let mut child = command.spawn()?;
        let (Some(say), Some(said)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a process without pipes".into());
        };
        let process = Self { node, child, say, said: BufReader::new(said) };
        let joining = spawn_blocking(|| {
            let mut process = process;
            let line = process.hear()?;
            if line == "joined" { Ok(process) } else { Err(line.into()) }
        });
        joining.await?
    }

    /// Asks what it has used.
    pub(crate) fn used(&mut self) -> Result<Used> {
        writeln!(self.say)?;
        let line = self.hear()?;
        let (messages, processor) = line.split_once(' ').ok_or("it says something else")?;
        Ok(Used { messages: messages.parse()?, processor: processor.parse()? })
    }

    /// Ends it by SIGKILL.
    pub(crate) fn kill(&mut self) -> Result {
        Ok(self.child.kill()?)
    }

    fn hear(&mut self) -> Result<String> {
        let mut line = String::new();
        self.said.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is a node, if this is such a process, until nobody is there to hear it.
pub(crate) async fn run_as_child() -> bool {
    let Ok(what) = std::env::var(NODE) else { return false };
    if let Err(error) = be(&what).await {
        println!("{error}");
    }
    true
}

async fn be(what: &str) -> Result {
    let mut words = what.split(' ');
    let mut word = || words.next().ok_or("too few words");
    let (url, cluster, node) = (word()?, word()?, word()?);
    let client = async_nats::connect(url).await?;
    let _cluster = builder_on(client.clone(), cluster, node)?.join().await?;
    println!("joined");
    let asked = spawn_blocking(move || -> Result {
        for line in std::io::stdin().lines() {
            line?;
            let statistics = client.statistics();
            let (taken, sent) = (&statistics.in_messages, &statistics.out_messages);
            let messages = taken.load(Ordering::Relaxed) + sent.load(Ordering::Relaxed);
            println!("{messages} {}", processor()?);
        }
        Ok(())
    });
    asked.await?
}

/// How many seconds of processor time this process has had: what its threads were given, as Linux counts it to the nanosecond.
/// `/proc/self/stat` says the same in hundredths of a second, which is all that a quiet node takes in five.
fn processor() -> Result<f64> {
    let mut nanoseconds = 0.0;
    for thread in std::fs::read_dir("/proc/self/task")? {
        let times = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += times.split(' ').next().ok_or("no times")?.parse::<f64>()?;
    }
    Ok(nanoseconds / 1e9)
}
