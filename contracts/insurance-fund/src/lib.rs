//! The insurance fund: pays the deficits that a vault cannot collect, before the liquidity pool does.
//!
//! Two tranches pay in order: the protocol's **first loss**, which earns nothing, then the **stakers**, who earn a
//! share of the fees and own the rest pro rata. What a vault may draw is bounded by leaky windows, for all markets and
//! for each one, so that one broken market, or one broken vault, cannot drain the fund at once. A partial cover is an
//! answer, never an error: the vault's waterfall goes on with the next payer.
//!
//! Tranches are counted internally. Coins that somebody just sends here belong to nobody, move no share price and are
//! never paid out. After every execution the coins held must cover what both tranches are worth.
//!
//! No message, the owner's included, moves a staker's shares or coins to anybody else; the only way out besides the
//! staker's own claim is `Cover`, and its receiver is the registered vault that asks.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap,
        clippy::float_arithmetic
    )
)]

mod check;
pub mod contract;
mod error;
mod execute;
mod migrate;
mod payment;
mod query;
pub mod state;
mod validate;
mod vault;
mod window;

pub use error::ContractError;
