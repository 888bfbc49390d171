//! Running checks on a runtime, each with a deadline.

use std::any::Any;
use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// A runtime that is left without waiting for whatever hangs in it.
pub(crate) struct Runner(Option<Runtime>);

impl Runner {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build();
        Self(Some(runtime.expect("a tokio runtime can be made")))
    }

    fn runtime(&self) -> &Runtime {
        self.0.as_ref().expect("the runtime is there until the runner is dropped")
    }

    /// Runs `prepare` where it may spawn tasks, as a factory that connects does.
    pub(crate) fn enter<T>(&self, prepare: impl FnOnce() -> T) -> T {
        let _guard = self.runtime().enter();
        prepare()
    }

    /// Runs a check to its end or to the deadline. What went wrong comes back as a text.
    ///
    /// The check is a task of its own: a store that blocks its thread for good is noticed as well as one that never
    /// wakes.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        deadline: Duration,
        check: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, String> {
        let task = self.runtime().spawn(check);
        let abort = task.abort_handle();
        match self.runtime().block_on(async { tokio::time::timeout(deadline, task).await }) {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => {
                let text = error.try_into_panic().map(|panic| message(&*panic));
                Err(text.unwrap_or_else(|error| error.to_string()))
            }
            Err(_) => {
                abort.abort();
                Err(format!("the store did not come to an end within {deadline:?}"))
            }
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Returns the text that a panic carries.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without a text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_fails() {
        let deadline = Duration::from_millis(50);
        let waiting = Runner::new().run(deadline, std::future::pending::<()>());
        assert!(waiting.unwrap_err().contains("50ms"));
        let blocking = Runner::new().run(deadline, async { std::thread::sleep(Duration::from_secs(2)) });
        assert!(blocking.unwrap_err().contains("50ms"));
    }

    #[test]
    fn what_panics_says_why() {
        let runner = Runner::new();
        let panicked = runner.run(Duration::from_secs(5), async { assert_eq!(1, 2, "one is not two") });
        assert!(panicked.unwrap_err().contains("one is not two"));
        assert_eq!(runner.run(Duration::from_secs(5), async { 7 }), Ok(7));
    }
}
