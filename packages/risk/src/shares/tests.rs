use super::*;
use proptest::prelude::*;

fn amount(atoms: u128) -> Amount {
    Amount::from_atoms(atoms)
}
fn shares(atoms: u128) -> PoolShares {
    PoolShares::from_atoms(atoms)
}
fn value(atoms: i128) -> SignedAmount {
    SignedAmount::from_atoms(atoms)
}

/// `docs/formulas.md#f10-share-price`
#[test]
fn worked_example_of_the_share_price() {
    // First deposit: 1,000 units of coin at 10^6 shares a micro-unit.
    let first = shares_for_deposit(amount(1_000_000_000), value(0), shares(0));
    assert_eq!(first, Ok(shares(1_000_000_000_000_000)));
    // The pool earned 10 %: 10^9 * (10^15 + 10^6) / (1.1 * 10^9 + 1), rounded down.
    let second = shares_for_deposit(amount(1_000_000_000), value(1_100_000_000), shares(1_000_000_000_000_000));
    assert_eq!(second, Ok(shares(909_090_909_173_553))); // 909,090,909,173,553.7
                                                         // All of the first: 10^15 * (1.1 * 10^9 + 1) / (10^15 + 10^6) = 1,099,999,999.9
    let out = amount_for_shares(shares(1_000_000_000_000_000), value(1_100_000_000), shares(1_000_000_000_000_000));
    assert_eq!(out, Ok(amount(1_099_999_999)));
}

//
#[test]
fn a_worthless_pool_with_shares_takes_and_pays_nothing() {
    for worth in [0, -1, -1_000_000_000] {
        let refused = RiskError::PoolWorthless { value: worth.to_string(), supply: "1".into() };
        assert_eq!(shares_for_deposit(amount(1_000), value(worth), shares(1)), Err(refused.clone()));
        assert_eq!(amount_for_shares(shares(1), value(worth), shares(1)), Err(refused.clone()));
        let fund = FundShares::from_atoms(1);
        assert_eq!(fund_shares_for_deposit(amount(1_000), value(worth), fund), Err(refused.clone()));
        assert_eq!(fund_amount_for_shares(fund, value(worth), fund), Err(refused));
    }
    // Without shares: an empty pool opens, an indebted one does not.
    assert_eq!(shares_for_deposit(amount(1), value(0), shares(0)), Ok(shares(1_000_000)));
    assert_eq!(
        shares_for_deposit(amount(1), value(-1), shares(0)),
        Err(RiskError::PoolWorthless { value: "-1".into(), supply: "0".into() })
    );
    assert_eq!(shares_for_deposit(amount(1), value(1), shares(1)), Ok(shares(500_000)));
    // 1,000,001 / 2
}

#[test]
fn more_shares_than_exist_are_refused() {
    assert_eq!(
        amount_for_shares(shares(11), value(100), shares(10)),
        Err(RiskError::OutOfBounds { what: "shares", wanted: "at most 10".into(), found: "11".into() })
    );
}

#[test]
fn the_largest_pool_fits() {
    // 10^25 quote units at 10^6 shares a micro-unit: 10^37 shares.
    let worth = 10u128.pow(31);
    let minted = shares_for_deposit(amount(worth), value(0), shares(0)).unwrap();
    assert_eq!(minted, shares(10u128.pow(37)));
    assert_eq!(amount_for_shares(minted, value(worth as i128), minted), Ok(amount(worth)));
}

// inflating the share price before somebody's deposit loses the attacker money, whatever reaches the value.
#[test]
fn an_inflation_attack_loses() {
    let victim_pays = 10_000_000_000u128; // 10,000 coins
    for seed in [1u128, 10, 1_000, 1_000_000] {
        for gift in [10u128.pow(6), 10u128.pow(9), 10u128.pow(10), 10u128.pow(13), 10u128.pow(16)] {
            let mine = shares_for_deposit(amount(seed), value(0), shares(0)).unwrap();
            let worth = seed + gift;
            let theirs = shares_for_deposit(amount(victim_pays), value(worth as i128), mine).unwrap();
            let supply = mine.plus(theirs).unwrap();
            let worth = worth + victim_pays;
            let back = amount_for_shares(mine, value(worth as i128), supply).unwrap();
            assert!(back.atoms() <= seed + gift, "seed {seed}, gift {gift}: {back} back");
            // What the victim can lose is bounded by the gift that it cost: at most a millionth of it, and rounding.
            let victim = amount_for_shares(theirs, value((worth - back.atoms()) as i128), theirs).unwrap();
            assert!(victim.atoms() + gift / 1_000_000 + gift.div_ceil(seed * 1_000_000) + 2 >= victim_pays, "{victim}");
        }
    }
}

proptest! {
    // deposit at the deposit value, withdraw at a withdraw value that is never higher: no profit without a price move.
    #[test]
    fn a_deposit_and_withdrawal_never_profits(
        paid in 1u128..=10u128.pow(18),
        deposit_value in 1i128..=10i128.pow(18),
        discount in 0i128..=10i128.pow(18),
        supply in 0u128..=10u128.pow(24),
    ) {
        let withdraw_value = (deposit_value - discount).max(1);
        let minted = shares_for_deposit(amount(paid), value(deposit_value), shares(supply)).unwrap();
        let supply = shares(supply).plus(minted).unwrap();
        let back = amount_for_shares(minted, value(withdraw_value + paid as i128), supply).unwrap();
        prop_assert!(back.atoms() <= paid, "{back} for {paid}");
    }

    // Nobody else is worse off by a deposit or a withdrawal at one value.
    #[test]
    fn a_deposit_or_a_withdrawal_never_lowers_the_share_price(
        paid in 0u128..=10u128.pow(18),
        worth in 1i128..=10i128.pow(18),
        supply in 1u128..=10u128.pow(24),
        part in 0u128..=1_000,
    ) {
        // price = (value + 1) / (supply + 10^6), compared crosswise
        let lower = |before: (u128, u128), after: (u128, u128)| {
            let wide = |a: u128, b: u128| {
                bnum::BInt::<8>::from(a).checked_mul(bnum::BInt::from(b)).unwrap()
            };
            wide(after.0 + 1, before.1 + VIRTUAL_SHARES) < wide(before.0 + 1, after.1 + VIRTUAL_SHARES)
        };
        let before = (worth.unsigned_abs(), supply);
        let minted = shares_for_deposit(amount(paid), value(worth), shares(supply)).unwrap().atoms();
        prop_assert!(!lower(before, (before.0 + paid, supply + minted)));
        let burnt = supply * part / 1_000;
        let out = amount_for_shares(shares(burnt), value(worth), shares(supply)).unwrap().atoms();
        prop_assert!(out <= before.0);
        prop_assert!(!lower(before, (before.0 - out, supply - burnt)));
    }

    #[test]
    fn the_fund_uses_the_same_formulas(
        paid in 0u128..=10u128.pow(18), worth in 1i128..=10i128.pow(18), supply in 1u128..=10u128.pow(24),
    ) {
        let fund = FundShares::from_atoms(supply);
        prop_assert_eq!(
            fund_shares_for_deposit(amount(paid), value(worth), fund).unwrap().atoms(),
            shares_for_deposit(amount(paid), value(worth), shares(supply)).unwrap().atoms()
        );
        prop_assert_eq!(
            fund_amount_for_shares(fund, value(worth), fund), amount_for_shares(shares(supply), value(worth), shares(supply))
        );
    }
}
