//! Waiting for a condition, with a deadline.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How often a condition is looked at: well below what a test notices, well above what keeps a core busy.
const PAUSE: Duration = Duration::from_millis(5);

/// Calls `attempt` until it gives `Ok` or `limit` has passed; then gives its last `Err`.
pub(crate) fn until<T, E>(limit: Duration, mut attempt: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    let deadline = Instant::now() + limit;
    loop {
        match attempt() {
            Err(_) if Instant::now() < deadline => thread::sleep(PAUSE),
            last => return last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_with_the_first_success() {
        let mut left = 3;
        let result = until(Duration::from_secs(60), || {
            left -= 1;
            if left == 0 { Ok("done") } else { Err(left) }
        });
        assert_eq!((result, left), (Ok("done"), 0));
    }

    #[test]
    fn it_ends_with_the_last_failure_at_the_deadline() {
        let began = Instant::now();
        let mut calls = 0;
        let result: Result<(), _> = until(Duration::from_millis(30), || {
            calls += 1;
            Err(calls)
        });
        assert_eq!(result, Err(calls));
        assert!(calls > 1 && began.elapsed() >= Duration::from_millis(30));
    }
}
