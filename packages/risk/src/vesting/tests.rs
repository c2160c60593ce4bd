use super::*;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

fn amount(atoms: u128) -> Amount {
    Amount::from_atoms(atoms)
}

/// Rolls, settles and returns what was paid.
fn touch(vesting: &mut Vesting, claim: &mut Claim, now: u64, half_life: u64) -> u128 {
    vesting.roll(now, half_life).unwrap();
    vesting.settle(claim, Ratio::ZERO, now, half_life).unwrap().atoms()
}

fn entered(profit: u128, now: u64, half_life: u64) -> (Vesting, Claim) {
    let (mut vesting, mut claim) = (Vesting::new(0), Claim::default());
    vesting.roll(now, half_life).unwrap();
    vesting.add(&mut claim, amount(profit), now, half_life).unwrap();
    (vesting, claim)
}

#[test]
fn a_clock_is_contested_while_it_is_ahead_and_idle_while_both_pots_are_empty() {
    let vesting = Vesting::new(100);
    assert_eq!([99, 100, 101].map(|now| vesting.is_contested(now)), [true, false, false]);
    assert!(vesting.is_idle());
    let pot = JuniorPot { nominal: Amount::from_atoms(1), ..JuniorPot::default() };
    assert!(!Vesting { current: pot.clone(), ..vesting.clone() }.is_idle());
    assert!(!Vesting { previous: pot, ..vesting }.is_idle());
}

/// `docs/formulas.md#f17-vesting`
#[test]
fn worked_example_of_vesting() {
    // 1,000 at an hour's half-life: 500 senior, 500 junior.
    let (mut vesting, mut claim) = entered(1_000_000_000, 0, HOUR);
    assert_eq!(vesting.margin_of(&claim, 0, HOUR), Ok(amount(500_000_000)));
    // After an hour half of it has vested; a quarter of it is margin, and a quarter is not.
    assert_eq!(touch(&mut vesting, &mut claim, HOUR, HOUR), 500_000_000);
    assert_eq!(vesting.margin_of(&claim, HOUR, HOUR), Ok(amount(250_000_000)));
    // A haircut of 100 takes 40 % of the 250 that the junior half still has.
    assert_eq!(vesting.haircut(amount(100_000_000), HOUR, HOUR), Ok(amount(100_000_000)));
    assert_eq!(touch(&mut vesting, &mut claim, HOUR, HOUR), 0);
    assert_eq!(claim.owed, amount(400_000_000));
    assert_eq!(vesting.margin_of(&claim, HOUR, HOUR), Ok(amount(250_000_000)), "the senior half is never cut");
    // After another hour half of the 250 and half of the 150 have vested.
    assert_eq!(touch(&mut vesting, &mut claim, 2 * HOUR, HOUR), 200_000_000);
    assert_eq!(claim.owed, amount(200_000_000));
    // A contest of a day: nothing moves before it is over, and then it goes on where it stood.
    vesting.stop_until(2 * HOUR, HOUR, 26 * HOUR).unwrap();
    assert!(vesting.is_contested(26 * HOUR - 1) && !vesting.is_contested(26 * HOUR));
    assert_eq!(touch(&mut vesting, &mut claim, 26 * HOUR, HOUR), 0);
    assert_eq!(touch(&mut vesting, &mut claim, 27 * HOUR, HOUR), 100_000_000);
    // 32 half-lives of the clock after its epoch began everything has been paid, and the claim is over.
    let rest = touch(&mut vesting, &mut claim, (24 + 32) * HOUR, HOUR);
    assert_eq!((rest, claim), (100_000_000, Claim::default()));
}

#[test]
fn the_unvested_share_halves_each_half_life() {
    for (half_lives, wanted) in [
        ("0", "1"),
        ("1", "0.5"),
        ("0.5", "0.707106781186547524"),
        ("2.25", "0.210224103813428623"),
        ("16", "0.0000152587890625"),
        ("31", "0.000000000465661287"),
        ("32", "0"),
        ("1000000", "0"),
    ] {
        let found = half_to_the(half_lives.parse().unwrap()).unwrap();
        let wanted: Ratio = wanted.parse().unwrap();
        assert!(found.atoms().abs_diff(wanted.atoms()) <= 30, "2^-{half_lives} is {found}");
    }
}

#[test]
fn a_claim_entered_just_before_a_roll_is_not_paid_at_the_roll() {
    let late = 16 * HOUR - 1;
    let (mut vesting, mut claim) = entered(1_000_000_000, late, HOUR);
    assert_eq!(vesting.epoch, 0);
    let paid = touch(&mut vesting, &mut claim, late + 2, HOUR);
    assert_eq!(vesting.epoch, 1);
    assert!(paid < 400_000, "{paid} of a thousand in two seconds");
    // More profit moves the claim into the new epoch, with nothing lost.
    vesting.add(&mut claim, amount(500), late + 2, HOUR).unwrap();
    assert_eq!((claim.epoch, claim.owed), (1, amount(1_000_000_500 - paid)));
    assert_eq!((vesting.previous.nominal, vesting.current.nominal), (Amount::ZERO, claim.junior));
    let half = touch(&mut vesting, &mut claim, late + 2 + HOUR, HOUR);
    let left = 1_000_000_500 - paid;
    assert!(left.div_ceil(2).abs_diff(half) <= 4, "{half} of {left}");
}

#[test]
fn a_haircut_takes_what_is_there_and_the_sums_follow() {
    let (mut vesting, mut first) = entered(1_000_000, 0, HOUR);
    let mut second = Claim::default();
    vesting.add(&mut second, amount(3_000_000), 0, HOUR).unwrap();
    // More than all junior halves have: all but a ten-thousandth.
    assert_eq!(vesting.haircut(amount(9_000_000), 0, HOUR), Ok(amount(1_999_800)));
    // A claim that enters afterwards owes nothing for what came before it.
    let mut third = Claim::default();
    vesting.add(&mut third, amount(1_000), 0, HOUR).unwrap();
    assert_eq!(touch(&mut vesting, &mut third, 0, HOUR), 0);
    assert_eq!(third.owed, amount(1_000));
    assert_eq!(touch(&mut vesting, &mut first, 0, HOUR), 0);
    assert_eq!(first.owed, amount(500_050));
    // The second one is touched when its epoch is long over, with the L that was kept of it.
    let closed = vesting.roll(100 * HOUR, HOUR).unwrap();
    let cut = vesting.clone().current.cut;
    assert_eq!((closed.len(), closed[0].epoch, cut), (1, 0, Ratio::ZERO));
    let paid = vesting.settle(&mut second, closed[0].cut, 100 * HOUR, HOUR).unwrap();
    assert_eq!(paid, amount(1_500_150));
    assert!(vesting.is_idle());
}

#[test]
fn haircuts_end_where_new_claims_would_not_fit() {
    let (mut vesting, _) = entered(1_000_000_000_000_000, 0, HOUR);
    for _ in 0..3 {
        assert!(!vesting.haircut(amount(u64::MAX.into()), 0, HOUR).unwrap().is_zero());
    }
    assert_eq!(vesting.current.kept().to_string(), "0.000000000001");
    assert_eq!(vesting.haircut(amount(u64::MAX.into()), 0, HOUR), Ok(Amount::ZERO));
    // The largest profit still enters, at the smallest X.
    let mut claim = Claim::default();
    vesting.add(&mut claim, amount(u64::MAX.into()), 16 * HOUR - 1, HOUR).unwrap();
    assert_eq!(claim.owed, amount(u64::MAX.into()));
}

#[test]
fn own_profit_pays_the_owners_deficit_and_vests_on_with_the_rest() {
    let (mut vesting, mut claim) = entered(1_000, 0, HOUR);
    assert_eq!(vesting.pay_own(&mut claim, amount(400), 0, HOUR), Ok(amount(400)));
    // The margin first: a unit of it counts with the other half.
    assert_eq!((claim.owed, claim.senior, claim.junior), (amount(600), amount(100), amount(500)));
    assert_eq!((vesting.margin_of(&claim, 0, HOUR), vesting.current.nominal), (Ok(amount(100)), amount(500)));
    assert_eq!(touch(&mut vesting, &mut claim, HOUR, HOUR), 300);
    assert_eq!(vesting.pay_own(&mut claim, amount(100), HOUR, HOUR), Ok(amount(100)));
    assert_eq!((claim.owed, claim.senior), (amount(200), Amount::ZERO));
    assert_eq!(vesting.pay_own(&mut claim, amount(400), HOUR, HOUR), Ok(amount(200)));
    assert_eq!((claim, vesting.is_idle()), (Claim::default(), true));
}

// a realised loss leaves equity as it was, and what a ruling cuts as much as it was, while there is margin to pay it.
#[test]
fn a_loss_that_is_paid_out_of_a_claim_takes_as_much_margin_and_nothing_of_the_other_half() {
    for (profit, loss) in [(1_000_000u128, 1u128), (1_000_000, 300_000), (1_000_001, 480_000), (999_999_999_999, 7)] {
        let (mut vesting, mut claim) = entered(profit, 0, DAY);
        touch(&mut vesting, &mut claim, HOUR, DAY);
        let (margin, cuts) = (vesting.margin_of(&claim, HOUR, DAY).unwrap(), vesting.current.nominal);
        vesting.pay_own(&mut claim, amount(loss), HOUR, DAY).unwrap();
        let fell = margin.minus(vesting.margin_of(&claim, HOUR, DAY).unwrap()).unwrap();
        assert!(fell.atoms().abs_diff(loss) <= 1, "{fell} for {loss}");
        assert_eq!((vesting.current.nominal, claim.junior), (cuts, cuts));
    }
    // Behind a haircut the halves are what they are worth.
    let (mut vesting, mut claim) = entered(1_000_000, 0, DAY);
    assert_eq!(vesting.haircut(amount(400_000), 0, DAY), Ok(amount(400_000)));
    assert_eq!(touch(&mut vesting, &mut claim, 0, DAY), 0);
    assert_eq!((claim.owed, vesting.margin_of(&claim, 0, DAY)), (amount(600_000), Ok(amount(500_000))));
    vesting.pay_own(&mut claim, amount(450_000), 0, DAY).unwrap();
    assert_eq!((claim.owed, claim.junior), (amount(150_000), amount(500_000)));
    assert!(vesting.margin_of(&claim, 0, DAY).unwrap().atoms().abs_diff(50_000) <= 2);
    // And what is left can be cut once more, all but its floor.
    vesting.pay_own(&mut claim, amount(50_000), 0, DAY).unwrap();
    assert_eq!((claim.owed, claim.senior), (amount(100_000), Amount::ZERO));
    assert_eq!(vesting.haircut(amount(u64::MAX.into()), 0, DAY).unwrap().atoms() / 100, 999);
}

#[test]
fn a_unit_vests_at_once_and_a_shorter_half_life_counts_from_its_change() {
    let (mut vesting, mut claim) = entered(1, 0, DAY);
    assert_eq!(touch(&mut vesting, &mut claim, 0, DAY), 1);
    assert_eq!(claim, Claim::default());
    let (mut vesting, mut claim) = entered(1 << 20, 0, DAY);
    vesting.stop_until(DAY, DAY, DAY).unwrap();
    assert_eq!(touch(&mut vesting, &mut claim, DAY + HOUR, HOUR), 3 << 18);
    // No half-life at all counts as a second.
    vesting.stop_until(DAY + HOUR, HOUR, DAY + HOUR).unwrap();
    assert_eq!(touch(&mut vesting, &mut claim, DAY + HOUR + 1, 0), 1 << 17);
}

/// F17's test: 30 days touched each block and touched once agree within a unit for each epoch.
#[test]
fn thirty_days_of_touches_pay_what_one_touch_pays() {
    for (profit, half_life) in [(999_999_999_999u128, DAY), (123_456_789, 6 * HOUR), (1_000_001, HOUR)] {
        let (mut often, mut often_claim) = entered(profit, 17, half_life);
        let (mut once, mut once_claim) = (often.clone(), often_claim.clone());
        let mut paid = 0;
        let end = 17 + 30 * DAY;
        // A block of six seconds; with each block of the first day, then a sixth of them.
        let mut now = 17;
        while now < end {
            now += if now < DAY { 6 } else { 36 };
            paid += touch(&mut often, &mut often_claim, now.min(end), half_life);
        }
        let at_once = touch(&mut once, &mut once_claim, end, half_life);
        let epochs = u128::from(30 * DAY / half_life) / EPOCH_HALF_LIVES + 1;
        assert!(paid.abs_diff(at_once) <= epochs, "{paid} against {at_once}");
        assert_eq!(paid + often_claim.owed.atoms(), profit);
    }
}

#[derive(Debug, Clone)]
enum Step {
    Wait(u64),
    Add(usize, u128),
    Touch(usize),
    Cut(u128),
    PayOwn(usize, u128),
    Contest(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..200_000u64).prop_map(Step::Wait),
        4 => (0..4usize, 1..10u128.pow(13)).prop_map(|(who, profit)| Step::Add(who, profit)),
        4 => (0..4usize).prop_map(Step::Touch),
        2 => (1..10u128.pow(13)).prop_map(Step::Cut),
        1 => (0..4usize, 1..10u128.pow(12)).prop_map(|(who, amount)| Step::PayOwn(who, amount)),
        1 => (0..100_000u64).prop_map(Step::Contest),
    ]
}

fn play(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let half_life = 6 * HOUR;
    let (mut vesting, mut now) = (Vesting::new(0), 0u64);
    let mut claims = vec![Claim::default(); 4];
    let mut closed = std::collections::BTreeMap::new();
    let (mut reserved, mut dust) = (0u128, 0u128);
    let finish = steps.len();
    for (index, step) in steps.into_iter().chain((0..4).map(Step::Touch)).enumerate() {
        if let Step::Wait(seconds) = step {
            now += seconds;
        }
        for pot in vesting.roll(now, half_life).unwrap() {
            closed.insert(pot.epoch, pot.cut);
        }
        let settle = |vesting: &mut Vesting, claim: &mut Claim, reserved: &mut u128| {
            let cut = closed.get(&claim.epoch).copied().unwrap_or_default();
            let paid = vesting.settle(claim, cut, now, half_life).unwrap();
            *reserved = reserved.checked_sub(paid.atoms()).expect("never more than was reserved");
        };
        match step {
            Step::Wait(_) => {}
            Step::Add(who, profit) => {
                settle(&mut vesting, &mut claims[who], &mut reserved);
                vesting.add(&mut claims[who], amount(profit), now, half_life).unwrap();
                reserved += profit;
                dust += 4;
            }
            Step::Touch(who) => settle(&mut vesting, &mut claims[who], &mut reserved),
            Step::PayOwn(who, wanted) => {
                settle(&mut vesting, &mut claims[who], &mut reserved);
                if !claims[who].owed.is_zero() {
                    let paid = vesting.pay_own(&mut claims[who], amount(wanted), now, half_life).unwrap();
                    reserved -= paid.atoms();
                }
            }
            Step::Cut(wanted) => {
                let margins = |vesting: &Vesting, claims: &[Claim]| -> u128 {
                    claims.iter().map(|claim| vesting.margin_of(claim, now, half_life).unwrap().atoms()).sum()
                };
                for claim in &mut claims {
                    settle(&mut vesting, claim, &mut reserved);
                }
                let before = margins(&vesting, &claims);
                let given = vesting.haircut(amount(wanted), now, half_life).unwrap().atoms();
                prop_assert!(given <= wanted);
                reserved = reserved.checked_sub(given).expect("never more than was reserved");
                for claim in &mut claims {
                    settle(&mut vesting, claim, &mut reserved);
                }
                let fell = before - margins(&vesting, &claims);
                // What is taken off the junior half is rounded up, and so are the last digits of X: once that half is gone, both show.
                prop_assert!(fell <= 8, "{} is more than two roundings for each claim", fell);
                dust += 16;
            }
            Step::Contest(seconds) => vesting.stop_until(now, half_life, now + seconds).unwrap(),
        }
        let owed: u128 = claims.iter().map(|claim| claim.owed.atoms()).sum();
        if index >= finish + 3 {
            prop_assert!(owed <= reserved && reserved - owed <= dust, "{} reserved, {} owed", reserved, owed);
        }
        let epoch = vesting.epoch;
        let of = |epoch: u32| -> u128 {
            let held = claims.iter().filter(|claim| claim.epoch == epoch && !claim.owed.is_zero());
            held.map(|claim| claim.junior.atoms()).sum()
        };
        prop_assert_eq!(vesting.current.nominal.atoms(), of(epoch));
        if epoch > 0 {
            prop_assert_eq!(vesting.previous.nominal.atoms(), of(epoch - 1));
        }
    }
    Ok(())
}

#[test]
fn a_history_of_many_haircuts_in_a_row_costs_no_claim_more_than_its_roundings() {
    use Step::{Add, Cut, Wait};
    let steps = [
        Wait(308_785),
        Add(2, 1),
        Wait(24_993),
        Add(0, 5_118_657_447_643),
        Wait(255_938),
        Add(1, 466_740_201_521),
        Add(0, 9_230_409_253_887),
        Add(2, 402_421_021_019),
        Cut(4_045_851_086_788),
        Cut(1_004_017_038_896),
        Cut(610_825_061),
        Cut(76_157),
    ];
    play(steps.to_vec()).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    // Whatever happens in whatever order: nobody is paid more than is reserved for all, what is reserved and not owed is dust,
    // and no senior half ever falls by a haircut.
    #[test]
    fn what_is_reserved_covers_every_claim(steps in proptest::collection::vec(step(), 1..60)) {
        play(steps)?;
    }

    #[test]
    fn the_share_only_falls(at in 0u128..32 * ONE, later in 0u128..ONE) {
        let first = half_to_the(Ratio::from_atoms(at)).unwrap().atoms();
        let second = half_to_the(Ratio::from_atoms(at + later)).unwrap().atoms();
        prop_assert!(second <= first + 30 && first <= ONE);
    }

    // Many claims of a few units each, by many fills, in both epochs: what a haircut takes is never more than what the claims lose of it,
    // touched often or not at all. Claims' sums are what they would be if everybody were touched now.
    #[test]
    fn no_haircut_takes_what_no_claim_loses(
        steps in proptest::collection::vec(small_step(), 1..40),
        half_life in prop_oneof![Just(HOUR), Just(6 * HOUR)],
    ) {
        let (mut vesting, mut now) = (Vesting::new(0), 0u64);
        let mut claims = vec![Claim::default(); 8];
        let mut closed = std::collections::BTreeMap::new();
        let (mut reserved, mut touches, mut cuts) = (0i128, 0i128, 0i128);
        for step in steps {
            if let Step::Wait(seconds) = step {
                now += seconds;
            }
            for pot in vesting.roll(now, half_life).unwrap() {
                closed.insert(pot.epoch, pot.cut);
            }
            let cut_of = |claim: &Claim| closed.get(&claim.epoch).copied().unwrap_or_default();
            match step {
                Step::Wait(_) => {}
                Step::Contest(seconds) => vesting.stop_until(now, half_life, now + seconds).unwrap(),
                Step::Add(who, profit) => {
                    // A hundred fills: what each of them rounds adds up.
                    for _ in 0..100 {
                        let (cut, claim) = (cut_of(&claims[who]), &mut claims[who]);
                        reserved -= vesting.settle(claim, cut, now, half_life).unwrap().atoms() as i128;
                        if claim.owed.is_zero() {
                            claim.epoch = vesting.epoch;
                        }
                        vesting.add(claim, amount(profit), now, half_life).unwrap();
                        reserved += profit as i128;
                        touches += 1;
                    }
                }
                Step::Touch(who) => {
                    let (cut, claim) = (cut_of(&claims[who]), &mut claims[who]);
                    reserved -= vesting.settle(claim, cut, now, half_life).unwrap().atoms() as i128;
                    touches += 1;
                }
                Step::PayOwn(who, wanted) => {
                    let (cut, claim) = (cut_of(&claims[who]), &mut claims[who]);
                    reserved -= vesting.settle(claim, cut, now, half_life).unwrap().atoms() as i128;
                    if !claim.owed.is_zero() {
                        reserved -= vesting.pay_own(claim, amount(wanted), now, half_life).unwrap().atoms() as i128;
                    }
                    touches += 1;
                }
                Step::Cut(wanted) => {
                    reserved -= vesting.haircut(amount(wanted), now, half_life).unwrap().atoms() as i128;
                    cuts += 1;
                }
            }
            let mut after = vesting.clone();
            let owed: i128 = claims
                .iter()
                .map(|claim| {
                    let (cut, mut claim) = (cut_of(claim), claim.clone());
                    let vested = after.settle(&mut claim, cut, now, half_life).unwrap();
                    vested.plus(claim.owed).unwrap().atoms() as i128
                })
                .sum();
            prop_assert!(owed <= reserved, "{} owed of {} reserved", owed, reserved);
            // A unit for each claim that a haircut is taken from when it is touched, and two for the haircut.
            let dust = (touches + claims.len() as i128).min(cuts * (touches + 8)) + 2 * cuts;
            prop_assert!(reserved - owed <= dust, "{} owed of {} reserved", owed, reserved);
        }
    }
}

/// Profits of next to nothing, and cuts of everything or of a part.
fn small_step() -> impl Strategy<Value = Step> {
    let profit = prop_oneof![3 => 1..4u128, 1 => 1..1_000_000u128];
    prop_oneof![
        2 => (1..40_000u64).prop_map(Step::Wait),
        6 => (0..8usize, profit).prop_map(|(who, profit)| Step::Add(who, profit)),
        2 => (0..8usize).prop_map(Step::Touch),
        3 => prop_oneof![1..300u128, 1..1_000_000u128, Just(1u128 << 60)].prop_map(Step::Cut),
        2 => (0..8usize, prop_oneof![1..3u128, 1..1_000u128]).prop_map(|(who, amount)| Step::PayOwn(who, amount)),
        1 => (0..10_000u64).prop_map(Step::Contest),
    ]
}
