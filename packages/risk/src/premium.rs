//! F13: what the insurance fund should hold, and what it takes of trading fees while it holds less, "by what it lacks".

use crate::error::RiskResult;
use crate::number::{mul_div, Rounding};
use crate::quantity::{Amount, Ratio};

/// What a gap may cost the fund: `open notional * ratio`. Its target.
///
/// Units: settlement coin. Rounding: up. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow).
/// Source: `docs/formulas.md#f13-insurance-premium`.
pub fn stress_loss(open_notional: Amount, ratio: Ratio) -> RiskResult<Amount> {
    open_notional.times(ratio, Rounding::Ceil)
}

/// The fund's share of a trading fee: `share + (share_max - share) * max(stress - held, 0) / stress`. All of `share_max` for an empty
/// fund, whatever is open; `share` for one that covers the stress loss. Grows with the stress, falls with what is held, and lies
/// between the two.
///
/// Rounding: down, so that the fund never gets more than its part. Errors: [`RiskError::Overflow`](crate::RiskError::Overflow) for a
/// `share_max` below `share`. Source: `docs/formulas.md#f13-insurance-premium`.
pub fn insurance_fee_share(share: Ratio, share_max: Ratio, held: Amount, stress: Amount) -> RiskResult<Ratio> {
    let more = share_max.minus(share)?;
    if held.is_zero() {
        return Ok(share_max);
    }
    let lacking = stress.saturating_minus(held);
    if lacking.is_zero() {
        return Ok(share);
    }
    let more = mul_div(more.atoms(), lacking.atoms(), stress.atoms(), Rounding::Floor, "a share of a fee")?;
    share.plus(Ratio::from_atoms(more))
}

#[cfg(test)]
mod tests;
