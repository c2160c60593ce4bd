//! What can go wrong in a formula.

use crate::quantity::{Scale, Size};
use thiserror::Error;

/// Every way a computation can refuse. The contracts wrap it in one variant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RiskError {
    /// A result does not fit its type. The operation names the quantity that was computed.
    #[error("overflow while computing {what}")]
    Overflow { what: &'static str },
    /// A divisor that must be positive is zero.
    #[error("division by zero while computing {what}")]
    DivisionByZero { what: &'static str },
    /// A text is not a number of this type.
    #[error("{found:?} is not {wanted}")]
    Parse { wanted: &'static str, found: String },
    /// A value is outside its documented bounds.
    #[error("{what} must be {wanted}, found {found}")]
    OutOfBounds { what: &'static str, wanted: String, found: String },
    /// The skew premium would push the fill price to zero or below: F1 rejects instead of clamping.
    #[error("fill price is not positive: the premium reaches -100 % of the price")]
    FillPriceNotPositive,
    /// Shares are asked of a pool that is worth nothing although shares exist.
    #[error(
        "the pool is worth {value} while {supply} shares exist: deposits and withdrawals wait for recapitalisation"
    )]
    PoolWorthless { value: String, supply: String },
    /// A size of the other side, zero, or more than the position holds.
    #[error("size {size} does not fit a position of {held}")]
    SizeNotHeld { size: Size, held: Size },
    /// A stake of an epoch that was closed meets the side's running epoch: settle the stake first (F9b).
    #[error("the stake belongs to epoch {stake} of its side, which is in epoch {side}")]
    StaleEpoch { stake: u32, side: u32 },
    /// The side's scale fell below its minimum: nothing enters before the epoch is rolled (F9b).
    #[error("the side's scale is {scale}: its epoch must be rolled first")]
    ScaleExhausted { scale: Scale },
}

pub type RiskResult<T> = Result<T, RiskError>;
