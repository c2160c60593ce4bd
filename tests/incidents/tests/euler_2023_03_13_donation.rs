//! Euler, 2023-03-13, about $197M: `donateToReserves` lowered the donor's own collateral without the check of health that every other
//! message ended with. The attacker donated herself into insolvency and liquidated herself at a discount.
//!
//! Unprotected: a model of that account, with the figures of the published analyses. Protected: the suite as it ships: whatever
//! lowers an account's equity ends with its check, gifts come out of a wallet, and liquidating oneself pays a penalty.

use firebreak_derivatives_vault::ContractError;
use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::{ExecuteMsg as VaultMsg, OrderFilled};
use firebreak_risk::Amount;
use firebreak_testing::*;

/// An account of the lender that failed, in millions.
struct Account {
    collateral: f64,
    debt: f64,
}

impl Account {
    fn donate(&mut self, amount: f64) {
        self.collateral -= amount; // and no check
    }
    /// The liquidator takes all collateral for as much debt as it is worth at a fifth less.
    fn liquidate(&self) -> f64 {
        self.collateral - self.collateral * 0.8
    }
}

#[test]
fn nobody_profits_from_making_oneself_insolvent() {
    //
    let mut account = Account { collateral: 410.9, debt: 390.0 };
    account.donate(100.0);
    let won = account.liquidate();
    assert!(account.collateral < account.debt && won > 60.0, "{won}");

    let mut world = World::builder().build();
    world.fund("eve", usd(100_000));
    let before = coins(&world, &["eve"]);
    deposit(&mut world, "eve", usd(100_000)).done();
    world.open("eve", BTC, size("15")).fact::<OrderFilled>();
    // Out of the account: only down to its margins.
    let cash = world.account("eve").cash.positive_part();
    let refused = world.withdraw("eve", cash).refusal();
    assert!(matches!(refused.error_as::<ContractError>(), Some(ContractError::MarginTooLow { .. })), "{refused:?}");
    let out = take_out_what_may_leave(&mut world, "eve");
    let pool = world.pool_record().cash;
    // Given away: out of the wallet, to the pool, and the account is what it was.
    let gift = Amount::from_atoms(out.max(0) as u128);
    let equity = world.account("eve").equity;
    if !gift.is_zero() {
        world.send("eve", Code::Vault, &VaultMsg::Recapitalize {}, gift).done();
        assert!(world.pool_record().cash > pool && world.account("eve").equity == equity);
    }
    // Liquidating oneself: not while one is healthy, and at a price that moves there it costs.
    let account = world.account_id("eve");
    let _ = world.liquidate_by("eve", vec![account.clone()]);
    for at in ["58500", "57000", "55500"] {
        world.price(BTC, price(at)).done();
        let _ = world.liquidate_by("eve", vec![account.clone()]);
    }
    let after = coins(&world, &["eve"]);
    assert!(after < before, "{after} {before}");
    world.check_everything();
    figures(
        "Euler 2023-03-13, donation",
        &format!("attacker +{won:.0} million on one account"),
        &format!("attacker {}, withdrawal below margin refused", units(after - before)),
    );
}
