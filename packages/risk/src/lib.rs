//! The risk mathematics of Firebreak: pure functions of their arguments, in integers.
//!
//! The contract that liquidates, the simulation that predicts it and the page that shows it call the same function
//! here, so they compute the same number. Formula names F1..F18 refer to `docs/formulas.md`.

#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        clippy::cast_sign_loss,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::float_arithmetic,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod borrow;
mod caps;
mod composite;
mod deleverage;
mod eligibility;
mod error;
mod freeze;
mod funding;
mod history;
mod liquidation;
mod liquidation_price;
mod margin;
mod max_loss;
mod number;
mod outflow;
mod pool;
mod posture;
mod premium;
mod pricing;
mod quantity;
mod quorum;
mod scaled;
mod settlement;
mod shares;
mod side;
mod standing;
mod throttle;
mod trigger;
mod vesting;

pub use borrow::{borrow_fee, carry_of, utilisation};
pub use caps::CapRamp;
pub use composite::{composite_price, composite_with_band, BandedLeg, LegDirection, LEGS_MAX};
pub use deleverage::{asked_of_winners, deleverage, effect_of_roll, DeleverageTerms, Deleveraging, Shortfall};
pub use eligibility::{cancel_applies, first_eligible_round, Eligibility, RoundTime};
pub use error::{RiskError, RiskResult};
pub use freeze::{Freeze, GRACE_SECONDS_MAX};
pub use funding::{accrue_funding, funding_of, FundingParams, FundingStep, SECONDS_PER_DAY};
pub use history::{PriceHistory, WindowFigures};
pub use liquidation::{close_size, largest_keepable_size, split_liquidation_fee, LiquidationFee, LiquidationParams};
pub use liquidation_price::liquidation_price;
pub use margin::{account_health, allows_reduction, AccountHealth, MarginParams, PositionHealth};
pub use max_loss::{
    max_loss, skew_premium, Barriers, Injection, MaxLoss, Playbooks, Stakes, Stolen, NOTICE_RESTRICTION_SECONDS,
    REACTION_SECONDS,
};
pub use number::{Rounding, MICRO, ONE};
pub use outflow::{
    Baselines, Bucket, Exit, ExitClass, FreshDeposits, HourMinimum, Moment, Outflow, OutflowFactors, OutflowParams,
    OwnerFlow, Parked, ParkedQueue, ValueFloor, OUTFLOW_SLOT_SECONDS, OWNER_AGE_MIN_SECONDS,
};
pub use pool::{
    market_liability, market_value, move_gain, pool_value, price_move_effect, worse_for_leaving, MarketValue,
    PoolValue, UNCOLLECTED_SHARE_MAX,
};
pub use posture::{
    merge_phases, phase_at, BasisPoints, Level, LiquidationAccess, LpExit, OrderAccess, OrderExecution, Phase, Posture,
    PHASES_MAX,
};
pub use premium::{insurance_fee_share, stress_loss};
pub use pricing::{exit_value, fill_price, trade_cost};
pub use quantity::{
    Amount, CashIndex, FundShares, Nominal, PoolShares, Price, Ratio, Scale, SignedAmount, SignedRatio, Size,
    PRICE_MAX, SIZE_MAX,
};
pub use quorum::quorum_cover;
pub use scaled::scaled_price;
pub use settlement::{
    payable, share_of_class, Payable, SettlementWindow, WindowMinute, ROUND_WEIGHT_SECONDS_MAX,
    SETTLEMENT_COVER_SECONDS_MIN, SETTLEMENT_WINDOW_SECONDS,
};
pub use shares::{
    amount_for_shares, fund_amount_for_shares, fund_shares_for_deposit, shares_for_deposit, VIRTUAL_AMOUNT,
    VIRTUAL_SHARES,
};
pub use side::{ClosedEpoch, PositionStake, Side, SCALE_MIN};
pub use standing::{quarantine_misconduct, Misconduct, Standing, StandingRules};
pub use throttle::{OwnerShare, Throttle, ThrottledClose, THROTTLE_OWNERS_MAX};
pub use trigger::{is_thin, limit_trigger, reaches, trigger_edge};
pub use vesting::{Claim, ClosedPot, JuniorPot, Vesting, EPOCH_HALF_LIVES};

pub mod detect;
mod median;
pub use detect::{
    move_in_margins, response_phases, step_reached, BudgetRule, Episode, ExtremeBucket, ExtremeWindow, Extremes, Grant,
    MeanBucket, MeanWindow, Response, Sample, SpentBucket, TimeBudget, Verdict, COUNCIL_BUDGET, EXTREME_BUCKETS,
    FED_BUDGET, FROZEN_BUDGET, GOVERNANCE_RESTRICTION_SECONDS, MEAN_BUCKETS, REDUCE_ONLY_BUDGET,
};
pub use median::{median_absolute_deviation, weighted_median, Weighted};

#[cfg(test)]
mod documentation;
