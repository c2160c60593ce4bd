//! GMX v1, 2025-07-09, about $42M: during a refund's external call a position was changed behind the back of the contract that
//! kept the average price of all shorts. The pool's value, computed from size and average, rose by a loss that no short had made;
//! pool shares were redeemed at it.
//!
//! Unprotected: a model of that pool, in which size and average are kept by two contracts. Protected: the suite: a large
//! short changes the pool's value by its fee and by nothing else, no share is redeemed in its block, and a fund that calls the vault back in the middle of a
//! liquidation finds its state final.

use cosmwasm_std::{
    from_json, to_json_binary, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdResult, WasmMsg,
};
use cw_multi_test::ContractWrapper;
use firebreak_derivatives_vault::ContractError;
use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::{AccountHealthy, ExecuteMsg, LossBooked, OrderFilled, PositionLiquidated};
use firebreak_messages::guardian::Call;
use firebreak_messages::insurance_fund::{CoverResponse, QueryMsg as FundQuery};
use firebreak_risk::{Amount, Rounding};
use firebreak_testing::*;

/// Units of the settlement coin; size in quote, as that venue kept it.
struct SplitPool {
    cash: i128,
    shares: i128,
    short_size: i128,
    short_average: i128,
}

impl SplitPool {
    /// Cash, and what shorts are down.
    fn value(&self, price: i128) -> i128 {
        self.cash + self.short_size * (price - self.short_average) / self.short_average
    }

    fn buy(&mut self, amount: i128, price: i128) -> i128 {
        let shares = amount * self.shares / self.value(price);
        self.cash += amount;
        self.shares += shares;
        shares
    }

    fn redeem(&mut self, shares: i128, price: i128) -> i128 {
        let amount = (shares * self.value(price) / self.shares).min(self.cash);
        self.cash -= amount;
        self.shares -= shares;
        amount
    }

    /// The short is opened at `price`; entered from inside another call, the keeper of the average does not hear of it.
    fn short(&mut self, size: i128, price: i128, reentered: bool) {
        if !reentered {
            let units = self.short_size * 1_000_000 / self.short_average + size * 1_000_000 / price;
            self.short_average = (self.short_size + size) * 1_000_000 / units;
        }
        self.short_size += size;
    }
}

fn redeemed_at_an_inflated_value(reentered: bool) -> i128 {
    // The average is from a price of long ago, as the attack had made it.
    let mut pool = SplitPool { cash: 80_000_000, shares: 80_000_000, short_size: 1_000_000, short_average: 50_000 };
    let price = 100_000;
    let shares = pool.buy(10_000_000, price);
    pool.short(15_000_000, price, reentered);
    pool.redeem(shares, price) - 10_000_000
}

/// A fund that calls the vault back whenever it is called: what it was given when it was migrated to.
fn reentrant_fund() -> Box<dyn cw_multi_test::Contract<Empty>> {
    const CALLS: &[u8] = b"calls back";
    fn execute(deps: DepsMut, _env: Env, info: MessageInfo, _msg: serde_json::Value) -> StdResult<Response> {
        let calls: Vec<Binary> = from_json(deps.storage.get(CALLS).unwrap_or_default())?;
        let back = |msg| WasmMsg::Execute { contract_addr: info.sender.to_string(), msg, funds: vec![] };
        let answer = CoverResponse { paid: vec![], total: Amount::ZERO };
        Ok(Response::new().add_messages(calls.into_iter().map(back)).set_data(to_json_binary(&answer)?))
    }
    fn instantiate(_deps: DepsMut, _env: Env, _info: MessageInfo, _msg: Empty) -> StdResult<Response> {
        Ok(Response::new())
    }
    fn query(deps: Deps, env: Env, msg: FundQuery) -> Result<Binary, firebreak_insurance_fund::ContractError> {
        firebreak_insurance_fund::contract::query(deps, env, msg)
    }
    fn migrate(deps: DepsMut, _env: Env, msg: Vec<Binary>) -> StdResult<Response> {
        deps.storage.set(CALLS, &to_json_binary(&msg)?);
        Ok(Response::new())
    }
    Box::new(ContractWrapper::new(execute, instantiate, query).with_migrate(migrate))
}

#[test]
fn a_large_short_changes_the_pools_value_by_its_fee_and_shares_redeem_no_more() {
    //
    let told = redeemed_at_an_inflated_value(false);
    assert!(told.abs() < 100, "told of the short, the average keeps the value but for rounding: {told}");
    let stolen = redeemed_at_an_inflated_value(true);
    assert!(stolen > 1_000_000, "{stolen}");

    let mut world = World::builder().trader("eve", usd(2_000_000)).build();
    world.fund("eve", usd(10_000_000));
    world.provide("eve", usd(10_000_000)).done();
    let shares = world.provider("eve").shares;
    world.request_withdrawal("eve", shares).done();
    world.advance(world.setup().vault.lp_cooldown_seconds);
    world.refresh().done();
    place(&mut world, "eve", BTC, size("-33")).done();
    world.advance(world.setup().vault.order_delay_seconds);
    world.report(&[(BTC, price("60000")), (ETH, price("3000"))]).done();
    let before = world.pool().value.unwrap_or_else(|| panic!("a value"));
    let short = world.execute(BTC).fact::<OrderFilled>();
    let after = world.pool().value.unwrap_or_else(|| panic!("a value"));
    let fund = short.fee.times(world.setup().vault.insurance_fee_share, Rounding::Floor);
    let to_the_pool = short.fee.atoms() as i128 - fund.unwrap_or(Amount::ZERO).atoms() as i128;
    let changed = after.deposit.atoms() - before.deposit.atoms();
    assert!((changed - to_the_pool).abs() <= 4, "{changed} of {to_the_pool}");
    assert!(after.withdraw.atoms() - before.withdraw.atoms() <= to_the_pool + 4);
    // Nor is it redeemed in the same block.
    let (account, found) = (world.account_id("eve"), world.height());
    world.claim_withdrawal("eve", 0).refused_with(ContractError::TradedNow { account, found });
    world.next_block();
    world.claim_withdrawal("eve", 0).done();
    let paid = world.pay_claims().done();
    let out = world.balance("eve").atoms() as i128 - usd(10_000_000).atoms() as i128;
    assert!(out <= to_the_pool, "{out}: {:?}", paid.events.len());
    figures(
        "GMX v1 2025-07-09, re-entry and pool value",
        &format!("pool shares redeemed for {stolen} more than they cost"),
        &format!("{} more than they cost, of a fee of {} paid", units(out), units(short.fee.atoms() as i128)),
    );
}

#[test]
fn a_fund_that_calls_back_in_the_middle_of_a_liquidation_finds_everything_done() {
    //
    let mut world = World::builder().guards(Guards::Off).trader("alice", usd(4_000)).trader("bob", usd(40_000)).build();
    world.open("alice", BTC, size("1")).fact::<OrderFilled>();
    world.open("bob", BTC, size("1")).fact::<OrderFilled>();
    let accounts = vec![world.account_id("alice")];
    let calls: Vec<Binary> = [
        ExecuteMsg::Liquidate { accounts: accounts.clone() },
        ExecuteMsg::ExecuteOrders { market: BTC, limit: 10 },
        ExecuteMsg::SweepFees {},
        ExecuteMsg::Liquidate { accounts },
    ]
    .iter()
    .map(|msg| to_json_binary(msg).unwrap_or_else(|error| panic!("{error}")))
    .collect();
    let code_id = world.store_next(Code::Insurance, reentrant_fund());
    let contract = world.addresses.insurance_fund.to_string();
    let msg = to_json_binary(&calls).unwrap_or_else(|error| panic!("{error}"));
    world.govern(vec![Call::Migrate { contract, code_id, msg }]).done();
    world.add_collateral("bob", usd(1_000)).done();

    world.price(BTC, price("54000")).done();
    let outcome = world.liquidate("alice").done();
    // Closed once; every call back found it done, the sweep's own among them, and so was the deficit, to the unit.
    assert_eq!(outcome.facts::<PositionLiquidated>().len(), 1);
    assert!(outcome.facts::<AccountHealthy>().len() >= 2);
    let ledger = world.losses();
    let booked: u128 = outcome.facts::<LossBooked>().iter().map(|fact| fact.amount.atoms()).sum();
    assert!(ledger.deficit > usd(1_000) && ledger.deficit.atoms() == booked, "{ledger:?}");
    assert!(world.account("alice").cash.atoms() == 0 && world.account("alice").positions.is_empty());
    world.close("bob", BTC).fact::<OrderFilled>();
}
