//! F9: what the pool is worth, in constant time. It owes traders what closing the whole book would pay.
//!
//! F1 does not depend on the order of trades, so that figure is exact: `V_long + V_short + P*K^2 / (2S)`, where `V` marks
//! at the oracle price and the last term is the premium that the skew still has to earn on its way out. A trade at one
//! price changes the pool's equity by its fee and nothing else. (Marking each position at its own exit price re-marks
//! everybody at each honest trade.)

use crate::error::{RiskError, RiskResult};
use crate::number::{sum_of_products, Rounding};
use crate::pricing::ensure_skew_scale;
use crate::quantity::{Amount, Price, Ratio, SignedAmount, Size, NOTIONAL_DIVISOR_SIGNED};
use crate::side::Side;

/// Largest share of a loss not yet collected that a leaving provider is paid for.
pub const UNCOLLECTED_SHARE_MAX: Ratio = Ratio::percent(80);

/// What a market's book is worth to its traders, in the parts that the two pool values treat differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarketValue {
    pub long: SignedAmount,
    pub short: SignedAmount,
    /// `P*K^2 / (2S)`.
    pub convexity: Amount,
}

impl MarketValue {
    /// `long + short + convexity`: what closing everybody pays.
    ///
    /// Errors: [`RiskError::Overflow`].
    pub fn liability(&self) -> RiskResult<SignedAmount> {
        self.long.plus(self.short)?.plus_amount(self.convexity)
    }
}

/// The parts of a market's liability at `price`.
///
/// Units: settlement coin. Rounding: each part up. Errors: [`RiskError::OutOfBounds`] for a skew scale of zero or less,
/// [`RiskError::Overflow`]. Source: `docs/formulas.md#f9-pool-equity`.
pub fn market_value(long: &Side, short: &Side, price: Price, skew_scale: Size) -> RiskResult<MarketValue> {
    let skew = long.open_interest()?.plus(short.open_interest()?)?;
    Ok(MarketValue {
        long: long.value(price)?,
        short: short.value(price)?,
        convexity: convexity(price, skew, skew_scale)?,
    })
}

/// `V_long + V_short + P*K^2 / (2S)`: what closing everybody would pay, in any order.
///
/// Units, rounding, errors and source: as [`market_value`].
pub fn market_liability(long: &Side, short: &Side, price: Price, skew_scale: Size) -> RiskResult<SignedAmount> {
    market_value(long, short, price, skew_scale)?.liability()
}

fn convexity(price: Price, skew: Size, skew_scale: Size) -> RiskResult<Amount> {
    let what = "the premium of a skew";
    ensure_skew_scale(skew_scale)?;
    let atoms = sum_of_products(
        &[&[price.signed_atoms()?, skew.atoms(), skew.atoms()]],
        &[2, skew_scale.atoms(), NOTIONAL_DIVISOR_SIGNED],
        Rounding::Ceil,
        what,
    )?;
    Ok(Amount::from_atoms(atoms.unsigned_abs()))
}

/// The pool's two values: who comes pays the higher one, who goes gets the lower one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolValue {
    pub deposit: SignedAmount,
    pub withdraw: SignedAmount,
}

/// `deposit = cash - sum of liabilities`; `withdraw` counts what traders owe, but have not paid, at `uncollected_share` only.
///
/// `cash` includes `receivable`, the sum of negative account cash. Bounded by the number of active markets.
/// Units: settlement coin. Rounding: down; `withdraw <= deposit` always. Errors: [`RiskError::OutOfBounds`] for a share above
/// [`UNCOLLECTED_SHARE_MAX`], [`RiskError::Overflow`]. Source: `docs/formulas.md#f9-pool-equity`.
pub fn pool_value(
    cash: SignedAmount,
    receivable: Amount,
    markets: &[MarketValue],
    uncollected_share: Ratio,
) -> RiskResult<PoolValue> {
    if uncollected_share > UNCOLLECTED_SHARE_MAX {
        return Err(RiskError::OutOfBounds {
            what: "uncollected_share",
            wanted: format!("at most {UNCOLLECTED_SHARE_MAX}"),
            found: uncollected_share.to_string(),
        });
    }
    let mut deposit = cash;
    let mut collected = cash.minus_amount(receivable)?;
    let mut uncollected = receivable;
    for market in markets {
        deposit = deposit.minus(market.liability()?)?;
        collected = collected.minus_amount(market.convexity)?;
        for side in [market.long, market.short] {
            collected = collected.minus_amount(side.positive_part())?;
            uncollected = uncollected.plus(side.negative_part())?;
        }
    }
    let withdraw = collected.plus_amount(uncollected.times(uncollected_share, Rounding::Floor)?)?;
    Ok(PoolValue { deposit, withdraw })
}

/// Of one market at two prices, the value that leaves a leaving provider with less. What a market costs it, gains of a side in full and
/// losses at `uncollected_share`, is convex in the price: between two prices it is nowhere higher than at the worse of them.
///
/// Units: settlement coin. Rounding: losses down. Errors: [`RiskError::Overflow`]. Source: `docs/formulas.md#f9-pool-equity`.
pub fn worse_for_leaving(one: MarketValue, other: MarketValue, uncollected_share: Ratio) -> RiskResult<MarketValue> {
    let cost = |value: &MarketValue| -> RiskResult<SignedAmount> {
        let gains = value.long.positive_part().plus(value.short.positive_part())?.plus(value.convexity)?;
        let losses = value.long.negative_part().plus(value.short.negative_part())?;
        gains.signed()?.minus_amount(losses.times(uncollected_share, Rounding::Floor)?)
    };
    Ok(if cost(&one)? >= cost(&other)? { one } else { other })
}

/// The pool's change when the price moves and nobody trades: `-dP * (K + K^2 / (2S))`. From the market's own skew and not
/// from the accumulators behind [`market_value`], so that the two can be checked against each other on chain.
///
/// Units: settlement coin. Rounding: down. Errors: [`RiskError::OutOfBounds`] for a skew scale of zero or less,
/// [`RiskError::Overflow`]. Source: `docs/formulas.md#f9-pool-equity`.
pub fn price_move_effect(previous: Price, price: Price, skew: Size, skew_scale: Size) -> RiskResult<SignedAmount> {
    let what = "the effect of a price move";
    ensure_skew_scale(skew_scale)?;
    let fall = previous.signed_atoms()?.checked_sub(price.signed_atoms()?).ok_or(RiskError::Overflow { what })?;
    let (skew, scale) = (skew.atoms(), skew_scale.atoms());
    sum_of_products(
        &[&[2, fall, skew, scale], &[fall, skew, skew]],
        &[2, scale, NOTIONAL_DIVISOR_SIGNED],
        Rounding::Floor,
        what,
    )
    .map(SignedAmount::from_atoms)
}

/// What a move of `ratio` of the price earns the pool, the way that earns it more: who buys shares before it, knowing it, takes a part of that
/// from all who hold some. The effect is a line in the move, so one way earns what the other loses.
///
/// Units: settlement coin. Rounding: up, against who comes. Errors: as [`price_move_effect`]. Source: `docs/formulas.md#f9-pool-equity`.
pub fn move_gain(price: Price, skew: Size, skew_scale: Size, ratio: Ratio) -> RiskResult<Amount> {
    let risen = price.plus(price.times(ratio, Rounding::Ceil)?)?;
    let rise = price_move_effect(price, risen, skew, skew_scale)?;
    let fall = price_move_effect(risen, price, skew, skew_scale)?;
    Ok(rise.min(fall).negative_part())
}

#[cfg(test)]
mod tests;
