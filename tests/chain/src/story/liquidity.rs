//! A provider asks for a tenth of its shares twice: once the cool-down is over it claims and is paid at the next price, unless the
//! market is restricted.

use super::scene::{the, Scene};
use firebreak_derivatives_vault::ContractError;
use firebreak_messages::derivatives_vault::{ExecuteMsg as Vault, LiquidityWithdrawalRequested, LiquidityWithdrawn};
use firebreak_messages::{Action, Reason};
use firebreak_risk::{Amount, Level, PoolShares};
use firebreak_testing::{usd, BTC};

/// What the provider asked for.
pub struct Request {
    request: u64,
    shares: PoolShares,
    matures_at: u64,
}

pub fn request(scene: &mut Scene) -> Request {
    let shares = PoolShares::from_atoms(scene.reads().pool().pool.shares.atoms() / 10);
    let events = scene.done("lp", Vault::RequestLiquidityWithdrawal { shares }, Amount::ZERO);
    let asked = the::<LiquidityWithdrawalRequested>(&events);
    assert_eq!((asked.shares, asked.matures_at), (shares, scene.now() + 3_600));
    Request { request: asked.request, shares, matures_at: asked.matures_at }
}

/// The market has opened again.
pub fn claim(scene: &mut Scene, request: &Request) {
    let (matures_at, now) = (request.matures_at, scene.now());
    let early = ContractError::NotMatured { request: request.request, matures_at, now };
    scene.refused("lp", request.claim()).with(early);

    scene.advance_to(matures_at);
    scene.price("50000", "3000");
    let coins = scene.reads().coins_of("lp");
    let fee = scene.reads().parameters().execution_fee;
    scene.done("lp", request.claim(), fee);
    // Nobody leaves at a price that is known.
    scene.advance(10);
    scene.price("50000", "3000");
    let value = scene.reads().pool().value.expect("prices are fresh").withdraw;
    let events = scene.done("keeper", Vault::ExecuteClaims { limit: 10 }, Amount::ZERO);
    let left = the::<LiquidityWithdrawn>(&events);
    assert_eq!(left.shares, request.shares);
    assert_eq!(scene.reads().coins_of("lp").atoms() + fee.atoms() - coins.atoms(), left.amount.atoms());
    // A tenth of what the pool was worth, rounded down.
    assert_eq!(left.amount.atoms(), value.magnitude().atoms() / 10);
    assert!(usd(99_000) < left.amount && left.amount < usd(101_000), "{left:?}");
}

/// Somebody has restricted the market again.
pub fn claim_in_vain(scene: &mut Scene, request: &Request) {
    assert!(request.matures_at <= scene.now());
    let effective = scene.reads().status(BTC).effective;
    let wanted = ContractError::Restricted {
        action: Action::ClaimLiquidityWithdrawal,
        level: Level::ReduceOnly,
        reason: Reason::Council,
        since: effective.since,
        until: effective.until,
        allowed: "reduce orders, cancels, collateral in and out, liquidity requests",
    };
    let fee = scene.reads().parameters().execution_fee;
    scene.done("lp", request.claim(), fee);
    scene.refused("keeper", Vault::ExecuteClaims { limit: 10 }).with(wanted);
}

impl Request {
    fn claim(&self) -> Vault {
        Vault::ClaimLiquidityWithdrawal { request: self.request, amount_min: Amount::ZERO }
    }
}
