//! Dango, 2026-04-13, $1.5M to $1.9M, held back by a bridge's limiter: a donation to the insurance fund was checked for `!= 0`
//! where `> 0` was meant, and a negative one took coins out of it.
//!
//! Unprotected: a model of that fund, a signed amount and the check as it was. Protected: every message of the suite that has an
//! amount, with a negative one: no type of a message holds it, so nothing is ever compared.

use firebreak_incidents::*;
use firebreak_messages::derivatives_vault::OrderFilled;
use firebreak_messages::insurance_fund::MarketDeficit;
use firebreak_risk::Amount;
use firebreak_testing::*;
use serde_json::{json, Value};

/// The fund as it failed.
struct SignedFund {
    reserve: i128,
}

impl SignedFund {
    /// Returns what the donor's balance changes by.
    fn donate(&mut self, amount: i128) -> Option<i128> {
        if amount == 0 {
            return None;
        }
        self.reserve += amount;
        Some(-amount)
    }
}

#[test]
fn no_message_of_the_suite_has_a_negative_amount() {
    //
    let mut fund = SignedFund { reserve: 1_900_000_000_000 };
    let before = fund.reserve;
    let (donor, lost) = (fund.donate(-1_500_000_000_000).unwrap(), before - fund.reserve);
    assert_eq!((donor, lost, fund.donate(0)), (1_500_000_000_000, 1_500_000_000_000, None));

    let mut world = World::builder().trader("eve", usd(10_000)).build();
    world.fund("eve", usd(10_000));
    world.open("eve", BTC, size("0.1")).fact::<OrderFilled>();
    world.stake("eve", usd(100)).done();
    world.next_block();
    world.provide("eve", usd(100)).done();
    let vault = world.addresses.derivatives_vault.to_string();
    let messages: Vec<(Code, Value)> = vec![
        (Code::Vault, json!({"withdraw_collateral": {"subaccount": 0, "amount": "-1000"}})),
        (Code::Vault, json!({"provide_liquidity": {"shares_min": "-1"}})),
        (Code::Vault, json!({"request_liquidity_withdrawal": {"shares": "-1000"}})),
        (Code::Vault, json!({"claim_liquidity_withdrawal": {"request": 0, "amount_min": "-1"}})),
        (
            Code::Vault,
            json!({"place_order": {"subaccount": 0, "market": 1, "size": "1", "price_bound": "-1", "reduce_only": false}}),
        ),
        (Code::Insurance, json!({"stake": {"shares_min": "-1"}})),
        (Code::Insurance, json!({"request_unstake": {"shares": "-1000"}})),
        (Code::Insurance, json!({"claim_unstake": {"request": 0, "amount_min": "-1"}})),
        (Code::Insurance, json!({"cover": {"deficits": [{"market": 1, "amount": "-1000"}]}})),
        (Code::Insurance, json!({"inject": {"vault": vault, "amount": "-1000"}})),
    ];
    let (pool, insurance, purse) = (world.pool_record(), world.insurance(), world.balance("eve"));
    let mut stopped = 0;
    for (code, message) in &messages {
        let refused = world.send("eve", *code, message, Amount::ZERO).refusal();
        let text = refused.to_string();
        assert!(text.contains("-1"), "{message} is refused for something else: {text}");
        stopped += 1;
    }
    assert_eq!(world.pool_record(), pool);
    assert_eq!(world.insurance(), insurance);
    assert_eq!(world.balance("eve"), purse);
    // Nor do the types themselves.
    assert!("-0.000001".parse::<Amount>().is_err());
    assert!(serde_json::from_value::<MarketDeficit>(json!({"market": 1, "amount": "-0.000001"})).is_err());
    figures(
        "Dango 2026-04-13, negative donation",
        &format!("donor {:+}, fund {:+}", units(donor), units(-lost)),
        &format!("{} messages, {stopped} refused, nothing moved", messages.len()),
    );
}
