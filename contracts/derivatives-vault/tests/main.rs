//! All tests of the vault in one program: each program would link the embedded chain again.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::expect_used,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod attacks;
mod books;
mod collateral;
mod deleveraged_accounts;
mod due_orders;
mod early_knowledge;
mod entry_points;
mod exit_reserve;
mod flow;
mod grace;
mod guards;
mod held_up;
mod interleavings;
mod late_cancel;
mod limits;
mod liquidation;
mod liquidation_batches;
mod liquidity;
mod lost_margin;
mod lp_claims;
mod market_settlement;
mod no_free_option;
mod no_free_option_of_providers;
mod one_price;
mod order_batches;
mod orders;
mod orders_beside_the_pool;
mod outflow;
mod postures;
mod premium;
mod resting_orders;
mod support;
mod vault_settlement;
mod vesting;
mod waterfall;
