use super::*;
use crate::{Amount, ONE};
use proptest::prelude::*;

const SCALE: Size = Size::from_units(10_000);

/// 0.1 % of 10,000 times 0.2 times 60 s: 120 a window, 60 at once, 1 comes back each second.
fn params() -> LiquidationParams {
    LiquidationParams {
        buffer: Ratio::percent(10),
        penalty_ratio: Ratio::percent(1),
        keeper_share: Ratio::percent(20),
        keeper_min: Amount::from_units(5),
        keeper_max: Amount::from_units(50),
        size_min: Size::from_units(1),
        throttle_seconds: 60,
        throttle_multiplier: Ratio::percent(20),
        throttle_relief_skew: Ratio::ZERO,
        keeper_growth_seconds: 0,
    }
}
fn close(owner: &str, units: i32, now: u64, height: u64) -> ThrottledClose<'_> {
    let (size, skew) = (Size::from_units(units), Size::from_units(100));
    ThrottledClose { owner, size, skew, skew_scale: SCALE, fee_ratio: Ratio::from_basis_points(10), now, height }
}
fn units(size: Size) -> i128 {
    assert_eq!(size.atoms() % ONE_SIGNED, 0, "{size}");
    size.atoms() / ONE_SIGNED
}

/// `docs/formulas.md#f7-liquidation-throttle`
#[test]
fn worked_example_of_the_throttle() {
    let mut throttle = Throttle::default();
    let mut take = |owner, size, now, height| units(throttle.take(close(owner, size, now, height), &params()).unwrap());
    assert_eq!(take("alice", 100, 1_000, 1), 30, "half of the 60 that are free");
    assert_eq!(take("alice", 70, 1_000, 1), 0);
    assert_eq!(take("bob", 100, 1_000, 1), 30);
    assert_eq!(take("carol", 100, 1_000, 1), 0, "the burst is used up");
    // Ten seconds later ten are back, half of them for one owner.
    assert_eq!(take("carol", 100, 1_010, 2), 5);
    // What is no larger than the smallest position needs no room.
    assert_eq!(take("carol", 1, 1_010, 2), 1);
}

// An earlier build remembered the last owner only: who took turns with another one had the half again and again.
#[test]
fn an_owners_half_is_remembered_when_another_one_took_more() {
    let mut throttle = Throttle::default();
    let mut take = |owner, size| units(throttle.take(close(owner, size, 1_000, 1), &params()).unwrap());
    assert_eq!(take("alice", 20), 20);
    assert_eq!(take("bob", 25), 25);
    assert_eq!(take("alice", 20), 10, "20 + 10 is the half");
    assert_eq!(take("bob", 1_000), 5);
    assert_eq!(take("alice", 20), 0);
}

#[test]
fn whoever_comes_after_the_list_is_full_waits_for_the_next_block() {
    let mut throttle = Throttle::default();
    for owner in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        assert_eq!(units(throttle.take(close(owner, 2, 1_000, 1), &params()).unwrap()), 2);
    }
    assert_eq!(units(throttle.take(close("i", 2, 1_000, 1), &params()).unwrap()), 0);
    assert_eq!(units(throttle.take(close("h", 2, 1_000, 1), &params()).unwrap()), 2, "who is in it goes on");
    assert_eq!(units(throttle.take(close("i", 2, 1_000, 2), &params()).unwrap()), 2, "R-57: one block at most");
}

#[test]
fn a_balanced_book_takes_one_burst_more_in_a_block() {
    let relief = LiquidationParams { throttle_relief_skew: Ratio::percent(2), ..params() };
    for (name, params, wanted) in [("a book within 2 %", relief, 30), ("any book", params(), 0)] {
        let mut throttle = Throttle::default();
        let mut take = |owner, height| units(throttle.take(close(owner, 100, 1_000, height), &params).unwrap());
        assert_eq!((take("a", 1), take("b", 1), take("c", 1)), (30, 30, 0), "{name}");
        // The next block, no second later.
        assert_eq!(take("c", 2), wanted, "{name}");
    }
}

#[test]
fn a_window_of_zero_turns_it_off() {
    let off = LiquidationParams { throttle_seconds: 0, ..params() };
    let mut throttle = Throttle::default();
    assert_eq!(throttle.take(close("alice", 100_000, 1, 1), &off), Ok(Size::from_units(100_000)));
    assert_eq!(throttle, Throttle::default());
}

proptest! {
    // No window of any position sees more than the cap, whoever asks how often.
    #[test]
    fn no_window_lets_through_more_than_the_cap(
        asks in proptest::collection::vec((0u64..20, 0usize..5, 2i32..50), 1..80),
    ) {
        let owners = ["a", "b", "c", "d", "e"];
        let mut throttle = Throttle::default();
        let (mut now, mut taken) = (1_000u64, vec![]);
        for (pause, owner, size) in asks {
            now += pause;
            let granted = throttle.take(close(owners[owner], size, now, now), &params()).unwrap();
            prop_assert!(granted <= Size::from_units(size));
            taken.push((now, granted.atoms()));
        }
        for (start, _) in &taken {
            let window: i128 = taken.iter().filter(|(at, _)| (*start..start + 60).contains(at)).map(|(_, size)| size).sum();
            prop_assert!(window <= 120 * ONE as i128, "{window} from {start}");
        }
    }
}
