//! The risk mathematics of Firebreak: pure functions of their arguments, in integers.
//!
//! The contract that liquidates, the simulation that predicts it and the page that shows it call the same function
//! here, so they compute the same number. Formula names F1..F18 refer to `docs/formulas.md`.

mod error;
mod number;
mod posture;
mod quantity;

pub use error::{RiskError, RiskResult};
pub use number::{Rounding, MICRO, ONE};
pub use posture::{
    merge_phases, phase_at, BasisPoints, Level, LiquidationAccess, LpExit, OrderAccess, OrderExecution, Phase, Posture,
    PHASES_MAX,
};
pub use quantity::{
    Amount, CashIndex, FundShares, Nominal, PoolShares, Price, Ratio, Scale, SignedAmount, SignedRatio, Size,
    PRICE_MAX, SIZE_MAX,
};
