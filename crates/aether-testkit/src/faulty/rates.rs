//! How often what goes wrong at random.

use std::time::Duration;

use super::{Fault, Operation};

/// Says how likely each fault is, from 0 to 1. What is left is no fault.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    unavailable: f64,
    drop_ack: f64,
    lose: f64,
    delay: f64,
    longest_delay: Duration,
}

impl Rates {
    /// Starts from a store that never fails.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Makes operations unavailable.
    #[must_use]
    pub fn unavailable(self, unavailable: f64) -> Self {
        Self { unavailable, ..self }
    }

    /// Drops acknowledgements of what is written.
    #[must_use]
    pub fn drop_ack(self, drop_ack: f64) -> Self {
        Self { drop_ack, ..self }
    }

    /// Loses what is to be written.
    #[must_use]
    pub fn lose(self, lose: f64) -> Self {
        Self { lose, ..self }
    }

    /// Delays operations, each by a random time up to `longest`.
    #[must_use]
    pub fn delay(self, delay: f64, longest: Duration) -> Self {
        Self { delay, longest_delay: longest, ..self }
    }

    /// Draws a fault for one operation.
    pub(super) fn draw(&self, operation: Operation, random: &mut fastrand::Rng) -> Option<Fault> {
        let drawn = random.f64();
        let delay = Fault::Delay(self.longest_delay.mul_f64(random.f64()));
        let writes = if operation.writes() { 1.0 } else { 0.0 };
        let faults = [
            (self.unavailable, Fault::Unavailable),
            (self.drop_ack * writes, Fault::DropAck),
            (self.lose * writes, Fault::Lose),
            (self.delay, delay),
        ];
        let mut below = 0.0;
        faults.into_iter().find_map(|(rate, fault)| {
            below += rate;
            (drawn < below).then_some(fault)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_come_as_often_as_their_rates_say() {
        let (rates, mut random) = (Rates::none().unavailable(0.2).drop_ack(0.3), fastrand::Rng::with_seed(1));
        let drawn: Vec<_> = (0..10_000).map(|_| rates.draw(Operation::Append, &mut random)).collect();
        let share = |fault| drawn.iter().filter(|drawn| **drawn == fault).count() / 100;
        assert!((18..=22).contains(&share(Some(Fault::Unavailable))));
        assert!((28..=32).contains(&share(Some(Fault::DropAck))));
        assert!((48..=52).contains(&share(None)));
    }

    #[test]
    fn what_only_reads_has_no_unknown_outcome() {
        let (rates, mut random) = (Rates::none().drop_ack(0.5).lose(0.5), fastrand::Rng::with_seed(1));
        assert!((0..100).all(|_| rates.draw(Operation::Read, &mut random).is_none()));
    }
}
