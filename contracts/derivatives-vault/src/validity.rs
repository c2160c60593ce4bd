//! What a price of each validity is good for, action by action: one table for the whole contract.
//!
//! | action | valid | soft-invalid | invalid |
//! |---|---|---|---|
//! | raise exposure | adverse edge | refused | refused |
//! | reduce | adverse edge | adverse edge | waits |
//! | liquidate | mark | favourable edge, fading | last valid, own margin |
//! | withdraw collateral, liquidity in and out | mark | refused | refused |
//! | everything else | no price | no price | no price |
//!
//! Doubt is never a reason to keep somebody in, nor to liquidate somebody early, nor to let anybody bet on it (F15, R-09, R-59).

use firebreak_messages::oracle::Validity;
use firebreak_messages::Action;

/// How an action uses a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceUse {
    /// Needs none.
    Unneeded,
    Mark,
    /// The round's price at the edge of its band that is worse for whoever trades.
    AdverseEdge,
    /// The edge that favours the user, by at most a quarter of maintenance margin, shrinking to nothing in ten minutes.
    FavourableEdge,
    /// The last valid price plus the position's own maintenance margin; its profit shields no other position.
    LastValid,
    /// Stays queued until there is one.
    Waits,
    Refused,
}

/// The table. Exhaustive: a new action does not compile until somebody decides what a doubtful price means for it.
pub const fn price_use(action: Action, validity: Validity) -> PriceUse {
    match (action, validity) {
        (Action::IncreaseExposure | Action::ReduceExposure, Validity::Valid)
        | (Action::ReduceExposure, Validity::SoftInvalid) => PriceUse::AdverseEdge,
        (Action::ReduceExposure, Validity::Invalid) => PriceUse::Waits,
        (
            Action::Liquidate
            | Action::WithdrawCollateral
            | Action::ProvideLiquidity
            | Action::ClaimLiquidityWithdrawal,
            Validity::Valid,
        ) => PriceUse::Mark,
        (Action::Liquidate, Validity::SoftInvalid) => PriceUse::FavourableEdge,
        (Action::Liquidate, Validity::Invalid) => PriceUse::LastValid,
        (
            Action::IncreaseExposure
            | Action::WithdrawCollateral
            | Action::ProvideLiquidity
            | Action::ClaimLiquidityWithdrawal,
            Validity::SoftInvalid | Validity::Invalid,
        ) => PriceUse::Refused,
        (
            Action::Cancel
            | Action::ExecuteOrders
            | Action::AddCollateral
            | Action::RequestLiquidityWithdrawal
            | Action::CollectParked
            | Action::SweepFees
            | Action::Configure
            | Action::Recapitalize
            | Action::Settle
            | Action::ReportBreach,
            _,
        ) => PriceUse::Unneeded,
    }
}

#[cfg(test)]
mod tests;
