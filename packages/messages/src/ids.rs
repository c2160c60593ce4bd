//! Identifiers, bounds and small vocabularies that every contract shares.

use cosmwasm_schema::cw_serde;
use std::fmt;

pub use firebreak_risk::detect::RuleId;
use firebreak_risk::enum_text;

/// Markets of one vault: bounds every loop over markets.
pub const MARKETS_MAX: usize = 32;
/// Markets that one account takes part in: bounds every loop over its positions and claims.
pub const MARKETS_PER_ACCOUNT_MAX: usize = 8;
/// Feeds in one report or evaluation.
pub const FEEDS_MAX: usize = 32;

/// A number that reads as such in messages and stands for one market of the vault.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord, Hash)]
#[serde(transparent)]
pub struct MarketId(pub u16);

/// One price feed of the oracle.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord, Hash)]
#[serde(transparent)]
pub struct FeedId(pub u16);

/// An account of the vault: one owner has up to 256, each with margin of its own.
#[cw_serde]
#[derive(Eq, PartialOrd, Ord, Hash)]
pub struct AccountId {
    pub owner: String,
    pub subaccount: u8,
}

macro_rules! number_text {
    ($name:ident, $inner:ty) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse::<$inner>().map(Self)
            }
        }
    };
}
number_text!(MarketId, u16);
number_text!(FeedId, u16);

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.subaccount)
    }
}

impl std::str::FromStr for AccountId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (owner, subaccount) = text.rsplit_once('/').ok_or_else(|| format!("{text:?} is not owner/subaccount"))?;
        let subaccount = subaccount.parse().map_err(|_| format!("{subaccount:?} is not a subaccount"))?;
        Ok(Self { owner: owner.into(), subaccount })
    }
}

/// Who set a restriction. One slot per (source, scope): the list of restrictions is bounded by this enum.
/// Grows only at the end.
#[cw_serde]
#[derive(Copy, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The band rule of the breaker.
    Band,
    /// The velocity rule of the breaker.
    Velocity,
    /// k members of the council.
    Council,
    /// The timelock.
    Governance,
    /// Playbooks and sentinels: what the timelock approved in advance.
    Procedure,
    /// Evidence of the price and of the oracle's band.
    Surprise,
    /// What traders can feed: order flow, and how one-sided the book is.
    Flow,
    /// Moves and losses in shares of what they cost the venue.
    Solvency,
    /// Attestations of observers, or their silence.
    Observers,
    /// The level function: margin and leverage follow volatility.
    Cage,
}
enum_text!(Source {
    Band = "band-rule",
    Velocity = "velocity-rule",
    Council = "council",
    Governance = "governance",
    Procedure = "procedure",
    Surprise = "surprise",
    Flow = "flow",
    Solvency = "solvency",
    Observers = "observers",
    Cage = "cage",
});

impl Source {
    /// Every source; its length bounds the restrictions of one scope.
    pub const ALL: [Self; 10] = [
        Self::Band,
        Self::Velocity,
        Self::Council,
        Self::Governance,
        Self::Procedure,
        Self::Surprise,
        Self::Flow,
        Self::Solvency,
        Self::Observers,
        Self::Cage,
    ];

    /// Sources that act without a person: they reach `ReduceOnly` at most.
    pub fn is_reflex(self) -> bool {
        match self {
            Self::Band
            | Self::Velocity
            | Self::Surprise
            | Self::Flow
            | Self::Solvency
            | Self::Observers
            | Self::Cage => true,
            Self::Council | Self::Governance | Self::Procedure => false,
        }
    }
}

impl From<RuleId> for Source {
    fn from(rule: RuleId) -> Self {
        match rule {
            RuleId::Band => Self::Band,
            RuleId::Velocity => Self::Velocity,
            RuleId::Surprise => Self::Surprise,
            RuleId::Flow | RuleId::Concentration => Self::Flow,
            RuleId::HourMove
            | RuleId::DayMove
            | RuleId::Liquidations
            | RuleId::PoolDrawdown
            | RuleId::Outflow
            | RuleId::FundDrawdown
            | RuleId::BadDebt => Self::Solvency,
            RuleId::Observers | RuleId::Silence => Self::Observers,
        }
    }
}

/// Why something is not allowed now.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Reason {
    /// The breaker has not evaluated the market's latest round: the lease on its posture has run out.
    LeaseExpired,
    /// The breaker has no record of the market.
    PostureMissing,
    Band,
    Velocity,
    Council,
    Governance,
    /// The market or the vault is being settled.
    Settlement,
    Procedure,
    /// The market was frozen a while ago.
    Grace,
    Surprise,
    Flow,
    Solvency,
    Observers,
    Cage,
}
enum_text!(Reason {
    LeaseExpired = "lease-expired",
    PostureMissing = "posture-missing",
    Band = "band-rule",
    Velocity = "velocity-rule",
    Council = "council",
    Governance = "governance",
    Settlement = "settlement",
    Procedure = "procedure",
    Grace = "grace",
    Surprise = "surprise",
    Flow = "flow",
    Solvency = "solvency",
    Observers = "observers",
    Cage = "cage",
});

impl From<Source> for Reason {
    fn from(source: Source) -> Self {
        match source {
            Source::Band => Self::Band,
            Source::Velocity => Self::Velocity,
            Source::Council => Self::Council,
            Source::Governance => Self::Governance,
            Source::Procedure => Self::Procedure,
            Source::Surprise => Self::Surprise,
            Source::Flow => Self::Flow,
            Source::Solvency => Self::Solvency,
            Source::Observers => Self::Observers,
            Source::Cage => Self::Cage,
        }
    }
}

/// What a message does to risk. The posture is asked with this word, and refusals name it.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Action {
    IncreaseExposure,
    ReduceExposure,
    Cancel,
    ExecuteOrders,
    AddCollateral,
    WithdrawCollateral,
    Liquidate,
    ProvideLiquidity,
    RequestLiquidityWithdrawal,
    ClaimLiquidityWithdrawal,
    CollectParked,
    SweepFees,
    Configure,
    Recapitalize,
    Settle,
    ReportBreach,
}
enum_text!(Action {
    IncreaseExposure = "increase-exposure",
    ReduceExposure = "reduce-exposure",
    Cancel = "cancel",
    ExecuteOrders = "execute-orders",
    AddCollateral = "add-collateral",
    WithdrawCollateral = "withdraw-collateral",
    Liquidate = "liquidate",
    ProvideLiquidity = "provide-liquidity",
    RequestLiquidityWithdrawal = "request-liquidity-withdrawal",
    ClaimLiquidityWithdrawal = "claim-liquidity-withdrawal",
    CollectParked = "collect-parked",
    SweepFees = "sweep-fees",
    Configure = "configure",
    Recapitalize = "recapitalize",
    Settle = "settle",
    ReportBreach = "report-breach",
});
