use proptest::prelude::*;

use super::*;

type Plain = Queue<u32, ()>;

fn offer(queue: &mut Plain, items: impl IntoIterator<Item = u32>) {
    for item in items {
        let _ = queue.offer(item, || None);
    }
}

/// Everything that can be taken: `Ok` an item, `Err` a gap.
fn drain(queue: &mut Plain) -> Vec<Result<u32, Missed>> {
    std::iter::from_fn(|| queue.take())
        .map(|taken| match taken {
            Taken::Item(item) => Ok(item),
            Taken::Missed(missed) => Err(missed),
        })
        .collect()
}

#[test]
fn the_oldest_is_dropped_and_the_gap_is_before_what_is_left() {
    let mut queue = Plain::new(Overflow::drop_oldest(2));
    offer(&mut queue, 1..=5);
    assert_eq!(drain(&mut queue), [Err(Missed::Exactly(3)), Ok(4), Ok(5)]);
    offer(&mut queue, 6..=7);
    assert_eq!(drain(&mut queue), [Ok(6), Ok(7)]);
}

#[test]
fn the_newest_is_dropped_and_the_gap_is_behind_what_was_there() {
    let mut queue = Plain::new(Overflow::drop_newest(2));
    offer(&mut queue, 1..=5);
    assert_eq!(queue.take(), Some(Taken::Item(1)));
    offer(&mut queue, 6..=6);
    assert_eq!(drain(&mut queue), [Ok(2), Err(Missed::Exactly(3)), Ok(6)]);
    offer(&mut queue, 7..=9);
    assert_eq!(drain(&mut queue), [Ok(7), Ok(8), Err(Missed::Exactly(1))]);
}

#[test]
fn gaps_at_one_place_are_one_gap() {
    let mut queue = Plain::new(Overflow::drop_oldest(1));
    queue.miss(Gap::at_least(2));
    offer(&mut queue, 1..=3);
    queue.miss(Gap::exactly(4));
    assert_eq!(drain(&mut queue), [Err(Missed::AtLeast(4)), Ok(3), Err(Missed::Exactly(4))]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_comes_in_when_there_is_room_and_is_missed_when_it_is_late() {
    let mut queue = Plain::new(Overflow::block(1, Duration::from_secs(1)));
    offer(&mut queue, 1..=2);
    assert_eq!((queue.take(), queue.len()), (Some(Taken::Item(1)), 1));
    assert_eq!(queue.take(), Some(Taken::Item(2)));
    offer(&mut queue, 3..=5);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(drain(&mut queue), [Ok(3), Err(Missed::Exactly(2))]);
}

#[tokio::test(start_paused = true)]
async fn who_took_nothing_for_a_whole_deadline_holds_up_nobody() {
    let mut queue = Plain::new(Overflow::block(1, Duration::from_secs(1)));
    offer(&mut queue, 1..=2);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(queue.offer(3, || None), Offered::Done { missed: 2 });
    assert_eq!(queue.offer(4, || None), Offered::Done { missed: 1 });
    assert_eq!(queue.take(), Some(Taken::Item(1)));
    offer(&mut queue, 5..=5);
    assert!(matches!(queue.offer(6, || None), Offered::Waits(_)));
    assert_eq!(drain(&mut queue), [Err(Missed::Exactly(3)), Ok(5), Ok(6)]);
}

#[test]
fn at_the_end_what_waits_is_handed_out() {
    let mut queue = Plain::new(Overflow::block(1, Duration::MAX));
    offer(&mut queue, 1..=3);
    queue.end();
    assert_eq!(drain(&mut queue), [Ok(1), Ok(2), Ok(3)]);
}

fn overflow() -> impl Strategy<Value = Overflow> {
    (0..5_usize, 0..3).prop_map(|(capacity, kind)| match kind {
        0 => Overflow::drop_oldest(capacity),
        1 => Overflow::drop_newest(capacity),
        _ => Overflow::block(capacity, Duration::from_millis(3)),
    })
}

proptest! {
    /// Offers (1), takes (2), and lets time pass (3).
    #[test]
    fn what_was_offered_was_taken_or_missed_and_in_order(overflow in overflow(), steps in prop::collection::vec(1..4, 0..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let outcome: Result<(), TestCaseError> = runtime.block_on(async {
            let (mut queue, mut offered, mut taken) = (Plain::new(overflow), 0, Vec::new());
            for step in steps {
                match step {
                    1 => {
                        offered += 1;
                        offer(&mut queue, [offered]);
                    }
                    2 => taken.extend(queue.take()),
                    _ => tokio::time::advance(Duration::from_millis(1)).await,
                }
                prop_assert!(queue.entries.len() <= overflow.capacity());
            }
            queue.end();
            taken.extend(std::iter::from_fn(|| queue.take()));
            let missed = taken.iter().map(|taken| match taken {
                Taken::Missed(missed) => missed.count(),
                Taken::Item(_) => 0,
            });
            let missed: u64 = missed.sum();
            let items: Vec<_> = taken.iter().filter_map(|taken| match taken {
                Taken::Item(item) => Some(*item),
                Taken::Missed(_) => None,
            }).collect();
            prop_assert!(items.is_sorted());
            prop_assert_eq!(items.len() as u64 + missed, u64::from(offered));
            // A gap is exactly as long as what is missing there.
            let mut at = 0;
            for taken in &taken {
                match taken {
                    Taken::Item(item) => {
                        prop_assert_eq!(*item, at + 1);
                        at = *item;
                    }
                    Taken::Missed(missed) => at += missed.count() as u32,
                }
            }
            Ok(())
        });
        outcome?;
    }
}
