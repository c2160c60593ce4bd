use super::*;
use crate::margin::MarginParams;
use crate::number::{mul_div_signed, ONE};
use crate::pool::market_liability;
use crate::pricing::exit_value;
use crate::quantity::SignedRatio;
use crate::side::PositionStake;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

fn size(text: &str) -> Size {
    text.parse().unwrap()
}

fn held(side: &mut Side, size: Size, price: Price) -> PositionStake {
    let mut stake = PositionStake::default();
    side.enter(&mut stake, size, size.signed_notional(price, Rounding::Ceil).unwrap()).unwrap();
    stake
}

fn terms(mark: u32, opposite: Size) -> DeleverageTerms {
    DeleverageTerms {
        mark: Price::from_units(mark),
        opposite,
        skew_scale: Size::from_units(10_000),
        concession_max: Ratio::percent(2),
    }
}

/// `docs/formulas.md#f12-deleveraging`
#[test]
fn worked_example_of_deleveraging() {
    // 20 short at 2,000, 10 long after 5 were liquidated; the mark is 1,800. The shorts close 5 of 20.
    let (mut winners, mut stake) = (Side::new(), PositionStake::default());
    winners.enter(&mut stake, size("-20"), SignedAmount::from_atoms(-40_000_000_000)).unwrap();
    let terms = terms(1_800, size("10"));
    let wanted = Amount::from_units(1_000);
    let done = deleverage(&mut winners, size("5"), wanted, &terms).unwrap().unwrap();
    assert_eq!(winners.size_of(&stake), Ok(size("-15")));
    // Skew afterwards -5: fair is 1,800 * (1 - 5/10,000) = 1,799.1; at most 2 % worse: 36, of the 200 a unit that are wanted.
    assert_eq!((done.size_closed, done.price), (size("5"), "1835.1".parse().unwrap()));
    assert_eq!(done.transfer, Amount::from_units(180));
    // The pool gains the transfer and what the skew's way back was worth: 1,800 * 5^2 / 20,000 = 2.25.
    assert_eq!(done.effect, SignedAmount::from_atoms(182_250_000));
    // Where less is wanted, just that is taken.
    let done =
        deleverage(&mut winners, size("5"), Amount::from_units(90), &DeleverageTerms { opposite: size("5"), ..terms });
    assert_eq!(done.unwrap().unwrap().transfer, Amount::from_units(90));
}

#[test]
fn nothing_is_closed_where_nothing_is_held_or_wanted() {
    let terms = terms(100, size("10"));
    let mut winners = Side::new();
    assert_eq!(deleverage(&mut winners, size("5"), Amount::from_units(1), &terms), Ok(None));
    let stake = held(&mut winners, size("-5"), Price::from_units(120));
    let before = winners.clone();
    assert_eq!(deleverage(&mut winners, size("5"), Amount::ZERO, &terms), Ok(None));
    assert_eq!(deleverage(&mut winners, Size::ZERO, Amount::from_units(1), &terms), Ok(None));
    assert_eq!(winners, before);
    // More than there is closes all of it, and the rest is cash.
    let done = deleverage(&mut winners, size("50"), Amount::from_units(1), &terms).unwrap().unwrap();
    assert_eq!((done.size_closed, winners.size_of(&stake)), (size("5"), Ok(Size::ZERO)));
    assert!(winners.needs_roll());
}

fn margins(rng: &mut ChaCha8Rng) -> MarginParams {
    MarginParams {
        initial_margin_ratio: Ratio::from_basis_points(rng.gen_range(200..1_000)),
        initial_margin_slope: Ratio::percent(rng.gen_range(0..300)),
        maintenance_scalar: Ratio::percent(rng.gen_range(40..80)),
        margin_min: Amount::from_units(rng.gen_range(0..10)),
        open_interest_low: Amount::ZERO,
        open_interest_high: Amount::ZERO,
    }
}

struct Book {
    long: Side,
    short: Side,
    mark: Price,
    scale: Size,
    margin: MarginParams,
    fee: Ratio,
}

impl Book {
    fn skew(&self) -> Size {
        self.long.open_interest().unwrap().plus(self.short.open_interest().unwrap()).unwrap()
    }
    fn side(&self, stake: &PositionStake) -> &Side {
        if stake.nominal.atoms() < 0 {
            &self.short
        } else {
            &self.long
        }
    }
    /// Equity less maintenance margin of what a position adds to its account.
    fn distance(&self, stake: &PositionStake) -> i128 {
        let side = self.side(stake);
        let held = side.size_of(stake).unwrap();
        let premium = exit_value(self.mark, self.skew(), held, self.scale).unwrap();
        let premium = premium.minus(held.signed_notional(self.mark, Rounding::Ceil).unwrap()).unwrap();
        let pnl = side.value_of(stake, self.mark).unwrap().plus(premium).unwrap();
        let fee = held.notional(self.mark, Rounding::Ceil).unwrap().times(self.fee, Rounding::Ceil).unwrap();
        let margin = self.margin.maintenance_margin(held, self.mark, self.scale).unwrap();
        pnl.minus_amount(fee).unwrap().minus_amount(margin).unwrap().atoms()
    }
    fn liability(&self) -> i128 {
        market_liability(&self.long, &self.short, self.mark, self.scale).unwrap().atoms()
    }
}

/// in random books nobody's equity less maintenance margin falls, what the side gives is the transfer to the unit, and the pool
/// gains what was said. Accounts hold several positions, hedged ones too: what holds for each holds for the sum.
#[test]
fn nobody_is_nearer_to_liquidation_in_four_hundred_random_books() {
    let mut concessions_at_the_cap = 0;
    for seed in 0..400 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // From a usual price to one at which a micro-unit buys a thousand.
        let unit = [ONE, ONE * 1_000, ONE / 1_000][seed as usize % 3];
        let mark = Price::from_atoms(rng.gen_range(100 * unit..5_000 * unit));
        let of = |atoms: i128| {
            Size::from_atoms(
                i128::try_from(mul_div(atoms.unsigned_abs(), ONE, unit, Rounding::Floor, "test").unwrap()).unwrap()
                    * atoms.signum(),
            )
        };
        let one = ONE as i128;
        let margin = margins(&mut rng);
        let maintenance = margin.initial_margin_ratio.times(margin.maintenance_scalar, Rounding::Floor).unwrap();
        let fee = Ratio::from_basis_points(rng.gen_range(0..20));
        let mut book = Book { long: Side::new(), short: Side::new(), mark, scale: of(one * 100_000), margin, fee };
        let mut stakes = vec![];
        for index in 0..30 {
            let sign = if index == 0 || (index > 1 && rng.gen()) { 1 } else { -1 };
            let size = of(sign * rng.gen_range(one / 100..one * 60));
            let entry = mark.scaled(SignedRatio::from_atoms(rng.gen_range(-one / 5..one / 5)), Rounding::Ceil).unwrap();
            let side = if sign > 0 { &mut book.long } else { &mut book.short };
            stakes.push(held(side, size, entry));
        }
        for _ in 0..3 {
            let short: bool = rng.gen();
            let (winners, losers) = if short { (&book.short, &book.long) } else { (&book.long, &book.short) };
            let terms = DeleverageTerms {
                mark,
                opposite: losers.open_interest().unwrap(),
                skew_scale: book.scale,
                concession_max: Ratio::from_atoms(maintenance.atoms() - fee.atoms()),
            };
            let share = Ratio::percent(rng.gen_range(1..90));
            let closes = winners.open_interest().unwrap().times(share).unwrap();
            let worth = closes.notional(mark, Rounding::Floor).unwrap();
            let wanted = worth.times(Ratio::from_basis_points(rng.gen_range(1..1_500)), Rounding::Ceil).unwrap();
            // As the liquidation left it: the skew will be the one before it again.
            let distances: Vec<i128> = {
                let mut before = Book {
                    long: book.long.clone(),
                    short: book.short.clone(),
                    ..Book {
                        long: Side::new(),
                        short: Side::new(),
                        mark,
                        scale: book.scale,
                        margin: book.margin.clone(),
                        fee,
                    }
                };
                let liquidated = closes.magnitude() as i128;
                let other = if short { &mut before.long } else { &mut before.short };
                let _ = held(other, Size::from_atoms(if short { liquidated } else { -liquidated }), mark);
                stakes.iter().map(|stake| before.distance(stake)).collect()
            };
            let liability = book.liability();
            let mut side = if short { book.short.clone() } else { book.long.clone() };
            let value = side.value(mark).unwrap().atoms();
            let fair = {
                let mut fair = side.clone();
                let kept = Ratio::ONE.minus(share).unwrap();
                let after = fair.open_interest().unwrap().minus(closes).unwrap().plus(terms.opposite).unwrap();
                let price = mark
                    .scaled(
                        SignedRatio::from_atoms(
                            mul_div_signed(after.atoms(), one, book.scale.magnitude(), Rounding::Floor, "test")
                                .unwrap(),
                        ),
                        Rounding::Floor,
                    )
                    .unwrap();
                fair.deleverage(kept, price).unwrap();
                fair.value(mark).unwrap().atoms()
            };
            let done = deleverage(&mut side, closes, wanted, &terms).unwrap().unwrap();
            let lost = fair - side.value(mark).unwrap().atoms();
            if short {
                book.short = side;
            } else {
                book.long = side;
            }
            assert!(done.transfer <= wanted);
            concessions_at_the_cap += u32::from(done.transfer.plus(Amount::from_atoms(2)).unwrap() < wanted);
            // What the side gave, beside closing at the fair price, is the ledger's figure; its value is rounded twice, and
            // the price's last digit is worth something where a unit of base is worth little.
            let dust = (closes.magnitude() / ONE / 1_000_000) as i128 * 4 + 3;
            assert!(
                (lost - done.transfer.atoms() as i128).abs() <= dust,
                "{lost} lost, {} taken of {value}",
                done.transfer
            );
            let gained = liability - book.liability();
            assert!((gained - done.effect.atoms()).abs() <= 4, "{gained} against {}", done.effect);
            for (stake, before) in stakes.iter().zip(distances) {
                let after = book.distance(stake);
                // A unit for each figure that is rounded: pnl, premium, fee, margin, before and after.
                assert!(after >= before - 6, "{} falls to {after} from {before}", stake.nominal);
            }
        }
    }
    assert!(concessions_at_the_cap > 200, "{concessions_at_the_cap} of 1,200");
}

/// one event for two liquidations or one for each: the same share of everybody, at the same price.
#[test]
fn two_at_once_and_one_after_the_other_close_the_same_at_the_same_price() {
    let mut once = Side::new();
    let stake = held(&mut once, size("-100"), Price::from_units(3_000));
    let mut twice = once.clone();
    let wanted = Amount::from_units(1_000_000);
    // 60 long, of which 7 and then 5 are liquidated; the cap binds.
    let at_once = deleverage(&mut once, size("12"), wanted, &terms(2_000, size("48"))).unwrap().unwrap();
    let first = deleverage(&mut twice, size("7"), wanted, &terms(2_000, size("53"))).unwrap().unwrap();
    let second = deleverage(&mut twice, size("5"), wanted, &terms(2_000, size("48"))).unwrap().unwrap();
    assert_eq!((first.price, second.price), (at_once.price, at_once.price));
    assert!(once.scale.atoms().abs_diff(twice.scale.atoms()) <= 2);
    let taken = first.transfer.plus(second.transfer).unwrap();
    assert!(taken.atoms().abs_diff(at_once.transfer.atoms()) <= 1);
    let mark = Price::from_units(2_000);
    let values = (once.value_of(&stake, mark).unwrap().atoms(), twice.value_of(&stake, mark).unwrap().atoms());
    assert!(values.0.abs_diff(values.1) <= 1);
}

fn short_of(amount: u64, closed: u32) -> Shortfall {
    Shortfall { amount: Amount::from_units(amount), size: Size::from_units(closed as i32) }
}

/// Longs are liquidated batch by batch and the shorts, `held` of them, are deleveraged for each batch, of which others pay `others` in all.
/// What the shorts give, and their side afterwards.
fn in_batches(batches: &[&[Shortfall]], held_by_winners: Size, mut others: Amount) -> (Amount, Side) {
    let mut side = Side::new();
    let _ = held(&mut side, held_by_winners, Price::from_units(60_000));
    let mut longs = batches.iter().copied().flatten().fold(size("7"), |sum, one| sum.plus(one.size).unwrap());
    let mut given = Amount::ZERO;
    for batch in batches {
        longs = batch.iter().fold(longs, |longs, one| longs.minus(one.size).unwrap());
        let lacking = batch.iter().fold(Amount::ZERO, |sum, one| sum.plus(one.amount).unwrap());
        let paid = lacking.min(others);
        others = others.minus(paid).unwrap();
        let concession_max = Ratio::from_basis_points(290);
        let terms = DeleverageTerms { concession_max, ..terms(50_000, longs) };
        let asked = asked_of_winners(&side, batch.iter().copied(), paid, &terms).unwrap();
        assert!(asked.amount <= lacking.minus(paid).unwrap());
        if let Some(done) = deleverage(&mut side, asked.size, asked.amount, &terms).unwrap() {
            given = given.plus(done.transfer).unwrap();
        }
    }
    (given, side)
}

/// who lacks little lends its bound to nobody: maintenance 3 %, fee 0.1 %, 5 at 50,000 free 7,250 each.
#[test]
fn each_account_counts_for_what_closing_as_much_as_it_held_frees() {
    let (alice, adam) = (short_of(30_000, 5), short_of(1_000, 5));
    for batches in [&[&[alice, adam][..]][..], &[&[adam, alice]], &[&[alice], &[adam]], &[&[adam], &[alice]]] {
        let (given, _) = in_batches(batches, size("-40"), Amount::ZERO);
        assert!(given.atoms().abs_diff(Amount::from_units(8_250).atoms()) <= 1, "{given} by {batches:?}");
    }
    // What others have paid is the first account's, as where it comes first alone; nothing is closed for one that lacks nothing.
    let winners = in_batches(&[], size("-40"), Amount::ZERO).1;
    let terms = DeleverageTerms { concession_max: Ratio::from_basis_points(290), ..terms(50_000, size("7")) };
    let asked =
        |of: [Shortfall; 2], paid: u64| asked_of_winners(&winners, of.into_iter(), Amount::from_units(paid), &terms);
    assert_eq!(asked([adam, alice], 1_000), Ok(short_of(7_250, 5)));
    assert_eq!(asked([adam, alice], 24_000), Ok(short_of(7_000, 5)));
    assert_eq!(asked([alice, adam], 24_000), Ok(short_of(7_000, 10)));
    assert_eq!(asked([alice, adam], 31_000), Ok(short_of(0, 0)));
    // A side that is smaller than what was closed has no more to give than its size.
    let winners = in_batches(&[], size("-7"), Amount::ZERO).1;
    let asked = asked_of_winners(&winners, [short_of(30_000, 5), short_of(9_000, 5)].into_iter(), Amount::ZERO, &terms);
    assert_eq!(asked, Ok(short_of(7_250 + 2_900, 7)));
}

prop_compose! {
    /// Of 5 at 50,000 the bound is 7,250: it binds for some, and not for others.
    fn shortfall()(amount in 0u64..3_000_000_000, closed in 1i32..900) -> Shortfall {
        let size = Size::from_atoms(i128::from(closed) * (ONE / 100) as i128);
        let amount = Amount::from_atoms(u128::from(amount) * closed as u128 / 100);
        Shortfall { amount, size }
    }
}

/// Cut where the bits say.
fn cut(all: &[Shortfall], bits: u16) -> Vec<&[Shortfall]> {
    let (mut batches, mut from) = (vec![], 0);
    for to in 1..=all.len() {
        if to == all.len() || bits >> to & 1 == 1 {
            batches.push(&all[from..to]);
            from = to;
        }
    }
    batches
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// where the side that won is as large as what is liquidated and nobody else pays, any batches in any order take the same of it.
    #[test]
    fn any_batches_in_any_order_take_the_same(
        all in prop::collection::vec(shortfall(), 2..10), bits in any::<u16>(), turned in 0usize..10, back in any::<bool>(),
    ) {
        let mut other = all.clone();
        other.rotate_left(turned % all.len());
        if back {
            other.reverse();
        }
        let (one_by_one, side) = in_batches(&cut(&all, u16::MAX), size("-100"), Amount::ZERO);
        let (in_others, others_side) = in_batches(&cut(&other, bits), size("-100"), Amount::ZERO);
        // Two roundings for each account.
        prop_assert!(one_by_one.atoms().abs_diff(in_others.atoms()) <= 20, "{} {}", one_by_one, in_others);
        let mark = Price::from_units(50_000);
        let values = (side.value(mark).unwrap().atoms(), others_side.value(mark).unwrap().atoms());
        prop_assert!(values.0.abs_diff(values.1) <= 100, "{:?}", values);
        let bounds = all.iter().fold(0, |sum, one| {
            sum + one.amount.min(one.size.notional(Price::from_units(1_450), Rounding::Floor).unwrap()).atoms()
        });
        prop_assert!(one_by_one.atoms().abs_diff(bounds) <= 20, "{} of {}", one_by_one, bounds);
    }

    /// where others pay a part, or the side is smaller, batches of one order take the same, however they are cut.
    #[test]
    fn any_batches_in_one_order_take_the_same(
        all in prop::collection::vec(shortfall(), 2..10), bits in any::<u16>(), winners in 1i32..60, others in 0u64..60_000,
    ) {
        let play = |bits| in_batches(&cut(&all, bits), Size::from_units(-winners), Amount::from_units(others)).0;
        let (one_by_one, in_batches) = (play(u16::MAX), play(bits));
        prop_assert!(one_by_one.atoms().abs_diff(in_batches.atoms()) <= 20, "{} {}", one_by_one, in_batches);
    }
}

/// The equality of F9 knows of the index's rounding: a hundred thousand times what the tolerance is.
#[test]
fn the_gift_of_rounding_is_what_the_equality_needs() {
    let mut side = Side::new();
    // 10^13 units at a millionth, down to a scale of 10^-5: 10^18 nominal units.
    let mark = Price::from_atoms(ONE / 1_000_000);
    let whole = Size::from_atoms(10_000_000_000_000 * ONE as i128);
    let _first = held(&mut side, whole, mark);
    side.deleverage(Ratio::from_basis_points(1), mark).unwrap();
    side.deleverage(Ratio::percent(10), mark).unwrap();
    let room = Size::from_atoms(whole.atoms() - side.open_interest().unwrap().atoms());
    let _second = held(&mut side, room, mark);
    let mut gifts = 0;
    for per_unit in [-3i128, 7, -12_345_678, 9_876_543] {
        let before = side.value(mark).unwrap().atoms();
        let open = side.open_interest().unwrap();
        let gift = side.accrue(SignedRatio::from_atoms(per_unit)).unwrap().atoms();
        let received = crate::funding::funding_of(open, SignedRatio::from_atoms(per_unit)).unwrap().atoms();
        let change = side.value(mark).unwrap().atoms() - before;
        assert!((received - change - gift as i128).abs() <= 3, "{received} {change} {gift}");
        gifts += gift;
    }
    assert!(gifts > 400_000, "{gifts}");
    let before = side.value(mark).unwrap().atoms();
    let gift = side.gift_of_roll(mark).unwrap().atoms() as i128;
    let (_, owed) = side.roll(mark).unwrap();
    assert!((before - owed.atoms() - gift).abs() <= 2);
}
