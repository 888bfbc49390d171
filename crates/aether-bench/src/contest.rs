//! Contests: who takes turns under the same conditions.

use crate::Result;

/// Lets the contestants take turns, `rounds` times each after one turn that does not count, and returns the median of what
/// each turn measured, in the order of the contestants.
///
/// Every second round runs backwards, so that nobody always comes after the same one.
///
/// # Errors
///
/// The first error of a turn.
pub async fn interleave<C: Copy, const N: usize>(
    rounds: usize,
    contestants: [C; N],
    mut turn: impl AsyncFnMut(C) -> Result<f64>,
) -> Result<[f64; N]> {
    let mut measured: [Vec<f64>; N] = std::array::from_fn(|_| Vec::with_capacity(rounds));
    for round in 0..=rounds {
        let mut order: Vec<_> = contestants.into_iter().zip(measured.iter_mut()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for (contestant, figures) in order {
            let figure = turn(contestant).await?;
            if round > 0 {
                figures.push(figure);
            }
        }
    }
    Ok(measured.map(median))
}

/// Returns the median; of nothing, not a number.
#[must_use]
pub fn median(figures: Vec<f64>) -> f64 {
    let (half, middle) = (figures.len() / 2, figures.len() % 2 == 1);
    let sorted = sorted(figures);
    match (half.checked_sub(1).and_then(|below| sorted.get(below)), sorted.get(half)) {
        (Some(below), Some(above)) if !middle => f64::midpoint(*below, *above),
        (_, Some(exact)) => *exact,
        _ => f64::NAN,
    }
}

/// Returns what `percent` of the figures do not exceed; of nothing, not a number.
#[must_use]
pub fn percentile(figures: Vec<f64>, percent: u32) -> f64 {
    let rank = (figures.len() * percent.min(100) as usize).div_ceil(100);
    sorted(figures).get(rank.saturating_sub(1)).copied().unwrap_or(f64::NAN)
}

fn sorted(mut figures: Vec<f64>) -> Vec<f64> {
    figures.sort_by(f64::total_cmp);
    figures
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn at_once<T>(future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits"),
        }
    }

    #[test]
    fn contestants_take_turns_in_changing_order_and_the_first_turn_does_not_count() {
        let mut turns = Vec::new();
        let medians = at_once(interleave(3, ['a', 'b'], async |who| {
            turns.push(who);
            Ok(if turns.len() <= 2 { 1000.0 } else { turns.len() as f64 })
        }));
        assert_eq!(turns.iter().collect::<String>(), "abbaabba");
        assert_eq!(medians.unwrap(), [5.0, 6.0]);
    }

    #[test]
    fn a_turn_that_fails_ends_the_contest() {
        let outcome =
            at_once(interleave(3, [1, 2], async |who| if who == 2 { Err("no".into()) } else { Ok(1.0) }));
        assert_eq!(outcome.unwrap_err().to_string(), "no");
    }

    #[test]
    fn medians_and_percentiles_are_of_what_was_measured() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan() && percentile(Vec::new(), 99).is_nan());
        let hundred = || (1..=100).rev().map(f64::from).collect();
        assert_eq!(
            (percentile(hundred(), 99), percentile(hundred(), 100), percentile(hundred(), 0)),
            (99.0, 100.0, 1.0)
        );
    }
}
