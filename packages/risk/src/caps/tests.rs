use super::*;
use proptest::prelude::*;

const DAY: u64 = SECONDS_PER_DAY;

//
#[test]
fn a_new_cap_starts_at_zero_and_grows_by_its_daily_share() {
    let (target, daily) = (Size::from_units(100), Ratio::percent(25));
    let ramp = CapRamp::from_zero(1_000);
    for (name, elapsed, cap) in [
        ("at once", 0, 0),
        ("half a day", DAY / 2, 12), // 12.5
        ("a day", DAY, 25),
        ("four days", 4 * DAY, 100),
        ("for ever", 400 * DAY, 100),
    ] {
        let found = ramp.cap(target, daily, 1_000 + elapsed).unwrap();
        assert_eq!(found.atoms() / ONE_SIGNED, cap, "{name}");
    }
}

#[test]
fn raising_ramps_and_lowering_acts_at_once() {
    let daily = Ratio::percent(50);
    let full = CapRamp { from: Size::from_units(100), since: 0 };
    assert_eq!(full.cap(Size::from_units(100), daily, 0), Ok(Size::from_units(100)));

    let raised = full.towards(Size::from_units(100), daily, Size::from_units(200), 10).unwrap();
    assert_eq!(raised, CapRamp { from: Size::from_units(100), since: 10 });
    assert_eq!(raised.cap(Size::from_units(200), daily, 10), Ok(Size::from_units(100)));
    assert_eq!(raised.cap(Size::from_units(200), daily, 10 + DAY / 2), Ok(Size::from_units(150)));

    let lowered = raised.towards(Size::from_units(200), daily, Size::from_units(30), 10 + DAY / 2).unwrap();
    assert_eq!(lowered.cap(Size::from_units(30), daily, 10 + DAY / 2), Ok(Size::from_units(30)));
    // Down and up again gains nothing.
    let again = lowered.towards(Size::from_units(30), daily, Size::from_units(200), 10 + DAY / 2).unwrap();
    assert_eq!(again.cap(Size::from_units(200), daily, 10 + DAY / 2), Ok(Size::from_units(30)));
}

proptest! {
    // setting the same target again and again moves the cap no faster than leaving it alone.
    #[test]
    fn setting_a_target_again_gains_nothing(times in proptest::collection::vec(0u64..DAY, 1..10)) {
        let (target, daily) = (Size::from_units(1_000), Ratio::percent(30));
        let still = CapRamp::from_zero(0);
        let (mut restless, mut now) = (CapRamp::from_zero(0), 0);
        for step in times {
            now += step;
            restless = restless.towards(target, daily, target, now).unwrap();
            prop_assert!(restless.cap(target, daily, now).unwrap() <= still.cap(target, daily, now).unwrap());
        }
    }
}
