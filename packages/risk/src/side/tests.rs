use super::*;
use crate::number::wide_sum;
use crate::{MICRO, PRICE_MAX};
use bnum::BInt;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn size(text: &str) -> Size {
    text.parse().unwrap()
}
fn money(units: i64) -> SignedAmount {
    SignedAmount::from_atoms(i128::from(units) * MICRO as i128)
}
fn price(units: u32) -> Price {
    Price::from_units(units)
}
fn entered(size: Size, cost: SignedAmount) -> (Side, PositionStake) {
    let (mut side, mut stake) = (Side::new(), PositionStake::default());
    side.enter(&mut stake, size, cost).unwrap();
    (side, stake)
}

/// `docs/formulas.md#f9b-side-indices`
#[test]
fn worked_example_of_the_side_indices() {
    let (mut side, mut first) = entered(size("10"), money(20_210));
    assert_eq!(side.value_of(&first, price(2_100)), Ok(money(790)));
    // Funding of 1.5 a unit is paid: C = -1.5.
    side.accrue("-1.5".parse().unwrap()).unwrap();
    assert_eq!(side.value_of(&first, price(2_100)), Ok(money(775)));
    // A quarter is deleveraged at 2,080: A = 0.75, C = -1.5 + 0.25 * 2,080 = 518.5.
    side.deleverage(Ratio::percent(75), price(2_080)).unwrap();
    assert_eq!((side.scale.to_string(), side.cash_index.to_string()), ("0.75".into(), "518.5".into()));
    assert_eq!(side.size_of(&first), Ok(size("7.5")));
    // 10 * (0.75 * 2,100 + 518.5) - 20,210: 50 less than 775, as 2.5 units left 20 below the mark.
    assert_eq!(side.value_of(&first, price(2_100)), Ok(money(725)));
    // A second one enters with 3 units at 2,100: n = 4, basis = 6,300 + 4 * 518.5 = 8,374, worth nothing yet.
    let mut second = PositionStake::default();
    side.enter(&mut second, size("3"), money(6_300)).unwrap();
    assert_eq!(second, PositionStake { nominal: "4".parse().unwrap(), basis: money(8_374), epoch: 0 });
    assert_eq!(side.value_of(&second, price(2_100)), Ok(money(0)));
    assert_eq!(side.value(price(2_100)), Ok(money(725)));
    // Both leave at 2,100 and the side restarts: sums and indices are exactly where they began.
    assert_eq!(side.leave(&mut first, size("7.5"), money(-15_750)), Ok(money(725)));
    assert_eq!(side.leave(&mut second, size("3"), money(-6_300)), Ok(money(0)));
    assert_eq!(side, Side { epoch: 1, ..Side::new() });
    assert_eq!((first.nominal, first.basis), (Nominal::ZERO, SignedAmount::ZERO));
}

#[test]
fn the_short_side_is_the_mirror_image() {
    let (mut side, mut first) = entered(size("-10"), money(-20_210));
    assert_eq!(side.value_of(&first, price(2_100)), Ok(money(-790)));
    side.accrue("-1.5".parse().unwrap()).unwrap(); // this side pays
    assert_eq!(side.value_of(&first, price(2_100)), Ok(money(-805)));
    side.deleverage(Ratio::percent(75), price(2_080)).unwrap();
    assert_eq!(side.size_of(&first), Ok(size("-7.5")));
    assert_eq!(side.open_interest(), Ok(size("-7.5")));
    assert_eq!(side.value_of(&first, price(2_100)), Ok(money(-755))); // 2.5 units left at 20 below the mark
    assert_eq!(side.leave(&mut first, size("-7.5"), money(15_750)), Ok(money(-755)));
    assert_eq!(side, Side { epoch: 1, ..Side::new() });
}

#[test]
fn a_part_takes_its_share_of_the_basis() {
    let (mut side, mut stake) = entered(size("3"), SignedAmount::from_atoms(100));
    // A third of 100 is 33.3: 33 leave with it, 67 stay: the rest is not better off.
    let pnl = side.leave(&mut stake, size("1"), SignedAmount::from_atoms(-40));
    assert_eq!(pnl, Ok(SignedAmount::from_atoms(7)));
    assert_eq!((stake.nominal.to_string(), stake.basis.atoms()), ("2".into(), 67));
    assert_eq!((side.nominal, side.basis, side.epoch), (stake.nominal, stake.basis, 0));
    // A short's basis is negative: a third of -100 is -34 rounded down.
    let (mut side, mut stake) = entered(size("-3"), SignedAmount::from_atoms(-100));
    let pnl = side.leave(&mut stake, size("-1"), SignedAmount::from_atoms(40));
    assert_eq!(pnl, Ok(SignedAmount::from_atoms(-6)));
    assert_eq!(stake.basis.atoms(), -66);
}

// R-52: where the scale does not divide the size, never more moves in and never less moves out than was asked.
#[test]
fn a_scale_that_does_not_divide_rounds_against_the_owner() {
    for sign in [1i128, -1] {
        let of = |atoms: i128| Size::from_atoms(sign * atoms);
        let (mut side, _first) = entered(of(ONE_SIGNED), SignedAmount::ZERO);
        side.deleverage(Ratio::from_atoms(ONE * 2 / 3), price(1)).unwrap(); // A = 0.666666666666666666
        let mut stake = PositionStake::default();
        side.enter(&mut stake, of(100), SignedAmount::ZERO).unwrap();
        // 100 / A = 150.00000000000000015: n = 150, true size 99.9
        assert_eq!(stake.nominal.atoms(), sign * 150);
        assert_eq!(side.size_of(&stake), Ok(of(99)));
        // 33 / A = 49.5: 50 leave, 100 stay: 66.6 of the 66 that are left.
        side.leave(&mut stake, of(33), SignedAmount::ZERO).unwrap();
        assert_eq!(stake.nominal.atoms(), sign * 100);
        assert_eq!(side.size_of(&stake), Ok(of(66)));
    }
}

#[test]
fn a_short_receives_the_price_of_its_true_size_only() {
    // A = 0.333333333333333333 does not divide the size, and a price of 10^12 makes its last digit a micro-unit.
    let (mut side, _first) = entered(Size::from_units(-1), SignedAmount::ZERO);
    side.deleverage(Ratio::from_atoms(ONE / 3), Price::from_atoms(1)).unwrap();
    let asked = Size::from_atoms(-100); // worth 100 units at 10^12
    let cost = asked.signed_notional(PRICE_MAX, Rounding::Ceil).unwrap();
    assert_eq!(cost.atoms(), -100);
    let mut stake = PositionStake::default();
    side.enter(&mut stake, asked, cost).unwrap();
    // n = -300, true size 99.9999..: the cost is scaled to it, and -99.9999.. rounded up.
    assert_eq!(stake.nominal.atoms(), -300);
    assert_eq!(stake.basis.atoms(), -99);
}

#[test]
fn refusals_name_what_was_wrong_and_change_nothing() {
    let (side, stake) = entered(size("10"), money(100));
    let refuse = |size: Size, leave: bool| {
        let (mut side_after, mut stake_after) = (side.clone(), stake.clone());
        let error = if leave {
            side_after.leave(&mut stake_after, size, money(0)).unwrap_err()
        } else {
            side_after.enter(&mut stake_after, size, money(0)).unwrap_err()
        };
        assert_eq!((&side_after, &stake_after), (&side, &stake));
        error
    };
    let held = size("10");
    for wrong in ["-1", "0"] {
        assert_eq!(refuse(size(wrong), false), RiskError::SizeNotHeld { size: size(wrong), held });
    }
    for wrong in ["-1", "0", "10.000000000000000001", "-10"] {
        assert_eq!(refuse(size(wrong), true), RiskError::SizeNotHeld { size: size(wrong), held });
    }
    assert!(matches!(refuse(Size::from_atoms(SIZE_MAX as i128), false), RiskError::OutOfBounds { .. }));

    // A stake of the other side, which the same account holds: not mixed into an empty side either.
    let mut other = stake.clone();
    assert_eq!(
        Side::new().enter(&mut other, size("-1"), money(0)),
        Err(RiskError::SizeNotHeld { size: size("-1"), held: Size::ZERO })
    );
    assert_eq!(other, stake);
    // An empty stake has nothing to take out.
    let mut empty = PositionStake::default();
    assert_eq!(
        side.clone().leave(&mut empty, Size::ZERO, money(0)),
        Err(RiskError::SizeNotHeld { size: Size::ZERO, held: Size::ZERO })
    );
    // A stake of an epoch that is over.
    let mut later = Side { epoch: 3, ..side.clone() };
    let stale = RiskError::StaleEpoch { stake: 0, side: 3 };
    let mut old = stake.clone();
    assert_eq!(later.size_of(&old), Err(stale.clone()));
    assert_eq!(later.value_of(&old, price(1)), Err(stale.clone()));
    assert_eq!(later.enter(&mut old, size("1"), money(0)), Err(stale.clone()));
    assert_eq!(later.leave(&mut old, size("1"), money(0)), Err(stale));
    assert_eq!(old, stake);
    // A used-up scale takes nobody in, but lets everybody out.
    let mut used = side.clone();
    used.deleverage(Ratio::from_atoms(SCALE_MIN.atoms() - 1), price(10)).unwrap();
    assert!(used.needs_roll());
    assert_eq!(
        used.enter(&mut old, size("1"), money(0)),
        Err(RiskError::ScaleExhausted { scale: Scale::from_atoms(SCALE_MIN.atoms() - 1) })
    );
    let rest = used.size_of(&old).unwrap();
    assert!(used.leave(&mut old, rest, money(0)).is_ok());
    assert_eq!(
        side.clone().deleverage(Ratio::from_atoms(ONE + 1), price(1)),
        Err(RiskError::OutOfBounds {
            what: "kept share",
            wanted: "at most 1".into(),
            found: "1.000000000000000001".into()
        })
    );
}

#[test]
fn an_empty_side_collects_nothing() {
    let mut side = Side::new();
    side.accrue("5".parse().unwrap()).unwrap();
    side.deleverage(Ratio::ZERO, price(100)).unwrap();
    assert_eq!(side, Side::new());
    assert!(!side.needs_roll());
    // Should one carry an index all the same, the next entry restarts it.
    let mut odd = Side { cash_index: CashIndex::from_atoms(1), ..Side::new() };
    assert!(odd.needs_roll());
    let mut stake = PositionStake::default();
    odd.enter(&mut stake, size("1"), money(1)).unwrap();
    assert_eq!((odd.epoch, stake.epoch, odd.cash_index), (1, 1, CashIndex::ZERO));
}

#[test]
fn deleveraging_everything_leaves_cash_to_settle() {
    let (mut side, stake) = entered(size("10"), money(1_000));
    side.deleverage(Ratio::ZERO, price(120)).unwrap();
    assert_eq!(side.open_interest(), Ok(Size::ZERO));
    assert_eq!(side.value_of(&stake, price(5)), Ok(money(200)));
    assert!(side.needs_roll());
    // A position of no size can still leave with its cash ...
    let (mut other, mut leaver) = (side.clone(), stake.clone());
    assert_eq!(other.leave(&mut leaver, Size::ZERO, money(0)), Ok(money(200)));
    assert_eq!(other, Side { epoch: 1, ..Side::new() });
    // ... or collect it after the roll.
    let (closed, liability) = side.roll(price(5)).unwrap();
    assert_eq!(liability, money(200));
    assert_eq!(Side::settle_closed(&closed, &stake), Ok(money(200)));
    assert_eq!(side, Side { epoch: 1, ..Side::new() });
}

#[test]
fn a_side_takes_as_much_as_there_may_be_and_no_atom_more() {
    let most = Size::from_atoms(i128::try_from(SIZE_MAX).unwrap());
    let (mut side, mut stake) = (Side::new(), PositionStake::default());
    side.enter(&mut stake, most, SignedAmount::ZERO).unwrap();
    assert_eq!(side.open_interest(), Ok(most));
    let before = side.clone();
    let refused = side.enter(&mut PositionStake::default(), Size::from_atoms(1), SignedAmount::ZERO);
    assert!(matches!(refused, Err(RiskError::OutOfBounds { what: "open interest", .. })), "{refused:?}");
    let refused = side.enter(&mut PositionStake::default(), Size::from_units(1), SignedAmount::ZERO);
    assert!(matches!(refused, Err(RiskError::OutOfBounds { what: "open interest", .. })), "{refused:?}");
    assert_eq!(side, before);
}

#[test]
fn nothing_enters_an_empty_side_as_nothing() {
    let (mut side, mut stake) = (Side::new(), PositionStake::default());
    let refused = side.enter(&mut stake, Size::ZERO, money(1));
    assert_eq!(refused, Err(RiskError::SizeNotHeld { size: Size::ZERO, held: Size::ZERO }));
    assert_eq!((side, stake), (Side::new(), PositionStake::default()));
}

#[test]
fn the_smallest_scale_is_entered_and_a_smaller_one_is_not() {
    for (atoms, taken) in [(SCALE_MIN.atoms() + 1, true), (SCALE_MIN.atoms(), true), (SCALE_MIN.atoms() - 1, false)] {
        let scale = Scale::from_atoms(atoms);
        let mut side = Side { scale, nominal: Nominal::from_atoms(ONE_SIGNED), ..Side::new() };
        let entered = side.enter(&mut PositionStake::default(), Size::from_units(1), SignedAmount::ZERO);
        assert_eq!(entered, if taken { Ok(()) } else { Err(RiskError::ScaleExhausted { scale }) }, "{atoms}");
    }
}

#[test]
fn an_empty_side_is_rolled_for_either_index_and_moved_by_nothing() {
    let half = Scale::from_atoms(ONE / 2);
    let index = CashIndex::from_atoms(1);
    for (scale, cash_index, rolls) in [
        (Scale::ONE, CashIndex::ZERO, false),
        (half, CashIndex::ZERO, true),
        (Scale::ONE, index, true),
        (half, index, true),
    ] {
        assert_eq!(Side { scale, cash_index, ..Side::new() }.needs_roll(), rolls, "{scale} {cash_index}");
    }
    let mut empty = Side::new();
    assert_eq!(empty.accrue(SignedRatio::from_atoms(ONE_SIGNED)), Ok(Amount::ZERO));
    assert_eq!(empty.deleverage(Ratio::percent(50), price(5)), Ok(Amount::ZERO));
    assert_eq!(empty, Side::new());
    // All of it kept is nothing done, and more than all of it is refused.
    let (mut side, mut stake) = (Side::new(), PositionStake::default());
    side.enter(&mut stake, Size::from_units(3), SignedAmount::ZERO).unwrap();
    let before = side.clone();
    assert_eq!(side.deleverage(Ratio::ONE, price(5)), Ok(Amount::ZERO));
    assert_eq!(side, before);
    let refused = side.deleverage(Ratio::from_atoms(ONE + 1), price(5));
    assert!(matches!(refused, Err(RiskError::OutOfBounds { what: "kept share", .. })), "{refused:?}");
}

#[test]
fn a_side_is_rolled_below_the_smallest_scale_and_not_at_it() {
    let side = |atoms| Side { scale: Scale::from_atoms(atoms), nominal: Nominal::from_atoms(1), ..Side::new() };
    assert!(!side(SCALE_MIN.atoms()).needs_roll());
    assert!(side(SCALE_MIN.atoms() - 1).needs_roll());
}

// R-52
#[test]
fn the_liability_of_a_roll_rounds_up_and_a_settled_stake_down() {
    let (mut side, stake) = entered(Size::from_atoms(1), SignedAmount::ZERO);
    // 10^-18 base units at 1 are 10^-12 micro-units.
    let (closed, liability) = side.roll(price(1)).unwrap();
    assert_eq!(liability, SignedAmount::from_atoms(1));
    assert_eq!(Side::settle_closed(&closed, &stake), Ok(SignedAmount::ZERO));
}

#[test]
fn texts_and_packed_records_round_trip() {
    let (mut side, stake) = entered(size("-2.5"), money(-100));
    side.deleverage(Ratio::percent(40), price(50)).unwrap();
    let json = serde_json::to_string(&side).unwrap();
    assert_eq!(json, r#"{"scale":"0.4","cash_index":"30","nominal":"-2.5","basis":"-100000000","epoch":0}"#);
    assert_eq!(serde_json::from_str::<Side>(&json).unwrap(), side);
    assert_eq!(postcard::from_bytes::<Side>(&postcard::to_allocvec(&side).unwrap()).unwrap(), side);
    assert_eq!(postcard::from_bytes::<PositionStake>(&postcard::to_allocvec(&stake).unwrap()).unwrap(), stake);
    let (closed, _) = side.roll(price(50)).unwrap();
    assert_eq!(postcard::from_bytes::<ClosedEpoch>(&postcard::to_allocvec(&closed).unwrap()).unwrap(), closed);
}

#[test]
fn the_largest_size_at_the_largest_price_and_the_smallest_scale_fits() {
    for sign in [1i128, -1] {
        let most = Size::from_atoms(sign * i128::try_from(SIZE_MAX).unwrap());
        let cost = most.signed_notional(PRICE_MAX, Rounding::Ceil).unwrap();
        let (mut side, mut first) = entered(most, cost);
        // Down to the smallest scale that takes somebody in, with the largest cash index on the way.
        side.deleverage(Ratio::from_atoms(SCALE_MIN.atoms()), PRICE_MAX).unwrap();
        assert_eq!(side.scale, SCALE_MIN);
        let rest = side.size_of(&first).unwrap();
        let proceeds = rest.signed_notional(PRICE_MAX, Rounding::Floor).unwrap().negated().unwrap();
        let mut second = PositionStake::default();
        let room = most.minus(rest).unwrap();
        side.enter(&mut second, room, room.signed_notional(PRICE_MAX, Rounding::Ceil).unwrap()).unwrap();
        assert_eq!(second.nominal.magnitude(), (SIZE_MAX - SIZE_MAX / 1_000_000) * 1_000_000); // 10^37 atoms
        assert_eq!(side.open_interest(), Ok(most));
        assert_eq!(side.value(PRICE_MAX), Ok(SignedAmount::ZERO));
        side.accrue(SignedRatio::from_atoms(-ONE_SIGNED * 1_000_000)).unwrap();
        side.value(Price::from_atoms(1)).unwrap();
        // Paid 10^6 a true unit: the first on the millionth that is left.
        let pnl = side.leave(&mut first, rest, proceeds).unwrap();
        assert_eq!(pnl.atoms(), -(SIZE_MAX as i128 / ONE_SIGNED) * MICRO as i128);
        let (closed, liability) = side.roll(PRICE_MAX).unwrap();
        assert_eq!(Side::settle_closed(&closed, &second), Ok(liability));
    }
}

// ---- against a model that keeps every position by itself, in 60 decimals ----

type Wide = BInt<16>;
const MODEL_DECIMALS: u32 = 60;
fn wide(value: i128) -> Wide {
    Wide::from(value)
}
fn e(decimals: u32) -> Wide {
    Wide::TEN.pow(decimals)
}

#[derive(Clone)]
struct Model {
    /// Base and quote, 60 decimals.
    size: Wide,
    cash: Wide,
    /// Trades of its own since it was opened: each may cost up to three units of rounding.
    trades: i128,
}

impl Model {
    fn trade(&mut self, size: Size, cost: SignedAmount, realised: SignedAmount) {
        self.size += wide(size.atoms()) * e(MODEL_DECIMALS - 18);
        self.cash -= (wide(cost.atoms()) + wide(realised.atoms())) * e(MODEL_DECIMALS - 6);
        self.trades += 1;
    }
    fn close_share(&mut self, share: u128, price: Price) {
        let closed = self.size * Wide::from(share) / Wide::from(ONE);
        self.size -= closed;
        self.cash += closed * Wide::from(price.atoms()) / Wide::from(ONE);
    }
    fn accrue(&mut self, per_unit: SignedRatio) {
        self.cash += self.size.abs() * wide(per_unit.atoms()) / wide(ONE_SIGNED);
    }
    /// Micro-units, the nearest below.
    fn value(&self, price: Price) -> i128 {
        let value = self.cash + self.size * Wide::from(price.atoms()) / Wide::from(ONE);
        i128::try_from(value.div_euclid(e(MODEL_DECIMALS - 6))).unwrap()
    }
    fn agrees(&self, value: SignedAmount, price: Price) -> bool {
        (self.value(price) - value.atoms()).abs() <= 2 + 3 * self.trades
    }
}

struct Crowd {
    sign: i128,
    side: Side,
    members: Vec<(PositionStake, Model)>,
    rng: ChaCha8Rng,
}

impl Crowd {
    fn price(&mut self) -> Price {
        Price::from_atoms(self.rng.gen_range(50 * ONE..=200 * ONE))
    }
    fn enter(&mut self, price: Price) {
        let size = Size::from_atoms(self.sign * self.rng.gen_range(1..=1_000 * ONE_SIGNED));
        let cost = size.signed_notional(price, Rounding::Ceil).unwrap();
        let fresh = self.members.is_empty() || self.rng.gen_bool(0.7);
        if fresh {
            self.members.push((PositionStake::default(), Model { size: Wide::ZERO, cash: Wide::ZERO, trades: 0 }));
        }
        let index = if fresh { self.members.len() - 1 } else { self.rng.gen_range(0..self.members.len()) };
        let (stake, model) = &mut self.members[index];
        self.side.enter(stake, size, cost).unwrap();
        model.trade(size, cost, SignedAmount::ZERO);
    }
    fn leave(&mut self, index: usize, whole: bool, price: Price) {
        let (stake, model) = &mut self.members[index];
        let held = self.side.size_of(stake).unwrap();
        let part = Size::from_atoms(held.atoms() / 3);
        let size = if whole || part.is_zero() { held } else { part };
        let cost = size.negated().unwrap().signed_notional(price, Rounding::Ceil).unwrap();
        let pnl = self.side.leave(stake, size, cost).unwrap();
        model.trade(size.negated().unwrap(), cost, pnl);
        if stake.nominal.is_zero() {
            assert!(model.agrees(SignedAmount::ZERO, price), "left with {} to go", model.value(price));
            assert!(stake.basis.is_zero());
            self.members.swap_remove(index);
        }
    }
    fn deleverage(&mut self, kept: u128, price: Price) {
        self.side.deleverage(Ratio::from_atoms(kept), price).unwrap();
        for (_, model) in &mut self.members {
            model.close_share(ONE - kept, price);
        }
    }
    /// One random step that is no deleveraging.
    fn step(&mut self) {
        let price = self.price();
        match self.rng.gen_range(0..4) {
            0 if self.members.len() < 40 => self.enter(price),
            1 if self.members.len() > 5 => {
                let (index, whole) = (self.rng.gen_range(0..self.members.len()), self.rng.gen());
                self.leave(index, whole, price);
            }
            _ => {
                let per_unit = SignedRatio::from_atoms(self.rng.gen_range(-ONE_SIGNED..=ONE_SIGNED) / 10);
                self.side.accrue(per_unit).unwrap();
                for (_, model) in &mut self.members {
                    model.accrue(per_unit);
                }
            }
        }
    }
    fn check(&mut self) {
        let price = self.price();
        let (mut nominal, mut basis, mut values, mut sizes) = (0, 0, 0, 0u128);
        for (stake, model) in &self.members {
            nominal += stake.nominal.atoms();
            basis += stake.basis.atoms();
            let value = self.side.value_of(stake, price).unwrap();
            assert!(model.agrees(value, price), "{value} against {}", model.value(price));
            values += value.atoms();
            sizes += self.side.size_of(stake).unwrap().magnitude();
        }
        // The sums are exact, and no unit of open interest is held by nobody.
        assert_eq!((self.side.nominal.atoms(), self.side.basis.atoms()), (nominal, basis));
        let members = self.members.len();
        let ghosts = self.side.open_interest().unwrap().magnitude() - sizes;
        assert!(ghosts <= members as u128, "{ghosts} atoms of nobody");
        let dust = self.side.value(price).unwrap().atoms() - values;
        assert!((0..=members as i128).contains(&dust), "{dust} units of nobody");
    }
}

#[test]
fn two_hundred_deleveragings_and_three_rolls_agree_with_every_single_position() {
    for (seed, sign) in [(1, 1), (2, -1), (3, 1), (4, -1)] {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        let mut crowd = Crowd { sign, side: Side::new(), members: vec![], rng };
        let mut unsettled: Vec<(ClosedEpoch, PositionStake, Model)> = vec![];
        for epoch in 0..3u32 {
            for _ in 0..10 {
                let price = crowd.price();
                crowd.enter(price);
            }
            let mut deleveragings = 0;
            // 200 in the first epoch, down to a scale of some 10^-4; then as many as it takes.
            while deleveragings < 200 && epoch == 0 || !crowd.side.needs_roll() {
                crowd.step();
                let (low, high) = match (epoch, deleveragings < 200) {
                    (0, true) => (920, 999),
                    _ => (300, 900),
                };
                let (kept, price) = (crowd.rng.gen_range(low * ONE / 1_000..=high * ONE / 1_000), crowd.price());
                crowd.deleverage(kept, price);
                crowd.check();
                deleveragings += 1;
                if deleveragings == 200 && epoch == 0 {
                    assert!(!crowd.side.needs_roll());
                }
            }
            // The roll closes what is left and fixes what each of them is owed, whenever they collect it.
            let price = crowd.price();
            let (closed, liability) = crowd.side.roll(price).unwrap();
            assert_eq!(crowd.side, Side { epoch: epoch + 1, ..Side::new() });
            let mut owed = 0;
            for (stake, mut model) in std::mem::take(&mut crowd.members) {
                model.close_share(ONE, price);
                let settled = Side::settle_closed(&closed, &stake).unwrap();
                assert!(model.agrees(settled, Price::ZERO), "{settled} against {}", model.value(Price::ZERO));
                owed += settled.atoms();
                unsettled.push((closed.clone(), stake, model));
            }
            let dust = liability.atoms() - owed;
            assert!((0..=unsettled.len() as i128).contains(&dust), "{dust} units of nobody");
        }
        // Long after, the oldest still gets its figure and cannot pass for a current stake.
        let (closed, stake, model) = &unsettled[0];
        assert!(model.agrees(Side::settle_closed(closed, stake).unwrap(), Price::ZERO));
        assert_eq!(crowd.side.size_of(stake), Err(RiskError::StaleEpoch { stake: 0, side: 3 }));
        // Everybody of a last epoch leaves: nothing remains.
        for _ in 0..10 {
            let price = crowd.price();
            crowd.enter(price);
        }
        crowd.deleverage(ONE / 3, Price::from_units(100));
        while !crowd.members.is_empty() {
            crowd.check();
            let price = crowd.price();
            crowd.leave(0, true, price);
        }
        assert_eq!(crowd.side, Side { epoch: 4, ..Side::new() });
    }
}

/// `N * (A*P + C) - B` in micro-units times 10^48, exact.
fn exact(side: &Side, price: Price) -> BInt<8> {
    let (n, a, p) = (side.nominal.atoms(), side.scale.atoms() as i128, price.atoms() as i128);
    let e24 = 10i128.pow(24);
    wide_sum(&[&[n, a, p], &[n, side.cash_index.atoms(), ONE_SIGNED], &[-side.basis.atoms(), e24, e24]], "test")
        .unwrap()
}

proptest! {
    // What an exit pays in cash, the liability loses: the pool gains rounding only, less than two units and one atom
    // of base, and never loses. The same holds for an entry, which pays no cash.
    #[test]
    fn the_pool_never_loses_to_an_entry_or_an_exit(
        short: bool,
        held in 3i128..=1_000_000_000_000_000_000_000,
        part in 1u128..=1_000,
        kept in ONE / 1_000..=ONE,
        accrued in -1_000_000_000_000_000_000i128..=1_000_000_000_000_000_000,
        from in 1u128..=100_000 * ONE,
        to in 1u128..=100_000 * ONE,
    ) {
        let sign = if short { -1 } else { 1 };
        let (from, to) = (Price::from_atoms(from), Price::from_atoms(to));
        let (mut side, _other) = entered(Size::from_atoms(sign * 7 * ONE_SIGNED), SignedAmount::from_atoms(sign * 5));
        side.deleverage(Ratio::from_atoms(kept), from).unwrap();
        side.accrue(SignedRatio::from_atoms(accrued)).unwrap();
        let e48 = BInt::<8>::TEN.pow(48);
        let limit = |price: Price| e48 * BInt::TWO + BInt::from(price.atoms()) * BInt::<8>::TEN.pow(18);

        let held = Size::from_atoms(sign * held);
        let cost = held.signed_notional(from, Rounding::Ceil).unwrap();
        let before = exact(&side, from);
        let mut stake = PositionStake::default();
        side.enter(&mut stake, held, cost).unwrap();
        let gain = before - exact(&side, from);
        prop_assert!(!gain.is_negative() && gain <= limit(from), "entry: {}", gain);
        prop_assert!(side.size_of(&stake).unwrap().magnitude() <= held.magnitude());

        let held = side.size_of(&stake).unwrap();
        let size = Size::from_atoms(held.atoms() * part as i128 / 1_000);
        prop_assume!(!size.is_zero());
        let proceeds = size.negated().unwrap().signed_notional(to, Rounding::Ceil).unwrap();
        let before = exact(&side, to);
        let value = side.value_of(&stake, to).unwrap();
        let pnl = side.leave(&mut stake, size, proceeds).unwrap();
        let gain = before - exact(&side, to) - BInt::from(pnl.atoms()) * e48;
        prop_assert!(!gain.is_negative() && gain <= limit(to), "exit: {}", gain);
        let rest = side.size_of(&stake).unwrap_or_default().magnitude();
        prop_assert!(rest <= held.magnitude() - size.magnitude());
        // The owner's cash and what is left are together not above what the position was worth, and at most 3 units below.
        let left = if stake.nominal.is_zero() { 0 } else { side.value_of(&stake, to).unwrap().atoms() };
        let lost = value.atoms() - left - pnl.atoms();
        prop_assert!((-1..=3).contains(&lost), "{lost}");
    }

    // Indices treat longs and shorts alike: the mirrored side at the mirrored cost is worth the opposite of the price
    // part and the same cash.
    #[test]
    fn a_fee_costs_longs_and_shorts_the_same(
        size in 1i128..=1_000_000, fee in 0i128..=1_000_000_000_000_000_000, kept in ONE / 2..=ONE,
    ) {
        let mark = Price::from_units(100);
        let size = Size::from_atoms(size * ONE_SIGNED);
        let after = |size: Size| {
            let cost = size.signed_notional(mark, Rounding::Ceil).unwrap();
            let (mut side, stake) = entered(size, cost);
            side.deleverage(Ratio::from_atoms(kept), mark).unwrap();
            side.accrue(SignedRatio::from_atoms(-fee)).unwrap();
            side.value_of(&stake, mark).unwrap()
        };
        let (long, short) = (after(size), after(size.negated().unwrap()));
        prop_assert_eq!(long, short);
        prop_assert!(long.atoms() <= 0);
    }

    // The scale only falls, nobody's value at the closing price rises, and it falls by the index's last digit at most.
    #[test]
    fn deleveraging_at_a_price_moves_nobody_at_that_price(
        short: bool, held in 1i128..=1_000_000_000_000_000_000_000, kept in 0u128..=ONE, at in 1u128..=100_000 * ONE,
    ) {
        let at = Price::from_atoms(at);
        let (mut side, _) = entered(Size::from_atoms(if short { -held } else { held }), SignedAmount::from_atoms(17));
        // Not from a scale of 1, which every share divides.
        side.deleverage(Ratio::from_atoms(ONE * 2 / 3 + 7), at).unwrap();
        let before = exact(&side, at);
        let scale = side.scale;
        side.deleverage(Ratio::from_atoms(kept), at).unwrap();
        prop_assert!(side.scale <= scale);
        let loss = before - exact(&side, at);
        prop_assert!(!loss.is_negative() && loss <= BInt::from(held) * BInt::from(ONE_SIGNED));
    }
}
