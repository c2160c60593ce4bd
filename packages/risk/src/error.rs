//! What can go wrong in a formula.

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
}

pub type RiskResult<T> = Result<T, RiskError>;
