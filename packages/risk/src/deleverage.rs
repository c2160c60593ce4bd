//! F12: deleveraging, pro rata and by index. The winning side closes as much as was liquidated on the other one, at a price that
//! is a little worse for it than fair, and never by more than closing frees of each position's margin.
//!
//! Each position of the side keeps the same share, whoever holds it and whatever else its account has: nobody is picked, so the
//! order of calls, the caller and the size of a batch change nothing, and a hedge loses no more of one leg than everybody.

use crate::error::RiskResult;
use crate::number::{mul_div, sum_of_products, Rounding};
use crate::pricing::{ensure_skew_scale, trade_cost};
use crate::quantity::{Amount, Price, Ratio, SignedAmount, Size, NOTIONAL_DIVISOR};
use crate::side::Side;

/// What a market says about deleveraging one of its sides now.
#[derive(Debug, Clone, Copy)]
pub struct DeleverageTerms {
    pub mark: Price,
    /// True size of the other side, signed.
    pub opposite: Size,
    pub skew_scale: Size,
    /// The smallest maintenance margin ratio less the taker fee: what closing a unit frees at least.
    pub concession_max: Ratio,
}

/// What one account lacked of a side, and how much of it was closed there, a magnitude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortfall {
    pub amount: Amount,
    pub size: Size,
}

/// What it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deleveraging {
    /// Magnitude, over the whole side.
    pub size_closed: Size,
    pub price: Price,
    /// What the side gave: `size_closed` times the distance of `price` from the fair one.
    pub transfer: Amount,
    /// What it changed of the pool's equity: the transfer, and the premium of the skew that it restored.
    pub effect: SignedAmount,
}

/// What `winners` are asked for the shortfalls of several accounts, of which others have paid `paid`: those of the first accounts first.
/// Each account counts for at most what closing as much as was closed of it frees (`size * P * concession_max`), and for no more than the
/// side still has: so all at once give what one after the other gives, and an account that lacks little lends nothing to one that lacks more.
///
/// Units: settlement coin. Rounding: each bound down, so several at once give at most a unit for each account less than one after the other.
/// Errors: [`RiskError::Overflow`](crate::RiskError::Overflow). Source: `docs/formulas.md#f12-deleveraging`.
pub fn asked_of_winners(
    winners: &Side,
    shortfalls: impl Iterator<Item = Shortfall>,
    paid: Amount,
    terms: &DeleverageTerms,
) -> RiskResult<Shortfall> {
    let frees = terms.mark.times(terms.concession_max, Rounding::Floor)?;
    let held = winners.open_interest()?.magnitude();
    let (mut left, mut paid, mut amount) = (held, paid.atoms(), 0u128);
    for one in shortfalls {
        let lacking = one.amount.atoms().saturating_sub(paid);
        paid = paid.saturating_sub(one.amount.atoms());
        if lacking > 0 {
            let size = one.size.magnitude().min(left);
            left = left.saturating_sub(size);
            let bound = mul_div(size, frees.atoms(), NOTIONAL_DIVISOR, Rounding::Floor, "a bound of deleveraging")?;
            // No more than what all of them lack, which fits.
            amount = amount.saturating_add(lacking.min(bound));
        }
    }
    let size = Size::from_atoms(i128::try_from(held.saturating_sub(left)).unwrap_or(i128::MAX));
    Ok(Shortfall { amount: Amount::from_atoms(amount), size })
}

/// Closes the share `min(1, size / OI)` of `winners` at `P * (1 + K/S)`, `K` the skew afterwards, made worse for them by as much as
/// pays `wanted`, and by at most `concession_max` of the mark. `None` when there is nothing to close.
///
/// At the fair price closing a share lowers nobody's equity, as each exit premium falls with the position; the concession takes at
/// most what the closed part's maintenance margin was. So **nobody's equity less maintenance margin falls**, hedged accounts
/// included. It covers at most `size * P * concession_max`: in a gap most of a deficit stays with others.
///
/// Units: settlement coin. Rounding: the share closed and the transfer down, the price against the holders.
/// Errors: [`RiskError::OutOfBounds`](crate::RiskError::OutOfBounds) for a skew scale of zero or less,
/// [`RiskError::Overflow`](crate::RiskError::Overflow); nothing has changed then.
/// Source: `docs/formulas.md#f12-deleveraging`.
pub fn deleverage(
    winners: &mut Side,
    size: Size,
    wanted: Amount,
    terms: &DeleverageTerms,
) -> RiskResult<Option<Deleveraging>> {
    let what = "a deleveraging";
    ensure_skew_scale(terms.skew_scale)?;
    let before = winners.open_interest()?;
    let size = size.magnitude().min(before.magnitude());
    if size == 0 || wanted.is_zero() {
        return Ok(None);
    }
    let kept = Ratio::of(before.magnitude().saturating_sub(size), before.magnitude(), Rounding::Ceil)?;
    let mut side = winners.clone();
    // Its scale alone says how much closes; the price comes after.
    side.deleverage(kept, terms.mark)?;
    let after = side.open_interest()?;
    // What the winners trade, as a signed size: shorts buy back.
    let delta = after.minus(before)?;
    if delta.is_zero() {
        return Ok(None);
    }
    let skew_after = after.plus(terms.opposite)?;
    let premium = terms.skew_scale.plus(skew_after)?;
    let rounding = if delta.is_short() { Rounding::Floor } else { Rounding::Ceil };
    let fair = sum_of_products(
        &[&[terms.mark.signed_atoms()?, premium.atoms()]],
        &[terms.skew_scale.atoms()],
        rounding,
        what,
    )?;
    let fair = Price::from_atoms(SignedAmount::from_atoms(fair).positive_part().atoms()).checked()?;
    let pays = mul_div(wanted.atoms(), NOTIONAL_DIVISOR, delta.magnitude(), Rounding::Floor, what)?;
    let concession = Price::from_atoms(pays).min(terms.mark.times(terms.concession_max, Rounding::Floor)?);
    let price = if delta.is_short() { fair.minus(concession)? } else { fair.plus(concession)? };
    let transfer = delta.notional(concession, Rounding::Floor)?;

    let mut side = winners.clone();
    let gift = side.deleverage(kept, price)?;
    let effect = effect_of_closing(delta, price, before.plus(terms.opposite)?, terms)?.plus_amount(gift)?;
    *winners = side;
    let size_closed = if delta.is_short() { delta.negated()? } else { delta };
    Ok(Some(Deleveraging { size_closed, price, transfer, effect }))
}

/// What rolling a side at the mark changes of the pool's equity: the premium of the skew that it takes off, and the rounding of
/// the index.
///
/// Errors: as [`deleverage`].
pub fn effect_of_roll(side: &Side, terms: &DeleverageTerms) -> RiskResult<SignedAmount> {
    let held = side.open_interest()?;
    let effect = if held.is_zero() {
        SignedAmount::ZERO
    } else {
        effect_of_closing(held.negated()?, terms.mark, held.plus(terms.opposite)?, terms)?
    };
    effect.plus_amount(side.gift_of_roll(terms.mark)?)
}

/// `delta * price` against what F1 would have had it cost at the mark.
fn effect_of_closing(delta: Size, price: Price, skew: Size, terms: &DeleverageTerms) -> RiskResult<SignedAmount> {
    let cost = trade_cost(terms.mark, skew, delta, terms.skew_scale)?;
    delta.signed_notional(price, Rounding::Floor)?.minus(cost)
}

#[cfg(test)]
mod tests;
