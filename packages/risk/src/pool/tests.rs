use super::*;
use crate::{trade_cost, PositionStake, SignedRatio, MICRO, ONE, PRICE_MAX, SIZE_MAX};
use proptest::prelude::*;
use rand::{seq::SliceRandom, Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const SCALE: Size = Size::from_units(10_000);

fn money(text: &str) -> SignedAmount {
    let quote: Price = text.trim_start_matches('-').parse().unwrap();
    let micro = (quote.atoms() / (ONE / MICRO)) as i128;
    SignedAmount::from_atoms(if text.starts_with('-') { -micro } else { micro })
}

/// A market with its pool: the vault's bookkeeping without its gates, fees and storage.
#[derive(Clone)]
struct Book {
    long: Side,
    short: Side,
    stakes: Vec<(bool, PositionStake)>,
    cash: SignedAmount,
    price: Price,
}

impl Book {
    fn new(price: Price) -> Self {
        let cash = money("1000000");
        Self { long: Side::new(), short: Side::new(), stakes: vec![], cash, price }
    }
    fn skew(&self) -> Size {
        self.long.open_interest().unwrap().plus(self.short.open_interest().unwrap()).unwrap()
    }
    fn value(&self) -> MarketValue {
        market_value(&self.long, &self.short, self.price, SCALE).unwrap()
    }
    fn equity(&self) -> SignedAmount {
        self.cash.minus(self.value().liability().unwrap()).unwrap()
    }
    fn side(&mut self, long: bool) -> &mut Side {
        if long {
            &mut self.long
        } else {
            &mut self.short
        }
    }
    fn open(&mut self, size: Size) {
        let cost = trade_cost(self.price, self.skew(), size, SCALE).unwrap();
        let mut stake = PositionStake::default();
        self.side(size.is_long()).enter(&mut stake, size, cost).unwrap();
        self.stakes.push((size.is_long(), stake));
    }
    fn size(&mut self, index: usize) -> Size {
        let (long, stake) = self.stakes[index].clone();
        self.side(long).size_of(&stake).unwrap()
    }
    fn close(&mut self, index: usize, size: Size) -> SignedAmount {
        let cost = trade_cost(self.price, self.skew(), size.negated().unwrap(), SCALE).unwrap();
        let (long, mut stake) = self.stakes[index].clone();
        let pnl = self.side(long).leave(&mut stake, size, cost).unwrap();
        self.stakes[index].1 = stake;
        self.cash = self.cash.minus(pnl).unwrap();
        pnl
    }
    fn is_open(&self, index: usize) -> bool {
        !self.stakes[index].1.nominal.is_zero()
    }
}

/// `docs/formulas.md#f9-pool-equity`
#[test]
fn worked_example_of_the_pool_equity() {
    let mut book = Book::new(Price::from_units(2_000));
    book.open(Size::from_units(10)); // 20,000 * (1 + 10/20,000) = 20,010
    book.open(Size::from_units(-4)); // -8,000 * (1 + 16/20,000) = -8,006.4
    assert_eq!(book.value().liability(), Ok(SignedAmount::ZERO)); // -10 + 6.4 + 3.6: two trades, no price move
    book.price = Price::from_units(2_100);
    let value = book.value();
    assert_eq!((value.long, value.short), (money("990"), money("-393.6")));
    assert_eq!(value.convexity, money("3.78").positive_part()); // 2,100 * 36 / 20,000
    assert_eq!(market_liability(&book.long, &book.short, book.price, SCALE), Ok(money("600.18")));
    // -100 * (6 + 36/20,000)
    let effect = price_move_effect(Price::from_units(2_000), book.price, Size::from_units(6), SCALE);
    assert_eq!(effect, Ok(money("-600.18")));
    // 990 - 0.8 * 393.6 + 3.78 = 678.9
    let pool = pool_value(book.cash, Amount::ZERO, &[value], Ratio::percent(80));
    assert_eq!(pool, Ok(PoolValue { deposit: money("999399.82"), withdraw: money("999321.1") }));
    // Closing both pays the liability: 992.1 and -391.92.
    assert_eq!(book.close(0, Size::from_units(10)), money("992.1"));
    assert_eq!(book.close(1, Size::from_units(-4)), money("-391.92"));
    assert_eq!(book.cash, money("999399.82"));
}

#[test]
fn pool_values_of_a_table() {
    let market = |long: i64, short: i64, convexity: u64| MarketValue {
        long: SignedAmount::from_atoms(long.into()),
        short: SignedAmount::from_atoms(short.into()),
        convexity: Amount::from_atoms(convexity.into()),
    };
    for (name, receivable, markets, share, deposit, withdraw) in [
        ("no market", 0, vec![], 80, 1_000, 1_000),
        ("traders gain", 0, vec![market(100, 50, 7)], 80, 843, 843),
        ("traders lose", 0, vec![market(-100, 0, 0)], 80, 1_100, 1_080),
        ("nothing uncollected counts", 0, vec![market(-100, 0, 0)], 0, 1_100, 1_000),
        ("gains of one do not net losses of another", 0, vec![market(100, -100, 0)], 80, 1_000, 980),
        ("nor in another market", 0, vec![market(100, 0, 0), market(0, -100, 0)], 80, 1_000, 980),
        ("what accounts owe is not all there", 100, vec![], 80, 1_000, 980),
        ("rounded down once", 1, vec![market(-1, 0, 0)], 50, 1_001, 1_000), // 999 + 1
        ("rounded down", 1, vec![], 80, 1_000, 999),
        ("worth nothing", 0, vec![market(1_500, 0, 0)], 80, -500, -500),
    ] {
        let pool = pool_value(
            SignedAmount::from_atoms(1_000),
            Amount::from_atoms(receivable),
            &markets,
            Ratio::percent(share),
        );
        let (deposit, withdraw) = (SignedAmount::from_atoms(deposit), SignedAmount::from_atoms(withdraw));
        assert_eq!(pool, Ok(PoolValue { deposit, withdraw }), "{name}");
    }
}

#[test]
fn more_than_four_fifths_of_what_is_uncollected_is_refused() {
    let share = Ratio::from_atoms(UNCOLLECTED_SHARE_MAX.atoms() + 1);
    assert_eq!(
        pool_value(SignedAmount::ZERO, Amount::ZERO, &[], share),
        Err(RiskError::OutOfBounds {
            what: "uncollected_share",
            wanted: "at most 0.8".into(),
            found: "0.800000000000000001".into()
        })
    );
}

#[test]
fn a_skew_scale_of_zero_is_refused() {
    let refused = RiskError::OutOfBounds { what: "skew_scale", wanted: "above 0".into(), found: "0".into() };
    let (side, price) = (Side::new(), Price::from_units(1));
    assert_eq!(market_value(&side, &side, price, Size::ZERO), Err(refused.clone()));
    assert_eq!(price_move_effect(price, price, Size::ZERO, Size::ZERO), Err(refused));
}

//
#[test]
fn a_liability_rounds_up_and_the_effect_of_a_move_down() {
    let mut long = Side::new();
    long.enter(&mut PositionStake::default(), Size::from_atoms(1), SignedAmount::ZERO).unwrap();
    let one = Price::from_units(1);
    let value = market_value(&long, &Side::new(), one, SCALE).unwrap();
    assert_eq!((value.long, value.convexity), (SignedAmount::from_atoms(1), Amount::from_atoms(1)));
    let rise = price_move_effect(one, Price::from_units(2), Size::from_atoms(1), SCALE);
    assert_eq!(rise, Ok(SignedAmount::from_atoms(-1)));
    let fall = price_move_effect(Price::from_units(2), one, Size::from_atoms(1), SCALE);
    assert_eq!(fall, Ok(SignedAmount::ZERO));
}

#[test]
fn the_largest_book_at_the_largest_price_fits() {
    let most = Size::from_atoms(i128::try_from(SIZE_MAX).unwrap());
    let mut long = Side::new();
    long.enter(&mut PositionStake::default(), most, SignedAmount::ZERO).unwrap();
    // 10^25 marked, half as much premium
    let liability = market_liability(&long, &Side::new(), PRICE_MAX, most).unwrap();
    assert_eq!(liability, SignedAmount::from_atoms(15 * 10i128.pow(24) * MICRO as i128));
    let effect = price_move_effect(Price::from_atoms(1), PRICE_MAX, most, most).unwrap();
    assert!(effect.is_negative());
}

fn random_size(rng: &mut ChaCha8Rng) -> Size {
    let atoms = rng.gen_range(1i128..=500 * ONE as i128);
    Size::from_atoms(if rng.gen() { atoms } else { -atoms })
}
fn random_price(rng: &mut ChaCha8Rng) -> Price {
    Price::from_atoms(rng.gen_range(ONE..=3 * ONE) * 1_000)
}

/// A dozen positions that traded, partly closed, paid funding and were deleveraged at changing prices.
fn random_book(rng: &mut ChaCha8Rng, deleveraged: bool) -> Book {
    let mut book = Book::new(random_price(rng));
    for _ in 0..12 {
        book.open(random_size(rng));
        if rng.gen_bool(0.3) {
            book.price = random_price(rng);
        }
        if rng.gen_bool(0.3) {
            let per_unit = SignedRatio::from_atoms(rng.gen_range(-(ONE as i128)..=ONE as i128));
            book.long.accrue(per_unit.negated().unwrap()).unwrap();
            book.short.accrue(per_unit).unwrap();
        }
        if deleveraged && rng.gen_bool(0.2) {
            let (kept, price) = (Ratio::from_atoms(rng.gen_range(ONE / 2..=ONE)), book.price);
            book.side(rng.gen()).deleverage(kept, price).unwrap();
        }
        let index = rng.gen_range(0..book.stakes.len());
        if rng.gen_bool(0.3) && book.is_open(index) {
            let part = Size::from_atoms(book.size(index).atoms() / 3);
            book.close(index, part);
        }
    }
    book
}

// the constant-time figure is what closing everybody pays, in whatever order. A close rounds its cost and its
// realised result, each by less than a unit and both in the pool's favour; the figure itself rounds three parts.
#[test]
fn equity_is_the_cash_after_closing_everybody_in_any_order() {
    for seed in 0..40 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut book = random_book(&mut rng, seed % 2 == 0);
        book.price = random_price(&mut rng);
        let open: Vec<usize> = (0..book.stakes.len()).filter(|index| book.is_open(*index)).collect();
        let units = 2 * open.len() as i128 + 3;
        for _ in 0..20 {
            let mut order = open.clone();
            order.shuffle(&mut rng);
            let mut closing = book.clone();
            for index in order {
                let size = closing.size(index);
                closing.close(index, size);
            }
            let favour = closing.cash.minus(book.equity()).unwrap().atoms();
            assert!((0..=units).contains(&favour), "seed {seed}: off by {favour}, at most {units}");
            for side in [&closing.long, &closing.short] {
                assert!(side.nominal.is_zero() && side.basis.is_zero());
                assert!(side.epoch > 0 || open.is_empty() || side == &Side::new());
            }
        }
    }
}

// the on-chain equality holds for every single step: trades at one price move equity by rounding only, price moves by
// their effect, within 4 units.
#[test]
fn every_step_moves_equity_by_what_its_own_figures_say() {
    for seed in 0..40 {
        let mut rng = ChaCha8Rng::seed_from_u64(1_000 + seed);
        let mut book = random_book(&mut rng, seed % 2 == 0);
        for _ in 0..60 {
            let (before, skew, price) = (book.equity(), book.skew(), book.price);
            let index = rng.gen_range(0..book.stakes.len());
            let expected = match rng.gen_range(0..3) {
                0 => {
                    book.open(random_size(&mut rng));
                    SignedAmount::ZERO
                }
                1 if book.is_open(index) => {
                    let size = book.size(index);
                    let part = Size::from_atoms(size.atoms() / rng.gen_range(1..4));
                    book.close(index, if part.is_zero() { size } else { part });
                    SignedAmount::ZERO
                }
                _ => {
                    book.price = random_price(&mut rng);
                    price_move_effect(price, book.price, skew, SCALE).unwrap()
                }
            };
            let off = book.equity().minus(before).unwrap().minus(expected).unwrap().atoms();
            assert!(off.abs() <= 4, "seed {seed}: off by {off}");
        }
    }
}

#[test]
fn a_known_move_earns_the_pool_what_its_skew_loses() {
    // 60 at 60,000 and a scale of 10,000: 2 % are 1,200 * (60 + 3,600 / 20,000), of a short skew 1,200 * (60 - 0.18).
    let (price, two) = (Price::from_units(60_000), Ratio::percent(2));
    let gain = |units: i32, ratio| move_gain(price, Size::from_units(units), SCALE, ratio);
    assert_eq!(gain(60, two), Ok(Amount::from_units(72_216)));
    assert_eq!(gain(-60, two), Ok(Amount::from_units(71_784)));
    assert_eq!((gain(60, Ratio::ZERO), gain(0, two)), (Ok(Amount::ZERO), Ok(Amount::ZERO)));
    // Up, whatever is left of a unit.
    for atoms in [1, -1] {
        assert_eq!(move_gain(price, Size::from_atoms(atoms), SCALE, two), Ok(Amount::from_atoms(1)));
    }
}

proptest! {
    // at either edge of the move the pool is worth no more than what a depositor has paid for.
    #[test]
    fn within_the_move_nobody_buys_shares_below_what_they_are_worth(
        skew in -9_000i128..=9_000, price in 1u128..=1_000_000, ratio in 0u32..=10, part in -100i128..=100,
    ) {
        let (price, skew) = (Price::from_atoms(price * ONE), Size::from_atoms(skew * ONE as i128));
        let gain = move_gain(price, skew, SCALE, Ratio::percent(ratio)).unwrap();
        let by = price.atoms() as i128 * i128::from(ratio) * part / 10_000;
        let moved = Price::from_atoms((price.atoms() as i128 + by) as u128);
        let effect = price_move_effect(price, moved, skew, SCALE).unwrap();
        prop_assert!(effect <= gain.signed().unwrap());
    }

    //
    #[test]
    fn a_leaving_provider_never_gets_more_than_a_coming_one_pays(
        cash in -1_000_000_000i128..=1_000_000_000_000,
        receivable in 0u128..=1_000_000_000,
        markets in proptest::collection::vec((any::<i32>(), any::<i32>(), any::<u32>()), 0..6),
        share in 0u128..=UNCOLLECTED_SHARE_MAX.atoms(),
    ) {
        let markets: Vec<MarketValue> = markets.into_iter().map(|(long, short, convexity)| MarketValue {
            long: SignedAmount::from_atoms(long.into()),
            short: SignedAmount::from_atoms(short.into()),
            convexity: Amount::from_atoms(convexity.into()),
        }).collect();
        let pool = pool_value(
            SignedAmount::from_atoms(cash), Amount::from_atoms(receivable), &markets, Ratio::from_atoms(share),
        ).unwrap();
        prop_assert!(pool.withdraw <= pool.deposit);
    }

    // The mirrored book owes the same: longs and shorts are treated alike.
    #[test]
    fn the_mirrored_move_of_the_mirrored_skew_has_the_opposite_linear_part(
        skew in -9_000i128..=9_000, from in 1u128..=1_000_000, to in 1u128..=1_000_000,
    ) {
        let (from, to) = (Price::from_atoms(from * ONE), Price::from_atoms(to * ONE));
        let (skew, mirrored) = (Size::from_atoms(skew * ONE as i128), Size::from_atoms(-skew * ONE as i128));
        let effect = price_move_effect(from, to, skew, SCALE).unwrap();
        let other = price_move_effect(from, to, mirrored, SCALE).unwrap();
        // What remains is twice the convexity's change.
        let change = convexity(to, skew, SCALE).unwrap().atoms() as i128 - convexity(from, skew, SCALE).unwrap().atoms() as i128;
        prop_assert_eq!(effect.plus(other).unwrap().atoms(), -2 * change);
    }
}
